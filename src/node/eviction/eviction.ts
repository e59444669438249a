/**
 * Keeps the node alive when memory, disk or processes run out: sets pressure conditions, frees what belongs to
 * nobody, then evicts one pod at a time. Also holds pods to their own limits of local storage.
 *
 * The kernel announces none of this, so it is sampled every ten seconds.
 */
import { join } from 'node:path';
import type { Container } from '../../api/core/container.ts';
import type { PodCondition } from '../../api/core/pod-status.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { RuntimeService } from '../../runtime/runtime.ts';
import { formatQuantity, parseQuantity, quantityOf, type QuantityFormat } from '../../schema/quantity.ts';
import { isCritical } from '../admission.ts';
import type { NodeConfig } from '../config.ts';
import type { EventRecorder } from '../events.ts';
import type { Machine } from '../machine/machine.ts';
import type { Pressures } from '../node-object.ts';
import { podPaths } from '../pod/names.ts';
import { bytesOf, isLimited, podAmount } from '../pod/resources.ts';
import { evicted } from '../pod/teardown.ts';
import type { PodWorker } from '../pod/worker.ts';
import { nodeReference } from '../registration.ts';
import { evictionMessage, rank, type PodUsage } from './rank.ts';
import { shortages, thresholdKey, type Observation, type Shortage } from './signals.ts';
import { folderBytes, folderUse, type FolderUse } from './usage.ts';

export interface EvictionOptions {
  readonly config: NodeConfig;
  readonly runtime: RuntimeService;
  readonly machine: Machine;
  readonly memoryBytes: number;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly workers: () => readonly PodWorker[];
  /** Where images live. */
  readonly imagePath: () => Promise<string>;
  /** Removes what belongs to nobody any more: containers of pods that are over, unused images. */
  readonly freeDisk: () => Promise<void>;
  readonly onPressure: () => void;
}

const every = 10_000;
/** Seconds given to a pod where there is no time: below a hard threshold, or over its own storage limit. */
const immediateGrace = 1;
const defaultGrace = 30;
const localStorage = 'ephemeral-storage';
const nothing: FolderUse = { bytes: 0, inodes: 0 };

export class Eviction {
  readonly name = 'eviction';
  readonly #options: EvictionOptions;
  /** When each pressure was last seen. */
  readonly #seen = new Map<Shortage['resource'], number>();
  /** Since when each soft threshold has been passed without a break, by signal. */
  #since = new Map<string, number>();
  /** Thresholds that have been passed, by key: these are over only when the least that is to be reclaimed has been. */
  #passed: ReadonlySet<string> = new Set();

  constructor(options: EvictionOptions) {
    this.#options = options;
  }

