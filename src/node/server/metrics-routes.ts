/** /metrics, /metrics/resource, /metrics/cadvisor, /metrics/probes and /stats/summary. */
import { timestamp } from '../../base/clock.ts';
import { kubeletVersion } from '../node-object.ts';
import { namespaceOf } from '../pod/names.ts';
import type { KubeletRequest, KubeletResponse } from './http.ts';
import { HttpError } from './http.ts';
import { nodeUse, Rates, sumOf, type ContainerUse, type NodeUse, type PodUse } from './stats.ts';

type Labels = Readonly<Record<string, string>>;
type Line = readonly [labels: Labels, value: number, at?: number];

function family(name: string, type: 'counter' | 'gauge', help: string, lines: readonly Line[]): string {
  const text = lines.map(([labels, value, at]) => {
    const inside = Object.entries(labels).map(([key, each]) => `${key}=${JSON.stringify(each)}`);
    return `${name}${inside.length === 0 ? '' : `{${inside.join(',')}}`} ${value}${at === undefined ? '' : ` ${at}`}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${text.join('')}`;
}

const seconds = (nanoseconds: number): number => nanoseconds / 1e9;
const podLabels = ({ worker }: PodUse): Labels => ({
  namespace: namespaceOf(worker.pod),
  pod: worker.pod.metadata.name,
});

/** One line per container. */
function perContainer(
  use: NodeUse,
  labels: (each: ContainerUse, pod: PodUse) => Labels,
  value: (each: ContainerUse) => number,
): Line[] {
  return use.pods.flatMap((pod) =>
    pod.containers.map((each): Line => [labels(each, pod), value(each), each.stats.timestamp]),
  );
}

export async function metricsResource(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  // Asked every few seconds, of nodes with many containers.
  const use = await nodeUse(request.agent, request.clock.now(), 'usage');
  const labels = (each: ContainerUse, pod: PodUse): Labels => ({ container: each.container.name, ...podLabels(pod) });
  const at = use.timestamp;
  await response.text(
    200,
    [
      family(
        'container_cpu_usage_seconds_total',
        'counter',
        'CPU time used by the container in core-seconds',
        perContainer(use, labels, (each) => seconds(each.stats.cpuNanoseconds)),
      ),
      family(
        'container_memory_working_set_bytes',
        'gauge',
        'Working set of the container in bytes',
        perContainer(use, labels, (each) => each.stats.memoryWorkingSetBytes),
      ),
      family(
        'container_start_time_seconds',
        'gauge',
        'Start of the container in seconds since the epoch',
        perContainer(use, labels, (each) => each.container.startedAt / 1000),
      ),
      family('node_cpu_usage_seconds_total', 'counter', 'CPU time used by the node in core-seconds', [
        [{}, seconds(use.cpuNanoseconds), at],
      ]),
      family('node_memory_working_set_bytes', 'gauge', 'Working set of the node in bytes', [
        [{}, use.memoryWorkingSet, at],
      ]),
      family(
        'pod_cpu_usage_seconds_total',
        'counter',
        'CPU time used by the pod in core-seconds',
        use.pods.map((pod) => [podLabels(pod), seconds(sumOf(pod, (stats) => stats.cpuNanoseconds)), at]),
      ),
      family(
        'pod_memory_working_set_bytes',
        'gauge',
        'Working set of the pod in bytes',
        use.pods.map((pod) => [podLabels(pod), sumOf(pod, (stats) => stats.memoryWorkingSetBytes), at]),
      ),
      family('resource_scrape_error', 'gauge', '1 when something could not be read, else 0', [[{}, 0]]),
    ].join(''),
  );
}

export async function metricsCadvisor(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  const use = await nodeUse(request.agent, request.clock.now());
  const labels = ({ container }: ContainerUse, pod: PodUse): Labels => ({
    container: container.name,
    id: `/kubepods/pod${pod.worker.pod.metadata.uid}/${container.id}`,
    image: container.userImage,
    name: container.id,
    ...podLabels(pod),
  });
  await response.text(
    200,
    [
      family(
        'container_cpu_usage_seconds_total',
        'counter',
        'CPU time used in seconds',
        perContainer(
          use,
          (each, pod) => ({ cpu: 'total', ...labels(each, pod) }),
          (each) => seconds(each.stats.cpuNanoseconds),
        ),
      ),
      family(
        'container_memory_usage_bytes',
        'gauge',
        'Memory used in bytes, caches included',
        perContainer(use, labels, (each) => each.stats.memoryBytes),
      ),
      family(
        'container_memory_working_set_bytes',
        'gauge',
        'Memory that cannot be given back at once, in bytes',
        perContainer(use, labels, (each) => each.stats.memoryWorkingSetBytes),
      ),
      family(
        'container_memory_rss',
        'gauge',
        'Anonymous memory in bytes',
        perContainer(use, labels, (each) => each.stats.memoryRssBytes),
      ),
      family(
        'container_processes',
        'gauge',
        'Number of processes',
        perContainer(use, labels, (each) => each.stats.pids),
      ),
      family(
        'container_fs_usage_bytes',
        'gauge',
        'Bytes of the writable layer',
        perContainer(use, labels, (each) => each.stats.diskBytes),
      ),
      family(
        'container_start_time_seconds',
        'gauge',
        'Start in seconds since the epoch',
        perContainer(use, labels, (each) => each.container.startedAt / 1000),
      ),
      family('machine_cpu_cores', 'gauge', 'Number of CPUs', [[{}, (await request.agent.machine.facts()).cpus]]),
      family('machine_memory_bytes', 'gauge', 'Memory in bytes', [
        [{}, (await request.agent.machine.facts()).memoryBytes],
      ]),
    ].join(''),
  );
}

/** The agent about itself. */
export async function metricsProbes(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  const results = { success: 'successful', failure: 'failed', unknown: 'unknown' } as const;
  const lines = request.agent.probes.counts().flatMap(({ pod, container, type, counts }) =>
    (Object.keys(results) as (keyof typeof results)[])
      .filter((result) => counts[result] > 0)
      .map((result): Line => {
        const { name, uid } = pod.metadata;
        const about = { container, namespace: namespaceOf(pod), pod: name, pod_uid: uid };
        return [{ ...about, probe_type: type, result: results[result] }, counts[result]];
      }),
  );
  const help = 'Cumulative number of a liveness, readiness or startup probe for a container by result';
  await response.text(200, family('prober_probe_total', 'counter', help, lines));
}

export async function metrics(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  const workers = request.agent.pods.workers();
  const states = new Map<string, number>();
  for (const { runtime } of workers) {
    for (const { state } of runtime.containers) states.set(state, (states.get(state) ?? 0) + 1);
  }
  const { rss, heapUsed } = process.memoryUsage();
  await response.text(
    200,
    [
      family('kubelet_running_pods', 'gauge', 'Pods whose sandbox is ready', [
        [{}, workers.filter((each) => each.runtime.sandboxes.some((one) => one.state === 'ready')).length],
      ]),
      family(
        'kubelet_running_containers',
        'gauge',
        'Containers by state',
        [...states].map(([state, count]) => [{ container_state: state }, count]),
      ),
      family('kubelet_desired_pods', 'gauge', 'Pods that this node should run', [[{ static: '' }, workers.length]]),
      family('kubernetes_build_info', 'gauge', 'Version of the agent', [
        [{ git_version: kubeletVersion, platform: 'linux' }, 1],
      ]),
      family('process_resident_memory_bytes', 'gauge', 'Resident memory in bytes', [[{}, rss]]),
      family('nodejs_heap_size_used_bytes', 'gauge', 'Heap in use in bytes', [[{}, heapUsed]]),
      family('process_cpu_seconds_total', 'counter', 'CPU time in seconds', [
        [{}, (process.cpuUsage().user + process.cpuUsage().system) / 1e6],
      ]),
    ].join(''),
  );
}

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
    pods: use.pods.map((pod) => podSummary(known, pod, use.timestamp)),
  });
}

