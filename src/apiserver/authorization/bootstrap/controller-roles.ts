/** What each controller may do: its cluster role is `system:controller:NAME`, its account NAME in kube-system. */
import type { Rule } from '../rules.ts';
import { can, events, read } from './rules.ts';

const change = 'update patch';
const rbac = 'rbac.authorization.k8s.io';

const workloadControllers: Readonly<Record<string, readonly Rule[]>> = {
  'cronjob-controller': [
    can(`${read} update`, 'batch', 'cronjobs'),
    can(`${read} create update delete patch`, 'batch', 'jobs'),
    can('update', 'batch', 'cronjobs/status'),
    can('update', 'batch', 'cronjobs/finalizers'),
    can('list watch delete', 'core', 'pods'),
    events,
  ],
  'daemon-set-controller': [
    can(read, 'extensions apps', 'daemonsets'),
    can('update', 'extensions apps', 'daemonsets/status'),
    can('update', 'extensions apps', 'daemonsets/finalizers'),
    can('list watch', 'core', 'nodes'),
    can('list watch create delete patch', 'core', 'pods'),
    can('create', 'core', 'pods/binding'),
    can(`${read} create delete update patch`, 'apps', 'controllerrevisions'),
    events,
  ],
  'deployment-controller': [
    can(`${read} update`, 'extensions apps', 'deployments'),
    can('update', 'extensions apps', 'deployments/status'),
    can('update', 'extensions apps', 'deployments/finalizers'),
    can(`${read} create update patch delete`, 'apps extensions', 'replicasets'),
    can(`${read} update`, 'core', 'pods'),
    events,
  ],
  'disruption-controller': [
    can(read, 'extensions apps', 'deployments'),
    can(read, 'apps extensions', 'replicasets'),
    can(read, 'core', 'replicationcontrollers'),
    can(read, 'policy', 'poddisruptionbudgets'),
    can(read, 'apps', 'statefulsets'),
    can('update', 'policy', 'poddisruptionbudgets/status'),
    can(change, 'core', 'pods/status'),
    can('get', '*', '*/scale'),
    events,
  ],
  'horizontal-pod-autoscaler': [
    can(read, 'autoscaling', 'horizontalpodautoscalers'),
    can('update', 'autoscaling', 'horizontalpodautoscalers/status'),
    can('get update', '*', '*/scale'),
    can('list watch', 'core', 'pods'),
    can('list watch', 'metrics.k8s.io', 'pods'),
    can(read, 'custom.metrics.k8s.io', '*'),
    can(read, 'external.metrics.k8s.io', '*'),
    events,
  ],
  'job-controller': [
    can(`${read} ${change}`, 'batch', 'jobs'),
    can('update', 'batch', 'jobs/status'),
    can('update', 'batch', 'jobs/finalizers'),
    can('list watch create delete patch', 'core', 'pods'),
    events,
  ],
  'replicaset-controller': [
    can(`${read} update`, 'apps extensions', 'replicasets'),
    can('update', 'apps extensions', 'replicasets/status'),
    can('update', 'apps extensions', 'replicasets/finalizers'),
    can('list watch patch create delete', 'core', 'pods'),
    events,
  ],
  'replication-controller': [
    can(`${read} update`, 'core', 'replicationcontrollers'),
    can('update', 'core', 'replicationcontrollers/status'),
    can('update', 'core', 'replicationcontrollers/finalizers'),
    can('list watch patch create delete', 'core', 'pods'),
    events,
  ],
  'statefulset-controller': [
    can('list watch', 'core', 'pods'),
    can(read, 'apps', 'statefulsets'),
    can('update', 'apps', 'statefulsets/status'),
    can('update', 'apps', 'statefulsets/finalizers'),
    can('get create delete update patch', 'core', 'pods'),
    can(`${read} create delete update patch`, 'apps', 'controllerrevisions'),
    can('get create', 'core', 'persistentvolumeclaims'),
    can('list watch update delete', 'core', 'persistentvolumeclaims'),
    can('update', 'core', 'pods/finalizers'),
    events,
  ],
  'ttl-after-finished-controller': [can(`${read} delete`, 'batch', 'jobs'), events],
};

