/** HorizontalPodAutoscaler in autoscaling/v2beta1: metrics are flat, with a target field for each kind of target. */
import { int32, list, of, quantity, string, struct, type Fields, type Struct } from '../../schema/field.ts';
import {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
  MetricStatus,
} from '../autoscaling/v2/horizontal-pod-autoscaler.ts';
import type { Kind } from '../kind.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { changeAt, retire, vary, type Json } from './retire.ts';

const pkg = 'io.k8s.api.autoscaling.v2beta1';

const make = (name: string, doc: string, fields: Fields): Struct => struct(`${pkg}.${name}`, doc, fields);
const metricName = (number: number): Fields => ({ metricName: string(number).present().doc('Name of the metric.') });
const selector = (number: number): Fields => ({
  selector: of(number, LabelSelector).doc('Which series of the metric count.'),
});
const object = { target: of(1, CrossVersionObjectReference).present().doc('The object that the metric describes.') };
const resource = { name: string(1).present().doc('Name of the resource, such as cpu.') };
const container = { container: string(4).present().doc('Name of the container.') };

const utilization = (prefix: string): Fields => ({
  [`${prefix}AverageUtilization`]: int32(2).pointer().doc('In percent of what the pods request, on average.'),
  [`${prefix}AverageValue`]: quantity(3).pointer().doc('The amount per pod, on average.'),
});

const spec: Struct = vary(MetricSpec, `${pkg}.MetricSpec`, {
  fields: {
    object: of(
      2,
      make('ObjectMetricSource', 'A metric of one object.', {
        ...object,
        ...metricName(2),
        targetValue: quantity(3).doc('The wanted value.'),
        ...selector(4),
        averageValue: quantity(5).pointer().doc('The wanted value per pod.'),
      }),
    ).doc('A metric of one object.'),
    pods: of(
      3,
      make('PodsMetricSource', 'A metric of the pods.', {
        ...metricName(1),
        targetAverageValue: quantity(2).doc('The wanted value per pod.'),
        ...selector(3),
      }),
    ).doc('A metric of the pods.'),
    resource: of(4, make('ResourceMetricSource', 'Use of a resource.', { ...resource, ...utilization('target') })).doc(
      'Use of a resource.',
    ),
    containerResource: of(
      7,
      make('ContainerResourceMetricSource', 'Use of a resource by one container.', {
        ...resource,
        ...utilization('target'),
        ...container,
      }),
    ).doc('Use of a resource by one container.'),
    external: of(
      5,
      make('ExternalMetricSource', 'A metric from elsewhere.', {
        ...metricName(1),
        metricSelector: of(2, LabelSelector).doc('Which series of the metric count.'),
        targetValue: quantity(3).pointer().doc('The wanted value.'),
        targetAverageValue: quantity(4).pointer().doc('The wanted value per pod.'),
      }),
    ).doc('A metric from elsewhere.'),
  },
});

const status: Struct = vary(MetricStatus, `${pkg}.MetricStatus`, {
  fields: {
    object: of(
      2,
      make('ObjectMetricStatus', 'A metric of one object.', {
        ...object,
        ...metricName(2),
        currentValue: quantity(3).doc('Its value.'),
        ...selector(4),
        averageValue: quantity(5).pointer().doc('Its value per pod.'),
      }),
    ).doc('A metric of one object.'),
    pods: of(
      3,
      make('PodsMetricStatus', 'A metric of the pods.', {
        ...metricName(1),
        currentAverageValue: quantity(2).doc('Its value per pod.'),
        ...selector(3),
      }),
    ).doc('A metric of the pods.'),
    resource: of(4, make('ResourceMetricStatus', 'Use of a resource.', { ...resource, ...utilization('current') })).doc(
      'Use of a resource.',
    ),
    containerResource: of(
      7,
      make('ContainerResourceMetricStatus', 'Use of a resource by one container.', {
        ...resource,
        ...utilization('current'),
        ...container,
      }),
    ).doc('Use of a resource by one container.'),
    external: of(
      5,
      make('ExternalMetricStatus', 'A metric from elsewhere.', {
        ...metricName(1),
        metricSelector: of(2, LabelSelector).doc('Which series of the metric count.'),
        currentValue: quantity(3).doc('Its value.'),
        currentAverageValue: quantity(4).pointer().doc('Its value per pod.'),
      }),
    ).doc('A metric from elsewhere.'),
  },
});

/** What the flat fields of each source are called, for what is wanted and for what is. */
interface Names {
  readonly value?: string;
  readonly averageValue: string;
  readonly averageUtilization?: string;
  readonly selector?: string;
}

const sources = {
  object: { wanted: 'targetValue', current: 'currentValue', average: 'averageValue', selector: 'selector' },
  pods: { wanted: undefined, current: undefined, average: undefined, selector: 'selector' },
  resource: { wanted: undefined, current: undefined, average: undefined, selector: undefined },
  containerResource: { wanted: undefined, current: undefined, average: undefined, selector: undefined },
  external: { wanted: 'targetValue', current: 'currentValue', average: undefined, selector: 'metricSelector' },
} as const;

type Source = keyof typeof sources;