function cpuOf(known: Rates, key: string, at: number, nanoseconds: number): object {
  return {
    time: timestamp(at),
    usageNanoCores: known.rate(key, at, nanoseconds),
    usageCoreNanoSeconds: nanoseconds,
  };
}

function podSummary(known: Rates, use: PodUse, now: number): object {
  const { pod } = use.worker;
  const uid = pod.metadata.uid;
  return {
    podRef: { name: pod.metadata.name, namespace: namespaceOf(pod), uid },
    startTime: pod.status?.startTime ?? timestamp(now),
    containers: use.containers.map((each) => containerSummary(known, each)),
    cpu: cpuOf(
      known,
      uid,
      now,
      sumOf(use, (stats) => stats.cpuNanoseconds),
    ),
    memory: {
      time: timestamp(now),
      usageBytes: sumOf(use, (stats) => stats.memoryBytes),
      workingSetBytes: sumOf(use, (stats) => stats.memoryWorkingSetBytes),
      rssBytes: sumOf(use, (stats) => stats.memoryRssBytes),
    },
    'ephemeral-storage': { time: timestamp(now), usedBytes: sumOf(use, (stats) => stats.diskBytes) },
    process_stats: { process_count: sumOf(use, (stats) => stats.pids) },
  };
}

function containerSummary(known: Rates, { container, stats }: ContainerUse): object {
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
  };
}
