import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn } from '../rules/columns.ts';
import { nonNegativeFaults } from '../rules/faults.ts';
import { int32, of, string, struct, type Infer } from '../../schema/field.ts';

export const ScaleSpec = struct('io.k8s.api.autoscaling.v1.ScaleSpec', 'How many replicas there should be.', {
  replicas: int32(1).doc('How many there should be.'),
});
export interface ScaleSpec extends Infer<typeof ScaleSpec> {}

export const ScaleStatus = struct('io.k8s.api.autoscaling.v1.ScaleStatus', 'How many replicas there are.', {
  replicas: int32(1).required().doc('How many there are.'),
  selector: string(2).doc('Selector of the pods, as text.'),
});
export interface ScaleStatus extends Infer<typeof ScaleStatus> {}

export const Scale = defineKind({
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  scope: 'Namespaced',
  package: 'io.k8s.api.autoscaling.v1',
  doc: 'How many replicas an object has and should have.',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, ScaleSpec).always().doc('What is wanted.'),
    status: of(3, ScaleStatus).always().doc('What was observed last.'),
  },
  columns: [
    { name: 'Name', type: 'string', doc: 'Name of what is scaled.', value: ({ metadata }) => metadata.name },
    { name: 'Desired', type: 'integer', doc: 'Pods that should run.', value: ({ spec }) => spec?.replicas ?? 0 },
    { name: 'Available', type: 'integer', doc: 'Pods that exist.', value: ({ status }) => status?.replicas ?? 0 },
    ageColumn,
  ],
  validate: ({ spec }) => nonNegativeFaults('spec.replicas', spec?.replicas),
});
export interface Scale extends ObjectOf<typeof Scale> {}
