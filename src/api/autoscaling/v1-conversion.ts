/**
 * autoscaling/v1 knows one metric: the processor. Everything else that v2 says travels in annotations, so
 * that a v1 client that reads and writes loses nothing.
 *
 *     v2  metrics: [cpu 50 %, memory 70 %]
 *     v1  targetCPUUtilizationPercentage: 50,
 *         annotations: { autoscaling.alpha.kubernetes.io/metrics: [memory 70 %] }
 */
import type { Conversion } from '../kind.ts';
import { defaultMetric } from './defaults.ts';
import { fromOldMetric, toOldMetric, type Json } from './v1-metrics.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const names = {
  metrics: 'metrics',
  current: 'current-metrics',
  conditions: 'conditions',
  behavior: 'behavior',
} as const;

const section = (object: Json, field: string): Json => (object[field] ?? {}) as Json;
const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);

/** An annotation that is no JSON says nothing. */
function annotation(object: Json, name: string): unknown {
  const text = section(section(object, 'metadata'), 'annotations')[prefix + name];
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Upstream, too, goes on without it.
    return undefined;
  }
}

function toStorage(object: Json): Record<string, unknown> {
  const spec = section(object, 'spec');
  const { targetCPUUtilizationPercentage: percentage, ...rest } = spec;
  const cpu = percentage === undefined ? [] : [cpuMetric('Utilization', { averageUtilization: percentage })];
  const metrics = [...cpu, ...listOf(annotation(object, names.metrics)).map(fromOldMetric)];
  const behavior = annotation(object, names.behavior);
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(section(object, 'metadata'), {}),
    spec: {
      ...rest,
      metrics: metrics.length === 0 ? [structuredClone(defaultMetric)] : metrics,
      ...(behavior === undefined ? {} : { behavior }),
    },
    ...(object['status'] === undefined ? {} : { status: statusToStorage(object) }),
  };
}

function cpuMetric(type: string, target: Json): Json {
  return { type: 'Resource', resource: { name: 'cpu', target: { type, ...target } } };
}

function statusToStorage(object: Json): Json {
  const { currentCPUUtilizationPercentage: percentage, ...rest } = section(object, 'status');
  const cpu =
    percentage === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percentage } } }];
  const current = [...cpu, ...listOf(annotation(object, names.current)).map(fromOldMetric)];
  const conditions = annotation(object, names.conditions);
  return {
    ...rest,
    ...(current.length === 0 ? {} : { currentMetrics: current }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}

/** The first metric about the share of the processor, which v1 has a field for. */
function isCpuShare(metric: Json, field: 'target' | 'current'): boolean {
  const resource = section(metric, 'resource');
  const share = section(resource, field)['averageUtilization'];
  return metric['type'] === 'Resource' && resource['name'] === 'cpu' && share !== undefined;
}

function split(
  metrics: readonly Json[],
  field: 'target' | 'current',
): { readonly share: unknown; readonly others: readonly Json[] } {
  const index = metrics.findIndex((metric) => isCpuShare(metric, field));
  const share = section(section(metrics[index] ?? {}, 'resource'), field)['averageUtilization'];
  return { share, others: metrics.filter((_, at) => at !== index) };
}

function fromStorage(object: Json): Record<string, unknown> {
  const { metrics, behavior, ...spec } = section(object, 'spec');
  const { currentMetrics, conditions, ...status } = section(object, 'status');
  const wanted = split(listOf(metrics), 'target');
  const current = split(listOf(currentMetrics), 'current');
  const kept: Record<string, unknown> = {
    [names.metrics]: orNothing(wanted.others.map(toOldMetric)),
    [names.behavior]: behavior,
    [names.current]: orNothing(current.others.map(toOldMetric)),
    [names.conditions]: orNothing(listOf(conditions)),
  };
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(section(object, 'metadata'), kept),
    spec: { ...spec, ...(wanted.share === undefined ? {} : { targetCPUUtilizationPercentage: wanted.share }) },
    ...(object['status'] === undefined
      ? {}
      : {
          status: {
            ...status,
            ...(current.share === undefined ? {} : { currentCPUUtilizationPercentage: current.share }),
          },
        }),
  };
}

function orNothing(list: readonly unknown[]): readonly unknown[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** Takes the annotations above away, and puts those in that say something. */
function withAnnotations(metadata: Json, kept: Readonly<Record<string, unknown>>): Json {
  const { annotations, ...rest } = metadata;
  const ours = new Set(Object.values(names).map((name) => prefix + name));
  const others = Object.entries((annotations ?? {}) as Json).filter(([key]) => !ours.has(key));
  const added = Object.entries(kept)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [prefix + name, JSON.stringify(value)] as const);
  const all = Object.fromEntries([...others, ...added]);
  return Object.keys(all).length === 0 ? rest : { ...rest, annotations: all };
}

export const v1Conversion: Conversion = {
  storage: { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' },
  toStorage,
  fromStorage,
};
