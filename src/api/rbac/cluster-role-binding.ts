import { defineKind, type ObjectOf } from '../kind.ts';
import { bindingColumns, bindingFaults, bindingFields, bindingUpdateFaults } from './role-binding.ts';
import { rbacGroup } from './role.ts';

export const ClusterRoleBinding = defineKind({
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  package: 'io.k8s.api.rbac.v1',
  doc: 'Gives the rights of a cluster role to users, groups or service accounts, in the whole cluster.',
  fields: bindingFields,
  nameRule: 'path',
  createOnUpdate: true,
  columns: bindingColumns,
  validate: (each) => bindingFaults(each, ['ClusterRole']),
  validateUpdate: bindingUpdateFaults,
});
export interface ClusterRoleBinding extends ObjectOf<typeof ClusterRoleBinding> {}
