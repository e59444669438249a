/** Asks the metrics APIs, which others serve, and says in upstream's words what is wrong when they do not answer. */
import type { MetricIdentifier } from '../../api/autoscaling/v2/horizontal-pod-autoscaler.ts';
import type { Client } from '../../client/client.ts';
import { formatSelector, selectorOf } from '../../schema/selector.ts';

/** Why a metric could not be used: the reason of the condition ScalingActive. */
export class MetricError extends Error {
  override readonly name = 'MetricError';
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** How a failure is told: the reason, and what could not be done. */
export interface Failure {
  readonly reason: string;
  readonly what: string;
}

export interface MetricValue {
  readonly describedObject?: { readonly name: string };
  readonly timestamp: string;
  /** A quantity. */
  readonly value: string;
}

interface ValueList {
  readonly items: readonly MetricValue[];
}

const customApi = '/apis/custom.metrics.k8s.io';
const customVersions = ['v1beta2', 'v1beta1'];

/** A custom metric of what `path` names, such as `namespaces/default/pods/*`; of pods, those that `pods` selects. */
export async function customValues(
  client: Client,
  path: string,
  { name, selector }: MetricIdentifier,
  { reason, what }: Failure,
  pods = '',
): Promise<readonly MetricValue[]> {
  const query = new URLSearchParams({
    ...(pods !== '' && { labelSelector: pods }),
    ...(selector !== undefined && { metricLabelSelector: formatSelector(selectorOf(selector)) }),
  }).toString();
  const version = await customVersion(client);
  const failure = { reason, what: `${what}: unable to fetch metrics from custom metrics API` };
  if (version === undefined) {
    throw new MetricError(reason, `${failure.what}: no custom metrics API (custom.metrics.k8s.io) registered`);
  }
  const whole = `${customApi}/${version}/${path}/${name}${query === '' ? '' : `?${query}`}`;
  const { items } = (await readMetrics(client, whole, failure)) as ValueList;
  if (items.length === 0) throw new MetricError(reason, `${what}: no metrics returned from custom metrics API`);
  return items;
}

/** The newest version that is served and known here. */
async function customVersion(client: Client): Promise<string | undefined> {
  const { status, body } = await client.request({ method: 'GET', path: customApi, headers: acceptJson });
  if (status !== 200) return undefined;
  const { versions = [] } = JSON.parse(new TextDecoder().decode(body)) as {
    readonly versions?: readonly { readonly version: string }[];
  };
  return customVersions.find((version) => versions.some((each) => each.version === version));
}

export async function externalValues(
  client: Client,
  { name, selector }: MetricIdentifier,
  namespace: string,
): Promise<readonly MetricValue[]> {
  const reason = 'FailedGetExternalMetric';
  const what = `unable to get external metric ${namespace}/${name}/${selectorText(selector)}`;
  const query = new URLSearchParams({
    labelSelector: selector === undefined ? '' : formatSelector(selectorOf(selector)),
  });
  const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${name}?${query.toString()}`;
  const failure = { reason, what: `${what}: unable to fetch metrics from external metrics API` };
  const missing = `the server could not find the requested resource (get ${name}.external.metrics.k8s.io)`;
  const { items } = (await readMetrics(client, path, failure, missing)) as ValueList;
  if (items.length === 0) throw new MetricError(reason, `${what}: no metrics returned from external metrics API`);
  return items;
}

/** As upstream prints one. */
export function selectorText(selector: MetricIdentifier['selector']): string {
  if (selector === undefined) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {}).toSorted(([left], [right]) => (left < right ? -1 : 1));
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],}`,
  );
  const matchLabels = labels.map(([key, value]) => `${key}: ${value},`).join('');
  const list = expressions.map((each) => `${each},`).join('');
  return `&LabelSelector{MatchLabels:map[string]string{${matchLabels}},MatchExpressions:[]LabelSelectorRequirement{${list}},}`;
}

const acceptJson = { accept: 'application/json' };

/** GETs a list. `missing`: what to say where nobody serves it. */
export async function readMetrics(
  client: Client,
  path: string,
  { reason, what }: Failure,
  missing = 'the server could not find the requested resource',
): Promise<unknown> {
  const { status, body } = await client.request({ method: 'GET', path, headers: acceptJson });
  const text = new TextDecoder().decode(body);
  if (status === 200) return JSON.parse(text) as unknown;
  throw new MetricError(
    reason,
    `${what}: ${status === 404 ? missing : (messageOf(text) ?? `the server answered ${status}`)}`,
  );
}

/** What the server says is wrong, if it says so in a Status. */
function messageOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message;
  } catch {
    return undefined;
  }
}
