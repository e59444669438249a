import { defineKind, type ObjectOf } from '../kind.ts';
import { list, string, struct, type Infer } from '../../schema/field.ts';

export const ComponentCondition = struct('io.k8s.api.core.v1.ComponentCondition', '', {
  type: string(1).required(),
  status: string(2).required(),
  message: string(3),
  error: string(4),
});
export interface ComponentCondition extends Infer<typeof ComponentCondition> {}

export const ComponentStatus = defineKind({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  scope: 'Cluster',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    conditions: list(2, ComponentCondition).listMap('type').merge('type'),
  },
});
export interface ComponentStatus extends ObjectOf<typeof ComponentStatus> {}
