/** metrics.k8s.io: what nodes and pods use. Made when it is asked for, never stored. */
import { defineKind, type ObjectOf } from '../kind.ts';
import { duration, list, map, quantity, string, struct, time, type Infer } from '../../schema/field.ts';
import { nameColumn } from '../rules/columns.ts';

export const ContainerMetrics = struct(
  'io.k8s.metrics.pkg.apis.metrics.v1beta1.ContainerMetrics',
  'What a container uses.',
  {
    name: string(1).required().doc('Name of the container.'),
    usage: map(2, quantity()).required().doc('Resources such as cpu and memory, and how much of them.'),
  },
);
export interface ContainerMetrics extends Infer<typeof ContainerMetrics> {}

const common = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  package: 'io.k8s.metrics.pkg.apis.metrics.v1beta1',
  verbs: ['get', 'list'],
} as const;

export const NodeMetrics = defineKind({
  ...common,
  kind: 'NodeMetrics',
  plural: 'nodes',
  singular: '',
  scope: 'Cluster',
  doc: 'What a node uses.',
  fields: {
    timestamp: time(2).required().doc('When it was measured.'),
    window: duration(3).required().doc('Over which time before that.'),
    usage: map(4, quantity()).required().doc('Resources such as cpu and memory, and how much of them.'),
  },
  columns: [nameColumn],
});
export interface NodeMetrics extends ObjectOf<typeof NodeMetrics> {}

export const PodMetrics = defineKind({
  ...common,
  kind: 'PodMetrics',
  plural: 'pods',
  singular: '',
  scope: 'Namespaced',
  doc: 'What the containers of a pod use.',
  fields: {
    timestamp: time(2).required().doc('When it was measured.'),
    window: duration(3).required().doc('Over which time before that.'),
    containers: list(4, ContainerMetrics).required().doc('Its containers.'),
  },
  columns: [nameColumn],
});
export interface PodMetrics extends ObjectOf<typeof PodMetrics> {}
