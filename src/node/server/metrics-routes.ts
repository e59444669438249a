/** /metrics, /metrics/resource, /metrics/cadvisor and /metrics/probes. */
import { kubeletVersion } from '../node-object.ts';
import { namespaceOf } from '../pod/names.ts';
import { family, type Labels, type Line } from './exposition.ts';
import type { KubeletRequest, KubeletResponse } from './http.ts';
import { nodeUse, sumOf, volumesOf, type ContainerUse, type NodeUse, type PodUse } from './stats.ts';
import { volumeFamilies } from './volume-metrics.ts';

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
  const running = workers.filter((each) => each.runtime.containers.some((one) => one.state === 'running'));
  const volumes = await volumesOf(request.agent, running);
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
      ...volumeFamilies(volumes),
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
