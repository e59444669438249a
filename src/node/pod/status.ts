/** A pod's status, from its spec, the runtime, the probes and the status before. Pure. */
import type { ContainerState, ContainerStatus as ApiContainerStatus } from '../../api/core/pod-status.ts';
import type { PodCondition, PodStatus } from '../../api/core/pod-status.ts';
import type { Pod } from '../../api/core/pod.ts';
import { timestamp } from '../../base/clock.ts';
import { formatReference, parseReference } from '../../image/reference.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import { podConditions } from './conditions.ts';
import { attemptsOf, currentSandbox, type PodRuntime } from './history.ts';
import { hasBeen, lostExitCode, toldOf } from './told.ts';
import { containerId, containersOf, type SpecContainer } from './names.ts';
import { podPhase } from './phase.ts';
import { qosClass } from './resources.ts';
import { shouldRestart } from './restart.ts';

/** Why a container could not be started, as users know it: `ErrImagePull`, `CrashLoopBackOff` ... */
export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

export interface ReadinessView {
  started(container: ContainerStatus): boolean;
  ready(container: ContainerStatus): boolean;
}

/** A verdict that overrides what the containers say: evicted, over its deadline, refused by the node. */
export interface Verdict {
  readonly phase: 'Failed';
  readonly reason: string;
  readonly message: string;
  /** Added to the conditions, such as DisruptionTarget. */
  readonly conditions?: readonly PodCondition[];
}

export interface StatusInput {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  /** What was last said; the API's status after a restart of the agent. */
  readonly previous: PodStatus | undefined;
  readonly now: number;
  readonly hostIps: readonly string[];
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  readonly probes: ReadinessView;
  readonly verdict: Verdict | undefined;
  /** Nothing of the pod runs any more and nothing will. */
  readonly terminated: boolean;
  /** Resources in force per container and any resize under way. */
  readonly resize?: Pick<PodStatus, 'conditions'>;
}

export function podStatus(input: StatusInput): PodStatus {
  const { pod, previous, verdict } = input;
  const containers = containersOf(pod);
  const of = (role: SpecContainer['role']): ApiContainerStatus[] =>
    containers.filter((each) => each.role === role).map((each) => containerStatus(input, each));
  const init = of('init');
  const regular = of('regular');
  const ephemeral = of('ephemeral');
  const phase = verdict?.phase ?? podPhase(pod, init, regular, input.terminated, previous?.phase);
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: podConditions({ ...input, phase, init, regular }),
    ...why(input, phase),
    ...addresses(input.hostIps, podIps(input)),
    startTime: previous?.startTime ?? timestamp(input.now),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    ...(regular.length > 0 ? { containerStatuses: regular } : {}),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: pod.status?.qosClass ?? qosClass(pod),
  };
}

/** Reason and message of the pod as a whole: the verdict's, or what was said before in the same phase. */
function why({ verdict, previous }: StatusInput, phase: string): Pick<PodStatus, 'reason' | 'message'> {
  const { reason = '', message = '' } = verdict ?? (phase === previous?.phase ? previous : {});
  return { ...(message === '' ? {} : { message }), ...(reason === '' ? {} : { reason }) };
}

function podIps(input: StatusInput): readonly string[] {
  if (input.pod.spec?.hostNetwork === true) return input.hostIps.slice(0, 2);
  const live = currentSandbox(input.runtime)?.ips ?? [];
  if (live.length > 0) return live;
  return (input.previous?.podIPs ?? []).map((each) => each.ip);
}

