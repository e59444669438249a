import { invalid, required, type Fault } from '../../schema/fault.ts';
import { list, string, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import type { Loose } from '../rules/loose.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

export const PolicyRule = struct('io.k8s.api.rbac.v1.PolicyRule', 'What may be done, and to what.', {
  verbs: list(1, string()).present().doc('Verbs that are allowed, such as get or create; `*` is all of them.'),
  apiGroups: list(2, string()).doc('API groups of the resources; `""` is the core group, `*` every group.'),
  resources: list(3, string()).doc('Resources, such as pods or pods/log; `*` is all of them.'),
  resourceNames: list(4, string()).doc('Names of the only objects that the rule is about; all objects when left out.'),
  nonResourceURLs: list(5, string()).doc(
    'Paths outside of the API groups, such as /healthz or /metrics/*; cluster roles only.',
  ),
});
export interface PolicyRule extends Infer<typeof PolicyRule> {}

export const Role = defineKind({
  group: rbacGroup,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  package: 'io.k8s.api.rbac.v1',
  doc: 'A set of rights in one namespace; a RoleBinding gives it to somebody.',
  fields: {
    rules: list(2, PolicyRule).always().doc('The rights; they add up, nothing takes any away.'),
  },
  nameRule: 'path',
  createOnUpdate: true,
  validate: (role) => ruleFaults(role.rules, true),
});
export interface Role extends ObjectOf<typeof Role> {}

export function ruleFaults(rules: readonly Loose<PolicyRule>[] | undefined, namespaced: boolean): Fault[] {
  return (rules ?? []).flatMap((rule, index) => [
    ...((rule.verbs ?? []).length === 0
      ? [required(`rules[${index}].verbs`, 'verbs must contain at least one value')]
      : []),
    ...((rule.nonResourceURLs ?? []).length > 0
      ? nonResourceFaults(rule, `rules[${index}].nonResourceURLs`, namespaced)
      : resourceFaults(rule, `rules[${index}]`)),
  ]);
}

function nonResourceFaults(rule: Loose<PolicyRule>, path: string, namespaced: boolean): Fault[] {
  const { nonResourceURLs: urls, apiGroups = [], resources = [], resourceNames = [] } = rule;
  return [
    ...(namespaced ? [invalid(path, urls, 'namespaced rules cannot apply to non-resource URLs')] : []),
    ...(apiGroups.length + resources.length + resourceNames.length > 0
      ? [invalid(path, urls, 'rules cannot apply to both regular resources and non-resource URLs')]
      : []),
  ];
}

function resourceFaults({ apiGroups = [], resources = [] }: Loose<PolicyRule>, path: string): Fault[] {
  return [
    ...(apiGroups.length === 0
      ? [required(`${path}.apiGroups`, 'resource rules must supply at least one api group')]
      : []),
    ...(resources.length === 0
      ? [required(`${path}.resources`, 'resource rules must supply at least one resource')]
      : []),
  ];
}
