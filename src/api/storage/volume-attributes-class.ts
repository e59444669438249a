import { required } from '../../schema/fault.ts';
import { map, string } from '../../schema/field.ts';
import { defineKind, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { parameterFaults, provisionerFaults, unchanged } from './storage-class.ts';

export const VolumeAttributesClass = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  shortNames: ['vac'],
  scope: 'Cluster',
  package: 'io.k8s.api.storage.v1',
  doc: 'Properties of volumes that can be changed while they are in use.',
  fields: {
    driverName: string(2).required().doc('Driver that knows the properties.'),
    parameters: map(3, string()).doc('The properties, in the words of the driver.'),
  },
  columns: [
    { ...nameColumn, value: markedName },
    { name: 'DriverName', type: 'string', doc: 'Driver that knows the properties.', value: (each) => each.driverName },
    ageColumn,
  ],
  validate: ({ driverName, parameters = {} }) => [
    ...provisionerFaults(driverName, 'driverName'),
    ...parameterFaults(parameters),
    ...(Object.keys(parameters).length === 0
      ? [required('parameters', 'must contain at least one key/value pair')]
      : []),
  ],
  validateUpdate: (young, old) => [
    ...unchanged(young.driverName, old.driverName, 'driverName'),
    ...unchanged(young.parameters, old.parameters, 'parameters'),
  ],
});
export interface VolumeAttributesClass extends ObjectOf<typeof VolumeAttributesClass> {}

function markedName({ metadata }: KubernetesObject): string {
  const marked = metadata.annotations?.['volumeattributesclass.kubernetes.io/is-default-class'] === 'true';
  return marked ? `${metadata.name} (default)` : metadata.name;
}
