import { invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { list, of, string, struct, type Infer } from '../../schema/field.ts';
import { checkDns1123Subdomain, checkPathSegment } from '../../schema/names.ts';
import { defineKind, type Column, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { fillEmpty } from '../rules/draft.ts';
import { sameMeaning } from '../rules/equal.ts';
import { complaintFaults, ifSet } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import { rbacGroup } from './role.ts';

export const Subject = struct(
  'io.k8s.api.rbac.v1.Subject',
  'Somebody who is given a role.',
  {
    kind: string(1).present().doc('User, Group or ServiceAccount.'),
    apiGroup: string(2).doc('Group of that kind; filled in from it: empty for a ServiceAccount.'),
    name: string(3).required().doc('Name of the user, group or service account.'),
    namespace: string(4).doc('Namespace of a service account; users and groups have none.'),
  },
  { atomic: true, defaults: subjectDefaults },
);
export interface Subject extends Infer<typeof Subject> {}

export const RoleRef = struct(
  'io.k8s.api.rbac.v1.RoleRef',
  'Which role is given.',
  {
    apiGroup: string(1).present().doc('Group of the role: rbac.authorization.k8s.io.'),
    kind: string(2).present().doc('Role, or ClusterRole.'),
    name: string(3).required().doc('Name of the role.'),
  },
  { atomic: true, defaults: (draft) => fillEmpty(draft, 'apiGroup', rbacGroup) },
);
export interface RoleRef extends Infer<typeof RoleRef> {}

function subjectDefaults(draft: Record<string, unknown>): void {
  if (draft['kind'] === 'User' || draft['kind'] === 'Group') fillEmpty(draft, 'apiGroup', rbacGroup);
}

/** What both kinds of binding consist of. */
export interface Bound {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
}

export const bindingFields = {
  subjects: list(2, Subject).doc('Who gets the role.'),
  roleRef: of(3, RoleRef).present().doc('The role that is given; to change it, make a new binding.'),
};

function subjectsColumn(
  name: string,
  kind: string,
  show: (subject: Subject) => string,
): Column<KubernetesObject & Bound> {
  return {
    name,
    type: 'string',
    priority: 1,
    doc: `Each ${kind} that gets the role.`,
    value: ({ subjects = [] }) =>
      subjects
        .filter((each) => each.kind === kind)
        .map(show)
        .join(', '),
  };
}

export const bindingColumns: readonly Column<KubernetesObject & Bound>[] = [
  nameColumn,
  {
    name: 'Role',
    type: 'string',
    doc: 'The role that is given.',
    value: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`,
  },
  ageColumn,
  subjectsColumn('Users', 'User', (each) => each.name),
  subjectsColumn('Groups', 'Group', (each) => each.name),
  subjectsColumn('ServiceAccounts', 'ServiceAccount', (each) =>
    (each.namespace ?? '') === '' ? each.name : `${each.namespace}/${each.name}`,
  ),
];

export function bindingFaults({ subjects = [], roleRef = {} }: Loose<Bound>, roleKinds: readonly string[]): Fault[] {
  const { apiGroup = '', kind = '', name = '' } = roleRef;
  return [
    ...(apiGroup === rbacGroup ? [] : [notSupported('roleRef.apiGroup', apiGroup, [rbacGroup])]),
    ...(roleKinds.includes(kind) ? [] : [notSupported('roleRef.kind', kind, roleKinds)]),
    ...(name === '' ? [required('roleRef.name')] : complaintFaults('roleRef.name', name, checkPathSegment(name))),
    ...subjects.flatMap((subject, index) => subjectFaults(subject, `subjects[${index}]`, roleKinds.includes('Role'))),
  ];
}

function subjectFaults(subject: Loose<Subject>, path: string, namespaced: boolean): Fault[] {
  const { kind = '', name = '' } = subject;
  const missing = name === '' ? [required(`${path}.name`)] : [];
  switch (kind) {
    case 'ServiceAccount':
      return [...missing, ...serviceAccountFaults(subject, path, namespaced)];
    case 'User':
    case 'Group':
      return [...missing, ...personFaults(subject, path, kind.toLowerCase())];
    default:
      return [...missing, notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}

function serviceAccountFaults(
  { name, apiGroup = '', namespace = '' }: Loose<Subject>,
  path: string,
  namespaced: boolean,
): Fault[] {
  return [
    ...ifSet(name, (text) => complaintFaults(`${path}.name`, text, checkDns1123Subdomain(text))),
    ...(apiGroup === '' ? [] : [notSupported(`${path}.apiGroup`, apiGroup, [''])]),
    ...(namespaced || namespace !== '' ? [] : [required(`${path}.namespace`)]),
  ];
}

function personFaults({ name = '', apiGroup = '' }: Loose<Subject>, path: string, what: string): Fault[] {
  return [
    ...(name === '' ? [invalid(`${path}.name`, name, `${what} name cannot be empty`)] : []),
    ...(apiGroup === rbacGroup ? [] : [notSupported(`${path}.apiGroup`, apiGroup, [rbacGroup])]),
  ];
}

/** Upstream shows the reference under the names of its Go type. */
export function bindingUpdateFaults(young: Bound, old: Bound): Fault[] {
  if (sameMeaning(young.roleRef, old.roleRef)) return [];
  const { apiGroup: APIGroup, kind: Kind, name: Name } = young.roleRef;
  return [invalid('roleRef', { APIGroup, Kind, Name }, 'cannot change roleRef')];
}

export const RoleBinding = defineKind({
  group: rbacGroup,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  scope: 'Namespaced',
  package: 'io.k8s.api.rbac.v1',
  doc: 'Gives the rights of a role to users, groups or service accounts, within one namespace.',
  fields: bindingFields,
  nameRule: 'path',
  createOnUpdate: true,
  columns: bindingColumns,
  validate: (each) => bindingFaults(each, ['Role', 'ClusterRole']),
  validateUpdate: bindingUpdateFaults,
});
export interface RoleBinding extends ObjectOf<typeof RoleBinding> {}
