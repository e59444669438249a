/**
 * One pod's life on this node: observe the runtime, plan, act, tell; over and over, one step at a time.
 *
 *     syncing -> terminating -> terminated -> gone
 *
 * syncing: it should run. terminating: its containers are being stopped, because it is deleted, evicted, over its
 * deadline or finished. terminated: nothing runs, its volumes and cgroups are released; records and logs stay while
 * the API has the pod. gone: the API no longer has it; every trace is removed.
 */
import type { Pod } from '../../api/core/pod.ts';
import type { Timer } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { pauseAfter, type Pauses } from '../../base/pauses.ts';
import { Allocation } from './allocation.ts';
import { Attempts } from './attempts.ts';
import { containerResources } from './resources.ts';
import { failureReason, type PreparedVolumes, type VolumeError } from '../volumes/volume.ts';
import type { PodDeps } from './deps.ts';
import { execute, type ActionContext } from './executor.ts';
import { currentSandbox, hasLiving, nothingRuns, type PodRuntime } from './history.ts';
import { Freshness } from './freshness.ts';
import { describePod } from './names.ts';
import { observe } from './observe.ts';
import { planPod, type Action, type Plan } from './plan.ts';
import { podStatus, type Verdict } from './status.ts';
import { stopAll } from './stop.ts';
import { deadlineExceeded, deadlineOf, erasePod, gracePeriod, releasePod } from './teardown.ts';
import { WaitingError } from './waiting-error.ts';

export type WorkerState = 'syncing' | 'terminating' | 'terminated' | 'gone';

const retry: Pauses = { first: 1000, longest: 60_000 };
const crashLoopFirst = 10_000;
/** How often a resize that did not fit is tried again. */
const resizeRetry = 30_000;

export class PodWorker {
  readonly #deps: PodDeps;
  readonly #stop = new AbortController();
  readonly #attempts: Attempts;
  readonly #allocation: Allocation;
  readonly #freshness: Freshness;
  /** Until when nothing is tried after a failure of the pod as a whole. */
  #pausedUntil = 0;
  /** Aborts what a sync is doing when the pod must stop. */
  #sync = new AbortController();
  #pod: Pod;
  #state: WorkerState = 'syncing';
  #verdict: Verdict | undefined;
  #grace: number | undefined;
  #removed = false;
  #admitted = false;
  #prepared: { readonly version: string; readonly volumes: PreparedVolumes } | undefined;
  #runtime: PodRuntime = nothingRuns;
  #wake: (() => void) | undefined;
  #due = true;
  #timer: Timer | undefined;
  #failures = 0;

  constructor(deps: PodDeps, pod: Pod) {
    this.#deps = deps;
    this.#pod = pod;
    this.#attempts = new Attempts(deps.clock, deps.events);
    this.#freshness = new Freshness(deps);
    this.#allocation = new Allocation(pod, (wanted) => deps.checkResize(wanted));
    if (pod.metadata.deletionTimestamp !== undefined) this.#terminate();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get state(): WorkerState {
    return this.#state;
  }

  get runtime(): PodRuntime {
    return this.#runtime;
  }

  /** Whether the container waits to be started again. */
  isWaiting(container: string): boolean {
    return this.#attempts.waiting.has(container);
  }

  /** Whether the node's resources are set aside for it. Not for what the API has forgotten: new pods may be there. */
  get isAdmitted(): boolean {
    return this.#admitted && !this.#removed && this.#state !== 'terminated' && this.#state !== 'gone';
  }

