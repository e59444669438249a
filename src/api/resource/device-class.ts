import { defineKind, type ObjectOf } from '../kind.ts';
import { inline, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { DeviceConfiguration, DeviceSelector } from './resource-claim.ts';

export const DeviceClassConfiguration = struct('io.k8s.api.resource.v1.DeviceClassConfiguration', '', {
  ...inline(1, DeviceConfiguration),
});
export interface DeviceClassConfiguration extends Infer<typeof DeviceClassConfiguration> {}

export const DeviceClassSpec = struct('io.k8s.api.resource.v1.DeviceClassSpec', '', {
  selectors: list(1, DeviceSelector),
  config: list(2, DeviceClassConfiguration),
  extendedResourceName: string(4).pointer(),
});
export interface DeviceClassSpec extends Infer<typeof DeviceClassSpec> {}

export const DeviceClass = defineKind({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  scope: 'Cluster',
  package: 'io.k8s.api.resource.v1',
  doc: 'A kind of device that claims can ask for by name.',
  fields: {
    spec: of(2, DeviceClassSpec).present().doc('Which devices, and how they are set up.'),
  },
  columns: [nameColumn, ageColumn],
});
export interface DeviceClass extends ObjectOf<typeof DeviceClass> {}