function addresses(hostIps: readonly string[], ips: readonly string[]): Partial<PodStatus> {
  return {
    ...(hostIps[0] === undefined ? {} : { hostIP: hostIps[0], hostIPs: hostIps.slice(0, 2).map((ip) => ({ ip })) }),
    ...(ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
  };
}

function containerStatus(input: StatusInput, each: SpecContainer): ApiContainerStatus {
  const [newest, ...older] = attemptsOf(input.runtime, each.spec.name).filter((one) => one.state !== 'created');
  const before = toldOf(input.previous, each);
  if (newest === undefined || isOlder(newest, before)) return vanished(input, each, before);
  const waiting = shouldRestart(input.pod, each, newest) ? input.waiting.get(each.spec.name) : undefined;
  const ended = newest.state === 'exited' ? newest : older.find((one) => one.state === 'exited');
  const state = waiting === undefined ? stateOf(newest) : { waiting };
  const last = newest.state === 'exited' && waiting === undefined ? older.find((one) => one.state === 'exited') : ended;
  const running = newest.state === 'running';
  const started = running && input.probes.started(newest);
  return {
    name: each.spec.name,
    state,
    lastState: lastStateOf(newest, last, before),
    ready: isReady(input, each, newest, started),
    restartCount: newest.attempt,
    image: imageName(newest),
    imageID: newest.imageRef,
    containerID: containerId(newest),
    started,
    ...inForce(input, each, newest),
  };
}

/** Than what was told: the record of a later one is gone. */
const isOlder = (newest: ContainerStatus, before: ApiContainerStatus | undefined): boolean =>
  newest.attempt < (before?.restartCount ?? 0);

/** Where the record of the attempt between them is gone, what was told of it stays. */
function lastStateOf(
  newest: ContainerStatus,
  last: ContainerStatus | undefined,
  before: ApiContainerStatus | undefined,
): ContainerState {
  return last !== undefined && last.attempt >= newest.attempt - 1 ? stateOf(last) : (before?.lastState ?? {});
}

/** The full name of what the user wrote; runtimes may know only an id. */
function imageName({ image, userImage }: ContainerStatus): string {
  if (image !== '' && !image.startsWith('sha256:')) return image;
  try {
    return formatReference(parseReference(userImage));
  } catch {
    // A digest or an id, as runtimes allow: shown as it is.
    return userImage;
  }
}

function isReady(input: StatusInput, each: SpecContainer, newest: ContainerStatus, started: boolean): boolean {
  if (each.role === 'ephemeral') return false;
  if (each.role === 'init' && !each.sidecar) return newest.state === 'exited' && newest.exitCode === 0;
  return started && input.probes.ready(newest);
}

/** Resources, mounts and user of a container that has been made. */
function inForce(input: StatusInput, each: SpecContainer, status: ContainerStatus): Partial<ApiContainerStatus> {
  const running = status.state === 'running';
  const { limits, requests } = each.spec.resources ?? {};
  const resources = {
    ...(limits === undefined ? {} : { limits }),
    ...(requests === undefined ? {} : { requests }),
  };
  const mounts = volumeMountStatuses(input.pod, each);
  return {
    ...(running && requests !== undefined && each.role !== 'ephemeral' ? { allocatedResources: requests } : {}),
    ...(running && each.role !== 'ephemeral' ? { resources } : {}),
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
    ...(running && status.user !== undefined ? { user: { linux: userOf(status.user) } } : {}),
  };
}

function userOf(user: NonNullable<ContainerStatus['user']>): {
  uid: number;
  gid: number;
  supplementalGroups?: readonly number[];
} {
  return {
    uid: user.uid,
    gid: user.gid,
    ...(user.supplementalGroups.length > 0 ? { supplementalGroups: user.supplementalGroups } : {}),
  };
}

function volumeMountStatuses(pod: Pod, each: SpecContainer): NonNullable<ApiContainerStatus['volumeMounts']> {
  const names = new Set((pod.spec?.volumes ?? []).map((volume) => volume.name));
  return (each.spec.volumeMounts ?? [])
    .filter((mount) => names.has(mount.name))
    .map((mount) => ({
      name: mount.name,
      mountPath: mount.mountPath,
      ...(mount.readOnly === true ? { readOnly: true, recursiveReadOnly: recursive(mount.recursiveReadOnly) } : {}),
    }));
}

const recursive = (wanted: string | undefined): string =>
  wanted === 'Enabled' || wanted === 'IfPossible' ? 'Enabled' : 'Disabled';

function stateOf(status: ContainerStatus): ContainerState {
  if (status.state === 'running') return { running: { startedAt: timestamp(status.startedAt) } };
  return {
    terminated: {
      exitCode: status.exitCode,
      reason: terminatedReason(status),
      ...(status.message === '' ? {} : { message: status.message }),
      ...(status.startedAt === 0 ? {} : { startedAt: timestamp(status.startedAt) }),
      ...(status.finishedAt === 0 ? {} : { finishedAt: timestamp(status.finishedAt) }),
      containerID: containerId(status),
    },
  };
}

function terminatedReason(status: ContainerStatus): string {
  if (status.state === 'unknown') return 'ContainerStatusUnknown';
  if (status.reason !== '') return status.reason;
  return status.exitCode === 0 ? 'Completed' : 'Error';
}

/** The runtime knows no container of this name: not yet, or its record is gone. */
function vanished(input: StatusInput, each: SpecContainer, before: ApiContainerStatus | undefined): ApiContainerStatus {
  const { name, image = '' } = each.spec;
  const waits = input.waiting.get(name);
  const ended = before === undefined ? undefined : endedBefore(input, each, before);
  if (ended !== undefined) return ended;
  const { lastState = {}, restartCount = 0 } = before ?? {};
  const waiting = waits ?? { reason: hasInit(input.pod) ? 'PodInitializing' : 'ContainerCreating' };
  return { name, state: { waiting }, lastState, ready: false, restartCount, image, imageID: '', started: false };
}

/** What is told of one that has been; undefined when it is to start. */
function endedBefore(
  input: StatusInput,
  each: SpecContainer,
  before: ApiContainerStatus,
): ApiContainerStatus | undefined {
  const { state = {}, lastState = {} } = before;
  if (state.running !== undefined) return lost(input, each, before);
  const waits = input.waiting.has(each.spec.name);
  if (state.terminated !== undefined && !waits) return { ...before, ready: false };
  if (input.terminated && hasBeen(lastState)) return { ...before, state: unlocated, ready: false };
  return undefined;
}

/** What all containers of such a pod wait for, those that initialize it among them. */
const hasInit = (pod: Pod): boolean => (pod.spec?.initContainers ?? []).length > 0;

const unlocated: ContainerState = {
  terminated: {
    exitCode: lostExitCode,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
  },
};

/** It ran when last seen and left no trace: the machine restarted, or someone removed it. */
function lost(input: StatusInput, each: SpecContainer, before: ApiContainerStatus): ApiContainerStatus {
  const waiting = input.waiting.get(each.spec.name) ?? { reason: 'ContainerCreating' };
  const { containerID: _, ...rest } = before;
  return {
    ...rest,
    state: input.terminated ? unlocated : { waiting },
    lastState: input.terminated ? (before.lastState ?? {}) : unlocated,
    ready: false,
    started: false,
  };
}
