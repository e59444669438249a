/** Reads figures from the metrics APIs, and what each metric of an autoscaler asks for. */
import type {
  CrossVersionObjectReference,
  MetricSpec,
  MetricStatus,
  MetricTarget,
} from '../../api/autoscaling/v2/horizontal-pod-autoscaler.ts';
import type { Pod } from '../../api/core/pod.ts';
import { parseTimestamp } from '../../base/clock.ts';
import type { Kind } from '../../api/kind.ts';
import type { Client } from '../../client/client.ts';
import { formatQuantity, milliValue, quantityOfMilli } from '../../schema/quantity.ts';
import {
  customValues,
  externalValues,
  MetricError,
  readMetrics,
  selectorText,
  type Failure,
} from './metrics-client.ts';
import { demandFor, groupPods, requestOf, within, type Groups, type PodUse, type Tolerance } from './replicas.ts';

export interface Situation {
  readonly namespace: string;
  readonly pods: readonly Pod[];
  /** As text, for the metrics APIs. */
  readonly selector: string;
  readonly specReplicas: number;
  readonly statusReplicas: number;
  readonly tolerance: Tolerance;
  readonly now: number;
  /** All that are served, to find an object's resource. */
  readonly kinds: readonly Kind[];
}

export interface Proposal {
  readonly replicas: number;
  /** Such as `cpu resource utilization (percentage of request)`. */
  readonly name: string;
  readonly status: MetricStatus;
}

export async function proposalFor(client: Client, metric: MetricSpec, situation: Situation): Promise<Proposal> {
  switch (metric.type) {
    case 'Resource':
    case 'ContainerResource':
      return await resource(client, metric, situation);
    case 'Pods':
      return await perPod(client, metric, situation);
    case 'Object':
      return await ofObject(client, metric, situation);
    case 'External':
      return await external(client, metric, situation);
    default:
      throw new MetricError('InvalidMetricSourceType', `unknown metric source type ${JSON.stringify(metric.type)}`);
  }
}

/** What of the metric could not be had, for the sentence about all of them. */
export function failureOf(metric: MetricSpec, message: string): string {
  switch (metric.type) {
    case 'Resource':
      return `failed to get ${metric.resource?.name ?? ''} resource metric value: ${message}`;
    case 'ContainerResource':
      return `failed to get ${metric.containerResource?.container ?? ''} container metric value: ${message}`;
    case 'Pods':
      return `failed to get pods metric value: ${message}`;
    case 'Object':
      return `failed to get object metric value: ${failureOfObject(metric.object, message)}`;
    case 'External':
      return failureOfExternal(metric.external, message);
    default:
      return message;
  }
}

function failureOfObject(object: MetricSpec['object'], message: string): string {
  const shared = object?.target.averageValue !== undefined;
  return shared ? `failed to get ${object?.metric.name ?? ''} object metric: ${message}` : message;
}

function failureOfExternal(external: MetricSpec['external'], message: string): string {
  const name = external?.metric.name ?? '';
  const shared = external?.target.averageValue !== undefined;
  const what = shared ? `${name} external metric` : `external metric ${name}`;
  return `failed to get ${name} external metric value: failed to get ${what}: ${message}`;
}

interface UsageList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly timestamp: string;
    readonly window: string;
    readonly containers: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
  }[];
}

