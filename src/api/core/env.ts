import { boolean, inline, of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { LocalObjectReference } from './object-reference.ts';

export const ObjectFieldSelector = struct(
  'io.k8s.api.core.v1.ObjectFieldSelector',
  'A field of the pod.',
  {
    apiVersion: string(1).default('v1').doc('Version of the pod in which the path is meant.'),
    fieldPath: string(2).required().doc('Path of the field, such as `metadata.name`.'),
  },
  { atomic: true },
);
export interface ObjectFieldSelector extends Infer<typeof ObjectFieldSelector> {}

export const ResourceFieldSelector = struct(
  'io.k8s.api.core.v1.ResourceFieldSelector',
  'A resource of a container.',
  {
    containerName: string(1).doc('The container.'),
    resource: string(2).required().doc('The resource, such as `limits.cpu`.'),
    divisor: quantity(3).doc('Unit in which the amount is given.'),
  },
  { atomic: true },
);
export interface ResourceFieldSelector extends Infer<typeof ResourceFieldSelector> {}

export const ConfigMapKeySelector = struct(
  'io.k8s.api.core.v1.ConfigMapKeySelector',
  'One key of a ConfigMap.',
  {
    ...inline(1, LocalObjectReference),
    key: string(2).required().doc('The key.'),
    optional: boolean(3).pointer().doc('Whether it is fine when the source is missing.'),
  },
  { atomic: true },
);
export interface ConfigMapKeySelector extends Infer<typeof ConfigMapKeySelector> {}

export const SecretKeySelector = struct(
  'io.k8s.api.core.v1.SecretKeySelector',
  'One key of a Secret.',
  {
    ...inline(1, LocalObjectReference),
    key: string(2).required().doc('The key.'),
    optional: boolean(3).pointer().doc('Whether it is fine when the source is missing.'),
  },
  { atomic: true },
);
export interface SecretKeySelector extends Infer<typeof SecretKeySelector> {}

export const FileKeySelector = struct(
  'io.k8s.api.core.v1.FileKeySelector',
  'One key of a file with variables.',
  {
    volumeName: string(1).required().doc('The volume with the file.'),
    path: string(2).required().doc('Path of the file in the volume.'),
    key: string(3).required().doc('The key.'),
    optional: boolean(4).default(false).pointer().doc('Whether it is fine when the source is missing.'),
  },
  { atomic: true },
);
export interface FileKeySelector extends Infer<typeof FileKeySelector> {}

export const EnvVarSource = struct(
  'io.k8s.api.core.v1.EnvVarSource',
  'Where the text of a variable is taken from; one of them is set.',
  {
    fieldRef: of(1, ObjectFieldSelector).doc('A field of the pod.'),
    resourceFieldRef: of(2, ResourceFieldSelector).doc('A resource of a container.'),
    configMapKeyRef: of(3, ConfigMapKeySelector).doc('A key of a ConfigMap.'),
    secretKeyRef: of(4, SecretKeySelector).doc('A key of a Secret.'),
    fileKeyRef: of(5, FileKeySelector).doc('A key of a file in a volume.'),
  },
);
export interface EnvVarSource extends Infer<typeof EnvVarSource> {}

export const EnvVar = struct('io.k8s.api.core.v1.EnvVar', 'One environment variable.', {
  name: string(1).required().doc('Name of the variable.'),
  value: string(2).doc('Its text; `$(OTHER)` stands for another variable.'),
  valueFrom: of(3, EnvVarSource).doc('Where its text is taken from.'),
});
export interface EnvVar extends Infer<typeof EnvVar> {}

export const ConfigMapEnvSource = struct(
  'io.k8s.api.core.v1.ConfigMapEnvSource',
  'A ConfigMap of which every key becomes a variable.',
  {
    ...inline(1, LocalObjectReference),
    optional: boolean(2).pointer().doc('Whether it is fine when the source is missing.'),
  },
);
export interface ConfigMapEnvSource extends Infer<typeof ConfigMapEnvSource> {}

export const SecretEnvSource = struct(
  'io.k8s.api.core.v1.SecretEnvSource',
  'A Secret of which every key becomes a variable.',
  {
    ...inline(1, LocalObjectReference),
    optional: boolean(2).pointer().doc('Whether it is fine when the source is missing.'),
  },
);
export interface SecretEnvSource extends Infer<typeof SecretEnvSource> {}

export const EnvFromSource = struct(
  'io.k8s.api.core.v1.EnvFromSource',
  'A ConfigMap or Secret of which every key becomes a variable.',
  {
    prefix: string(1).doc('Text put before every key.'),
    configMapRef: of(2, ConfigMapEnvSource).doc('The ConfigMap.'),
    secretRef: of(3, SecretEnvSource).doc('The Secret.'),
  },
);
export interface EnvFromSource extends Infer<typeof EnvFromSource> {}
