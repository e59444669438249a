import { boolean, inline, of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { LocalObjectReference } from './object-reference.ts';

export const ObjectFieldSelector = struct(
  'io.k8s.api.core.v1.ObjectFieldSelector',
  '',
  {
    apiVersion: string(1).default('v1'),
    fieldPath: string(2).required(),
  },
  { atomic: true },
);
export interface ObjectFieldSelector extends Infer<typeof ObjectFieldSelector> {}

export const ResourceFieldSelector = struct(
  'io.k8s.api.core.v1.ResourceFieldSelector',
  '',
  {
    containerName: string(1),
    resource: string(2).required(),
    divisor: quantity(3),
  },
  { atomic: true },
);
export interface ResourceFieldSelector extends Infer<typeof ResourceFieldSelector> {}

export const ConfigMapKeySelector = struct(
  'io.k8s.api.core.v1.ConfigMapKeySelector',
  '',
  {
    ...inline(1, LocalObjectReference),
    key: string(2).required(),
    optional: boolean(3).pointer(),
  },
  { atomic: true },
);
export interface ConfigMapKeySelector extends Infer<typeof ConfigMapKeySelector> {}

export const SecretKeySelector = struct(
  'io.k8s.api.core.v1.SecretKeySelector',
  '',
  {
    ...inline(1, LocalObjectReference),
    key: string(2).required(),
    optional: boolean(3).pointer(),
  },
  { atomic: true },
);
export interface SecretKeySelector extends Infer<typeof SecretKeySelector> {}

export const FileKeySelector = struct(
  'io.k8s.api.core.v1.FileKeySelector',
  '',
  {
    volumeName: string(1).required(),
    path: string(2).required(),
    key: string(3).required(),
    optional: boolean(4).default(false).pointer(),
  },
  { atomic: true },
);
export interface FileKeySelector extends Infer<typeof FileKeySelector> {}

export const EnvVarSource = struct('io.k8s.api.core.v1.EnvVarSource', '', {
  fieldRef: of(1, ObjectFieldSelector),
  resourceFieldRef: of(2, ResourceFieldSelector),
  configMapKeyRef: of(3, ConfigMapKeySelector),
  secretKeyRef: of(4, SecretKeySelector),
  fileKeyRef: of(5, FileKeySelector),
});
export interface EnvVarSource extends Infer<typeof EnvVarSource> {}

export const EnvVar = struct('io.k8s.api.core.v1.EnvVar', '', {
  name: string(1).required(),
  value: string(2),
  valueFrom: of(3, EnvVarSource),
});
export interface EnvVar extends Infer<typeof EnvVar> {}

export const ConfigMapEnvSource = struct('io.k8s.api.core.v1.ConfigMapEnvSource', '', {
  ...inline(1, LocalObjectReference),
  optional: boolean(2).pointer(),
});
export interface ConfigMapEnvSource extends Infer<typeof ConfigMapEnvSource> {}

export const SecretEnvSource = struct('io.k8s.api.core.v1.SecretEnvSource', '', {
  ...inline(1, LocalObjectReference),
  optional: boolean(2).pointer(),
});
export interface SecretEnvSource extends Infer<typeof SecretEnvSource> {}

export const EnvFromSource = struct('io.k8s.api.core.v1.EnvFromSource', '', {
  prefix: string(1),
  configMapRef: of(2, ConfigMapEnvSource),
  secretRef: of(3, SecretEnvSource),
});
export interface EnvFromSource extends Infer<typeof EnvFromSource> {}