const storageControllers: Readonly<Record<string, readonly Rule[]>> = {
  'attachdetach-controller': [
    can('list watch', 'core', 'persistentvolumes persistentvolumeclaims'),
    can(read, 'core', 'nodes'),
    can(change, 'core', 'nodes/status'),
    can('list watch', 'core', 'pods'),
    events,
    can('get create delete list watch', 'storage.k8s.io', 'volumeattachments'),
    can(read, 'storage.k8s.io', 'csidrivers'),
    can(read, 'storage.k8s.io', 'csinodes'),
  ],
  'ephemeral-volume-controller': [
    can(read, 'core', 'pods'),
    can('update', 'core', 'pods/finalizers'),
    can(`${read} create`, 'core', 'persistentvolumeclaims'),
    events,
  ],
  'expand-controller': [
    can(`${read} ${change}`, 'core', 'persistentvolumes'),
    can(change, 'core', 'persistentvolumeclaims/status'),
    can(read, 'core', 'persistentvolumeclaims'),
    events,
  ],
  'persistent-volume-binder': [
    can(`${read} update create delete`, 'core', 'persistentvolumes'),
    can('update', 'core', 'persistentvolumes/status'),
    can(`${read} update`, 'core', 'persistentvolumeclaims'),
    can('update', 'core', 'persistentvolumeclaims/status'),
    can(`${read} create delete`, 'core', 'pods'),
    can(read, 'storage.k8s.io', 'storageclasses'),
    can('list watch', 'core', 'nodes'),
    can('watch', 'core', 'events'),
    events,
  ],
  'pv-protection-controller': [can(`${read} update`, 'core', 'persistentvolumes'), events],
  'pvc-protection-controller': [
    can(`${read} update`, 'core', 'persistentvolumeclaims'),
    can(read, 'core', 'pods'),
    events,
  ],
  'volumeattributesclass-protection-controller': [
    can(read, 'core', 'persistentvolumeclaims'),
    can(read, 'core', 'persistentvolumes'),
    can(`${read} update`, 'storage.k8s.io', 'volumeattributesclasses'),
    events,
  ],
  'selinux-warning-controller': [
    events,
    can(read, 'core', 'persistentvolumes'),
    can(read, 'core', 'persistentvolumeclaims'),
    can(read, 'core', 'pods'),
    can(read, 'storage.k8s.io', 'csidrivers'),
  ],
};

const networkControllers: Readonly<Record<string, readonly Rule[]>> = {
  'endpoint-controller': [
    can(read, 'core', 'services pods'),
    can(`${read} create update delete`, 'core', 'endpoints'),
    can('create', 'core', 'endpoints/restricted'),
    events,
  ],
  'endpointslice-controller': [
    can(read, 'core', 'services pods nodes'),
    can('update', 'core', 'services/finalizers'),
    can(`${read} create update delete`, 'discovery.k8s.io', 'endpointslices'),
    events,
  ],
  'endpointslicemirroring-controller': [
    can(read, 'core', 'services endpoints'),
    can('update', 'core', 'services/finalizers'),
    can('update', 'core', 'endpoints/finalizers'),
    can(`${read} create update delete`, 'discovery.k8s.io', 'endpointslices'),
    events,
  ],
  'route-controller': [can('list watch', 'core', 'nodes'), can('patch', 'core', 'nodes/status'), events],
  'service-controller': [
    can(read, 'core', 'services'),
    can(change, 'core', 'services/status'),
    can('list watch', 'core', 'nodes'),
    events,
  ],
  'service-cidrs-controller': [
    can(`${read} ${change}`, 'networking.k8s.io', 'servicecidrs'),
    can(change, 'networking.k8s.io', 'servicecidrs/finalizers'),
    can(change, 'networking.k8s.io', 'servicecidrs/status'),
    can(read, 'networking.k8s.io', 'ipaddresses'),
    events,
  ],
};

const clusterControllers: Readonly<Record<string, readonly Rule[]>> = {
  'certificate-controller': [
    can(`${read} delete`, 'certificates.k8s.io', 'certificatesigningrequests'),
    can('update', 'certificates.k8s.io', 'certificatesigningrequests/status certificatesigningrequests/approval'),
    can('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'),
    can(
      'sign',
      'certificates.k8s.io',
      'signers',
      'kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown',
    ),
    can('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    events,
  ],
  'clusterrole-aggregation-controller': [can(`escalate ${read} ${change}`, rbac, 'clusterroles')],
  'generic-garbage-collector': [can(`${read} patch update delete`, '*', '*'), events],
  'legacy-service-account-token-cleaner': [
    can('get', 'core', 'configmaps', 'kube-apiserver-legacy-service-account-token-tracking'),
    can('patch delete', 'core', 'secrets'),
  ],
  'namespace-controller': [
    can(`${read} delete`, 'core', 'namespaces'),
    can('update', 'core', 'namespaces/finalize namespaces/status'),
    can(`${read} delete deletecollection`, '*', '*'),
  ],
  'node-controller': [
    can(`${read} update delete patch`, 'core', 'nodes'),
    can(change, 'core', 'nodes/status'),
    can(change, 'core', 'pods/status'),
    can(`${read} delete`, 'core', 'pods'),
    events,
  ],
  'pod-garbage-collector': [
    can('list watch delete', 'core', 'pods'),
    can(read, 'core', 'nodes'),
    can('patch', 'core', 'pods/status'),
  ],
  'resource-claim-controller': [
    can(read, 'core', 'pods'),
    can('update', 'core', 'pods/finalizers'),
    can(`${read} create delete`, 'resource.k8s.io', 'resourceclaims'),
    can(change, 'resource.k8s.io', 'resourceclaims resourceclaims/status'),
    can(change, 'core', 'pods/status'),
    events,
  ],
  'resourcequota-controller': [can('list watch', '*', '*'), can('update', 'core', 'resourcequotas/status'), events],
  'root-ca-cert-publisher': [can('create update', 'core', 'configmaps'), events],
  'service-account-controller': [can('create', 'core', 'serviceaccounts'), events],
  'ttl-controller': [can('update patch list watch', 'core', 'nodes'), events],
  'validatingadmissionpolicy-status-controller': [
    can(read, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'),
    can('get patch update', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'),
    events,
  ],
};

export const controllerRules: Readonly<Record<string, readonly Rule[]>> = {
  ...workloadControllers,
  ...storageControllers,
  ...networkControllers,
  ...clusterControllers,
};
