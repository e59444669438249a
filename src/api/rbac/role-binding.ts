import { defineKind, type ObjectOf } from '../kind.ts';
import { list, of, string, struct, type Infer } from '../../schema/field.ts';

export const Subject = struct(
  'io.k8s.api.rbac.v1.Subject',
  '',
  {
    kind: string(1).required(),
    apiGroup: string(2),
    name: string(3).required(),
    namespace: string(4),
  },
  { atomic: true },
);
export interface Subject extends Infer<typeof Subject> {}

export const RoleRef = struct(
  'io.k8s.api.rbac.v1.RoleRef',
  '',
  {
    apiGroup: string(1).required(),
    kind: string(2).required(),
    name: string(3).required(),
  },
  { atomic: true },
);
export interface RoleRef extends Infer<typeof RoleRef> {}

export const RoleBinding = defineKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  scope: 'Namespaced',
  package: 'io.k8s.api.rbac.v1',
  doc: '',
  fields: {
    subjects: list(2, Subject),
    roleRef: of(3, RoleRef).required(),
  },
});
export interface RoleBinding extends ObjectOf<typeof RoleBinding> {}
