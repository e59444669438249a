/** Metrics as annotations of autoscaling/v1 write them: flat, where autoscaling/v2 nests. Specs and statuses alike. */
export type Json = Readonly<Record<string, unknown>>;

const section = (object: Json, field: string): Json => (object[field] ?? {}) as Json;

function compact(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** A v2 metric is about its target, or about its current value. */
const sideOf = (source: Json): 'target' | 'current' => (source['current'] === undefined ? 'target' : 'current');

interface Names {
  readonly value: string;
  readonly averageValue: string;
  readonly averageUtilization: string;
}

const targetNames: Names = {
  value: 'targetValue',
  averageValue: 'targetAverageValue',
  averageUtilization: 'targetAverageUtilization',
};
const currentNames: Names = {
  value: 'currentValue',
  averageValue: 'currentAverageValue',
  averageUtilization: 'currentAverageUtilization',
};

const fields = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  External: 'external',
  ContainerResource: 'containerResource',
};

const fieldOf = (metric: Json): string => fields[metric['type'] as keyof typeof fields] ?? '';

export function toOldMetric(metric: Json): Json {
  const field = fieldOf(metric);
  const source = section(metric, field);
  const side = sideOf(source);
  const names = side === 'target' ? targetNames : currentNames;
  const values = section(source, side);
  const { name, selector } = section(source, 'metric');
  const identified =
    field === 'external' ? { metricName: name, metricSelector: selector } : { metricName: name, selector };
  const flat = {
    ...(field === 'resource' || field === 'containerResource'
      ? { name: source['name'], container: source['container'] }
      : identified),
    ...(field === 'object' ? { target: source['describedObject'], averageValue: values['averageValue'] } : {}),
    [names.value]: values['value'],
    ...(field === 'object' ? {} : { [names.averageValue]: values['averageValue'] }),
    [names.averageUtilization]: values['averageUtilization'],
  };
  return compact({ type: metric['type'], [field]: compact(flat) });
}

export function fromOldMetric(metric: Json): Json {
  const field = fieldOf(metric);
  const source = section(metric, field);
  const isCurrent = Object.values(currentNames).some((name) => source[name] !== undefined);
  const names = isCurrent ? currentNames : targetNames;
  const values = compact({
    value: source[names.value],
    averageValue: source[names.averageValue] ?? (field === 'object' ? source['averageValue'] : undefined),
    averageUtilization: source[names.averageUtilization],
  });
  const nested = {
    ...(field === 'resource' || field === 'containerResource'
      ? { name: source['name'], container: source['container'] }
      : { metric: compact({ name: source['metricName'], selector: source['selector'] ?? source['metricSelector'] }) }),
    ...(field === 'object' ? { describedObject: source['target'] } : {}),
    ...(isCurrent ? { current: values } : { target: { type: targetType(values), ...values } }),
  };
  return { type: metric['type'], [field]: compact(nested) };
}

/** v1 does not say what sort of target it is: its fields do. */
function targetType(values: Json): string {
  if (values['averageUtilization'] !== undefined) return 'Utilization';
  return values['averageValue'] === undefined ? 'Value' : 'AverageValue';
}
