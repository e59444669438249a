import { defineKind, type ObjectOf } from '../../kind.ts';
import { int32, int64, list, of, quantity, string, struct, time, type Infer } from '../../../schema/field.ts';
import { LabelSelector } from '../../meta/label-selector.ts';
import { nonNegativeFaults } from '../../rules/faults.ts';
import { autoscalerColumns } from '../columns.ts';
import { autoscalerDefaults } from '../defaults.ts';
import { autoscalerFaults } from '../validate.ts';

export const CrossVersionObjectReference = struct('io.k8s.api.autoscaling.v2.CrossVersionObjectReference', '', {
  kind: string(1).required(),
  name: string(2).required(),
  apiVersion: string(3),
});
export interface CrossVersionObjectReference extends Infer<typeof CrossVersionObjectReference> {}

export const MetricTarget = struct('io.k8s.api.autoscaling.v2.MetricTarget', '', {
  type: string(1).present(),
  value: quantity(2).pointer(),
  averageValue: quantity(3).pointer(),
  averageUtilization: int32(4).pointer(),
});
export interface MetricTarget extends Infer<typeof MetricTarget> {}

export const MetricIdentifier = struct('io.k8s.api.autoscaling.v2.MetricIdentifier', '', {
  name: string(1).present(),
  selector: of(2, LabelSelector),
});
export interface MetricIdentifier extends Infer<typeof MetricIdentifier> {}

export const ObjectMetricSource = struct('io.k8s.api.autoscaling.v2.ObjectMetricSource', '', {
  describedObject: of(1, CrossVersionObjectReference).required(),
  target: of(2, MetricTarget).required(),
  metric: of(3, MetricIdentifier).required(),
});
export interface ObjectMetricSource extends Infer<typeof ObjectMetricSource> {}

export const PodsMetricSource = struct('io.k8s.api.autoscaling.v2.PodsMetricSource', '', {
  metric: of(1, MetricIdentifier).required(),
  target: of(2, MetricTarget).required(),
});
export interface PodsMetricSource extends Infer<typeof PodsMetricSource> {}

export const ResourceMetricSource = struct('io.k8s.api.autoscaling.v2.ResourceMetricSource', '', {
  name: string(1).present(),
  target: of(2, MetricTarget).required(),
});
export interface ResourceMetricSource extends Infer<typeof ResourceMetricSource> {}

export const ContainerResourceMetricSource = struct('io.k8s.api.autoscaling.v2.ContainerResourceMetricSource', '', {
  name: string(1).present(),
  target: of(2, MetricTarget).required(),
  container: string(3).present(),
});
export interface ContainerResourceMetricSource extends Infer<typeof ContainerResourceMetricSource> {}

export const ExternalMetricSource = struct('io.k8s.api.autoscaling.v2.ExternalMetricSource', '', {
  metric: of(1, MetricIdentifier).required(),
  target: of(2, MetricTarget).required(),
});
export interface ExternalMetricSource extends Infer<typeof ExternalMetricSource> {}

export const MetricSpec = struct('io.k8s.api.autoscaling.v2.MetricSpec', '', {
  type: string(1).present(),
  object: of(2, ObjectMetricSource),
  pods: of(3, PodsMetricSource),
  resource: of(4, ResourceMetricSource),
  containerResource: of(7, ContainerResourceMetricSource),
  external: of(5, ExternalMetricSource),
});
export interface MetricSpec extends Infer<typeof MetricSpec> {}

export const HPAScalingPolicy = struct('io.k8s.api.autoscaling.v2.HPAScalingPolicy', '', {
  type: string(1).present(),
  value: int32(2).present(),
  periodSeconds: int32(3).present(),
});
export interface HPAScalingPolicy extends Infer<typeof HPAScalingPolicy> {}

export const HPAScalingRules = struct('io.k8s.api.autoscaling.v2.HPAScalingRules', '', {
  stabilizationWindowSeconds: int32(3).pointer(),
  selectPolicy: string(1).known<'Max' | 'Min' | 'Disabled'>().pointer(),
  policies: list(2, HPAScalingPolicy),
  tolerance: quantity(4).pointer(),
});
export interface HPAScalingRules extends Infer<typeof HPAScalingRules> {}

export const HorizontalPodAutoscalerBehavior = struct('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior', '', {
  scaleUp: of(1, HPAScalingRules),
  scaleDown: of(2, HPAScalingRules),
});
export interface HorizontalPodAutoscalerBehavior extends Infer<typeof HorizontalPodAutoscalerBehavior> {}

