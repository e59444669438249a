import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn } from '../rules/columns.ts';
import { nonNegativeFaults } from '../rules/faults.ts';
import { int32, of, string, struct, type Infer } from '../../schema/field.ts';

export const ScaleSpec = struct('io.k8s.api.autoscaling.v1.ScaleSpec', '', {
  replicas: int32(1),
});
export interface ScaleSpec extends Infer<typeof ScaleSpec> {}

export const ScaleStatus = struct('io.k8s.api.autoscaling.v1.ScaleStatus', '', {
  replicas: int32(1).required(),
  selector: string(2),
});
export interface ScaleStatus extends Infer<typeof ScaleStatus> {}

export const Scale = defineKind({
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  scope: 'Namespaced',
  package: 'io.k8s.api.autoscaling.v1',
  doc: '',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, ScaleSpec).always(),
    status: of(3, ScaleStatus).always(),
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
