/** The server's own figures, under upstream's names. */
import { Counter, Gauge, Registry as MetricsRegistry, type Metric } from 'prom-client';
import { durationBounds, RequestTally, type RequestLabels, type Series } from './request-tally.ts';

const dimensions = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const;

export interface Metrics {
  readonly registry: MetricsRegistry;
  /** A request has ended, after `duration` seconds. Long-running ones are counted without their duration. */
  finished(this: void, labels: RequestLabels, code: number, duration: number, longRunning: boolean): void;
  started(this: void, labels: RequestLabels): void;
  inFlight(this: void, kind: 'mutating' | 'readOnly', count: number): void;
}

export function createMetrics(
  storeFigures: () => { readonly objects: ReadonlyMap<string, number>; readonly revision: number },
): Metrics {
  const registry = new MetricsRegistry();
  const registers = [registry];
  const tally = new RequestTally();
  const working = { mutating: 0, readOnly: 0 };
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and code.',
    labelNames: [...dimensions, 'code'],
    registers,
    collect() {
      total.reset();
      for (const { labels, codes } of tally.series) {
        for (const [code, count] of codes) total.inc({ ...labels, code }, count);
      }
    },
  });
  registry.registerMetric(durationMetric(tally));
  const longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches, logs, execs and the like that are open.',
    labelNames: [...dimensions],
    registers,
    collect() {
      longRunning.reset();
      for (const { labels, open } of tally.series) if (open > 0) longRunning.set({ ...labels }, open);
    },
  });
  const inFlight = new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are being worked on.',
    labelNames: ['request_kind'],
    registers,
    collect() {
      for (const [kind, count] of Object.entries(working)) inFlight.set({ request_kind: kind }, count);
    },
  });
  const objects = new Gauge({
    name: 'apiserver_storage_objects',
    help: 'Objects in the store, by resource.',
    labelNames: ['resource'],
    registers,
    collect() {
      objects.reset();
      for (const [resource, count] of storeFigures().objects) objects.set({ resource }, count);
    },
  });
  const revision = new Gauge({
    name: 'coracle_store_revision',
    help: 'The newest durable revision.',
    registers,
    collect() {
      revision.set(storeFigures().revision);
    },
  });
  return {
    registry,
    started: (labels) => tally.started(labels),
    finished: (labels, code, took, long) => tally.finished(labels, code, took, long),
    inFlight: (kind, count) => void (working[kind] = count),
  };
}

/** The library's own histogram takes single observations only; ours are counted already. */
function durationMetric(tally: RequestTally): Metric {
  const name = 'apiserver_request_duration_seconds';
  const metric = {
    name,
    help: 'How long requests took that are not long-running.',
    type: 'histogram',
    aggregator: 'sum',
    get: () => Promise.resolve({ ...metric, values: tally.series.flatMap((series) => durationsOf(name, series)) }),
    reset: () => {},
  };
  return metric as unknown as Metric;
}

function durationsOf(name: string, { labels, durations, seconds }: Series): readonly object[] {
  let count = 0;
  const buckets = durations.map((own, at) => {
    count += own;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: durationBounds[at] ?? '+Inf' }, value: count };
  });
  if (count === 0) return [];
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: seconds },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