function namesOf(source: Source, when: 'wanted' | 'current'): Names {
  const { [when]: value, average, selector: by } = sources[source];
  const prefix = when === 'wanted' ? 'target' : 'current';
  const usesResource = source === 'resource' || source === 'containerResource';
  return {
    ...(value === undefined ? {} : { value }),
    averageValue: average ?? `${prefix}AverageValue`,
    ...(usesResource ? { averageUtilization: `${prefix}AverageUtilization` } : {}),
    ...(by === undefined ? {} : { selector: by }),
  };
}

/** `{targetAverageUtilization: 50}` to `{target: {type: 'Utilization', averageUtilization: 50}}`. */
function nest(flat: Json, source: Source, when: 'wanted' | 'current'): Json {
  const names = namesOf(source, when);
  const take = (name: string | undefined): unknown => (name === undefined ? undefined : flat[name]);
  const [average, use] = [take(names.averageValue), take(names.averageUtilization)];
  const plain = average !== undefined && take(names.value) === '0' ? undefined : take(names.value);
  const amounts = defined({ value: plain, averageValue: average, averageUtilization: use });
  const type = use !== undefined ? 'Utilization' : average === undefined ? 'Value' : 'AverageValue';
  const gone = [...Object.values(names), 'metricName', 'target'];
  return {
    ...Object.fromEntries(Object.entries(flat).filter(([name]) => !gone.includes(name))),
    ...(source === 'object' ? { describedObject: flat['target'] } : {}),
    ...(flat['metricName'] === undefined
      ? {}
      : { metric: defined({ name: flat['metricName'], selector: take(names.selector) }) }),
    ...(when === 'wanted' ? { target: { type, ...amounts } } : { current: amounts }),
  };
}

function flatten(nested: Json, source: Source, when: 'wanted' | 'current'): Json {
  const names = namesOf(source, when);
  const { describedObject, metric, target, current, ...rest } = nested;
  const amounts = ((when === 'wanted' ? target : current) ?? {}) as Json;
  const { name, selector: by } = (metric ?? {}) as Json;
  return defined({
    ...rest,
    ...(source === 'object' ? { target: describedObject } : {}),
    ...(metric === undefined
      ? {}
      : { metricName: name, ...(names.selector === undefined ? {} : { [names.selector]: by }) }),
    ...(names.value === undefined ? {} : { [names.value]: amounts['value'] }),
    [names.averageValue]: amounts['averageValue'],
    ...(names.averageUtilization === undefined ? {} : { [names.averageUtilization]: amounts['averageUtilization'] }),
  });
}

function defined(record: Json): Json {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

function eachMetric(whole: Json, change: typeof nest): Record<string, unknown> {
  const through = (path: readonly string[], when: 'wanted' | 'current') => (current: unknown) =>
    (Object.keys(sources) as Source[]).reduce<unknown>(
      (result, source) => changeAt(result, [...path, '*', source], (each) => change(each as Json, source, when)),
      current,
    );
  const specs = through(['spec', 'metrics'], 'wanted')(whole);
  return through(['status', 'currentMetrics'], 'current')(specs) as Record<string, unknown>;
}

const behaviorKey = 'autoscaling.alpha.kubernetes.io/behavior';

/** This version has no behavior: it travels in an annotation. */
function hideBehavior(whole: Json): Json {
  const { behavior, ...rest } = (whole['spec'] ?? {}) as Json;
  if (behavior === undefined) return whole;
  const metadata = (whole['metadata'] ?? {}) as Json;
  const annotations = { ...(metadata['annotations'] as Json | undefined), [behaviorKey]: JSON.stringify(behavior) };
  return { ...whole, metadata: { ...metadata, annotations }, spec: rest };
}

function showBehavior(whole: Json): Json {
  const metadata = (whole['metadata'] ?? {}) as Json;
  const { [behaviorKey]: text, ...annotations } = (metadata['annotations'] ?? {}) as Json;
  const behavior = typeof text === 'string' ? parsed(text) : undefined;
  if (behavior === undefined) return whole;
  const { annotations: _annotations, ...others } = metadata;
  return {
    ...whole,
    metadata: { ...others, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
    spec: { ...(whole['spec'] as Json | undefined), behavior },
  };
}

/** Undefined when somebody wrote nonsense: the annotation stays as it is then. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const HorizontalPodAutoscalerV2beta1: Kind = retire(HorizontalPodAutoscaler, {
  group: 'autoscaling',
  version: 'v2beta1',
  package: pkg,
  deprecated: 22,
  removed: 25,
  fields: {
    spec: of(
      2,
      vary(HorizontalPodAutoscalerSpec, `${pkg}.HorizontalPodAutoscalerSpec`, {
        without: ['behavior'],
        fields: { metrics: list(4, spec).doc('What decides how many pods there should be.') },
      }),
    )
      .always()
      .doc('What is scaled, and by what.'),
    status: of(
      3,
      vary(HorizontalPodAutoscalerStatus, `${pkg}.HorizontalPodAutoscalerStatus`, {
        fields: { currentMetrics: list(5, status).always().doc('What the metrics were last.') },
      }),
    )
      .always()
      .doc('What was done.'),
  },
  columns: HorizontalPodAutoscaler.columns.filter(({ name }) => name !== 'Targets'),
  toStorage: (whole) => ({ ...showBehavior(eachMetric(whole, nest)) }),
  fromStorage: (whole) => eachMetric(hideBehavior(whole), flatten),
});
