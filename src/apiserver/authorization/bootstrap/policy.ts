/** Roles and bindings that every cluster starts with, as objects. */
import type { ClusterRoleBinding } from '../../../api/rbac/cluster-role-binding.ts';
import type { ClusterRole } from '../../../api/rbac/cluster-role.ts';
import type { RoleBinding, Subject } from '../../../api/rbac/role-binding.ts';
import { rbacGroup, type Role } from '../../../api/rbac/role.ts';
import type { Draft } from '../../../api/kind.ts';
import type { Rule } from '../rules.ts';
import { clusterRoles, type NamedRole } from './cluster-roles.ts';
import { componentRoles } from './component-roles.ts';
import { controllerRules } from './controller-roles.ts';
import { can, events, read } from './rules.ts';

export interface Policy {
  readonly clusterRoles: readonly Draft<ClusterRole>[];
  readonly clusterRoleBindings: readonly Draft<ClusterRoleBinding>[];
  readonly roles: readonly Draft<Role>[];
  readonly roleBindings: readonly Draft<RoleBinding>[];
}

export const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';
const annotations = { [autoUpdate]: 'true' };
const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const aggregation = (role: string): Record<string, string> => ({
  [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true',
});

const user = (name: string): Subject => ({ kind: 'User', apiGroup: rbacGroup, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

/** Who has which cluster role. Nodes have none: the node authoriser decides for them. */
const given: Readonly<Record<string, readonly Subject[]>> = {
  'cluster-admin': [group('system:masters')],
  'system:monitoring': [group('system:monitoring')],
  'system:discovery': [group('system:authenticated')],
  'system:basic-user': [group('system:authenticated')],
  'system:public-info-viewer': [group('system:authenticated'), group('system:unauthenticated')],
  'system:node-proxier': [user('system:kube-proxy')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-dns': [account('kube-dns')],
  'system:kube-scheduler': [user('system:kube-scheduler')],
  'system:volume-scheduler': [user('system:kube-scheduler')],
  'system:service-account-issuer-discovery': [group('system:serviceaccounts')],
  'system:node': [],
};

export function bootstrapPolicy(): Policy {
  const controllers = Object.entries(controllerRules);
  const own = componentRoles.flatMap(({ name, rules }) => (rules === undefined ? [] : [{ name, rules }]));
  return {
    clusterRoles: [
      ...clusterRoles.map(clusterRole),
      ...controllers.map(([name, rules]) => clusterRole({ name: `system:controller:${name}`, rules })),
      ...own.map(clusterRole),
    ],
    clusterRoleBindings: [
      ...Object.entries(given).map(([role, subjects]) => clusterBinding(role, role, subjects)),
      ...controllers.map(([name]) =>
        clusterBinding(`system:controller:${name}`, `system:controller:${name}`, [account(name)]),
      ),
      ...componentRoles.map(({ name, role = name, subjects }) => clusterBinding(name, role, subjects)),
    ],
    roles: namespaced.map(({ name, namespace, rules }) => ({ metadata: { ...metadata(name), namespace }, rules })),
    roleBindings: namespaced.map(({ name, namespace, subjects, binding = name }) => ({
      metadata: { ...metadata(binding), namespace },
      roleRef: { apiGroup: rbacGroup, kind: 'Role', name },
      subjects,
    })),
  };
}

function metadata(name: string): { name: string; labels: Record<string, string>; annotations: Record<string, string> } {
  return { name, labels, annotations };
}

function clusterRole({ name, rules, aggregates, partOf }: NamedRole): Draft<ClusterRole> {
  return {
    metadata: { ...metadata(name), labels: { ...labels, ...(partOf === undefined ? {} : aggregation(partOf)) } },
    rules: aggregates === undefined ? (rules ?? []) : summedRules(aggregates),
    ...(aggregates === undefined
      ? {}
      : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregation(aggregates) }] } }),
  };
}

/** The sum that the aggregation controller would come to: so it holds from the first moment. */
function summedRules(aggregate: string): readonly Rule[] {
  return clusterRoles
    .filter(({ partOf }) => partOf === aggregate)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ rules, aggregates }) => (aggregates === undefined ? (rules ?? []) : summedRules(aggregates)));
}

function clusterBinding(name: string, role: string, subjects: readonly Subject[]): Draft<ClusterRoleBinding> {
  return {
    metadata: metadata(name),
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
    subjects,
  };
}

interface NamespacedRole {
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly subjects: readonly Subject[];
  /** Name of the binding, where it differs from the role's. */
  readonly binding?: string;
}

const leaderLocking = (component: string, ...others: readonly Subject[]): NamespacedRole => ({
  namespace: 'kube-system',
  name: `system::leader-locking-${component}`,
  rules: [can(`${read} create update`, 'coordination.k8s.io', 'leases leasecandidates')],
  subjects: [user(`system:${component}`), account(component), ...others],
});

const namespaced: readonly NamespacedRole[] = [
  {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication-reader',
    binding: 'system::extension-apiserver-authentication-reader',
    rules: [can(read, 'core', 'configmaps', 'extension-apiserver-authentication')],
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:bootstrap-signer',
    rules: [can(read, 'core', 'secrets')],
    subjects: [account('bootstrap-signer')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:cloud-provider',
    rules: [can('create get list watch', 'core', 'configmaps')],
    subjects: [account('cloud-provider')],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:token-cleaner',
    rules: [can(`${read} delete`, 'core', 'secrets'), events],
    subjects: [account('token-cleaner')],
  },
  leaderLocking('kube-controller-manager', account('leader-election-controller')),
  leaderLocking('kube-scheduler'),
  {
    namespace: 'kube-public',
    name: 'system:controller:bootstrap-signer',
    rules: [can(read, 'core', 'configmaps'), can('update', 'core', 'configmaps', 'cluster-info'), events],
    subjects: [account('bootstrap-signer')],
  },
  // How a machine that knows nothing finds out whom it is talking to: before it can trust anybody.
  {
    namespace: 'kube-public',
    name: 'kubeadm:bootstrap-signer-clusterinfo',
    rules: [can('get', 'core', 'configmaps', 'cluster-info')],
    subjects: [user('system:anonymous')],
  },
  // What a machine must know to be a node.
  {
    namespace: 'kube-system',
    name: 'coracle:node-config',
    rules: [can('get', 'core', 'configmaps', 'coracle-node-config')],
    subjects: [group('system:nodes'), group('system:bootstrappers:kubeadm:default-node-token')],
  },
];
