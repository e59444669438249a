import { boolean, fieldsV1, int64, list, map, string, struct, time, type Infer } from '../../schema/field.ts';

export const OwnerReference = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
  '',
  {
    apiVersion: string(5).present(),
    kind: string(1).present(),
    name: string(3).present(),
    uid: string(4).present(),
    controller: boolean(6).pointer(),
    blockOwnerDeletion: boolean(7).pointer(),
  },
  { atomic: true },
);
export interface OwnerReference extends Infer<typeof OwnerReference> {}

export const ManagedFieldsEntry = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry', '', {
  manager: string(1),
  operation: string(2),
  apiVersion: string(3),
  time: time(4),
  fieldsType: string(6),
  fieldsV1: fieldsV1(7),
  subresource: string(8),
});
export interface ManagedFieldsEntry extends Infer<typeof ManagedFieldsEntry> {}

export const ObjectMeta = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', '', {
  name: string(1),
  generateName: string(2),
  namespace: string(3),
  selfLink: string(4),
  uid: string(5),
  resourceVersion: string(6),
  generation: int64(7),
  creationTimestamp: time(8),
  deletionTimestamp: time(9),
  deletionGracePeriodSeconds: int64(10).pointer(),
  labels: map(11, string()),
  annotations: map(12, string()),
  ownerReferences: list(13, OwnerReference).listMap('uid').merge('uid'),
  finalizers: list(14, string()).listSet().merge(),
  managedFields: list(17, ManagedFieldsEntry),
});
export interface ObjectMeta extends Infer<typeof ObjectMeta> {}
