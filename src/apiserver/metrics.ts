/** The server's own figures, under upstream's names. */
import { Counter, Gauge, Histogram, Registry as MetricsRegistry } from 'prom-client';

interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: string;
}

const dimensions = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const;
const seconds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

export interface Metrics {
  readonly registry: MetricsRegistry;
  /** A request has ended, after `duration` seconds. Long-running ones are counted without their duration. */
  finished(labels: RequestLabels, code: number, duration: number, longRunning: boolean): void;
  started(labels: RequestLabels): void;
  inFlight(kind: 'mutating' | 'readOnly', count: number): void;
}

export function createMetrics(
  storeFigures: () => { readonly objects: ReadonlyMap<string, number>; readonly revision: number },
): Metrics {
  const registry = new MetricsRegistry();
  const registers = [registry];
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and code.',
    labelNames: [...dimensions, 'code'],
    registers,
  });
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'How long requests took that are not long-running.',
    labelNames: [...dimensions],
    buckets: seconds,
    registers,
  });
  const longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches, logs, execs and the like that are open.',
    labelNames: [...dimensions],
    registers,
  });
  const inFlight = new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are being worked on.',
    labelNames: ['request_kind'],
    registers,
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
    started: (labels) => longRunning.inc({ ...labels }),
    finished(labels, code, took, long) {
      total.inc({ ...labels, code });
      if (long) longRunning.dec({ ...labels });
      else duration.observe({ ...labels }, took);
    },
    inFlight: (kind, count) => inFlight.set({ request_kind: kind }, count),
  };
}
