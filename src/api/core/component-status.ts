import { defineKind, type ObjectOf } from '../kind.ts';
import { nameColumn } from '../rules/columns.ts';
import { list, string, struct, type Infer } from '../../schema/field.ts';

export const ComponentCondition = struct(
  'io.k8s.api.core.v1.ComponentCondition',
  'Whether a part of the control plane is healthy.',
  {
    type: string(1).required().doc('Always `Healthy`.'),
    status: string(2).required().doc('`True`, `False` or `Unknown`.'),
    message: string(3).doc('Explanation for a human reader.'),
    error: string(4).doc('What went wrong while asking.'),
  },
);
export interface ComponentCondition extends Infer<typeof ComponentCondition> {}

export const ComponentStatus = defineKind({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  shortNames: ['cs'],
  scope: 'Cluster',
  package: 'io.k8s.api.core.v1',
  doc: 'Health of a part of the control plane; deprecated.',
  fields: {
    conditions: list(2, ComponentCondition)
      .listMap('type')
      .merge('type')
      .doc('Statements about its state, one per type.'),
  },
  verbs: ['get', 'list'],
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn,
    {
      name: 'Status',
      type: 'string',
      doc: 'Whether the component answers.',
      value: ({ conditions }) => {
        const health = conditions?.find(({ type }) => type === 'Healthy');
        if (health === undefined) return 'Unknown';
        return health.status === 'True' ? 'Healthy' : 'Unhealthy';
      },
    },
    {
      name: 'Message',
      type: 'string',
      doc: 'What it answered.',
      value: ({ conditions }) => conditions?.find(({ type }) => type === 'Healthy')?.message ?? '',
    },
    {
      name: 'Error',
      type: 'string',
      doc: 'Why it did not answer.',
      value: ({ conditions }) => conditions?.find(({ type }) => type === 'Healthy')?.error ?? '',
    },
  ],
});
export interface ComponentStatus extends ObjectOf<typeof ComponentStatus> {}