export const HorizontalPodAutoscalerSpec = struct('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec', '', {
  scaleTargetRef: of(1, CrossVersionObjectReference).required(),
  minReplicas: int32(2).default(1).pointer(),
  maxReplicas: int32(3).present(),
  metrics: list(4, MetricSpec),
  behavior: of(5, HorizontalPodAutoscalerBehavior),
});
export interface HorizontalPodAutoscalerSpec extends Infer<typeof HorizontalPodAutoscalerSpec> {}

export const MetricValueStatus = struct('io.k8s.api.autoscaling.v2.MetricValueStatus', '', {
  value: quantity(1).pointer(),
  averageValue: quantity(2).pointer(),
  averageUtilization: int32(3).pointer(),
});
export interface MetricValueStatus extends Infer<typeof MetricValueStatus> {}

export const ObjectMetricStatus = struct('io.k8s.api.autoscaling.v2.ObjectMetricStatus', '', {
  metric: of(1, MetricIdentifier).required(),
  current: of(2, MetricValueStatus).required(),
  describedObject: of(3, CrossVersionObjectReference).required(),
});
export interface ObjectMetricStatus extends Infer<typeof ObjectMetricStatus> {}

export const PodsMetricStatus = struct('io.k8s.api.autoscaling.v2.PodsMetricStatus', '', {
  metric: of(1, MetricIdentifier).required(),
  current: of(2, MetricValueStatus).required(),
});
export interface PodsMetricStatus extends Infer<typeof PodsMetricStatus> {}

export const ResourceMetricStatus = struct('io.k8s.api.autoscaling.v2.ResourceMetricStatus', '', {
  name: string(1).required(),
  current: of(2, MetricValueStatus).required(),
});
export interface ResourceMetricStatus extends Infer<typeof ResourceMetricStatus> {}

export const ContainerResourceMetricStatus = struct('io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus', '', {
  name: string(1).required(),
  current: of(2, MetricValueStatus).required(),
  container: string(3).required(),
});
export interface ContainerResourceMetricStatus extends Infer<typeof ContainerResourceMetricStatus> {}

export const ExternalMetricStatus = struct('io.k8s.api.autoscaling.v2.ExternalMetricStatus', '', {
  metric: of(1, MetricIdentifier).required(),
  current: of(2, MetricValueStatus).required(),
});
export interface ExternalMetricStatus extends Infer<typeof ExternalMetricStatus> {}

export const MetricStatus = struct('io.k8s.api.autoscaling.v2.MetricStatus', '', {
  type: string(1).required(),
  object: of(2, ObjectMetricStatus),
  pods: of(3, PodsMetricStatus),
  resource: of(4, ResourceMetricStatus),
  containerResource: of(7, ContainerResourceMetricStatus),
  external: of(5, ExternalMetricStatus),
});
export interface MetricStatus extends Infer<typeof MetricStatus> {}

export const HorizontalPodAutoscalerCondition = struct(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition',
  '',
  {
    type: string(1).required(),
    status: string(2).required(),
    lastTransitionTime: time(3),
    reason: string(4),
    message: string(5),
  },
);
export interface HorizontalPodAutoscalerCondition extends Infer<typeof HorizontalPodAutoscalerCondition> {}

export const HorizontalPodAutoscalerStatus = struct('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus', '', {
  observedGeneration: int64(1).pointer(),
  lastScaleTime: time(2),
  currentReplicas: int32(3),
  desiredReplicas: int32(4).required(),
  currentMetrics: list(5, MetricStatus).always(),
  conditions: list(6, HorizontalPodAutoscalerCondition).listMap('type').merge('type'),
});
export interface HorizontalPodAutoscalerStatus extends Infer<typeof HorizontalPodAutoscalerStatus> {}

export const HorizontalPodAutoscaler = defineKind({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.autoscaling.v2',
  doc: '',
  fields: {
    spec: of(2, HorizontalPodAutoscalerSpec).always(),
    status: of(3, HorizontalPodAutoscalerStatus).always(),
  },
  generation: false,
  subresources: { status: true },
  columns: autoscalerColumns,
  defaults: autoscalerDefaults,
  validate: ({ spec }, old) => autoscalerFaults(spec ?? {}, old?.spec),
  validateStatusUpdate: ({ status }) => [
    ...nonNegativeFaults('status.currentReplicas', status?.currentReplicas),
    ...nonNegativeFaults('status.desiredReplicas', status?.desiredReplicas),
  ],
});
export interface HorizontalPodAutoscaler extends ObjectOf<typeof HorizontalPodAutoscaler> {}
