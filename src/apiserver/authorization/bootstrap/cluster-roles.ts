/** The cluster roles that every cluster of Kubernetes 1.35 has, but those of controllers. */
import type { Rule } from '../rules.ts';
import { can, canVisit, events, read, readWrite, write } from './rules.ts';

export interface NamedRole {
  readonly name: string;
  readonly rules?: readonly Rule[];
  /** The role is the sum of those that are labelled `rbac.authorization.k8s.io/aggregate-to-X`. */
  readonly aggregates?: string;
  /** The role is part of X. */
  readonly partOf?: string;
}

const signers = (name: string, signer: string): NamedRole => ({
  name: `system:certificates.k8s.io:${name}-approver`,
  rules: [can('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`)],
});

const publicPaths = '/livez /readyz /healthz /version /version/';

/** What a node may do, before the node authoriser narrows it to what concerns the node. */
export const nodeRules: readonly Rule[] = [
  can('create', 'authentication.k8s.io', 'tokenreviews'),
  can('create', 'authorization.k8s.io', 'subjectaccessreviews localsubjectaccessreviews'),
  can(read, 'core', 'services'),
  can('create get list watch', 'core', 'nodes'),
  can('update patch', 'core', 'nodes/status'),
  can('update patch', 'core', 'nodes'),
  can('create update patch', 'core', 'events'),
  can(read, 'core', 'pods'),
  can('create delete', 'core', 'pods'),
  can('update patch', 'core', 'pods/status'),
  can('create', 'core', 'pods/eviction'),
  can(read, 'core', 'secrets configmaps'),
  can('get', 'core', 'persistentvolumeclaims persistentvolumes'),
  can('get', 'core', 'endpoints'),
  can('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
  can('get create update patch delete', 'coordination.k8s.io', 'leases'),
  can('get', 'storage.k8s.io', 'volumeattachments'),
  can('create', 'core', 'serviceaccounts/token'),
  can('get update patch', 'core', 'persistentvolumeclaims/status'),
  can(read, 'storage.k8s.io', 'csidrivers'),
  can('get create update patch delete', 'storage.k8s.io', 'csinodes'),
  can(read, 'node.k8s.io', 'runtimeclasses'),
  can('get', 'resource.k8s.io', 'resourceclaims'),
  can('deletecollection', 'resource.k8s.io', 'resourceslices'),
  can('get', 'core', 'serviceaccounts'),
];

const workloads =
  'statefulsets statefulsets/scale daemonsets deployments deployments/scale replicasets replicasets/scale';
const retired = `${workloads.replace('statefulsets statefulsets/scale ', '')} ingresses networkpolicies replicationcontrollers/scale`;

const editRules: readonly Rule[] = [
  can(read, 'core', 'pods/attach pods/proxy pods/exec pods/portforward secrets services/proxy'),
  can('impersonate', 'core', 'serviceaccounts'),
  can(write, 'core', 'pods pods/attach pods/proxy pods/exec pods/portforward'),
  can('create', 'core', 'pods/eviction'),
  can(
    write,
    'core',
    'replicationcontrollers replicationcontrollers/scale serviceaccounts services services/proxy persistentvolumeclaims configmaps secrets events',
  ),
  can('create', 'core', 'serviceaccounts/token'),
  can(write, 'apps', `${workloads} deployments/rollback`),
  can(write, 'autoscaling', 'horizontalpodautoscalers'),
  can(write, 'batch', 'jobs cronjobs'),
  can(write, 'extensions', `${retired} deployments/rollback`),
  can(write, 'policy', 'poddisruptionbudgets'),
  can(write, 'networking.k8s.io', 'networkpolicies ingresses'),
  can(readWrite, 'coordination.k8s.io', 'leases'),
  can(write, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
];

const viewRules: readonly Rule[] = [
  can(
    read,
    'core',
    'pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status endpoints persistentvolumeclaims persistentvolumeclaims/status configmaps',
  ),
  can(
    read,
    'core',
    'limitranges resourcequotas bindings events pods/status resourcequotas/status namespaces/status replicationcontrollers/status pods/log',
  ),
  can(read, 'core', 'namespaces'),
  can(read, 'discovery.k8s.io', 'endpointslices'),
  can(
    read,
    'apps',
    `${workloads} controllerrevisions statefulsets/status daemonsets/status deployments/status replicasets/status`,
  ),
  can(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  can(read, 'batch', 'jobs cronjobs cronjobs/status jobs/status'),
  can(read, 'extensions', `${retired} daemonsets/status deployments/status replicasets/status ingresses/status`),
  can(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  can(read, 'networking.k8s.io', 'networkpolicies ingresses ingresses/status'),
  can(read, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
];

const delegation: readonly Rule[] = [
  can('create', 'authentication.k8s.io', 'tokenreviews'),
  can('create', 'authorization.k8s.io', 'subjectaccessreviews'),
];

const schedulerRules: readonly Rule[] = [
  events,
  can('create', 'coordination.k8s.io', 'leases'),
  can('get list update watch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
  can('get list watch', 'core', 'nodes'),
  can('get list watch delete', 'core', 'pods'),
  can('create', 'core', 'bindings pods/binding'),
  can('update patch', 'core', 'pods/status'),
  can(read, 'core', 'replicationcontrollers services'),
  can(read, 'apps extensions', 'replicasets'),
  can(read, 'apps', 'statefulsets'),
  can(read, 'policy', 'poddisruptionbudgets'),
  can(read, 'core', 'persistentvolumeclaims persistentvolumes'),
  ...delegation,
  can(read, 'storage.k8s.io', 'csinodes'),
  can(read, 'core', 'namespaces'),
  can(read, 'storage.k8s.io', 'csidrivers'),
  can(read, 'storage.k8s.io', 'csistoragecapacities'),
  can(read, 'storage.k8s.io', 'volumeattachments'),
  can(read, 'resource.k8s.io', 'deviceclasses'),
  can(`${read} update patch`, 'resource.k8s.io', 'resourceclaims resourceclaims/status'),
  can(`${read} update patch`, 'core', 'pods/finalizers'),
  can(read, 'resource.k8s.io', 'resourceslices'),
];

const managerRules: readonly Rule[] = [
  events,
  can('create', 'coordination.k8s.io', 'leases'),
  can('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
  can('create', 'core', 'secrets serviceaccounts'),
  can('delete', 'core', 'secrets'),
  can('get', 'core', 'namespaces secrets serviceaccounts configmaps'),
  can('update', 'core', 'secrets serviceaccounts'),
  ...delegation,
  can('list watch', '*', '*'),
  can('create', 'core', 'serviceaccounts/token'),
];

const nodeRoles: readonly NamedRole[] = [
  { name: 'system:node', rules: nodeRules },
  {
    name: 'system:node-problem-detector',
    rules: [can('get', 'core', 'nodes'), can('patch', 'core', 'nodes/status'), events],
  },
  {
    name: 'system:node-proxier',
    rules: [
      can('list watch', 'core', 'services endpoints'),
      can(read, 'core', 'nodes'),
      events,
      can('list watch', 'discovery.k8s.io', 'endpointslices'),
      can('list watch', 'networking.k8s.io', 'servicecidrs'),
    ],
  },
  {
    name: 'system:node-bootstrapper',
    rules: [can('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests')],
  },
  {
    name: 'system:kubelet-api-admin',
    rules: [
      can(read, 'core', 'nodes'),
      can('proxy', 'core', 'nodes'),
      can('*', 'core', 'nodes/proxy nodes/metrics nodes/stats nodes/log nodes/configz nodes/healthz nodes/pods'),
    ],
  },
];

const certificateRoles: readonly NamedRole[] = [
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    rules: [can('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient')],
  },
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    rules: [can('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient')],
  },
  signers('legacy-unknown', 'legacy-unknown'),
  signers('kubelet-serving', 'kubelet-serving'),
  signers('kube-apiserver-client', 'kube-apiserver-client'),
  signers('kube-apiserver-client-kubelet', 'kube-apiserver-client-kubelet'),
];

const userRoles: readonly NamedRole[] = [
  { name: 'cluster-admin', rules: [can('*', '*', '*'), canVisit('*', '*')] },
  { name: 'admin', aggregates: 'admin' },
  { name: 'edit', aggregates: 'edit', partOf: 'admin' },
  { name: 'view', aggregates: 'view', partOf: 'edit' },
  {
    name: 'system:aggregate-to-admin',
    partOf: 'admin',
    rules: [
      can('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
      can(readWrite, 'rbac.authorization.k8s.io', 'roles rolebindings'),
    ],
  },
  { name: 'system:aggregate-to-edit', partOf: 'edit', rules: editRules },
  { name: 'system:aggregate-to-view', partOf: 'view', rules: viewRules },
];

export const clusterRoles: readonly NamedRole[] = [
  ...userRoles,
  {
    name: 'system:discovery',
    rules: [canVisit('get', `${publicPaths} /openapi /openapi/* /api /api/* /apis /apis/*`)],
  },
  { name: 'system:public-info-viewer', rules: [canVisit('get', publicPaths)] },
  {
    name: 'system:monitoring',
    rules: [
      canVisit('get', '/metrics /metrics/slis /livez /readyz /healthz /livez/* /readyz/* /healthz/* /flagz /statusz'),
    ],
  },
  {
    name: 'system:basic-user',
    rules: [
      can('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      can('create', 'authentication.k8s.io', 'selfsubjectreviews'),
    ],
  },
  { name: 'system:auth-delegator', rules: delegation },
  {
    name: 'system:heapster',
    rules: [can(read, 'core', 'events namespaces nodes pods'), can(read, 'extensions', 'deployments')],
  },
  { name: 'system:kube-aggregator', rules: [can(read, 'core', 'services endpoints')] },
  { name: 'system:kube-controller-manager', rules: managerRules },
  { name: 'system:kube-scheduler', rules: schedulerRules },
  { name: 'system:kube-dns', rules: [can('list watch', 'core', 'endpoints services')] },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      can('get list watch create delete', 'core', 'persistentvolumes'),
      can('get list watch update', 'core', 'persistentvolumeclaims'),
      can(read, 'storage.k8s.io', 'storageclasses'),
      can('watch', 'core', 'events'),
      events,
    ],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      canVisit(
        'get',
        '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
      ),
    ],
  },
  {
    name: 'system:volume-scheduler',
    rules: [
      can('get list watch update patch', 'core', 'persistentvolumes'),
      can(read, 'storage.k8s.io', 'storageclasses'),
      can('get list watch update patch', 'core', 'persistentvolumeclaims'),
    ],
  },
  ...nodeRoles,
  ...certificateRoles,
];
