/** 5.1: who has been given which rights, beyond what the system's own parts have. */
import { fail, none, several, warn, type Check } from '../check.ts';
import type { Facts, ObjectFacts } from '../facts.ts';
import type { Subject } from '../../api/rbac/role-binding.ts';
import type { PolicyRule } from '../../api/rbac/role.ts';
import { isSystemName, isSystemNamespace, nameOf, userPods } from './people.ts';

interface Grant {
  /** `User ann`, `ServiceAccount team/robot`. */
  readonly subject: string;
  /** `ClusterRoleBinding admins`. */
  readonly binding: string;
  readonly rules: readonly PolicyRule[];
  readonly role: string;
  readonly system: boolean;
}

function subjectText({ kind, name, namespace = '' }: Subject): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** Parts of the system, by the names that only the server and its certificates give. */
function isSystemSubject({ kind, name, namespace = '' }: Subject): boolean {
  if (kind === 'ServiceAccount') return isSystemNamespace(namespace);
  const open = ['system:anonymous', 'system:unauthenticated', 'system:authenticated', 'system:serviceaccounts'];
  return !open.includes(name) && (name.startsWith('system:') || name === 'kube-apiserver-kubelet-client');
}

/** Every binding with every one of its subjects. */
function grantsOf(objects: ObjectFacts): readonly Grant[] {
  const clusterRules = new Map(objects.clusterRoles.map(({ metadata, rules }) => [metadata.name, rules ?? []]));
  const roleRules = new Map(
    objects.roles.map(({ metadata, rules }) => [`${metadata.namespace}/${metadata.name}`, rules ?? []]),
  );
  const all = [
    ...objects.clusterRoleBindings.map((binding) => ({ binding, kind: 'ClusterRoleBinding' })),
    ...objects.roleBindings.map((binding) => ({ binding, kind: 'RoleBinding' })),
  ];
  return all.flatMap(({ binding, kind }) => {
    const { roleRef, subjects = [], metadata } = binding;
    const { namespace = '', name } = metadata;
    const rules =
      roleRef.kind === 'Role' ? roleRules.get(`${namespace}/${roleRef.name}`) : clusterRules.get(roleRef.name);
    return subjects.map((subject) => ({
      subject: subjectText(subject),
      binding: `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`,
      rules: rules ?? [],
      role: roleRef.name,
      system: isSystemSubject(subject),
    }));
  });
}

const has = (list: readonly string[] | undefined, ...wanted: readonly string[]): boolean =>
  (list ?? []).some((each) => each === '*' || wanted.includes(each));

const allows =
  (group: string, resources: readonly string[], verbs: readonly string[]) =>
  (rule: PolicyRule): boolean =>
    has(rule.apiGroups, group) && has(rule.resources, ...resources) && has(rule.verbs, ...verbs);

/** Those who are not of the system and whom a rule gives that. */
function holders(objects: ObjectFacts, test: (rule: PolicyRule) => boolean): readonly string[] {
  const found = grantsOf(objects).filter(({ system, rules }) => !system && rules.some(test));
  return [...new Set(found.map(({ subject, binding, role }) => `${subject} (${role}, by ${binding})`))];
}

function minimize(what: string, ...tests: readonly ((rule: PolicyRule) => boolean)[]): Check['look'] {
  return ({ objects }: Facts) =>
    none(
      holders(objects, (rule) => tests.some((test) => test(rule))),
      `nobody but the system's own parts and system:masters may ${what}`,
      (list) => `may ${what}: ${list}`,
      'look whether they need it; give narrower roles, or delete the bindings',
      warn,
    );
}

function clusterAdmins({ objects }: Facts): ReturnType<Check['look']> {
  const held = grantsOf(objects).filter(
    ({ role, subject }) => role === 'cluster-admin' && subject !== 'Group system:masters',
  );
  return none(
    held.map(({ subject, binding }) => `${subject} (${binding})`),
    'only the group system:masters has the role cluster-admin',
    (list) => `have the role cluster-admin: ${list}`,
    'give them narrower roles, then delete the bindings',
  );
}

const everything: readonly (keyof PolicyRule)[] = ['verbs', 'resources', 'apiGroups'];

function wildcards({ objects }: Facts): ReturnType<Check['look']> {
  const own = [
    ...objects.clusterRoles.filter(({ metadata }) => !isSystemName(metadata.name) && !isBootstrap(metadata.labels)),
    ...objects.roles.filter(({ metadata }) => !isSystemNamespace(metadata.namespace ?? '')),
  ];
  const wild = own.filter(({ rules }) =>
    (rules ?? []).some((rule) => everything.some((part) => rule[part]?.includes('*'))),
  );
  return none(
    wild.map(
      ({ kind, metadata }) =>
        `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`,
    ),
    `none of ${own.length} roles that are not the system's own has a *`,
    (list) => `roles with *: ${list}`,
    'name what is needed',
    warn,
  );
}