  get pressures(): Pressures {
    const { clock, config } = this.#options;
    const holds = (resource: Shortage['resource']): boolean => {
      const at = this.#seen.get(resource);
      return at !== undefined && clock.now() - at < config.evictionPressureTransition * 1000;
    };
    return { memory: holds('memory'), disk: holds('disk'), pid: holds('pid') };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#defend();
        await this.#holdToLimits();
      } catch (error) {
        log.warn('cannot check for shortages', { error: messageOf(error) });
      }
      await clock.sleep(every, signal).catch(() => {});
    }
  }

  async #observe(): Promise<Observation> {
    const { machine, config, memoryBytes } = this.#options;
    const imagePath = await this.#options.imagePath();
    const [memoryAvailable, nodeDisk, imageDisk, processes] = await Promise.all([
      machine.memoryAvailable(),
      machine.disk(config.rootDirectory),
      machine.disk(imagePath),
      machine.processes(),
    ]);
    return { memoryAvailable, memoryCapacity: memoryBytes, nodeDisk, imageDisk, processes };
  }

  async #defend(): Promise<void> {
    const { config, clock, onPressure } = this.#options;
    const before = JSON.stringify(this.pressures);
    const thresholds = {
      hard: config.evictionHard,
      soft: config.evictionSoft,
      reclaim: config.evictionMinimumReclaim,
    };
    const short = shortages(thresholds, await this.#observe(), (key) => this.#passed.has(key));
    for (const { resource } of short) this.#seen.set(resource, clock.now());
    if (JSON.stringify(this.pressures) !== before) onPressure();
    this.#follow(short);
    const due = short.filter((each) => this.#isDue(each));
    this.#passed = new Set(due.map(thresholdKey));
    this.#tell(due[0]);
    let left: readonly Shortage[] = due;
    if (due.some((each) => each.resource === 'disk')) {
      await this.#options.freeDisk();
      left = shortages(thresholds, await this.#observe(), () => true).filter((each) => this.#isDue(each));
    }
    const [worst] = left;
    if (worst !== undefined) await this.#evictOne(worst);
  }

  #tell(shortage: Shortage | undefined): void {
    if (shortage === undefined) return;
    const { events, config } = this.#options;
    const message = `Attempting to reclaim ${shortage.resourceName}`;
    events.about(nodeReference(config.nodeName), 'Warning', 'EvictionThresholdMet', message);
  }

  #follow(short: readonly Shortage[]): void {
    const now = this.#options.clock.now();
    const passed = short.filter((each) => each.soft).map(({ signal }) => signal);
    this.#since = new Map(passed.map((signal) => [signal, this.#since.get(signal) ?? now]));
  }

  #isDue({ soft, signal }: Shortage): boolean {
    const { clock, config } = this.#options;
    if (!soft) return true;
    const grace = (config.evictionSoftGracePeriod[signal] ?? 0) * 1000;
    return clock.now() - (this.#since.get(signal) ?? clock.now()) >= grace;
  }

  async #evictOne(shortage: Shortage): Promise<void> {
    const candidates = this.#running().filter((worker) => !isCritical(worker.pod));
    const usages = await Promise.all(candidates.map((worker) => this.#usage(worker, shortage.resource === 'disk')));
    const [first] = rank(usages, shortage);
    if (first === undefined) {
      this.#options.log.warn('the node is short and there is no pod to evict', { signal: shortage.signal });
      return;
    }
    const own = first.pod.spec?.terminationGracePeriodSeconds ?? defaultGrace;
    const grace = shortage.soft ? Math.min(own, this.#options.config.evictionMaxPodGracePeriod) : immediateGrace;
    const message = evictionMessage(shortage, first);
    const condition = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message };
    this.#evict(first.pod, message, grace, [condition]);
  }

  /** `conditions`: none for a pod that is over its own limits. It is no victim, and a Job counts its failure. */
  #evict(pod: Pod, message: string, grace: number, conditions: readonly PodCondition[] = []): void {
    this.#options.events.pod(pod, 'Warning', evicted, message);
    const verdict = { phase: 'Failed', reason: evicted, message, conditions } as const;
    this.#options
      .workers()
      .find((worker) => worker.pod === pod)
      ?.fail(verdict, grace);
  }

  #running(): readonly PodWorker[] {
    return this.#options.workers().filter((worker) => worker.state === 'syncing');
  }

  /** `withDisk`: logs and volumes, which have to be counted, too. */
  async #usage(worker: PodWorker, withDisk: boolean): Promise<PodUsage> {
    const { runtime, config } = this.#options;
    const { volumes, logs } = podPaths(config, worker.pod);
    const folder = (path: string): Promise<FolderUse> => (withDisk ? folderUse(path) : Promise.resolve(nothing));
    const running = worker.runtime.containers.filter((each) => each.state === 'running');
    const containers = await Promise.all(
      running.map(async ({ id, name }) => {
        const [stats, log] = await Promise.all([runtime.containerStats(id), folder(join(logs, name))]);
        return {
          name,
          memoryBytes: stats?.memoryWorkingSetBytes ?? 0,
          disk: { bytes: (stats?.diskBytes ?? 0) + log.bytes, inodes: (stats?.diskInodes ?? 0) + log.inodes },
          processes: stats?.pids ?? 0,
        };
      }),
    );
    return { pod: worker.pod, containers, volumes: await folder(volumes) };
  }

  /** emptyDir size limits and limits of ephemeral-storage; only pods that have any are measured. */
  async #holdToLimits(): Promise<void> {
    for (const worker of this.#running()) {
      if (!hasStorageLimits(worker.pod)) continue;
      const message = (await this.#overVolume(worker)) ?? (await this.#overStorage(worker));
      if (message !== undefined) this.#evict(worker.pod, message, immediateGrace);
    }
  }

  async #overVolume(worker: PodWorker): Promise<string | undefined> {
    const { volumes } = podPaths(this.#options.config, worker.pod);
    for (const volume of worker.pod.spec?.volumes ?? []) {
      const limit = volume.emptyDir?.sizeLimit;
      if (limit === undefined || bytesOf(limit) === 0) continue;
      const used = await folderBytes(join(volumes, 'kubernetes.io~emptyDir', volume.name));
      if (used > bytesOf(limit)) return `Usage of EmptyDir volume "${volume.name}" exceeds the limit "${limit}". `;
    }
    return undefined;
  }

  async #overStorage(worker: PodWorker): Promise<string | undefined> {
    const containers = (worker.pod.spec?.containers ?? []).filter(
      (each) => each.resources?.limits?.[localStorage] !== undefined,
    );
    if (containers.length === 0) return undefined;
    const usage = await this.#usage(worker, true);
    if (isLimited(worker.pod, localStorage)) {
      const limit = podAmount(worker.pod, localStorage, 'limits');
      const used = usage.volumes.bytes + usage.containers.reduce((sum, each) => sum + each.disk.bytes, 0);
      if (used > limit) {
        const text = formatQuantity(quantityOf(limit, formatOf(containers)));
        return `Pod ephemeral local storage usage exceeds the total limit of containers ${text}. `;
      }
    }
    for (const { name: container, resources } of containers) {
      const limit = resources?.limits?.[localStorage];
      const used = usage.containers.find((each) => each.name === container)?.disk.bytes ?? 0;
      if (used > bytesOf(limit))
        return `Container ${container} exceeded its local ephemeral storage limit "${limit}". `;
    }
    return undefined;
  }
}

/** A sum is told in the form of its first part. */
function formatOf([first]: readonly Container[]): QuantityFormat {
  return parseQuantity(first?.resources?.limits?.[localStorage] ?? '0').format;
}

function hasStorageLimits(pod: Pod): boolean {
  const volumes = (pod.spec?.volumes ?? []).some((each) => each.emptyDir?.sizeLimit !== undefined);
  return volumes || (pod.spec?.containers ?? []).some((each) => each.resources?.limits?.[localStorage] !== undefined);
}
