import { defineKind, type ObjectOf } from '../kind.ts';
import { list, of } from '../../schema/field.ts';
import { RoleRef, Subject } from './role-binding.ts';

export const ClusterRoleBinding = defineKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  package: 'io.k8s.api.rbac.v1',
  doc: '',
  fields: {
    subjects: list(2, Subject),
    roleRef: of(3, RoleRef).required(),
  },
});
export interface ClusterRoleBinding extends ObjectOf<typeof ClusterRoleBinding> {}
