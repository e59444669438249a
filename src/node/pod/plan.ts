/**
 * What must be done for a pod that should run: a pure function of the pod, what the runtime says and the time.
 *
 * Guarantees: applying a plan's actions and planning again yields nothing until the time, the pod or the runtime
 * changes. Containers start in upstream's order: sandbox; init containers one by one, a sidecar counting as done
 * once it has started; then regular ones. Ephemeral containers start whenever the sandbox is ready.
 *
 * A container that is 'created' never ran: it is replaced under the same attempt, so that an agent killed
 * between create and start does not count as a restart.
 */
import type { PodStatus } from '../../api/core/pod-status.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { ContainerResources, ContainerStatus, SandboxStatus } from '../../runtime/runtime.ts';
import { dueAt, nextEntry, type BackoffEntry, type BackoffLimits } from './backoff.ts';
import { attemptsOf, currentSandbox, isAlive, type PodRuntime } from './history.ts';
import { annotation, containerHash, containersOf, type AnyContainer, type SpecContainer } from './names.ts';
import { podFinished, shouldRestart } from './restart.ts';
import { attemptAfter, toldOf } from './told.ts';

export type KillReason = 'definitionChanged' | 'livenessFailed' | 'startupFailed' | 'resized' | 'surplus';

export type Action =
  /** Everything of an old sandbox goes: its containers are stopped, then it is. */
  | { readonly type: 'stopSandbox'; readonly sandbox: SandboxStatus }
  | { readonly type: 'createSandbox'; readonly attempt: number }
  | { readonly type: 'killContainer'; readonly container: ContainerStatus; readonly reason: KillReason }
  /** Changes the limits of a running container in place. */
  | { readonly type: 'resizeContainer'; readonly container: ContainerStatus; readonly resources: ContainerResources }
  /** Frees what a dead or never started container holds. */
  | { readonly type: 'removeContainer'; readonly container: ContainerStatus }
  /** Pull its image if need be, create it, start it, run its postStart hook. */
  | {
      readonly type: 'startContainer';
      readonly container: SpecContainer;
      readonly attempt: number;
      /** To remember when it is a restart. */
      readonly backoff?: BackoffEntry;
    };

export interface PlanInput {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  /** What was last said; the API's status after a restart of the agent. */
  readonly previous: PodStatus | undefined;
  readonly now: number;
  readonly backoff: {
    readonly limits: BackoffLimits;
    readonly entries: ReadonlyMap<string, BackoffEntry>;
  };
  readonly probes: ProbeView;
  /** Containers that failed to start, and when to try them again, in milliseconds since the epoch. */
  readonly held: ReadonlyMap<string, number>;
  /** What a container should be limited to. */
  resources(container: AnyContainer): ContainerResources;
}

/** What the probes have found out about a container that runs. */
export interface ProbeView {
  /** Its startup probe, if any, has succeeded. */
  started(container: ContainerStatus): boolean;
  /** A probe has given up on it: it must be restarted. */
  failed(container: ContainerStatus): 'livenessFailed' | 'startupFailed' | undefined;
}

/** A container that would start but for its back-off. */
export interface CrashLoop {
  readonly name: string;
  readonly container: ContainerStatus;
  readonly delay: number;
}

export interface Plan {
  readonly actions: readonly Action[];
  /** When to plan again although nothing changes, in milliseconds since the epoch. */
  readonly wakeAt: number | undefined;
  readonly crashLoops: readonly CrashLoop[];
  /** Nothing runs and nothing will: the pod has succeeded or failed. */
  readonly finished: boolean;
}

const nothing: Plan = { actions: [], wakeAt: undefined, crashLoops: [], finished: false };

export function planPod(input: PlanInput): Plan {
  const { pod, runtime } = input;
  if (podFinished(pod, runtime, input.previous)) return { ...nothing, finished: true };
  const sandbox = currentSandbox(runtime);
  const surplus = runtime.sandboxes
    .filter((each) => each.state === 'ready' && each.id !== sandbox?.id)
    .map((each): Action => ({ type: 'stopSandbox', sandbox: each }));
  if (sandbox === undefined || sandbox.state !== 'ready') {
    return { ...nothing, actions: [...surplus, ...replaceSandbox(pod, sandbox, runtime)] };
  }
  const draft: Draft = { input, sandbox, actions: [], crashLoops: [], wakeAt: undefined };
  planContainers(draft);
  return {
    actions: [...surplus, ...draft.actions],
    wakeAt: draft.wakeAt,
    crashLoops: draft.crashLoops,
    finished: false,
  };
}

/**
 * A new sandbox means that containers start anew, so old ones are stopped first. A pod that never restarts
 * gets no second sandbox once a container has run.
 */
function replaceSandbox(pod: Pod, old: SandboxStatus | undefined, runtime: PodRuntime): readonly Action[] {
  const create: Action = { type: 'createSandbox', attempt: old === undefined ? 0 : old.metadata.attempt + 1 };
  if (old === undefined) return [create];
  const stop: Action = { type: 'stopSandbox', sandbox: old };
  const lives = runtime.containers.some((each) => each.sandboxId === old.id && isAlive(each));
  const stays = pod.spec?.restartPolicy === 'Never' && runtime.containers.some((each) => each.state !== 'created');
  if (stays) return lives ? [stop] : [];
  return lives ? [stop, create] : [create];
}

interface Draft {
  readonly input: PlanInput;
  readonly sandbox: SandboxStatus;
  readonly actions: Action[];
  readonly crashLoops: CrashLoop[];
  wakeAt: number | undefined;
}

