import { defineKind, type ObjectOf } from '../kind.ts';
import { autoscalerColumns } from './columns.ts';
import { v1Conversion } from './v1-conversion.ts';
import { int32, int64, of, string, struct, time, type Infer } from '../../schema/field.ts';

export const CrossVersionObjectReference = struct(
  'io.k8s.api.autoscaling.v1.CrossVersionObjectReference',
  'Points to an object in the same namespace.',
  {
    kind: string(1).required().doc('Kind of the object that is meant.'),
    name: string(2).required().doc('Name of the object that is meant.'),
    apiVersion: string(3).doc('Group and version of the object that is meant.'),
  },
  { atomic: true },
);
export interface CrossVersionObjectReference extends Infer<typeof CrossVersionObjectReference> {}

export const HorizontalPodAutoscalerSpec = struct(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec',
  'What is scaled and how far.',
  {
    scaleTargetRef: of(1, CrossVersionObjectReference).required().doc('The object whose replicas are changed.'),
    minReplicas: int32(2).default(1).pointer().doc('The lower limit; 1 when left out.'),
    maxReplicas: int32(3).present().doc('The upper limit.'),
    targetCPUUtilizationPercentage: int32(4)
      .pointer()
      .doc('Average use of cpu to aim for, as a percentage of what the pods request.'),
  },
);
export interface HorizontalPodAutoscalerSpec extends Infer<typeof HorizontalPodAutoscalerSpec> {}

export const HorizontalPodAutoscalerStatus = struct(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus',
  'What an autoscaler sees and wants.',
  {
    observedGeneration: int64(1).pointer().doc('The generation of the object that this status is about.'),
    lastScaleTime: time(2).doc('When the number of pods was changed last.'),
    currentReplicas: int32(3).required().doc('How many pods there are now.'),
    desiredReplicas: int32(4).required().doc('How many pods there should be.'),
    currentCPUUtilizationPercentage: int32(5)
      .pointer()
      .doc('Average use of cpu as it is, as a percentage of what the pods request.'),
  },
);
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
  doc: 'Changes the number of pods so that their use of cpu stays at a target.',
  fields: {
    spec: of(2, HorizontalPodAutoscalerSpec).always().doc('What is wanted.'),
    status: of(3, HorizontalPodAutoscalerStatus).always().doc('What was observed last.'),
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
