import { defineKind, type ObjectOf } from '../../kind.ts';
import { int32, int64, list, of, quantity, string, struct, time, type Infer } from '../../../schema/field.ts';
import { LabelSelector } from '../../meta/label-selector.ts';
import { nonNegativeFaults } from '../../rules/faults.ts';
import { autoscalerColumns } from '../columns.ts';
import { autoscalerDefaults } from '../defaults.ts';
import { autoscalerFaults } from '../validate.ts';

export const CrossVersionObjectReference = struct(
  'io.k8s.api.autoscaling.v2.CrossVersionObjectReference',
  'Points to an object in the same namespace.',
  {
    kind: string(1).required().doc('Kind of the object that is meant.'),
    name: string(2).required().doc('Name of the object that is meant.'),
    apiVersion: string(3).doc('Group and version of the object that is meant.'),
  },
);
export interface CrossVersionObjectReference extends Infer<typeof CrossVersionObjectReference> {}

export const MetricTarget = struct('io.k8s.api.autoscaling.v2.MetricTarget', 'The value to aim for.', {
  type: string(1).present().doc('`Utilization`, `Value` or `AverageValue`.'),
  value: quantity(2).pointer().doc('The value itself.'),
  averageValue: quantity(3).pointer().doc('The value divided by the number of pods.'),
  averageUtilization: int32(4).pointer().doc('Average use as a percentage of what the pods request.'),
});
export interface MetricTarget extends Infer<typeof MetricTarget> {}

export const MetricIdentifier = struct('io.k8s.api.autoscaling.v2.MetricIdentifier', 'Names a metric.', {
  name: string(1).present().doc('Name of the metric.'),
  selector: of(2, LabelSelector).doc('Labels that narrow the metric down.'),
});
export interface MetricIdentifier extends Infer<typeof MetricIdentifier> {}

export const ObjectMetricSource = struct(
  'io.k8s.api.autoscaling.v2.ObjectMetricSource',
  'A metric of one object and its target.',
  {
    describedObject: of(1, CrossVersionObjectReference).required().doc('The object that the metric describes.'),
    target: of(2, MetricTarget).required().doc('The value to aim for.'),
    metric: of(3, MetricIdentifier).required().doc('The metric, by name and selector.'),
  },
);
export interface ObjectMetricSource extends Infer<typeof ObjectMetricSource> {}

export const PodsMetricSource = struct(
  'io.k8s.api.autoscaling.v2.PodsMetricSource',
  'A metric of the pods, averaged, and its target.',
  {
    metric: of(1, MetricIdentifier).required().doc('The metric, by name and selector.'),
    target: of(2, MetricTarget).required().doc('The value to aim for.'),
  },
);
export interface PodsMetricSource extends Infer<typeof PodsMetricSource> {}

export const ResourceMetricSource = struct(
  'io.k8s.api.autoscaling.v2.ResourceMetricSource',
  'A resource of the pods and its target.',
  {
    name: string(1).present().doc('Name of the resource.'),
    target: of(2, MetricTarget).required().doc('The value to aim for.'),
  },
);
export interface ResourceMetricSource extends Infer<typeof ResourceMetricSource> {}

export const ContainerResourceMetricSource = struct(
  'io.k8s.api.autoscaling.v2.ContainerResourceMetricSource',
  'A resource of one container in each pod, and its target.',
  {
    name: string(1).present().doc('Name of the resource.'),
    target: of(2, MetricTarget).required().doc('The value to aim for.'),
    container: string(3).present().doc('Name of the container.'),
  },
);
export interface ContainerResourceMetricSource extends Infer<typeof ContainerResourceMetricSource> {}

export const ExternalMetricSource = struct(
  'io.k8s.api.autoscaling.v2.ExternalMetricSource',
  'A metric from outside the cluster and its target.',
  {
    metric: of(1, MetricIdentifier).required().doc('The metric, by name and selector.'),
    target: of(2, MetricTarget).required().doc('The value to aim for.'),
  },
);
export interface ExternalMetricSource extends Infer<typeof ExternalMetricSource> {}