function planContainers(draft: Draft): void {
  const { pod } = draft.input;
  const all = containersOf(pod);
  for (const each of all) {
    pruneDead(draft, each);
    if (each.role === 'ephemeral' && newestHere(draft, each) === undefined) start(draft, each);
  }
  const regular = all.filter((each) => each.role === 'regular');
  const inits = all.filter((each) => each.role === 'init');
  if (!planInits(draft, inits, regular)) return;
  for (const each of regular) keepRunning(draft, each);
}

/** The newest attempt in the sandbox that counts: what ran in an older one starts again. */
function newestHere(draft: Draft, each: SpecContainer): ContainerStatus | undefined {
  return attemptsOf(draft.input.runtime, each.spec.name).find((status) => status.sandboxId === draft.sandbox.id);
}

/**
 * Starts the next init container and keeps sidecars running; true when regular containers may start. Once a
 * regular container exists, init containers are over, whatever became of their records.
 */
function planInits(draft: Draft, inits: readonly SpecContainer[], regular: readonly SpecContainer[]): boolean {
  if (regular.some((each) => newestHere(draft, each) !== undefined)) {
    for (const each of inits) if (each.sidecar) keepRunning(draft, each);
    return true;
  }
  const reached = inits.findLastIndex((each) => newestHere(draft, each) !== undefined);
  for (const [index, each] of inits.entries()) {
    const status = newestHere(draft, each);
    if (!each.sidecar && (status === undefined ? index < reached : hasSucceeded(status))) continue;
    keepRunning(draft, each);
    if (!each.sidecar || !hasStarted(draft, status)) return false;
  }
  return true;
}

const hasSucceeded = (status: ContainerStatus): boolean => status.state === 'exited' && status.exitCode === 0;

const hasStarted = (draft: Draft, status: ContainerStatus | undefined): boolean =>
  status !== undefined && isAlive(status) && draft.input.probes.started(status);

/** Starts, restarts or replaces one container. */
function keepRunning(draft: Draft, each: SpecContainer): void {
  const status = newestHere(draft, each) ?? succeededBefore(draft, each);
  if (status === undefined || !isAlive(status)) {
    if (shouldRestart(draft.input.pod, each, status)) start(draft, each);
    return;
  }
  const hash = status.annotations[annotation.hash];
  const changed = hash !== undefined && hash !== containerHash(each.spec);
  const reason = changed ? 'definitionChanged' : draft.input.probes.failed(status);
  if (reason !== undefined) draft.actions.push({ type: 'killContainer', container: status, reason });
  else resize(draft, each, status);
}

const resized = ['cpuShares', 'cpuQuota', 'memoryLimit'] as const;

/** In place, or by a restart where the container asks for one when that resource changes. */
function resize(draft: Draft, each: SpecContainer, status: ContainerStatus): void {
  const wanted = draft.input.resources(each.spec);
  const changed = resized.filter((name) => wanted[name] !== undefined && wanted[name] !== status.resources[name]);
  if (changed.length === 0) return;
  const names = changed.map((name) => (name === 'memoryLimit' ? 'memory' : 'cpu'));
  const restart = (each.spec.resizePolicy ?? []).some(
    (policy) => policy.restartPolicy === 'RestartContainer' && names.includes(policy.resourceName as 'cpu' | 'memory'),
  );
  if (restart) draft.actions.push({ type: 'killContainer', container: status, reason: 'resized' });
  else draft.actions.push({ type: 'resizeContainer', container: status, resources: wanted });
}

/** What succeeded in an older sandbox is not run again unless it always restarts. */
function succeededBefore(draft: Draft, each: SpecContainer): ContainerStatus | undefined {
  const newest = attemptsOf(draft.input.runtime, each.spec.name)[0];
  return newest !== undefined && hasSucceeded(newest) && each.role === 'regular' ? newest : undefined;
}

function start(draft: Draft, each: SpecContainer): void {
  const { now, runtime, previous, held } = draft.input;
  const heldUntil = held.get(each.spec.name) ?? 0;
  if (heldUntil > now) return wakeAt(draft, heldUntil);
  const attempts = attemptsOf(runtime, each.spec.name);
  const [newest] = attempts;
  const neverRan = newest?.state === 'created' ? newest : undefined;
  if (neverRan !== undefined) draft.actions.push({ type: 'removeContainer', container: neverRan });
  // A power cut may have taken the newest records and left older ones.
  const known = neverRan?.attempt ?? (newest === undefined ? 0 : newest.attempt + 1);
  const attempt = Math.max(known, attemptAfter(toldOf(previous, each)));
  const dead = attempts.find((status) => status.state === 'exited');
  if (dead?.sandboxId === draft.sandbox.id) restart(draft, each, dead, attempt);
  else draft.actions.push({ type: 'startContainer', container: each, attempt });
}

function restart(draft: Draft, each: SpecContainer, dead: ContainerStatus, attempt: number): void {
  const { now, backoff } = draft.input;
  const { name } = each.spec;
  const entry = backoff.entries.get(name);
  const due = dueAt(entry, dead.finishedAt, backoff.limits);
  if (due === undefined || due <= now) {
    const next = nextEntry(entry, dead.finishedAt, now, backoff.limits);
    draft.actions.push({ type: 'startContainer', container: each, attempt, backoff: next });
    return;
  }
  draft.crashLoops.push({ name, container: dead, delay: entry?.delay ?? 0 });
  wakeAt(draft, due);
}

function wakeAt(draft: Draft, time: number): void {
  draft.wakeAt = Math.min(draft.wakeAt ?? time, time);
}

/** One dead attempt stays beside the newest, for `logs --previous` and lastState. */
function pruneDead(draft: Draft, each: SpecContainer): void {
  const dead = attemptsOf(draft.input.runtime, each.spec.name)
    .slice(1)
    .filter((status) => !isAlive(status));
  for (const container of dead.slice(1)) draft.actions.push({ type: 'removeContainer', container });
}
