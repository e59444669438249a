/** Rights of Coracle's own components beyond what upstream's roles give. */
import type { Subject } from '../../../api/rbac/role-binding.ts';
import { rbacGroup } from '../../../api/rbac/role.ts';
import type { Rule } from '../rules.ts';
import { can, events, read } from './rules.ts';

/** A binding, and the role of the same name unless another is given. */
export interface ComponentRole {
  readonly name: string;
  readonly rules?: readonly Rule[];
  readonly role?: string;
  readonly subjects: readonly Subject[];
}

const user = (name: string): Subject => ({ kind: 'User', apiGroup: rbacGroup, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

/** Controllers of ours patch where upstream's update, or the other way round; some do more. */
const patches: Readonly<Record<string, readonly Rule[]>> = {
  'certificate-controller': [can('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kubelet-serving')],
  'deployment-controller': [can('patch', 'apps', 'deployments')],
  'namespace-controller': [can('patch', 'core', 'namespaces/status')],
  'persistent-volume-binder': [
    can('patch', 'core', 'persistentvolumes persistentvolumes/status'),
    can('patch', 'core', 'persistentvolumeclaims persistentvolumeclaims/status'),
  ],
  'pod-garbage-collector': [can('update', 'core', 'pods/status')],
  'pv-protection-controller': [can('patch', 'core', 'persistentvolumes')],
  'pvc-protection-controller': [can('patch', 'core', 'persistentvolumeclaims')],
  'volumeattributesclass-protection-controller': [can('patch', 'storage.k8s.io', 'volumeattributesclasses')],
  'statefulset-controller': [can('patch', 'core', 'persistentvolumeclaims')],
};

/** Bootstrap tokens that machines join with bring them into this group. */
const joining = group('system:bootstrappers:kubeadm:default-node-token');
const requests = 'system:certificates.k8s.io:certificatesigningrequests';

/** What kubeadm gives to machines that join, under kubeadm's names. */
const joiningRoles: readonly ComponentRole[] = [
  { name: 'kubeadm:kubelet-bootstrap', role: 'system:node-bootstrapper', subjects: [joining] },
  { name: 'kubeadm:node-autoapprove-bootstrap', role: `${requests}:nodeclient`, subjects: [joining] },
  {
    name: 'kubeadm:node-autoapprove-certificate-rotation',
    role: `${requests}:selfnodeclient`,
    subjects: [group('system:nodes')],
  },
  // To see whether a name is taken.
  { name: 'kubeadm:get-nodes', rules: [can('get', 'core', 'nodes')], subjects: [joining] },
  { name: 'kubeadm:node-proxier', role: 'system:node-proxier', subjects: [account('kube-proxy')] },
];

export const componentRoles: readonly ComponentRole[] = [
  ...joiningRoles,
  ...Object.entries(patches).map(([name, rules]) => ({
    name: `coracle:controller:${name}`,
    rules,
    subjects: [account(name)],
  })),
  // The API server as a client of kubelets.
  {
    name: 'coracle:kubelet-api-admin',
    role: 'system:kubelet-api-admin',
    subjects: [user('kube-apiserver-kubelet-client')],
  },
  // The class `local-path`: each node's agent makes its volumes, and one process those of all simulated nodes.
  {
    name: 'coracle:local-path-provisioner',
    role: 'system:persistent-volume-provisioner',
    subjects: [account('local-path-provisioner'), account('coracle-simulated-nodes')],
  },
  {
    name: 'coracle:local-path-resizer',
    rules: [can('patch', 'core', 'persistentvolumes persistentvolumeclaims/status')],
    subjects: [account('local-path-provisioner'), account('coracle-simulated-nodes')],
  },
  {
    name: 'system:coredns',
    rules: [
      can('list watch', 'core', 'endpoints services pods namespaces'),
      can(read, 'core', 'configmaps'),
      can('list watch', 'discovery.k8s.io', 'endpointslices'),
    ],
    subjects: [account('coredns')],
  },
  // The ingress is a process of its own, not a pod.
  {
    name: 'coracle:ingress',
    rules: [
      can('list watch', 'core', 'services secrets'),
      can('list watch', 'discovery.k8s.io', 'endpointslices'),
      can('list watch', 'networking.k8s.io', 'ingresses ingressclasses'),
      can('update', 'networking.k8s.io', 'ingresses/status'),
      events,
    ],
    subjects: [account('coracle-ingress')],
  },
  // `coracle up --sim-nodes`: one process stands for all of them.
  {
    name: 'coracle:simulated-nodes',
    rules: [
      can('list create delete', 'core', 'nodes'),
      can('patch', 'core', 'nodes/status pods/status'),
      can('list watch delete', 'core', 'pods'),
      can('create patch', 'coordination.k8s.io', 'leases'),
    ],
    subjects: [account('coracle-simulated-nodes')],
  },
  // What the service proxy needs for NetworkPolicies.
  {
    name: 'coracle:network',
    rules: [can(read, 'core', 'nodes pods namespaces'), can('list watch', 'networking.k8s.io', 'networkpolicies')],
    subjects: [user('system:kube-proxy'), account('kube-proxy')],
  },
];
