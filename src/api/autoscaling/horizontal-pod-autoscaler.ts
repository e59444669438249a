import { defineKind, type ObjectOf } from '../kind.ts';
import { autoscalerColumns } from './columns.ts';
import { v1Conversion } from './v1-conversion.ts';
import { int32, int64, of, string, struct, time, type Infer } from '../../schema/field.ts';

export const CrossVersionObjectReference = struct(
  'io.k8s.api.autoscaling.v1.CrossVersionObjectReference',
  '',
  {
    kind: string(1).required(),
    name: string(2).required(),
    apiVersion: string(3),
  },
  { atomic: true },
);
export interface CrossVersionObjectReference extends Infer<typeof CrossVersionObjectReference> {}

export const HorizontalPodAutoscalerSpec = struct('io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec', '', {
  scaleTargetRef: of(1, CrossVersionObjectReference).required(),
  minReplicas: int32(2).default(1).pointer(),
  maxReplicas: int32(3).present(),
  targetCPUUtilizationPercentage: int32(4).pointer(),
});
export interface HorizontalPodAutoscalerSpec extends Infer<typeof HorizontalPodAutoscalerSpec> {}

export const HorizontalPodAutoscalerStatus = struct('io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus', '', {
  observedGeneration: int64(1).pointer(),
  lastScaleTime: time(2),
  currentReplicas: int32(3).required(),
  desiredReplicas: int32(4).required(),
  currentCPUUtilizationPercentage: int32(5).pointer(),
});
export interface HorizontalPodAutoscalerStatus extends Infer<typeof HorizontalPodAutoscalerStatus> {}

export const HorizontalPodAutoscaler = defineKind({
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.autoscaling.v1',
  doc: '',
  fields: {
    spec: of(2, HorizontalPodAutoscalerSpec).always(),
    status: of(3, HorizontalPodAutoscalerStatus).always(),
  },
  generation: false,
  subresources: { status: true },
  columns: autoscalerColumns.map((column) => ({
    ...column,
    value: (object, now) => column.value({ ...v1Conversion.toStorage({ ...object }), metadata: object.metadata }, now),
  })),
  conversion: v1Conversion,
});
export interface HorizontalPodAutoscaler extends ObjectOf<typeof HorizontalPodAutoscaler> {}
