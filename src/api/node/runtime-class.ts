import { invalid, type Fault } from '../../schema/fault.ts';
import { list, map, of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { isNegative } from '../../schema/quantity.ts';
import { Toleration } from '../core/taint.ts';
import { labelKeyWarnings } from '../core/warnings/node-labels.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { dnsLabelFaults, negativeText } from '../rules/faults.ts';
import { labelFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';

export const Overhead = struct('io.k8s.api.node.v1.Overhead', 'What running a pod costs beside its containers.', {
  podFixed: map(1, quantity()).doc('Resources that each pod of the class uses in addition to what it asks for.'),
});
export interface Overhead extends Infer<typeof Overhead> {}

export const Scheduling = struct('io.k8s.api.node.v1.Scheduling', 'On which nodes a runtime can be had.', {
  nodeSelector: map(1, string())
    .atomic()
    .doc('Labels of nodes that offer the runtime; added to each pod of the class.'),
  tolerations: list(2, Toleration).doc('Tolerations that each pod of the class gets, if it has not got them already.'),
});
export interface Scheduling extends Infer<typeof Scheduling> {}

export const RuntimeClass = defineKind({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  scope: 'Cluster',
  package: 'io.k8s.api.node.v1',
  doc: 'Names a way of running containers, so that pods can choose it with runtimeClassName.',
  fields: {
    handler: string(2).present().immutable().doc("Name under which the node's runtime knows this way of running."),
    overhead: of(3, Overhead).doc('Resources to add to each pod of the class when it is scheduled.'),
    scheduling: of(4, Scheduling).doc('Which nodes can run it; any node when left out.'),
  },
  generation: false,
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'Handler', type: 'string', doc: "Name in the node's runtime.", value: (each) => each.handler },
    ageColumn,
  ],
  validate: (each) => [
    ...dnsLabelFaults('handler', each.handler ?? ''),
    ...overheadFaults(each.overhead),
    ...labelFaults(each.scheduling?.nodeSelector, 'scheduling.nodeSelector'),
  ],
  warnings: ({ scheduling }) => labelKeyWarnings(scheduling?.nodeSelector, () => 'scheduling.nodeSelector'),
});
export interface RuntimeClass extends ObjectOf<typeof RuntimeClass> {}

/** Upstream checks these as a container's limits, which shows in the path. */
function overheadFaults(overhead: Loose<Overhead> | undefined): Fault[] {
  return Object.entries(overhead?.podFixed ?? {}).flatMap(([name, amount]) =>
    amount !== undefined && isNegative(amount) ? [invalid(`overhead.limits[${name}]`, amount, negativeText)] : [],
  );
}
