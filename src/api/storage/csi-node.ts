import { duplicate, invalid, required, type Fault } from '../../schema/fault.ts';
import { int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { immutableFaults, labelNameFaults, nonNegativeFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';

export const VolumeNodeResources = struct(
  'io.k8s.api.storage.v1.VolumeNodeResources',
  'What a driver can hold on a node.',
  {
    count: int32(1).pointer().doc('How many volumes of the driver the node can have.'),
  },
);
export interface VolumeNodeResources extends Infer<typeof VolumeNodeResources> {}

export const CSINodeDriver = struct('io.k8s.api.storage.v1.CSINodeDriver', 'A driver that is installed on a node.', {
  name: string(1).required().doc('Name of the driver.'),
  nodeID: string(2).required().doc('Name of the node in the words of the driver.'),
  topologyKeys: list(3, string()).always().doc('Labels of nodes that the driver looks at.'),
  allocatable: of(4, VolumeNodeResources).doc('What the driver can hold on the node.'),
});
export interface CSINodeDriver extends Infer<typeof CSINodeDriver> {}

export const CSINodeSpec = struct('io.k8s.api.storage.v1.CSINodeSpec', 'The drivers of a node.', {
  drivers: list(1, CSINodeDriver).listMap('name').merge('name').present().doc('The drivers.'),
});
export interface CSINodeSpec extends Infer<typeof CSINodeSpec> {}

export const CSINode = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
  package: 'io.k8s.api.storage.v1',
  doc: 'Which storage drivers a node has; its name is that of the node.',
  fields: {
    spec: of(2, CSINodeSpec).present().doc('The drivers.'),
  },
  generation: false,
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    {
      name: 'Drivers',
      type: 'integer',
      doc: 'How many drivers the node has.',
      value: ({ spec }) => spec.drivers.length,
    },
    ageColumn,
  ],
  validate: ({ spec }) =>
    spec.drivers.flatMap((driver, index) =>
      driverFaults(driver, spec.drivers.slice(0, index), `spec.drivers[${index}]`),
    ),
  validateUpdate: ({ spec }, { spec: old }) =>
    old.drivers.flatMap((before) => {
      const after = spec.drivers.find(({ name }) => name === before.name);
      return after === undefined ? [] : immutableFaults('spec.drivers', fixedPart(after), fixedPart(before));
    }),
});
export interface CSINode extends ObjectOf<typeof CSINode> {}

/** All but what the driver can hold, which may change while it runs. */
function fixedPart({ allocatable: _allocatable, ...rest }: CSINodeDriver): Omit<CSINodeDriver, 'allocatable'> {
  return rest;
}

function driverFaults(driver: Loose<CSINodeDriver>, earlier: readonly Loose<CSINodeDriver>[], path: string): Fault[] {
  const { name = '', nodeID = '', topologyKeys: keys = [] } = driver;
  return [
    ...(name === '' ? [required(`${path}.name`)] : subdomainFaults(`${path}.name`, name.toLowerCase())),
    ...(nodeID === '' ? [required(`${path}.nodeID`)] : []),
    ...(nodeID.length > 256 ? [invalid(`${path}.nodeID`, nodeID, 'must be 256 characters or less')] : []),
    ...nonNegativeFaults(`${path}.allocatable.count`, driver.allocatable?.count),
    ...(earlier.some((other) => other.name === name) ? [duplicate(`${path}.name`, name)] : []),
    ...keys.flatMap((key, index) => [
      ...(key === '' ? [required(path)] : labelNameFaults(path, key)),
      ...(keys.indexOf(key) < index ? [duplicate(path, key)] : []),
    ]),
  ];
}