export const MetricSpec = struct(
  'io.k8s.api.autoscaling.v2.MetricSpec',
  'A metric and its target; the source of its type is set.',
  {
    type: string(1).present().doc('`Resource`, `ContainerResource`, `Pods`, `Object` or `External`.'),
    object: of(2, ObjectMetricSource).doc('A metric of one object.'),
    pods: of(3, PodsMetricSource).doc('A metric of the pods, averaged.'),
    resource: of(4, ResourceMetricSource).doc('A resource that the pods request, such as cpu.'),
    containerResource: of(7, ContainerResourceMetricSource).doc('A resource of one container in each pod.'),
    external: of(5, ExternalMetricSource).doc('A metric from outside the cluster.'),
  },
);
export interface MetricSpec extends Infer<typeof MetricSpec> {}

export const HPAScalingPolicy = struct('io.k8s.api.autoscaling.v2.HPAScalingPolicy', 'A limit of the pace.', {
  type: string(1).present().doc('`Pods` or `Percent`.'),
  value: int32(2).present().doc('How many pods, or which share of them, may change.'),
  periodSeconds: int32(3).present().doc('Within how many seconds.'),
});
export interface HPAScalingPolicy extends Infer<typeof HPAScalingPolicy> {}

export const HPAScalingRules = struct(
  'io.k8s.api.autoscaling.v2.HPAScalingRules',
  'How fast the number of pods may change in one direction.',
  {
    stabilizationWindowSeconds: int32(3).pointer().doc('For how many seconds earlier advice is kept in mind.'),
    selectPolicy: string(1)
      .known<'Max' | 'Min' | 'Disabled'>()
      .pointer()
      .doc('`Max`, `Min` or `Disabled`: which policy counts.'),
    policies: list(2, HPAScalingPolicy).doc('Limits of the pace.'),
    tolerance: quantity(4).pointer().doc('How far a metric may be off before anything is done.'),
  },
);
export interface HPAScalingRules extends Infer<typeof HPAScalingRules> {}

export const HorizontalPodAutoscalerBehavior = struct(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior',
  'How fast an autoscaler may act.',
  {
    scaleUp: of(1, HPAScalingRules).doc('How fast pods are added.'),
    scaleDown: of(2, HPAScalingRules).doc('How fast pods are taken away.'),
  },
);
export interface HorizontalPodAutoscalerBehavior extends Infer<typeof HorizontalPodAutoscalerBehavior> {}

export const HorizontalPodAutoscalerSpec = struct(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec',
  'What is scaled, by what, and how far.',
  {
    scaleTargetRef: of(1, CrossVersionObjectReference).required().doc('The object whose replicas are changed.'),
    minReplicas: int32(2).default(1).pointer().doc('The lower limit; 1 when left out.'),
    maxReplicas: int32(3).present().doc('The upper limit.'),
    metrics: list(4, MetricSpec).doc('Metrics; the one that asks for most pods counts.'),
    behavior: of(5, HorizontalPodAutoscalerBehavior).doc('How fast it may act.'),
  },
);
export interface HorizontalPodAutoscalerSpec extends Infer<typeof HorizontalPodAutoscalerSpec> {}

export const MetricValueStatus = struct('io.k8s.api.autoscaling.v2.MetricValueStatus', 'A value as it is.', {
  value: quantity(1).pointer().doc('The value itself.'),
  averageValue: quantity(2).pointer().doc('The value divided by the number of pods.'),
  averageUtilization: int32(3).pointer().doc('Average use as a percentage of what the pods request.'),
});
export interface MetricValueStatus extends Infer<typeof MetricValueStatus> {}

export const ObjectMetricStatus = struct(
  'io.k8s.api.autoscaling.v2.ObjectMetricStatus',
  'A metric of one object as it is.',
  {
    metric: of(1, MetricIdentifier).required().doc('The metric, by name and selector.'),
    current: of(2, MetricValueStatus).required().doc('The value as it is.'),
    describedObject: of(3, CrossVersionObjectReference).required().doc('The object that the metric describes.'),
  },
);
export interface ObjectMetricStatus extends Infer<typeof ObjectMetricStatus> {}

