import { defineKind, type ObjectOf } from '../kind.ts';
import { list, string, struct, type Infer } from '../../schema/field.ts';

export const PolicyRule = struct('io.k8s.api.rbac.v1.PolicyRule', '', {
  verbs: list(1, string()).required(),
  apiGroups: list(2, string()),
  resources: list(3, string()),
  resourceNames: list(4, string()),
  nonResourceURLs: list(5, string()),
});
export interface PolicyRule extends Infer<typeof PolicyRule> {}

export const Role = defineKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  package: 'io.k8s.api.rbac.v1',
  doc: '',
  fields: {
    rules: list(2, PolicyRule).always(),
  },
});
export interface Role extends ObjectOf<typeof Role> {}
