import { boolean, fieldsV1, int64, list, map, string, struct, time, type Infer } from '../../schema/field.ts';

export const OwnerReference = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
  'An object in the same namespace, or of the whole cluster, that owns this one.',
  {
    apiVersion: string(5).present().doc('Group and version of the owner.'),
    kind: string(1).present().doc('Kind of the owner.'),
    name: string(3).present().doc('Name of the owner.'),
    uid: string(4).present().doc('Unique id of the owner.'),
    controller: boolean(6).pointer().doc('Whether this owner is the one that manages the object.'),
    blockOwnerDeletion: boolean(7)
      .pointer()
      .doc('Whether the owner, deleted in the foreground, waits for this object.'),
  },
  { atomic: true },
);
export interface OwnerReference extends Infer<typeof OwnerReference> {}

export const ManagedFieldsEntry = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry',
  'The fields that one manager set with one sort of request.',
  {
    manager: string(1).doc('Name of the manager.'),
    operation: string(2).doc('`Apply` or `Update`.'),
    apiVersion: string(3).doc('Version of the object in which the fields are named.'),
    time: time(4).doc('When the manager changed these fields last.'),
    fieldsType: string(6).doc('Format of the set of fields; always `FieldsV1`.'),
    fieldsV1: fieldsV1(7).doc('The set of fields.'),
    subresource: string(8).doc('The subresource through which they were written.'),
  },
);
export interface ManagedFieldsEntry extends Infer<typeof ManagedFieldsEntry> {}

export const ObjectMeta = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  'What every stored object has: names, labels, versions and owners.',
  {
    name: string(1).doc('Unique name within the namespace and kind; it cannot be changed.'),
    generateName: string(2).doc('Beginning of the name when the server is to make one up.'),
    namespace: string(3).doc('Namespace that the object lives in; empty for kinds of the whole cluster.'),
    selfLink: string(4).doc('No longer filled in.'),
    uid: string(5).doc('Unique id, made by the server, that no later object gets again.'),
    resourceVersion: string(6).doc(
      'Changes with every write; send it back to be refused when someone else wrote in between.',
    ),
    generation: int64(7).doc('Counts the changes of what is wanted.'),
    creationTimestamp: time(8).doc('When the server stored the object first.'),
    deletionTimestamp: time(9).doc('When the object is to be gone; set by the server on deletion.'),
    deletionGracePeriodSeconds: int64(10).pointer().doc('How many seconds the object gets to go in good order.'),
    labels: map(11, string()).doc('Short texts to select objects by.'),
    annotations: map(12, string()).doc('Texts for tools and people, which nothing selects by.'),
    ownerReferences: list(13, OwnerReference)
      .listMap('uid')
      .merge('uid')
      .doc('Objects that this one belongs to; when all of them are gone, so is this.'),
    finalizers: list(14, string())
      .listSet()
      .merge()
      .doc('Names of those who must finish their work before the object may go.'),
    managedFields: list(17, ManagedFieldsEntry).doc('Who set which fields; kept by the server for apply.'),
  },
);
export interface ObjectMeta extends Infer<typeof ObjectMeta> {}
