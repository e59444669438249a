/** A pod's conditions with upstream's reasons and messages. Pure. */
import type { ContainerStatus, PodCondition } from '../../api/core/pod-status.ts';
import type { Pod } from '../../api/core/pod.ts';
import { timestamp } from '../../base/clock.ts';
import { currentSandbox } from './history.ts';
import type { Phase } from './phase.ts';
import type { StatusInput } from './status.ts';

interface Input extends StatusInput {
  readonly phase: Phase;
  readonly init: readonly ContainerStatus[];
  readonly regular: readonly ContainerStatus[];
}

type Found = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Conditions that the agent owns; others in the status belong to whoever set them. */
export const ownedConditions: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  'PodResizePending',
  'PodResizeInProgress',
]);

export function podConditions(input: Input): readonly PodCondition[] {
  const containersReady = containersReadyCondition(input);
  const found: Found[] = [
    sandboxCondition(input),
    initializedCondition(input),
    readyCondition(input, containersReady),
    containersReady,
    { type: 'PodScheduled', status: 'True' },
    ...(input.resize?.conditions ?? []),
    ...(input.verdict?.conditions ?? []),
  ];
  const own = found.map((each) => dated(input, each));
  return [...own, ...foreignConditions(input, new Set(own.map(({ type }) => type)))];
}

/** What others say, as they say it now; what this agent said of its own accord before it forgot why. */
function foreignConditions({ pod, previous }: Input, own: ReadonlySet<string>): readonly PodCondition[] {
  const said = pod.status?.conditions ?? [];
  const told = previous?.conditions?.filter(({ type }) => !said.some((each) => each.type === type)) ?? [];
  return [...said, ...told].filter(({ type }) => !ownedConditions.has(type) && !own.has(type));
}

function dated(input: Input, found: Found): PodCondition {
  const before = input.previous?.conditions?.find((each) => each.type === found.type);
  const same = before?.status === found.status;
  return {
    ...found,
    ...(input.pod.metadata.generation === undefined ? {} : { observedGeneration: input.pod.metadata.generation }),
    lastTransitionTime: (same ? before.lastTransitionTime : undefined) ?? timestamp(input.now),
  };
}

function sandboxCondition(input: Input): Found {
  const sandbox = currentSandbox(input.runtime);
  const ready = sandbox?.state === 'ready' && (input.pod.spec?.hostNetwork === true || sandbox.ips.length > 0);
  return { type: 'PodReadyToStartContainers', status: ready ? 'True' : 'False' };
}

function initializedCondition(input: Input): Found {
  const type = 'Initialized';
  if (input.phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' };
  const begun = input.regular.some(
    (each) => each.state?.waiting === undefined || each.lastState?.terminated !== undefined,
  );
  const sidecars = sidecarNames(input.pod);
  const incomplete = input.init
    .filter((each) => (sidecars.has(each.name) ? each.started !== true : !each.ready))
    .map((each) => each.name);
  if (begun || incomplete.length === 0) return { type, status: 'True' };
  return notReady(type, 'ContainersNotInitialized', `containers with incomplete status: [${incomplete.join(' ')}]`);
}

function containersReadyCondition(input: Input): Found {
  const type = 'ContainersReady';
  if (input.phase === 'Succeeded') return notReady(type, 'PodCompleted');
  if (input.phase === 'Failed') return notReady(type, 'PodFailed');
  const sidecars = sidecarNames(input.pod);
  const unready = [...input.init.filter((each) => sidecars.has(each.name)), ...input.regular]
    .filter((each) => !each.ready)
    .map((each) => each.name);
  if (unready.length === 0) return { type, status: 'True' };
  return notReady(type, 'ContainersNotReady', `containers with unready status: [${unready.join(' ')}]`);
}

function readyCondition(input: Input, containers: Found): Found {
  if (containers.status !== 'True') return { ...containers, type: 'Ready' };
  const complaints: string[] = [];
  for (const { conditionType } of input.pod.spec?.readinessGates ?? []) {
    const gate = (input.pod.status?.conditions ?? []).find((each) => each.type === conditionType);
    if (gate === undefined)
      complaints.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (gate.status !== 'True') {
      complaints.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`);
    }
  }
  if (complaints.length === 0) return { type: 'Ready', status: 'True' };
  return notReady(
    'Ready',
    'ReadinessGatesNotReady',
    complaints.length === 1 ? complaints.join('') : `[${complaints.join(', ')}]`,
  );
}

function sidecarNames(pod: Pod): ReadonlySet<string> {
  return new Set(
    (pod.spec?.initContainers ?? []).filter((each) => each.restartPolicy === 'Always').map((each) => each.name),
  );
}

function notReady(type: string, reason: string, message?: string): Found {
  return { type, status: 'False', reason, ...(message === undefined ? {} : { message }) };
}
