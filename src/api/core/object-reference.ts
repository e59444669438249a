import { string, struct, type Infer } from '../../schema/field.ts';

export const SecretReference = struct(
  'io.k8s.api.core.v1.SecretReference',
  'Points to a secret in some namespace.',
  {
    name: string(1).doc('Name of the secret.'),
    namespace: string(2).doc('Namespace of the secret.'),
  },
  { atomic: true },
);
export interface SecretReference extends Infer<typeof SecretReference> {}

export const ObjectReference = struct(
  'io.k8s.api.core.v1.ObjectReference',
  'Points to another object, or to a part of it.',
  {
    kind: string(1).doc('Kind of the object that is meant.'),
    namespace: string(2).doc('Namespace of the object that is meant.'),
    name: string(3).doc('Name of the object that is meant.'),
    uid: string(4).doc('The unique id of the object that is meant.'),
    apiVersion: string(5).doc('Group and version of the object that is meant.'),
    resourceVersion: string(6).doc('The stored version that is meant.'),
    fieldPath: string(7).doc('Path of the part of the object that is meant.'),
  },
  { atomic: true },
);
export interface ObjectReference extends Infer<typeof ObjectReference> {}

export const LocalObjectReference = struct(
  'io.k8s.api.core.v1.LocalObjectReference',
  'Points to an object in the same namespace by name.',
  {
    name: string(1).default('').doc('Name of the object that is meant.'),
  },
  { atomic: true },
);
export interface LocalObjectReference extends Infer<typeof LocalObjectReference> {}
