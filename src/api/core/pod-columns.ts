/**
 * The rows of `kubectl get pods`. STATUS is one word made of phase, conditions and container states; the
 * containers that failed last speak last.
 */
import { parseTimestamp } from '../../base/clock.ts';
import type { Column, KubernetesObject } from '../kind.ts';
import { ageColumn, nameColumn, since } from '../rules/columns.ts';
import type { Loose } from '../rules/loose.ts';
import type { PodSpec } from './pod-spec.ts';
import type { ContainerStatus, PodStatus } from './pod-status.ts';

interface PodRow extends KubernetesObject {
  readonly spec?: Loose<PodSpec> | undefined;
  readonly status?: Loose<PodStatus> | undefined;
}
type Status = Loose<ContainerStatus>;

/** What the columns READY, STATUS and RESTARTS say. */
export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  /** When a container ended that was started again since; undefined when none was. */
  readonly lastRestart: string | undefined;
}

/** Restart counts of some containers, with the end of the run that ended last. */
interface Restarts {
  readonly count: number;
  readonly last: string | undefined;
}

export function summarizePod(pod: PodRow): PodSummary {
  const status = pod.status ?? {};
  const initialization = summarizeInitialization(pod);
  const sidecars = sidecarNames(pod);
  const total = (pod.spec?.containers?.length ?? 0) + sidecars.size;
  const reason = initialization.reason ?? phaseReason(status);
  if (initialization.reason !== undefined && !hasCondition(status, 'Initialized')) {
    const seen = (status.initContainerStatuses ?? []).slice(0, initialization.seen);
    const { count, last } = countRestarts(seen);
    return {
      ready: initialization.ready,
      total,
      reason: deletionReason(pod, reason),
      restarts: count,
      lastRestart: last,
    };
  }
  const seenSidecars = (status.initContainerStatuses ?? [])
    .slice(0, initialization.seen)
    .filter(({ name }) => sidecars.has(name ?? ''));
  const main = status.containerStatuses ?? [];
  const { count, last } = countRestarts([...seenSidecars, ...main]);
  const running = main.filter(isRunningAndReady).length;
  return {
    ready: initialization.ready + running,
    total,
    reason: deletionReason(pod, containersReason(status, main, reason, running > 0)),
    restarts: count,
    lastRestart: last,
  };
}

function phaseReason(status: Loose<PodStatus>): string {
  const gated = status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  if (gated === true) return 'SchedulingGated';
  return status.reason === undefined || status.reason === '' ? (status.phase ?? '') : status.reason;
}

interface Initialization {
  /** Set while an init container has not done its work. */
  readonly reason: string | undefined;
  /** Sidecars that are ready. */
  readonly ready: number;
  /** How many init container statuses were looked at. */
  readonly seen: number;
}

function summarizeInitialization(pod: PodRow): Initialization {
  const sidecars = sidecarNames(pod);
  const statuses = pod.status?.initContainerStatuses ?? [];
  const runs = ({ name, started }: Status): boolean => sidecars.has(name ?? '') && started === true;
  const stuck = statuses.findIndex((each) => each.state?.terminated?.exitCode !== 0 && !runs(each));
  const seen = stuck < 0 ? statuses : statuses.slice(0, stuck + 1);
  const ready = seen.filter((each) => runs(each) && each.ready === true).length;
  const container = statuses[stuck];
  if (container === undefined) return { reason: undefined, ready, seen: statuses.length };
  const reason = initReason(container, stuck, pod.spec?.initContainers?.length ?? 0);
  return { reason, ready, seen: stuck + 1 };
}

function initReason({ state }: Status, index: number, count: number): string {
  if (state?.terminated !== undefined) return `Init:${terminationReason(state.terminated)}`;
  const waiting = state?.waiting?.reason ?? '';
  return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${count}`;
}

type Terminated = NonNullable<NonNullable<Status['state']>['terminated']>;

function terminationReason({ reason, signal, exitCode }: Terminated): string {
  if (reason !== undefined && reason !== '') return reason;
  return signal !== undefined && signal !== 0 ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`;
}

/** The first container's own trouble wins over the later ones', any of them over the phase. */
function containersReason(status: Loose<PodStatus>, main: readonly Status[], reason: string, running: boolean): string {
  const troubled = main.map(({ state }) => containerReason(state)).find((each) => each !== undefined) ?? reason;
  if (troubled !== 'Completed' || !running) return troubled;
  return hasCondition(status, 'Ready') ? 'Running' : 'NotReady';
}

function containerReason(state: Status['state']): string | undefined {
  const waiting = state?.waiting?.reason ?? '';
  if (waiting !== '') return waiting;
  return state?.terminated === undefined ? undefined : terminationReason(state.terminated);
}

function isRunningAndReady({ ready, state }: Status): boolean {
  return ready === true && state?.running !== undefined && containerReason(state) === undefined;
}

function deletionReason(pod: PodRow, reason: string): string {
  if ((pod.metadata.deletionTimestamp ?? undefined) === undefined) return reason;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  const phase = pod.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' ? reason : 'Terminating';
}

function sidecarNames(pod: PodRow): ReadonlySet<string> {
  const init = pod.spec?.initContainers ?? [];
  return new Set(init.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name ?? ''));
}

function hasCondition(status: Loose<PodStatus>, type: string): boolean {
  return status.conditions?.find((each) => each.type === type)?.status === 'True';
}

function countRestarts(statuses: readonly Status[]): Restarts {
  const ends = statuses.map(({ lastState }) => lastState?.terminated?.finishedAt ?? '').filter((end) => end !== '');
  const last = ends.toSorted((a, b) => parseTimestamp(a) - parseTimestamp(b)).at(-1);
  return { count: statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0), last };
}

function restartsCell({ restarts, lastRestart }: PodSummary, now: number): string {
  return restarts === 0 || lastRestart === undefined ? `${restarts}` : `${restarts} (${since(lastRestart, now)} ago)`;
}

function readinessGates({ spec, status }: PodRow): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const open = gates.filter(({ conditionType }) => hasCondition(status ?? {}, conditionType ?? ''));
  return `${open.length}/${gates.length}`;
}

const orNone = (text: string | undefined): string => (text === undefined || text === '' ? '<none>' : text);

export const podColumns: readonly Column<PodRow>[] = [
  nameColumn,
  {
    name: 'Ready',
    type: 'string',
    doc: 'Containers that are ready, of all that should be.',
    value: (pod) => {
      const { ready, total } = summarizePod(pod);
      return `${ready}/${total}`;
    },
  },
  {
    name: 'Status',
    type: 'string',
    doc: 'What the pod is doing, in one word.',
    value: (pod) => summarizePod(pod).reason,
  },
  {
    name: 'Restarts',
    type: 'string',
    doc: 'How often its containers were started again, and when the last time.',
    value: (pod, now) => restartsCell(summarizePod(pod), now),
  },
  ageColumn,
  {
    name: 'IP',
    type: 'string',
    priority: 1,
    doc: 'First address of the pod.',
    value: (pod) => orNone(pod.status?.podIPs?.[0]?.ip),
  },
  {
    name: 'Node',
    type: 'string',
    priority: 1,
    doc: 'Node that the pod is bound to.',
    value: (pod) => orNone(pod.spec?.nodeName),
  },
  {
    name: 'Nominated Node',
    type: 'string',
    priority: 1,
    doc: 'Node on which room is being made for the pod.',
    value: (pod) => orNone(pod.status?.nominatedNodeName),
  },
  {
    name: 'Readiness Gates',
    type: 'string',
    priority: 1,
    doc: 'Readiness gates that are open, of all.',
    value: readinessGates,
  },
];