const isBootstrap = (labels: Readonly<Record<string, string>> = {}): boolean =>
  labels['kubernetes.io/bootstrapping'] === 'rbac-defaults';

function defaultAccounts({ objects }: Facts): ReturnType<Check['look']> {
  const bound = grantsOf(objects).filter(({ subject }) => /^ServiceAccount [^/]+\/default$/u.test(subject));
  if (bound.length > 0) {
    return fail(
      `rights are given to default service accounts: ${several(bound.map(({ subject, binding }) => `${subject} (${binding})`))}`,
      'make accounts for the workloads that need them, and bind those',
    );
  }
  const mounting = objects.serviceAccounts.filter(
    ({ metadata, automountServiceAccountToken = true }) => metadata.name === 'default' && automountServiceAccountToken,
  );
  return none(
    mounting.map(({ metadata }) => metadata.namespace ?? ''),
    'default service accounts have no rights, and their tokens are not mounted',
    (list) => `no rights are given to them, but pods get tokens of default service accounts, as upstream, in: ${list}`,
    `kubectl patch serviceaccount default -n NAMESPACE -p '{"automountServiceAccountToken":false}'`,
    warn,
  );
}

function mountedTokens({ objects }: Facts): ReturnType<Check['look']> {
  const bound = new Set(grantsOf(objects).map(({ subject }) => subject));
  const needless = userPods(objects).filter(({ metadata, spec }) => {
    const mounted = (spec?.volumes ?? []).some(({ projected }) =>
      (projected?.sources ?? []).some(
        (source) => source.serviceAccountToken !== undefined && source.serviceAccountToken.audience === undefined,
      ),
    );
    return mounted && !bound.has(`ServiceAccount ${metadata.namespace}/${spec?.serviceAccountName ?? 'default'}`);
  });
  return none(
    needless.map(nameOf),
    'no pod has a token of an account without rights',
    (list) => `pods have tokens of accounts to which no right is given: ${list}`,
    'set automountServiceAccountToken: false in the pods or their accounts',
    warn,
  );
}

function masters({ objects }: Facts): ReturnType<Check['look']> {
  const more = grantsOf(objects).filter(
    ({ subject, role }) => subject === 'Group system:masters' && role !== 'cluster-admin',
  );
  if (more.length > 0)
    return warn(
      `system:masters is also bound by ${several(more.map(({ binding }) => binding))}`,
      'it may do everything without that',
    );
  return warn(
    "the administrator's certificate is in system:masters: what it may do can not be taken back by RBAC",
    'keep it for emergencies; for daily work: coracle user add NAME --role ROLE',
  );
}

export const rightsChecks: readonly Check[] = [
  { id: '5.1.1', title: 'cluster-admin is given only where it is needed', look: clusterAdmins },
  {
    id: '5.1.2',
    title: 'Few may read Secrets',
    look: minimize('read Secrets', allows('', ['secrets'], ['get', 'list', 'watch'])),
  },
  { id: '5.1.3', title: 'Roles name what they allow', look: wildcards },
  { id: '5.1.4', title: 'Few may create pods', look: minimize('create pods', allows('', ['pods'], ['create'])) },
  { id: '5.1.5', title: 'Default service accounts are not used', look: defaultAccounts },
  { id: '5.1.6', title: 'Tokens are mounted only where they are needed', look: mountedTokens },
  { id: '5.1.7', title: 'The group system:masters is not used', look: masters },
  {
    id: '5.1.8',
    title: 'Few may bind, impersonate and escalate',
    look: minimize(
      'bind or escalate roles, or impersonate',
      allows('rbac.authorization.k8s.io', ['roles', 'clusterroles'], ['bind', 'escalate']),
      allows('', ['users', 'groups', 'serviceaccounts'], ['impersonate']),
    ),
  },
  {
    id: '5.1.9',
    title: 'Few may create persistent volumes',
    look: minimize('create persistent volumes', allows('', ['persistentvolumes'], ['create'])),
  },
  {
    id: '5.1.10',
    title: "Few may use nodes' proxy",
    look: minimize("use nodes' proxy", allows('', ['nodes/proxy'], ['get', 'create'])),
  },
  {
    id: '5.1.11',
    title: 'Few may approve certificates',
    look: minimize(
      'approve certificates',
      allows('certificates.k8s.io', ['certificatesigningrequests/approval'], ['update', 'patch']),
    ),
  },
  {
    id: '5.1.12',
    title: 'Few may change webhooks',
    look: minimize(
      'change admission webhooks',
      allows(
        'admissionregistration.k8s.io',
        ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'],
        ['create', 'update', 'patch', 'delete'],
      ),
    ),
  },
  {
    id: '5.1.13',
    title: "Few may make service accounts' tokens",
    look: minimize("make service accounts' tokens", allows('', ['serviceaccounts/token'], ['create'])),
  },
];
