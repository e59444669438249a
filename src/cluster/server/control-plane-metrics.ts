/** Figures of controllers and scheduler on the server's /metrics, under upstream's names. */
import type { Metric, Registry } from 'prom-client';
import type { Controller, ControllerStatus } from '../../client/controller.ts';
import type { DurationSummary } from '../../client/durations.ts';
import type { Scheduler, SchedulerStats } from '../../scheduler/scheduler.ts';

type Kind = 'counter' | 'gauge' | 'histogram';
type Labels = Readonly<Record<string, string>>;
type Value = { readonly labels: Labels; readonly value: number; readonly metricName?: string };

/** What runs at the moment; absent while somebody else leads. */
export interface ControlPlane {
  readonly scheduler: Scheduler | undefined;
  readonly controllers: readonly Controller[];
}

export function showControlPlane(registry: Registry, plane: ControlPlane): void {
  showQueues(registry, () => plane.controllers.map(({ status }) => status));
  showScheduler(registry, () => plane.scheduler?.stats);
}

function showQueues(registry: Registry, statuses: () => readonly ControllerStatus[]): void {
  const show = (
    name: string,
    help: string,
    type: Kind,
    of: (status: ControllerStatus) => number | DurationSummary,
  ): void => {
    const collect = (): readonly Value[] =>
      statuses().flatMap((status) => {
        const value = of(status);
        const labels = { name: status.name };
        return typeof value === 'number' ? [{ labels, value }] : histogram(name, labels, value);
      });
    registry.registerMetric(metric(name, help, type, collect));
  };
  show('workqueue_depth', 'Keys that are ready to be worked on.', 'gauge', ({ depth }) => depth);
  show('workqueue_adds_total', 'Keys that were added, once or again.', 'counter', ({ adds }) => adds);
  show('workqueue_retries_total', 'Keys that were added again after a failure.', 'counter', ({ retries }) => retries);
  show(
    'workqueue_queue_duration_seconds',
    'How long keys were due before their turn.',
    'histogram',
    ({ wait }) => wait,
  );
  show('workqueue_work_duration_seconds', 'How long working on a key took.', 'histogram', ({ work }) => work);
}

function showScheduler(registry: Registry, statsNow: () => SchedulerStats | undefined): void {
  const show = (name: string, help: string, type: Kind, of: (stats: SchedulerStats) => readonly Value[]): void => {
    const collect = (): readonly Value[] => {
      const stats = statsNow();
      return stats === undefined ? [] : of(stats);
    };
    registry.registerMetric(metric(name, help, type, collect));
  };
  show('scheduler_pending_pods', 'Pods that wait for a node, by queue.', 'gauge', ({ pending }) => {
    const { ready, backingOff, rejected, gated } = pending;
    const queues = { active: ready, backoff: backingOff, unschedulable: rejected, gated };
    return Object.entries(queues).map(([queue, value]) => ({ labels: { queue }, value }));
  });
  show(
    'scheduler_schedule_attempts_total',
    'Attempts to place a pod, by profile and result.',
    'counter',
    ({ figures }) =>
      [...figures.attempts].flatMap(([profile, results]) =>
        Object.entries(results).map(([result, value]) => ({ labels: { profile, result }, value })),
      ),
  );
  show('scheduler_preemption_attempts_total', 'Times that pods were preempted for another.', 'counter', (stats) => [
    { labels: {}, value: stats.figures.preemptions },
  ]);
  show('coracle_scheduler_preemption_victims_total', 'Pods that were preempted.', 'counter', ({ figures }) => [
    { labels: {}, value: figures.victims },
  ]);
  const name = 'scheduler_scheduling_algorithm_duration_seconds';
  show(name, 'How long deciding for a pod took.', 'histogram', ({ figures }) => histogram(name, {}, figures.durations));
}

function histogram(name: string, labels: Labels, { buckets, count, sum }: DurationSummary): readonly Value[] {
  const bucket = (le: string, value: number): Value => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value,
  });
  return [
    ...buckets.map(({ atMost, count: value }) => bucket(String(atMost / 1000), value)),
    bucket('+Inf', count),
    { metricName: `${name}_sum`, labels, value: sum / 1000 },
    { metricName: `${name}_count`, labels, value: count },
  ];
}

/** Read when somebody asks: the figures are counted elsewhere already. */
function metric(name: string, help: string, type: Kind, values: () => readonly Value[]): Metric {
  const made = {
    name,
    help,
    type,
    aggregator: 'sum',
    get: () => Promise.resolve({ ...made, values: values() }),
    reset: () => {},
  };
  return made as unknown as Metric;
}
