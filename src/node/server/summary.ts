/** /stats/summary. */
import { timestamp } from '../../base/clock.ts';
import type { NodeAgent } from '../agent.ts';
import type { FolderUse } from '../eviction/usage.ts';
import type { DiskFacts } from '../machine/machine.ts';
import { namespaceOf } from '../pod/names.ts';
import type { VolumeStatistics } from '../volumes/statistics.ts';
import { HttpError, type KubeletRequest, type KubeletResponse } from './http.ts';
import { logsUse, nodeUse, Rates, sumOf, type ContainerUse, type PodUse } from './stats.ts';

/** CPU rates since the last summary; one per agent. */
const rates = new WeakMap<object, Rates>();

export async function statsSummary(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  if (request.parts[1] !== 'summary') throw new HttpError(404, '404 page not found');
  const { agent, clock } = request;
  const use = await nodeUse(agent, clock.now());
  const known = rates.get(agent) ?? new Rates();
  rates.set(agent, known);
  const [disk, imageFs] = await Promise.all([
    agent.machine.disk(agent.options.config.rootDirectory),
    agent.options.images.imageFsInfo(),
  ]);
  const fs = {
    time: timestamp(use.timestamp),
    availableBytes: disk.availableBytes,
    capacityBytes: disk.capacityBytes,
    usedBytes: disk.capacityBytes - disk.availableBytes,
    inodesFree: disk.inodesFree,
    inodes: disk.inodes,
    inodesUsed: disk.inodes - disk.inodesFree,
  };
  await response.json({
    node: {
      nodeName: agent.options.config.nodeName,
      startTime: timestamp(use.timestamp),
      cpu: cpuOf(known, 'node', use.timestamp, use.cpuNanoseconds),
      memory: {
        time: timestamp(use.timestamp),
        availableBytes: use.memoryAvailable,
        workingSetBytes: use.memoryWorkingSet,
        usageBytes: use.memoryWorkingSet,
        rssBytes: use.memory.anonymousBytes,
        pageFaults: use.memory.pageFaults,
        majorPageFaults: use.memory.majorPageFaults,
      },
      fs,
      runtime: { imageFs: { ...fs, usedBytes: imageFs.usedBytes, inodesUsed: imageFs.inodesUsed } },
    },
    pods: await Promise.all(use.pods.map((pod) => podSummary({ agent, known, disk, now: use.timestamp }, pod))),
  });
}

function cpuOf(known: Rates, key: string, at: number, nanoseconds: number): object {
  return {
    time: timestamp(at),
    usageNanoCores: known.rate(key, at, nanoseconds),
    usageCoreNanoSeconds: nanoseconds,
  };
}

interface Occasion {
  readonly agent: NodeAgent;
  readonly known: Rates;
  /** The node's own. */
  readonly disk: DiskFacts;
  readonly now: number;
}

async function podSummary(occasion: Occasion, use: PodUse): Promise<object> {
  const { agent, known, now } = occasion;
  const { pod } = use.worker;
  const uid = pod.metadata.uid;
  const [volumes, logs] = await Promise.all([
    agent.volumeStatistics.of(pod),
    Promise.all(use.containers.map(({ container }) => logsUse(agent, use.worker, container.name))),
  ]);
  const nanoseconds = sumOf(use, (stats) => stats.cpuNanoseconds);
  return {
    podRef: { name: pod.metadata.name, namespace: namespaceOf(pod), uid },
    startTime: pod.status?.startTime ?? timestamp(now),
    containers: use.containers.map((each, index) => containerSummary(occasion, each, logs[index])),
    cpu: cpuOf(known, uid, now, nanoseconds),
    memory: {
      time: timestamp(now),
      usageBytes: sumOf(use, (stats) => stats.memoryBytes),
      workingSetBytes: sumOf(use, (stats) => stats.memoryWorkingSetBytes),
      rssBytes: sumOf(use, (stats) => stats.memoryRssBytes),
    },
    ...(volumes.length === 0 ? {} : { volume: volumes.map((each) => volumeSummary(namespaceOf(pod), each)) }),
    'ephemeral-storage': diskSummary(occasion, ephemeralUse(use, logs, volumes)),
    process_stats: { process_count: sumOf(use, (stats) => stats.pids) },
  };
}

/** What a pod takes of the node's own disk: its containers' layers, their logs, and its volumes there. */
function ephemeralUse(use: PodUse, logs: readonly FolderUse[], volumes: readonly VolumeStatistics[]): FolderUse {
  const all = [
    ...use.containers.map(({ stats }) => ({ bytes: stats.diskBytes, inodes: stats.diskInodes })),
    ...logs,
    ...volumes.flatMap(({ local, use }) => (local ? [{ bytes: use.usedBytes, inodes: use.inodesUsed }] : [])),
  ];
  return {
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    inodes: all.reduce((sum, { inodes }) => sum + inodes, 0),
  };
}

/** A part of the node's own disk. */
function diskSummary({ disk, now }: Pick<Occasion, 'disk' | 'now'>, own: FolderUse): object {
  return {
    time: timestamp(now),
    availableBytes: disk.availableBytes,
    capacityBytes: disk.capacityBytes,
    usedBytes: own.bytes,
    inodesFree: disk.inodesFree,
    inodes: disk.inodes,
    inodesUsed: own.inodes,
  };
}

function volumeSummary(namespace: string, { name, claim, at, use }: VolumeStatistics): object {
  return {
    time: timestamp(at),
    ...use,
    name,
    ...(claim === undefined ? {} : { pvcRef: { name: claim, namespace } }),
  };
}

function containerSummary(
  { known, disk }: Occasion,
  { container, stats }: ContainerUse,
  logs: FolderUse | undefined,
): object {
  const time = timestamp(stats.timestamp);
  return {
    name: container.name,
    startTime: timestamp(container.startedAt),
    cpu: cpuOf(known, container.id, stats.timestamp, stats.cpuNanoseconds),
    memory: {
      time,
      usageBytes: stats.memoryBytes,
      workingSetBytes: stats.memoryWorkingSetBytes,
      rssBytes: stats.memoryRssBytes,
    },
    rootfs: { time, usedBytes: stats.diskBytes, inodesUsed: stats.diskInodes },
    ...(logs === undefined ? {} : { logs: diskSummary({ disk, now: stats.timestamp }, logs) }),
  };
}