  update(pod: Pod): void {
    const before = this.#pod.metadata;
    this.#pod = pod;
    // What was wrong may have been put right: an image name, a missing volume.
    if (pod.metadata.generation !== before.generation) this.#resume();
    this.#freshness.podChanged(before, pod.metadata);
    if (pod.metadata.deletionTimestamp !== undefined) {
      const shorter = (pod.metadata.deletionGracePeriodSeconds ?? 0) < (before.deletionGracePeriodSeconds ?? Infinity);
      if (this.#state === 'syncing') this.#terminate();
      else if (this.#state === 'terminating' && shorter) this.#hurry();
    }
    this.kick();
  }

  #resume(): void {
    this.#attempts.resume();
    this.#pausedUntil = 0;
    this.#failures = 0;
  }

  /** Ends the pod although the API has not asked: eviction, deadline, shutdown. `grace` in seconds. */
  fail(verdict: Verdict, grace?: number): void {
    if (this.#state !== 'syncing') return;
    this.#verdict = verdict;
    this.#grace = grace;
    this.#terminate();
    this.kick();
  }

  /** The API no longer has the pod. */
  remove(): void {
    this.#removed = true;
    if (this.#state === 'syncing') this.#terminate();
    this.kick();
  }

  /** Something may have changed. */
  kick(): void {
    this.#due = true;
    this.#wake?.();
  }

  /** Until the pod is gone, or the agent stops (which leaves its containers running). */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => {
      this.#stop.abort(signal.reason);
      this.#sync.abort(signal.reason);
      this.kick();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      while (!signal.aborted && this.#state !== 'gone') await this.#turn();
    } finally {
      this.#timer?.cancel();
      signal.removeEventListener('abort', onAbort);
      this.#deps.probes.forget(this.#pod.metadata.uid);
      this.#deps.volumes.unfollow(this.#pod.metadata.uid);
    }
  }

  async #turn(): Promise<void> {
    if (!this.#due) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    this.#due = false;
    if (this.#stop.signal.aborted) return;
    this.#timer?.cancel();
    const before = this.#state;
    const pause = this.#pausedUntil - this.#deps.clock.now();
    if (pause > 0) return this.#wakeIn(pause);
    try {
      if (this.#state === 'syncing') await this.#syncOnce();
      else if (this.#state === 'terminating') await this.#terminateOnce();
      else if (this.#removed) await this.#erase();
      else this.#publish();
      this.#failures = 0;
    } catch (error) {
      if (this.#stop.signal.aborted || before !== this.#state) this.kick();
      else this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    const delay = pauseAfter(this.#failures, retry);
    const about = { pod: describePod(this.#pod), state: this.#state, retryInSeconds: delay / 1000 };
    this.#deps.log.warn('pod step failed', { ...about, error: messageOf(error) });
    this.#pausedUntil = this.#deps.clock.now() + delay;
    this.#wakeIn(delay);
  }

  #wakeIn(delay: number): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(Math.max(0, delay), () => this.kick());
  }

  async #observe(): Promise<void> {
    this.#runtime = await observe(this.#deps.runtime, this.#pod, this.#deps.config);
  }

  async #syncOnce(): Promise<void> {
    const deps = this.#deps;
    await this.#observe();
    if (!(await this.#admit()) || this.#isOverDeadline()) return;
    const pod = this.#allocation.granted(this.#pod);
    const plan = this.#plan(pod);
    if (plan.finished) {
      this.#terminate();
      return this.kick();
    }
    this.#attempts.crashLoops(pod, plan.crashLoops);
    // Before the status is told: what was known of probes before a restart still holds.
    deps.probes.follow(pod, this.#podIps()[0] ?? '', this.#runtime.containers);
    this.#publish();
    if (currentSandbox(this.#runtime) !== undefined) {
      deps.volumes.follow(this.#pod);
      await this.#freshness.ensure(deps.facts(this.#pod, this.#podIps()));
    }
    if (plan.actions.length === 0) return this.#rest(plan.wakeAt);
    await this.#act(plan, pod);
    if (this.#sync.signal.aborted) return this.kick();
    await this.#observe();
    this.#publish();
    // The next plan says whether there is more to do, and until when to wait if not.
    this.kick();
  }

  #plan(pod: Pod): Plan {
    const { clock, config, probes, resources, statuses } = this.#deps;
    return planPod({
      pod,
      runtime: this.#runtime,
      previous: statuses.told(this.#pod),
      now: clock.now(),
      backoff: {
        limits: { first: crashLoopFirst, longest: config.maxCrashLoopBackOff * 1000 },
        entries: this.#attempts.backoff,
      },
      probes,
      held: this.#attempts.held,
      resources: (container) => containerResources(pod, container, resources),
    });
  }

  /** Sleeps until something happens, or until the given time, the pod's deadline or a token's renewal. */
  #rest(wakeAt: number | undefined): void {
    const retry = this.#allocation.isDeferred ? this.#deps.clock.now() + resizeRetry : undefined;
    const times = [wakeAt, this.#deadline(), this.#freshness.dueAt(this.#pod.metadata.uid), retry].filter(
      (time) => time !== undefined,
    );
    if (times.length > 0) this.#wakeIn(Math.min(...times) - this.#deps.clock.now());
  }

  /** Whether the pod may run here; asked only before anything was made for it. */
  async #admit(): Promise<boolean> {
    if (this.#admitted) return true;
    const begun = this.#runtime.sandboxes.length > 0 || this.#pod.status?.startTime !== undefined;
    const verdict = begun ? undefined : await this.#deps.admit(this.#pod);
    if (verdict === undefined) {
      this.#admitted = true;
      return this.#state === 'syncing';
    }
    this.#deps.events.pod(this.#pod, 'Warning', verdict.reason, verdict.message);
    this.fail(verdict, 0);
    return false;
  }

  #deadline(): number | undefined {
    const startTime = this.#deps.statuses.told(this.#pod)?.startTime;
    return deadlineOf(this.#pod, startTime);
  }

  #isOverDeadline(): boolean {
    const deadline = this.#deadline();
    if (deadline === undefined || deadline > this.#deps.clock.now()) return false;
    this.#deps.events.pod(this.#pod, 'Normal', deadlineExceeded.reason, deadlineExceeded.message);
    this.fail(deadlineExceeded);
    return true;
  }

  async #act(plan: Plan, pod: Pod): Promise<void> {
    const volumes = await this.#prepare(pod);
    for (const action of plan.actions) {
      if (this.#sync.signal.aborted) return;
      await this.#actOne(action, pod, volumes);
      if (action.type === 'createSandbox') await this.#observe();
    }
  }

  async #actOne(action: Action, pod: Pod, volumes: PreparedVolumes): Promise<void> {
    const context: ActionContext = {
      pod,
      runtime: this.#runtime,
      sandbox: currentSandbox(this.#runtime),
      volumes,
      podIps: this.#podIps(),
      signal: this.#sync.signal,
    };
    if (action.type === 'resizeContainer') return this.#resize(action, context);
    if (action.type !== 'startContainer') return execute(this.#deps, action, context);
    const { name } = action.container.spec;
    this.#attempts.begin(name, action.backoff);
    try {
      await execute(this.#deps, action, context);
      this.#attempts.succeeded(name);
    } catch (error) {
      if (!(error instanceof WaitingError)) throw error;
      this.#attempts.failed(name, error);
    }
  }

  async #resize(action: Action, context: ActionContext): Promise<void> {
    try {
      await execute(this.#deps, action, context);
      this.#allocation.actuated(undefined);
    } catch (error) {
      this.#allocation.actuated(messageOf(error));
      throw error;
    }
  }

  /** Volumes and cgroups. */
  async #prepare(pod: Pod): Promise<PreparedVolumes> {
    const deps = this.#deps;
    const version = `${pod.metadata.generation ?? 0}`;
    if (this.#prepared?.version === version) return this.#prepared.volumes;
    await deps.cgroups.ensure(pod);
    this.#freshness.renewed();
    const failed = (error: VolumeError): void => deps.events.pod(pod, 'Warning', failureReason(error), error.message);
    const volumes = await deps.volumes.prepare(deps.facts(pod, this.#podIps()), this.#sync.signal, failed);
    this.#prepared = { version, volumes };
    return volumes;
  }

  /** Configuration that the pod refers to has changed, or what failed for want of something may succeed now. */
  configurationChanged(): void {
    this.#freshness.changed();
    // Something may have waited for it, or failed without it.
    if (this.#prepared === undefined || this.#failures > 0 || this.#attempts.held.size > 0) this.#resume();
    this.kick();
  }

  #podIps(): readonly string[] {
    if (this.#pod.spec?.hostNetwork === true) return this.#deps.config.addresses.slice(0, 2);
    return currentSandbox(this.#runtime)?.ips ?? [];
  }

  #publish(): void {
    const { statuses, clock, config, probes } = this.#deps;
    const over = this.#state === 'terminated';
    const status = podStatus({
      pod: this.#allocation.granted(this.#pod),
      runtime: this.#runtime,
      previous: statuses.told(this.#pod),
      now: clock.now(),
      hostIps: config.addresses,
      waiting: this.#attempts.waiting,
      probes,
      verdict: this.#verdict,
      terminated: over,
      resize: { conditions: this.#allocation.conditions() },
    });
    statuses.publish(this.#pod, status, over);
  }

  #terminate(): void {
    this.#state = 'terminating';
    this.#pausedUntil = 0;
    this.#sync.abort(new Error('the pod is stopping'));
    this.#deps.volumes.unfollow(this.#pod.metadata.uid);
  }

  /** The grace became shorter while containers are being stopped. */
  #hurry(): void {
    const running = this.#runtime.containers.filter((each) => each.state === 'running');
    for (const { id } of running) {
      this.#deps.runtime.stopContainer(id, gracePeriod(this.#pod, this.#grace)).catch((error: unknown) => {
        this.#deps.log.warn('cannot stop a container', { id, error: messageOf(error) });
      });
    }
  }

  async #terminateOnce(): Promise<void> {
    const deps = this.#deps;
    const pod = this.#pod;
    const { uid } = pod.metadata;
    await this.#observe();
    deps.probes.stopLiveness(uid);
    this.#publish();
    if (hasLiving(this.#runtime)) {
      const request = { pod, podIp: this.#podIps()[0] ?? '', grace: gracePeriod(this.#pod, this.#grace) };
      await stopAll(deps, this.#runtime, request);
      await this.#observe();
    }
    deps.probes.forget(uid);
    this.#publish();
    await releasePod(deps, pod, this.#runtime, this.#verdict);
    await this.#observe();
    this.#state = 'terminated';
    this.#publish();
    if (this.#removed) this.kick();
  }

  async #erase(): Promise<void> {
    await erasePod(this.#deps, this.#pod, this.#runtime);
    this.#state = 'gone';
  }
}
