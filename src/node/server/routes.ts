/** Pods, configuration and commands, as the kubelet answers them. */
import type { Pod } from '../../api/core/pod.ts';
import { namespaceOf } from '../pod/names.ts';
import { hasLiving } from '../pod/history.ts';
import type { PodWorker } from '../pod/worker.ts';
import { findPod, HttpError, runningContainer, type KubeletRequest, type KubeletResponse } from './http.ts';

export async function podList(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  const items = request.agent.pods.workers().map((worker) => withStatus(request, worker));
  await response.json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });
}

function withStatus(request: KubeletRequest, { pod }: PodWorker): Pod {
  const status = request.agent.statusOf(pod.metadata.uid);
  return status === undefined ? pod : { ...pod, status };
}

/** Only what really runs, with names and images. */
export async function runningPods(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  const items = request.agent.pods
    .workers()
    .filter((worker) => hasLiving(worker.runtime))
    .map(({ pod, runtime }) => ({
      metadata: { name: pod.metadata.name, namespace: namespaceOf(pod), uid: pod.metadata.uid },
      spec: {
        containers: runtime.containers
          .filter((each) => each.state === 'running')
          .map((each) => ({ name: each.name, image: each.userImage, resources: {} })),
      },
      status: {},
    }));
  await response.json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });
}

export async function configz(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  const { config } = request.agent.options;
  await response.json({
    kubeletconfig: {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      port: config.kubeletPort,
      clusterDomain: config.clusterDomain,
      clusterDNS: config.clusterDns,
      maxPods: config.maxPods,
      podPidsLimit: config.podPidsLimit,
      // What the server and containers always do; named so that audits see it.
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
      authorization: { mode: 'Webhook' },
      readOnlyPort: 0,
      seccompDefault: config.seccompDefault,
      streamingConnectionIdleTimeout: `${config.streamingConnectionIdleTimeout}s`,
      resolvConf: config.resolvConf,
      evictionHard: config.evictionHard,
      evictionSoft: config.evictionSoft,
      evictionSoftGracePeriod: Object.fromEntries(
        Object.entries(config.evictionSoftGracePeriod).map(([signal, seconds]) => [signal, `${seconds}s`]),
      ),
      evictionMinimumReclaim: config.evictionMinimumReclaim,
      evictionMaxPodGracePeriod: config.evictionMaxPodGracePeriod,
      evictionPressureTransitionPeriod: `${config.evictionPressureTransition}s`,
      imageGCHighThresholdPercent: config.imageGcHighPercent,
      imageGCLowThresholdPercent: config.imageGcLowPercent,
      imageMaximumGCAge: `${config.imageMaximumAge}s`,
      imageMinimumGCAge: `${config.imageMinimumAge}s`,
      containerLogMaxSize: `${config.containerLogMaxSize}`,
      containerLogMaxFiles: config.containerLogMaxFiles,
      staticPodPath: config.staticPodPath,
      systemReserved: config.reserved,
      allowedUnsafeSysctls: config.allowedUnsafeSysctls,
      registerNode: config.registerNode,
    },
  });
}

/** What upstream says where these are switched off: there is no Go here to profile, and levels are set at the start. */
const disabled: Readonly<Record<string, string>> = {
  pprof: 'profiling endpoint is disabled.',
  flags: 'flags endpoint is disabled.',
};

/** /debug/starts: how the pods that were seen last have started, step by step. Ours, not upstream's. */
export async function debug(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  const why = disabled[request.parts[1] ?? ''];
  if (why !== undefined) throw new HttpError(405, why);
  if (request.parts[1] !== 'starts') throw new HttpError(404, '404 page not found');
  await response.json({ starts: request.agent.timeline.list() });
}

/** POST /checkpoint/NAMESPACE/POD/CONTAINER: refused as by runtimes that cannot. */
export async function checkpoint(request: KubeletRequest): Promise<void> {
  if (request.incoming.method !== 'POST') throw new HttpError(405, 'Method Not Allowed');
  const [, namespace = '', name = '', container = ''] = request.parts;
  await runningContainer(request, findPod(request, namespace, name), container);
  throw new HttpError(
    404,
    `checkpointing of ${namespace}/${name}/${container} failed (the container runtime of this node does not do that)`,
  );
}

/** POST /run/NAMESPACE/POD[/UID]/CONTAINER?cmd=...: runs a command and answers with its output. */
export async function run(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  if (request.incoming.method !== 'POST') throw new HttpError(405, 'Method Not Allowed');
  const [, namespace = '', name = '', ...rest] = request.parts;
  const worker = findPod(request, namespace, name, rest.length > 1 ? rest[0] : undefined);
  const container = await runningContainer(request, worker, rest.at(-1) ?? '');
  const command = (request.url.searchParams.get('cmd') ?? '').split(' ').filter((part) => part !== '');
  if (command.length === 0) throw new HttpError(400, 'cmd is required');
  const { stdout, stderr } = await request.agent.options.runtime.execSync(container.id, command, 0);
  await response.text(200, `${Buffer.from(stdout).toString()}${Buffer.from(stderr).toString()}`);
}
