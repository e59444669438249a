import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, string } from '../../schema/field.ts';

export const PriorityClass = defineKind({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  scope: 'Cluster',
  package: 'io.k8s.api.scheduling.v1',
  doc: '',
  fields: {
    value: int32(2).required(),
    globalDefault: boolean(3),
    description: string(4),
    preemptionPolicy: string(5).enum('PreemptLowerPriority', 'Never'),
  },
});
export interface PriorityClass extends ObjectOf<typeof PriorityClass> {}