export const PodsMetricStatus = struct('io.k8s.api.autoscaling.v2.PodsMetricStatus', 'A metric of the pods as it is.', {
  metric: of(1, MetricIdentifier).required().doc('The metric, by name and selector.'),
  current: of(2, MetricValueStatus).required().doc('The value as it is.'),
});
export interface PodsMetricStatus extends Infer<typeof PodsMetricStatus> {}

export const ResourceMetricStatus = struct(
  'io.k8s.api.autoscaling.v2.ResourceMetricStatus',
  'A resource of the pods as it is.',
  {
    name: string(1).required().doc('Name of the resource.'),
    current: of(2, MetricValueStatus).required().doc('The value as it is.'),
  },
);
export interface ResourceMetricStatus extends Infer<typeof ResourceMetricStatus> {}

export const ContainerResourceMetricStatus = struct(
  'io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus',
  'A resource of one container in each pod as it is.',
  {
    name: string(1).required().doc('Name of the resource.'),
    current: of(2, MetricValueStatus).required().doc('The value as it is.'),
    container: string(3).required().doc('Name of the container.'),
  },
);
export interface ContainerResourceMetricStatus extends Infer<typeof ContainerResourceMetricStatus> {}

export const ExternalMetricStatus = struct(
  'io.k8s.api.autoscaling.v2.ExternalMetricStatus',
  'A metric from outside the cluster as it is.',
  {
    metric: of(1, MetricIdentifier).required().doc('The metric, by name and selector.'),
    current: of(2, MetricValueStatus).required().doc('The value as it is.'),
  },
);
export interface ExternalMetricStatus extends Infer<typeof ExternalMetricStatus> {}

export const MetricStatus = struct(
  'io.k8s.api.autoscaling.v2.MetricStatus',
  'A metric as it is; the source of its type is set.',
  {
    type: string(1).required().doc('`Resource`, `ContainerResource`, `Pods`, `Object` or `External`.'),
    object: of(2, ObjectMetricStatus).doc('A metric of one object.'),
    pods: of(3, PodsMetricStatus).doc('A metric of the pods, averaged.'),
    resource: of(4, ResourceMetricStatus).doc('A resource that the pods request, such as cpu.'),
    containerResource: of(7, ContainerResourceMetricStatus).doc('A resource of one container in each pod.'),
    external: of(5, ExternalMetricStatus).doc('A metric from outside the cluster.'),
  },
);
export interface MetricStatus extends Infer<typeof MetricStatus> {}

export const HorizontalPodAutoscalerCondition = struct(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition',
  'One statement about the state of an autoscaler.',
  {
    type: string(1).required().doc('`AbleToScale`, `ScalingActive` or `ScalingLimited`.'),
    status: string(2).required().doc('`True`, `False` or `Unknown`.'),
    lastTransitionTime: time(3).doc('When the status of this condition changed last.'),
    reason: string(4).doc('One word in camel case for programs that says why.'),
    message: string(5).doc('Explanation for a human reader.'),
  },
);
export interface HorizontalPodAutoscalerCondition extends Infer<typeof HorizontalPodAutoscalerCondition> {}

export const HorizontalPodAutoscalerStatus = struct(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus',
  'What an autoscaler sees and wants.',
  {
    observedGeneration: int64(1).pointer().doc('The generation of the object that this status is about.'),
    lastScaleTime: time(2).doc('When the number of pods was changed last.'),
    currentReplicas: int32(3).doc('How many pods there are now.'),
    desiredReplicas: int32(4).required().doc('How many pods there should be.'),
    currentMetrics: list(5, MetricStatus).always().doc('The metrics as they are.'),
    conditions: list(6, HorizontalPodAutoscalerCondition)
      .listMap('type')
      .merge('type')
      .doc('Statements about its state, one per type.'),
  },
);
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
  doc: 'Changes the number of pods so that metrics stay at their targets.',
  fields: {
    spec: of(2, HorizontalPodAutoscalerSpec).always().doc('What is wanted.'),
    status: of(3, HorizontalPodAutoscalerStatus).always().doc('What was observed last.'),
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
