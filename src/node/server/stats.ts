/** CPU, memory and disk use of the node, its pods and their containers. */
import { join } from 'node:path';
import type { ContainerStats, ContainerStatus, WantedStats } from '../../runtime/runtime.ts';
import type { NodeAgent } from '../agent.ts';
import type { Pod } from '../../api/core/pod.ts';
import { folderUse, type FolderUse } from '../eviction/usage.ts';
import { podPaths } from '../pod/names.ts';
import type { MemoryUse } from '../machine/machine.ts';
import type { PodWorker } from '../pod/worker.ts';
import type { VolumeStatistics } from '../volumes/statistics.ts';

export interface ContainerUse {
  readonly container: ContainerStatus;
  readonly stats: ContainerStats;
}

export interface PodUse {
  readonly worker: PodWorker;
  readonly containers: readonly ContainerUse[];
}

export interface NodeUse {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly cpuNanoseconds: number;
  readonly memoryWorkingSet: number;
  readonly memoryAvailable: number;
  readonly memory: MemoryUse;
  readonly pods: readonly PodUse[];
}

/** How full the volumes of pods are that run here. */
export async function volumesOf(agent: NodeAgent, workers: readonly PodWorker[]): Promise<readonly PodVolumes[]> {
  return Promise.all(workers.map(async ({ pod }) => ({ pod, volumes: await agent.volumeStatistics.of(pod) })));
}

export interface PodVolumes {
  readonly pod: Pod;
  readonly volumes: readonly VolumeStatistics[];
}

/** What a container's logs take of the disk. */
export function logsUse(agent: NodeAgent, { pod }: PodWorker, container: string): Promise<FolderUse> {
  return folderUse(join(podPaths(agent.options.config, pod).logs, container));
}

/** Everything that runs, as of now. */
export async function nodeUse(agent: NodeAgent, now: number, wanted: WantedStats = 'all'): Promise<NodeUse> {
  const [facts, cpuNanoseconds, memoryAvailable, memory, pods] = await Promise.all([
    agent.machine.facts(),
    agent.machine.cpuNanoseconds(),
    agent.machine.memoryAvailable(),
    agent.machine.memoryUse(),
    Promise.all(agent.pods.workers().map((worker) => podUse(agent, worker, wanted))),
  ]);
  return {
    timestamp: now,
    cpuNanoseconds,
    memoryAvailable,
    memory,
    memoryWorkingSet: facts.memoryBytes - memoryAvailable,
    pods: pods.filter((each) => each.containers.length > 0),
  };
}

export async function podUse(agent: NodeAgent, worker: PodWorker, wanted: WantedStats = 'all'): Promise<PodUse> {
  const running = worker.runtime.containers.filter((each) => each.state === 'running');
  const containers = await Promise.all(
    running.map(async (container) => ({
      container,
      stats: await agent.options.runtime.containerStats(container.id, wanted),
    })),
  );
  return {
    worker,
    containers: containers.filter((each): each is ContainerUse => each.stats !== undefined),
  };
}

export const sumOf = (use: PodUse, pick: (stats: ContainerStats) => number): number =>
  use.containers.reduce((sum, each) => sum + pick(each.stats), 0);

interface Sample {
  readonly at: number;
  readonly cpu: number;
  readonly rate: number;
}

const shortestInterval = 1000;
const mostSamples = 2000;

/** CPU in use per second between two looks at the same thing. */
export class Rates {
  readonly #samples = new Map<string, Sample>();

  /** Nanoseconds of CPU per second; 0 at the first look. */
  rate(key: string, at: number, cpu: number): number {
    const before = this.#samples.get(key);
    if (before !== undefined && at - before.at < shortestInterval) return before.rate;
    const rate = before === undefined ? 0 : Math.max(0, Math.round(((cpu - before.cpu) * 1000) / (at - before.at)));
    if (this.#samples.size >= mostSamples) this.#samples.clear();
    this.#samples.set(key, { at, cpu, rate });
    return rate;
  }
}