async function resource(client: Client, metric: MetricSpec, situation: Situation): Promise<Proposal> {
  const source = metric.containerResource ?? metric.resource ?? { name: '' };
  const { container } = { container: undefined, ...metric.containerResource };
  const reason = container === undefined ? 'FailedGetResourceMetric' : 'FailedGetContainerResourceMetric';
  const { name, target } = { target: undefined, ...source };
  const goal = goalOf(target);
  const failure = { reason, what: `failed to get ${name} ${goal.utilization ? 'utilization' : 'usage'}` };
  const uses = await resourceUses(client, name, container, situation, failure);
  const groups = groupsOf(situation, uses, name === 'cpu', reason, `${failure.what}: `);
  const demand = demandFor(situation.specReplicas, groups, uses, {
    goal: goal.value,
    tolerance: situation.tolerance,
    ...(goal.utilization && { weights: weightsOf(situation, name, container, failure) }),
  });
  const current = {
    averageValue: milli(demand.average),
    ...(goal.utilization && { averageUtilization: demand.utilization ?? 0 }),
  };
  const what = container === undefined ? `${name} resource` : `${name} container resource`;
  return {
    replicas: demand.replicas,
    name: goal.utilization ? `${what} utilization (percentage of request)` : what,
    status:
      container === undefined
        ? { type: 'Resource', resource: { name, current } }
        : { type: 'ContainerResource', containerResource: { name, container, current } },
  };
}

