/**
 * All pods of this node: one worker each, fed by the API, by static manifests and by the runtime's events; and
 * what is left on disk of pods that nobody knows any more.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../api/core/pod.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import type { RuntimeEvent, SandboxStatus } from '../runtime/runtime.ts';
import type { PodDeps } from './pod/deps.ts';
import { removeContainer } from './pod/executor.ts';
import { isAlive } from './pod/history.ts';
import { annotation, describePod, isMirror, namespaceOf, podPaths } from './pod/names.ts';
import { observe } from './pod/observe.ts';
import { stopAll } from './pod/stop.ts';
import { PodWorker } from './pod/worker.ts';
import type { Verdict } from './pod/status.ts';

/** Milliseconds that workers get to end what they are doing when the agent stops. */
const stopPatience = 500;

export class Pods {
  readonly name = 'pods';
  readonly #deps: PodDeps;
  readonly #workers = new Map<string, PodWorker>();
  readonly #running = new Set<Promise<void>>();
  readonly #orphans = new Set<string>();
  readonly #sandboxPods = new Map<string, string>();
  readonly #halted = new AbortController();
  #signal: AbortSignal | undefined;
  #waiting: Pod[] = [];

  constructor(deps: PodDeps) {
    this.#deps = deps;
  }

  /** Workers of all pods, the mirrors of static ones excepted. */
  workers(): readonly PodWorker[] {
    return [...this.#workers.values()];
  }

  find(namespace: string, name: string, uid?: string): PodWorker | undefined {
    for (const worker of this.#workers.values()) {
      const { pod } = worker;
      if (pod.metadata.name !== name || namespaceOf(pod) !== namespace) continue;
      if (uid === undefined || uid === '' || pod.metadata.uid === uid) return worker;
    }
    return undefined;
  }

  byUid(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }

  /** The pod is new or has changed. */
  put(pod: Pod): void {
    if (isMirror(pod)) return;
    const worker = this.#workers.get(pod.metadata.uid);
    if (worker !== undefined) return worker.update(pod);
    if (this.#signal === undefined) this.#waiting.push(pod);
    else this.#start(pod, this.#signal);
  }

  remove(pod: Pod): void {
    this.#waiting = this.#waiting.filter((each) => each.metadata.uid !== pod.metadata.uid);
    const worker = this.#workers.get(pod.metadata.uid);
    if (worker === undefined) return;
    worker.update(pod);
    worker.remove();
  }

  fail(uid: string, verdict: Verdict, grace?: number): void {
    this.#workers.get(uid)?.fail(verdict, grace);
  }

  kick(uid: string): void {
    this.#workers.get(uid)?.kick();
  }

  /** A runtime event: whoever's sandbox it is looks again. */
  notice(event: RuntimeEvent): void {
    const uid = this.#sandboxPods.get(event.sandboxId);
    if (uid !== undefined) return this.kick(uid);
    void this.#learn(event.sandboxId);
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = AbortSignal.any([signal, this.#halted.signal]);
    for (const pod of this.#waiting.splice(0)) this.#start(pod, this.#signal);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await this.#settled();
  }

  /** Stops all workers, and with them whatever starts containers again. Resolves to the pods that may run. */
  async halt(): Promise<readonly Pod[]> {
    this.#halted.abort();
    await this.#settled();
    return this.workers().map((worker) => worker.pod);
  }

  /** With its hooks and within its grace, in seconds; the pod stays. */
  async stopContainers(pod: Pod, grace: number): Promise<void> {
    const { runtime, config } = this.#deps;
    const seen = await observe(runtime, pod, config);
    await stopAll(this.#deps, seen, { pod, podIp: pod.status?.podIP ?? '', grace });
  }

  /** Frees what containers of pods that are over hold, their logs among it. What was told of them stays. */
  async removeDead(): Promise<void> {
    for (const { pod, state } of this.workers()) {
      if (state !== 'terminated') continue;
      const { containers } = await observe(this.#deps.runtime, pod, this.#deps.config);
      for (const container of containers) await removeContainer(this.#deps, pod, container);
      await rm(podPaths(this.#deps.config, pod).logs, { recursive: true, force: true });
      if (containers.length > 0) this.#deps.log.info('freed the disk of a pod that is over', { pod: describePod(pod) });
    }
  }

  /**
   * Steps under way may end, but not for long: a container may take its whole grace to stop. What is cut off here
   * is what a crash would cut off, and the next start takes it up.
   */
  async #settled(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#deps.clock.after(stopPatience, () => late.resolve());
    await Promise.race([Promise.all(this.#running), late.promise]);
    timer.cancel();
  }

  #start(pod: Pod, signal: AbortSignal): void {
    const { uid } = pod.metadata;
    if (pod.status?.startTime === undefined) this.#deps.timeline.mark(pod, 'seen');
    const worker = new PodWorker(this.#deps, pod);
    this.#workers.set(uid, worker);
    const run = worker
      .run(signal)
      .catch((error: unknown) => this.#deps.log.error('a pod worker ended', { uid, error: messageOf(error) }))
      .finally(() => {
        this.#running.delete(run);
        if (worker.state === 'gone') this.#forget(uid);
      });
    this.#running.add(run);
  }

  #forget(uid: string): void {
    this.#workers.delete(uid);
    for (const [sandbox, owner] of this.#sandboxPods) if (owner === uid) this.#sandboxPods.delete(sandbox);
  }

  async #learn(sandboxId: string): Promise<void> {
    try {
      const sandbox = await this.#deps.runtime.podSandboxStatus(sandboxId);
      const uid = sandbox?.metadata.uid;
      if (uid === undefined || !this.#workers.has(uid)) return;
      this.#sandboxPods.set(sandboxId, uid);
      this.kick(uid);
    } catch (error) {
      this.#deps.log.debug('cannot read a sandbox', { sandboxId, error: messageOf(error) });
    }
  }

  /**
   * Stops and removes what belongs to no pod: pods that were deleted while the agent was away. Call it once it is
   * known which pods there are, and now and then after that. False when something could not be removed.
   */
  async sweep(): Promise<boolean> {
    const { runtime, volumes, cgroups, config } = this.#deps;
    const sandboxes = await runtime.listPodSandboxes();
    const uids = new Set([
      ...sandboxes.map((each) => each.metadata.uid),
      ...(await volumes.known()),
      ...(await cgroups.known()),
      ...(await folders(config.podLogsDirectory)).map((name) => name.slice(name.lastIndexOf('_') + 1)),
    ]);
    const strays = [...uids].filter((uid) => !this.#workers.has(uid) && !this.#orphans.has(uid));
    const outcomes = await Promise.all(
      strays.map(async (uid) => {
        try {
          const own = sandboxes.filter((each) => each.metadata.uid === uid);
          await this.#sweepOne(uid, own);
          return true;
        } catch (error) {
          this.#deps.log.warn('cannot remove what a deleted pod left', { uid, error: messageOf(error) });
          return false;
        }
      }),
    );
    return !outcomes.includes(false);
  }

  async #sweepOne(uid: string, sandboxes: readonly SandboxStatus[]): Promise<void> {
    const { runtime, volumes, cgroups, config, log } = this.#deps;
    this.#orphans.add(uid);
    try {
      log.info('removing what a deleted pod left', { uid, sandboxes: sandboxes.length });
      for (const { id } of sandboxes) {
        const alive = (await runtime.listContainers(id)).filter(isAlive);
        await Promise.all(
          alive.map((each) => runtime.stopContainer(each.id, Number(each.annotations[annotation.gracePeriod] ?? 30))),
        );
        await runtime.stopPodSandbox(id);
        await runtime.removePodSandbox(id);
      }
      // Meanwhile the pod may have come after all (a static pod's manifest was put back).
      if (this.#workers.has(uid)) return;
      await volumes.erase(uid);
      await cgroups.remove(uid);
      for (const name of await folders(config.podLogsDirectory)) {
        if (name.endsWith(`_${uid}`)) await rm(join(config.podLogsDirectory, name), { recursive: true, force: true });
      }
    } finally {
      this.#orphans.delete(uid);
    }
  }
}

async function folders(path: string): Promise<readonly string[]> {
  return readdir(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
}
