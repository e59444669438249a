/** Autoscalers: bounds, metrics of one source each, and how fast they may act. */
import { forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { checkPathSegment } from '../../schema/names.ts';
import { isNegative } from '../../schema/quantity.ts';
import { isPositive, resourceNameFaults } from '../core/validate-resources.ts';
import { complaintFaults, dnsLabelFaults } from '../rules/faults.ts';
import { labelSelectorFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type {
  ContainerResourceMetricSource,
  CrossVersionObjectReference,
  HPAScalingPolicy,
  HPAScalingRules,
  HorizontalPodAutoscalerSpec,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from './v2/horizontal-pod-autoscaler.ts';

type Spec = Loose<HorizontalPodAutoscalerSpec>;

/** An hour and half an hour. */
const longestWindow = 3600;
const longestPeriod = 1800;

export function autoscalerFaults(spec: Spec, old: Spec | undefined): Fault[] {
  const lowest = old?.minReplicas === 0 ? 0 : 1;
  return [
    ...boundFaults(spec, lowest),
    ...referenceFaults(spec.scaleTargetRef ?? {}, 'spec.scaleTargetRef'),
    ...(spec.metrics ?? []).flatMap((metric, index) => metricFaults(metric, `spec.metrics[${index}]`)),
    ...zeroFaults(spec),
    ...(['scaleUp', 'scaleDown'] as const).flatMap((way) => {
      const rules = spec.behavior?.[way];
      return rules === undefined ? [] : rulesFaults(rules, `spec.behavior.${way}`);
    }),
  ];
}

function boundFaults({ minReplicas, maxReplicas = 0 }: Spec, lowest: number): Fault[] {
  const least = lowest === 0 ? 'must be greater than or equal to 0' : 'must be greater than or equal to 1';
  return [
    ...(minReplicas !== undefined && minReplicas < lowest ? [invalid('spec.minReplicas', minReplicas, least)] : []),
    ...(maxReplicas < 1 ? [invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0')] : []),
    ...(minReplicas !== undefined && maxReplicas < minReplicas
      ? [invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`')]
      : []),
  ];
}

function referenceFaults(reference: Loose<CrossVersionObjectReference>, path: string): Fault[] {
  return (['kind', 'name'] as const).flatMap((field) => {
    const value = reference[field] ?? '';
    if (value === '') return [required(`${path}.${field}`)];
    return complaintFaults(`${path}.${field}`, value, checkPathSegment(value));
  });
}

/** Nothing is measured where nothing runs, except from outside. */
function zeroFaults({ minReplicas, metrics }: Spec): Fault[] {
  const outside = metrics?.some(({ type }) => type === 'Object' || type === 'External') === true;
  if (minReplicas !== 0 || outside) return [];
  const text = 'must specify at least one Object or External metric to support scaling to zero replicas';
  return [forbidden('spec.metrics', text)];
}

const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
/** In the order in which upstream looks at them: the first one is checked. */
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;

function metricFaults(metric: Loose<MetricSpec>, path: string): Fault[] {
  const type = metric.type ?? '';
  const wanted = sources.find((source) => source.toLowerCase() === type.toLowerCase());
  const given = sources.filter((source) => metric[source] !== undefined);
  const first = given[0];
  return [
    ...(type === '' ? [required(`${path}.type`, 'must specify a metric source type')] : []),
    ...(types.includes(type) ? [] : [notSupported(`${path}.type`, type, types)]),
    ...(first === undefined ? [] : sourceChecks[first](metric, `${path}.${first}`)),
    ...(wanted !== undefined && metric[wanted] === undefined
      ? [required(`${path}.${wanted}`, 'must populate information for the given metric source')]
      : []),
    ...(given.length > 1
      ? given
          .filter((source) => source !== wanted)
          .map((source) => forbidden(`${path}.${source}`, 'must populate the given metric source only'))
      : []),
  ];
}

const sourceChecks: Readonly<Record<(typeof sources)[number], (metric: Loose<MetricSpec>, path: string) => Fault[]>> = {
  object: ({ object }, path) => [
    ...referenceFaults(object?.describedObject ?? {}, `${path}.describedObject`),
    ...identifierFaults(object?.metric ?? {}, `${path}.metric`),
    ...targetFaults(object?.target ?? {}, `${path}.target`),
    ...eitherValueFaults(object?.target ?? {}, path, 'must set either a target value or averageValue'),
  ],
  external: ({ external }, path) => [
    ...identifierFaults(external?.metric ?? {}, `${path}.metric`),
    ...targetFaults(external?.target ?? {}, `${path}.target`),
    ...eitherValueFaults(external?.target ?? {}, path, 'must set either a target value for metric or a per-pod target'),
    ...(external?.target?.value !== undefined && external.target.averageValue !== undefined
      ? [forbidden(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target')]
      : []),
  ],
  pods: ({ pods }, path) => [
    ...identifierFaults(pods?.metric ?? {}, `${path}.metric`),
    ...targetFaults(pods?.target ?? {}, `${path}.target`),
    ...(pods?.target?.averageValue === undefined
      ? [required(`${path}.target.averageValue`, 'must specify a positive target averageValue')]
      : []),
  ],
  resource: ({ resource }, path) => resourceFaults(resource?.name ?? '', resource?.target ?? {}, path),
  containerResource: ({ containerResource }, path) => containerResourceFaults(containerResource ?? {}, path),
};

function containerResourceFaults(source: Loose<ContainerResourceMetricSource>, path: string): Fault[] {
  const { name = '', container = '', target = {} } = source;
  return [
    ...resourceFaults(name, target, path),
    ...(name === '' ? [] : resourceNameFaults(name, `${path}.name`)),
    ...(container === ''
      ? [required(`${path}.container`, 'must specify a container')]
      : dnsLabelFaults(`${path}.container`, container)),
  ];
}

function eitherValueFaults({ value, averageValue }: Loose<MetricTarget>, path: string, text: string): Fault[] {
  return value === undefined && averageValue === undefined ? [required(`${path}.target.averageValue`, text)] : [];
}

function resourceFaults(name: string, target: Loose<MetricTarget>, path: string): Fault[] {
  const { averageUtilization, averageValue } = target;
  const none = 'must set either a target raw value or a target utilization';
  const both = 'may not set both a target raw value and a target utilization';
  return [
    ...(name === '' ? [required(`${path}.name`, 'must specify a resource name')] : []),
    ...targetFaults(target, `${path}.target`),
    ...(averageUtilization === undefined && averageValue === undefined
      ? [required(`${path}.target.averageUtilization`, none)]
      : []),
    ...(averageUtilization !== undefined && averageValue !== undefined
      ? [forbidden(`${path}.target.averageValue`, both)]
      : []),
  ];
}

const targetTypes = ['Utilization', 'Value', 'AverageValue'];

function targetFaults(
  { type = '', value, averageValue, averageUtilization }: Loose<MetricTarget>,
  path: string,
): Fault[] {
  const positive = (field: string, amount: string | undefined): Fault[] =>
    amount === undefined || isPositive(amount) ? [] : [invalid(`${path}.${field}`, amount, 'must be positive')];
  return [
    ...(type === '' ? [required(`${path}.type`, 'must specify a metric target type')] : []),
    ...(targetTypes.includes(type)
      ? []
      : [invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue')]),
    ...positive('value', value),
    ...positive('averageValue', averageValue),
    ...(averageUtilization !== undefined && averageUtilization < 1
      ? [invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0')]
      : []),
  ];
}

function identifierFaults({ name = '', selector }: Loose<MetricIdentifier>, path: string): Fault[] {
  return [
    ...(name === '' ? [required(`${path}.name`, 'must specify a metric name')] : []),
    ...complaintFaults(`${path}.name`, name, checkPathSegment(name)),
    ...labelSelectorFaults(selector, `${path}.selector`),
  ];
}

const selections = ['Disabled', 'Max', 'Min'];

function rulesFaults(rules: Loose<HPAScalingRules>, path: string): Fault[] {
  const { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [], tolerance } = rules;
  const at = `${path}.stabilizationWindowSeconds`;
  return [
    ...(window < 0 ? [invalid(at, window, 'must be greater than or equal to zero')] : []),
    ...(window > longestWindow ? [invalid(at, window, `must be less than or equal to ${longestWindow}`)] : []),
    ...(selectPolicy === undefined || selections.includes(selectPolicy)
      ? []
      : [notSupported(`${path}.selectPolicy`, selectPolicy, selections)]),
    ...(policies.length === 0 ? [required(`${path}.policies`, 'must specify at least one Policy')] : []),
    ...policies.flatMap((policy, index) => policyFaults(policy, `${path}.policies[${index}]`)),
    ...(tolerance !== undefined && isNegative(tolerance)
      ? [invalid(`${path}.tolerance`, tolerance, 'must be greater than or equal to 0')]
      : []),
  ];
}

function policyFaults({ type = '', value = 0, periodSeconds = 0 }: Loose<HPAScalingPolicy>, path: string): Fault[] {
  const at = `${path}.periodSeconds`;
  return [
    ...(type === 'Pods' || type === 'Percent' ? [] : [notSupported(`${path}.type`, type, ['Percent', 'Pods'])]),
    ...(value <= 0 ? [invalid(`${path}.value`, value, 'must be greater than zero')] : []),
    ...(periodSeconds <= 0 ? [invalid(at, periodSeconds, 'must be greater than zero')] : []),
    ...(periodSeconds > longestPeriod
      ? [invalid(at, periodSeconds, `must be less than or equal to ${longestPeriod}`)]
      : []),
  ];
}