async function resourceUses(
  client: Client,
  name: string,
  container: string | undefined,
  { namespace, selector }: Situation,
  { reason, what: failed }: Failure,
): Promise<ReadonlyMap<string, PodUse>> {
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`;
  const what = `${failed}: unable to get metrics for resource ${name}`;
  const failure = { reason, what: `${what}: unable to fetch metrics from resource metrics API` };
  const missing = 'the server could not find the requested resource (get pods.metrics.k8s.io)';
  const { items } = (await readMetrics(client, path, failure, missing)) as UsageList;
  const uses = items.flatMap((item): readonly (readonly [string, PodUse])[] => {
    const counted = item.containers.filter((each) => container === undefined || each.name === container);
    if (counted.length === 0 || counted.some(({ usage }) => usage[name] === undefined)) return [];
    const value = counted.reduce((sum, { usage }) => sum + milliValue(usage[name] ?? '0'), 0);
    return [
      [
        item.metadata.name,
        { value, at: parseTimestamp(item.timestamp), window: Number.parseFloat(item.window) * 1000 },
      ],
    ];
  });
  if (uses.length > 0) return new Map(uses);
  throw new MetricError(reason, `${what}: no metrics returned from resource metrics API`);
}

function weightsOf(
  { pods }: Situation,
  name: string,
  container: string | undefined,
  { reason, what }: Failure,
): ReadonlyMap<string, number> {
  const weights = pods.map((pod) => {
    const request = requestOf(pod, name, container);
    if (typeof request === 'number') return [pod.metadata.name, request] as const;
    throw new MetricError(reason, `${what}: ${request.missing}`);
  });
  if (weights.some(([, request]) => request > 0)) return new Map(weights);
  throw new MetricError(reason, `${what}: no metrics returned matched known pods`);
}

/** Throws where no figures count. */
function groupsOf(
  { pods, now }: Situation,
  uses: ReadonlyMap<string, PodUse>,
  cpu: boolean,
  reason: string,
  before = '',
): Groups {
  if (pods.length === 0)
    throw new MetricError(reason, `${before}no pods returned by selector while calculating replica count`);
  const groups = groupPods(pods, uses, cpu, now);
  if (groups.ready.length > 0) return groups;
  const known = new Set(pods.map(({ metadata }) => metadata.name));
  // Of pods from before, most often.
  if ([...uses.keys()].some((name) => !known.has(name)))
    throw new MetricError(reason, `${before}no metrics returned matched known pods`);
  throw new MetricError(reason, `${before}did not receive metrics for targeted pods (pods might be unready)`);
}

function goalOf(target: MetricTarget | undefined): { readonly value: number; readonly utilization: boolean } {
  if (target?.averageUtilization !== undefined) return { value: target.averageUtilization, utilization: true };
  return { value: milliValue(target?.averageValue ?? target?.value ?? '0'), utilization: false };
}

function milli(value: number): string {
  return formatQuantity(quantityOfMilli(Math.ceil(value)));
}

async function perPod(client: Client, { pods }: MetricSpec, situation: Situation): Promise<Proposal> {
  const { metric, target } = pods ?? { metric: { name: '' } };
  const { namespace, selector } = situation;
  const failure = { reason: 'FailedGetPodsMetric', what: `unable to get metric ${metric.name}` };
  const items = await customValues(client, `namespaces/${namespace}/pods/*`, metric, failure, selector);
  const uses = new Map(
    items.map(({ describedObject, value, timestamp }) => [
      describedObject?.name ?? '',
      { value: milliValue(value), at: parseTimestamp(timestamp), window: 60_000 },
    ]),
  );
  const groups = groupsOf(situation, uses, false, failure.reason);
  const { tolerance, specReplicas } = situation;
  const { replicas, average } = demandFor(specReplicas, groups, uses, { goal: goalOf(target).value, tolerance });
  return {
    replicas,
    name: `pods metric ${metric.name}`,
    status: { type: 'Pods', pods: { metric, current: { averageValue: milli(average) } } },
  };
}

async function ofObject(client: Client, { object }: MetricSpec, situation: Situation): Promise<Proposal> {
  const { metric, target, describedObject } = object ?? {
    metric: { name: '' },
    describedObject: { kind: '', name: '' },
  };
  const { kind, name: of } = describedObject;
  const where = `${kind} ${situation.namespace}/${of}`;
  const failure = { reason: 'FailedGetObjectMetric', what: `unable to get metric ${metric.name}: ${where}` };
  const [item] = await customValues(client, objectPath(describedObject, situation, failure), metric, failure);
  const { replicas, current } = plainDemand(milliValue(item?.value ?? '0'), target, situation);
  const name =
    target?.averageValue === undefined
      ? `${kind} metric ${metric.name}`
      : `external metric ${metric.name}(${selectorText(metric.selector)})`;
  return { replicas, name, status: { type: 'Object', object: { metric, describedObject, current } } };
}

async function external(client: Client, { external: source }: MetricSpec, situation: Situation): Promise<Proposal> {
  const { metric, target } = source ?? { metric: { name: '' } };
  const items = await externalValues(client, metric, situation.namespace);
  const value = items.reduce((sum, item) => sum + milliValue(item.value), 0);
  const { replicas, current } = plainDemand(value, target, situation);
  return {
    replicas,
    name: `external metric ${metric.name}(${selectorText(metric.selector)})`,
    status: { type: 'External', external: { metric, current } },
  };
}

/** A value that is not each pod's own: the pods share it (AverageValue), or it rises and falls with their number. */
function plainDemand(
  value: number,
  target: MetricTarget | undefined,
  { statusReplicas, specReplicas, tolerance, pods }: Situation,
): { readonly replicas: number; readonly current: { readonly value?: string; readonly averageValue?: string } } {
  if (target?.averageValue !== undefined) {
    const goal = milliValue(target.averageValue);
    const stays = statusReplicas > 0 && within(value / (goal * statusReplicas), tolerance);
    const averageValue = milli(value / Math.max(1, statusReplicas));
    return { replicas: stays ? statusReplicas : Math.ceil(value / goal), current: { averageValue } };
  }
  const ratio = value / goalOf(target).value;
  const ready = pods.filter(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  ).length;
  const replicas =
    specReplicas === 0 ? Math.ceil(ratio) : within(ratio, tolerance) ? specReplicas : Math.ceil(ratio * ready);
  return { replicas, current: { value: milli(value) } };
}

/** Below which path the custom metrics of an object are. */
function objectPath(
  { kind, apiVersion = '', name }: CrossVersionObjectReference,
  { namespace, kinds }: Situation,
  { reason, what }: Failure,
): string {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  // A namespace is asked about itself.
  if (kind === 'Namespace' && group === '') return `namespaces/${name}/metrics`;
  const known = kinds.find((each) => each.kind === kind && each.group === group);
  if (known === undefined) {
    throw new MetricError(
      reason,
      `${what}: unable to fetch metrics from custom metrics API: no matches for kind "${kind}" in group "${group}"`,
    );
  }
  const scope = known.scope === 'Namespaced' ? `namespaces/${namespace}/` : '';
  return `${scope}${known.plural}${group === '' ? '' : `.${group}`}/${name}`;
}
