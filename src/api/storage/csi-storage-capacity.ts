import { invalid } from '../../schema/fault.ts';
import { of, quantity, string } from '../../schema/field.ts';
import { isNegative } from '../../schema/quantity.ts';
import { labelInUseWarnings, labelKeyWarnings } from '../core/warnings/node-labels.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { nameColumn } from '../rules/columns.ts';
import { immutableFaults, negativeText, subdomainFaults } from '../rules/faults.ts';
import { labelSelectorFaults } from '../rules/label-selector.ts';

export const CSIStorageCapacity = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
  package: 'io.k8s.api.storage.v1',
  doc: 'How much room a driver has for volumes of one class, in one part of the cluster.',
  fields: {
    nodeTopology: of(2, LabelSelector).doc('Nodes that can reach the storage; none when left out.'),
    storageClassName: string(3).present().doc('Class that the room is for.'),
    capacity: quantity(4).pointer().doc('How much room there is.'),
    maximumVolumeSize: quantity(5).pointer().doc('How large a single volume can be.'),
  },
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    {
      name: 'StorageClassName',
      type: 'string',
      doc: 'Class that the room is for.',
      value: (each) => each.storageClassName,
    },
    { name: 'Capacity', type: 'string', doc: 'How much room there is.', value: (each) => each.capacity ?? '<unset>' },
  ],
  validate: ({ nodeTopology, storageClassName, capacity }) => [
    ...labelSelectorFaults(nodeTopology, 'nodeTopology'),
    ...subdomainFaults('storageClassName', storageClassName),
    ...(capacity !== undefined && isNegative(capacity) ? [invalid('capacity', capacity, negativeText)] : []),
  ],
  validateUpdate: (young, old) => [
    ...immutableFaults('nodeTopology', young.nodeTopology, old.nodeTopology),
    ...immutableFaults('storageClassName', young.storageClassName, old.storageClassName),
  ],
  warnings: ({ nodeTopology }) => [
    ...(nodeTopology?.matchExpressions ?? []).flatMap(({ key }, index) =>
      labelInUseWarnings(`nodeTopology.matchExpressions[${index}].key`, key),
    ),
    ...labelKeyWarnings(nodeTopology?.matchLabels, (key) => `nodeTopology.matchLabels.${key}`),
  ],
});
export interface CSIStorageCapacity extends ObjectOf<typeof CSIStorageCapacity> {}
