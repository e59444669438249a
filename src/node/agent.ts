/**
 * The node agent: runs the pods that the API binds to this node and tells what becomes of them.
 *
 * It may be killed at any moment: containers run on, and the next start finds them by what the runtime and the
 * disk say. It needs nothing of this project's other parts; any Kubernetes API will do.
 */
import { readFile } from 'node:fs/promises';
import type { Service as ApiService } from '../api/core/service.ts';
import type { PodStatus } from '../api/core/pod-status.ts';
import { Node } from '../api/core/node.ts';
import { Pod } from '../api/core/pod.ts';
import type { Clock } from '../base/clock.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { runAll, type Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { Informer } from '../client/informer.ts';
import type { ImageService, RuntimeService } from '../runtime/runtime.ts';
import { admitPod, checkResize } from './admission.ts';
import type { NodeConfig } from './config.ts';
import { Events } from './events.ts';
import { Eviction } from './eviction/eviction.ts';
import { ImageGarbage } from './images/garbage.ts';
import { pullSecretsOf } from './images/pull-secrets.ts';
import { Puller } from './images/puller.ts';
import { nodeCgroups, type PodCgroups } from './machine/cgroups.ts';
import { userNamespaces } from './machine/user-namespaces.ts';
import { systemMachine, type Machine, type MachineFacts } from './machine/machine.ts';
import { LogRotation, type RunningLog } from './logs/rotation.ts';
import { allocatableOf } from './node-object.ts';
import { ReferencedObjects } from './objects.ts';
import type { ResizeVerdict } from './pod/allocation.ts';
import type { PodDeps, Probes } from './pod/deps.ts';
import { lifecycleHooks } from './pod/lifecycle.ts';
import { Limiter } from './pod/limiter.ts';
import { annotation, isMirror, logPath, podPaths } from './pod/names.ts';
import { StatusManager } from './pod/status-manager.ts';
import type { Verdict } from './pod/status.ts';
import type { PodWorker } from './pod/worker.ts';
import { Timeline } from './pod/timeline.ts';
import { Pods } from './pods.ts';
import { ProbeManager } from './probes/probe-manager.ts';
import { Registration } from './registration.ts';
import { runtimeClassHandlers } from './runtime-classes.ts';
import { serviceInformer } from './services.ts';
import { Shutdown } from './shutdown.ts';
import { Sweep } from './sweep.ts';
import { StaticPods } from './static-pods.ts';
import { nodeVolumes, type NodeVolumes } from './volumes/node-volumes.ts';
import type { Statistics } from './volumes/statistics.ts';
import { systemMounter, type Mounter } from './volumes/mounter.ts';
import { parseResolvConf, type DnsInput } from './container/network-files.ts';

export interface NodeAgentOptions {
  readonly client: Client;
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly config: NodeConfig;
  /** Runtime handlers that RuntimeClasses may name beside the default one. */
  readonly handlers?: readonly string[];
  /** What of the machine is not the real one: simulated nodes and tests. */
  readonly machine?: Machine;
  readonly mounter?: Mounter;
  readonly probes?: Probes;
}

export interface NodeAgent extends Service {
  readonly pods: Pods;
  readonly registration: Registration;
  readonly options: NodeAgentOptions;
  readonly machine: Machine;
  /** What was last told about a pod, by its uid. */
  statusOf(uid: string): PodStatus | undefined;
  /** How the pods that were seen last have started. */
  readonly timeline: Timeline;
  readonly probes: Pick<Probes, 'counts'>;
  readonly volumeStatistics: Pick<Statistics, 'of'>;
  /** The machine goes down: containers end within `seconds`, those of critical pods last. Before `run` is aborted. */
  shutDown(seconds: number): Promise<void>;
}

/** What does not need to know of the pods' workers. */
interface Parts extends NodeVolumes {
  readonly options: NodeAgentOptions;
  readonly machine: Machine;
  readonly facts: MachineFacts;
  readonly events: Events;
  readonly objects: ReferencedObjects;
  readonly puller: Puller;
  readonly timeline: Timeline;
  readonly cgroups: PodCgroups;
  readonly services: Informer<ApiService>;
  readonly apiPods: Informer<Pod>;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly dns: DnsInput;
}

/** What follows and drives the pods. */
interface Loops {
  readonly pods: Pods;
  readonly statuses: StatusManager;
  readonly registration: Registration;
  readonly eviction: Eviction;
  readonly images: ImageGarbage;
  readonly rotation: LogRotation;
  readonly staticPods: StaticPods | undefined;
  readonly shutdown: Shutdown;
  readonly probes: Probes;
}

/** Reads the machine's facts; makes nothing yet. */
export async function createNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const parts = await makeParts(options, {
    configuration: (uid) => loops.pods.byUid(uid)?.configurationChanged(),
    volumesInUse: () => loops.registration.kick(),
  });
  const loops = makeLoops(parts);
  return {
    name: 'node agent',
    pods: loops.pods,
    registration: loops.registration,
    options,
    machine: parts.machine,
    timeline: parts.timeline,
    probes: loops.probes,
    volumeStatistics: parts.volumeStatistics,
    statusOf: (uid) => loops.statuses.last(uid),
    shutDown: (seconds) => loops.shutdown.run(seconds),
    run: (signal) => runAgent(parts, loops, signal),
  };
}

async function runAgent(parts: Parts, loops: Loops, signal: AbortSignal): Promise<void> {
  const { options, events, objects, services, volumes, drivers, apiPods } = parts;
  const { pods, statuses, staticPods, registration, eviction, images, rotation } = loops;
  await volumes.start();
  const followed = followPods(parts, loops);
  const { clock, log } = options;
  const sweep = new Sweep({ clock, log, known: (until) => apiPods.whenSynced(until), sweep: () => pods.sweep() });
  drivers.onRegistered(() => {
    sweep.retry();
    for (const worker of pods.workers()) worker.configurationChanged();
  });
  const runtimeEvents = { name: 'runtime events', run: (until: AbortSignal) => followRuntime(options, pods, until) };
  const own = staticPods === undefined ? [] : [staticPods];
  const loopServices = [drivers, registration, eviction, images, rotation, sweep, runtimeEvents];
  try {
    await runAll([events, services, statuses, pods, ...own, apiPods, ...loopServices], signal);
  } finally {
    followed();
    objects.close();
  }
}

/** Hands the API's pods to their workers; returns how to stop. */
function followPods({ apiPods, objects }: Parts, { pods, staticPods }: Loops): () => void {
  const take = (pod: Pod): void => {
    if (isMirror(pod)) {
      staticPods?.kick();
      // Its status may have been waiting for the mirror.
      return pods.kick(pod.metadata.annotations?.[annotation.configMirror] ?? '');
    }
    objects.hold(pod);
    pods.put(pod);
  };
  return apiPods.subscribe({
    added: take,
    updated: take,
    deleted: (pod) => {
      if (isMirror(pod)) return staticPods?.kick();
      pods.remove(pod);
      objects.release(pod.metadata.uid);
    },
  });
}

/** Events only say where to look; when they are lost, everybody looks. */
async function followRuntime(options: NodeAgentOptions, pods: Pods, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of options.runtime.events(signal)) pods.notice(event);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      options.log.warn('lost the events of the runtime', { error: messageOf(error) });
    }
    if (signal.aborted) return;
    await options.clock.sleep(1000, signal).catch(() => {});
    for (const { pod } of pods.workers()) pods.kick(pod.metadata.uid);
  }
}

function makeLoops(parts: Parts): Loops {
  const { options, events, machine, facts, puller, apiPods } = parts;
  const { clock, random, config, runtime } = options;
  const workers = (): readonly PodWorker[] => pods.workers();
  const statuses = new StatusManager({
    ...options,
    timeline: parts.timeline,
    log: options.log.named('status'),
    mirrorOf: (pod) => staticPods?.mirrorOf(pod),
  });
  const onChange = (uid: string): void => pods.kick(uid);
  const probes = options.probes ?? new ProbeManager({ runtime, events, clock, random, onChange });
  // Where images lie does not change; how much they are would be counted each time.
  let knownPath: string | undefined;
  const imagePath = async (): Promise<string> => (knownPath ??= (await options.images.imageFsInfo()).path);
  const images = new ImageGarbage({ ...options, machine, events, imagePath, lastUsed: (id) => puller.lastUsed(id) });
  const eviction = new Eviction({
    ...options,
    machine,
    memoryBytes: facts.memoryBytes,
    events,
    workers,
    imagePath,
    // First what may keep an image in use.
    freeDisk: () => pods.removeDead().then(() => images.freeAll()),
    onPressure: () => registration.kick(),
  });
  const shutdown = new Shutdown({
    ...options,
    halt: () => pods.halt(),
    stop: (pod, grace) => pods.stopContainers(pod, grace),
  });
  const registration = new Registration({
    ...options,
    machine,
    facts,
    events,
    handlers: options.handlers ?? [],
    pressures: () => eviction.pressures,
    volumesInUse: () => parts.attachments.inUse(),
  });
  const admit = admission({ parts, workers, registration, eviction, shutdown });
  const { allocatable } = parts;
  const resizable = (pod: Pod): ResizeVerdict | undefined =>
    checkResize({
      pod,
      others: othersOf(workers(), pod),
      allocatable: { ...allocatable, ...registration.node?.status?.allocatable },
    });
  const pods = new Pods(podDeps(parts, { probes, statuses, admit, checkResize: resizable }));
  const staticPods =
    config.staticPodPath === ''
      ? undefined
      : new StaticPods({
          ...options,
          nodeName: config.nodeName,
          folder: config.staticPodPath,
          nodeUid: () => registration.node?.metadata.uid,
          apiPods: () => apiPods.list(),
          put: (pod) => pods.put(pod),
          remove: (pod) => pods.remove(pod),
        });
  const rotation = new LogRotation({
    runtime,
    clock,
    log: options.log.named('logs'),
    maxSize: config.containerLogMaxSize,
    maxFiles: config.containerLogMaxFiles,
    logs: () => workers().flatMap((worker) => runningLogs(config, worker)),
  });
  return { pods, statuses, registration, eviction, images, rotation, staticPods, shutdown, probes };
}

interface AdmissionParts {
  readonly parts: Parts;
  readonly workers: () => readonly PodWorker[];
  readonly registration: Registration;
  readonly eviction: Eviction;
  readonly shutdown: Shutdown;
}

/** Asks the API for the node anew before it refuses: labels may just have been put on it. */
function admission({ parts, workers, registration, eviction, shutdown }: AdmissionParts): PodDeps['admit'] {
  const { client, config } = parts.options;
  return async (pod) => {
    const others = othersOf(workers(), pod);
    const judge = (node: Node | undefined): Verdict | undefined =>
      admitPod({
        pod,
        others,
        node,
        allocatable: { ...parts.allocatable, ...node?.status?.allocatable },
        pressures: eviction.pressures,
        allowedUnsafeSysctls: config.allowedUnsafeSysctls,
        shuttingDown: shutdown.begun,
        appArmor: parts.facts.appArmor,
      });
    const verdict = judge(registration.node);
    if (verdict === undefined || registration.node === undefined) return verdict;
    return judge(await client.get(Node, { name: config.nodeName }).catch(() => registration.node));
  };
}

/** Pods that hold resources of this node, this one excepted. */
function othersOf(workers: readonly PodWorker[], pod: Pod): readonly Pod[] {
  return workers
    .filter((each) => each.isAdmitted && each.pod.metadata.uid !== pod.metadata.uid)
    .map((each) => each.pod);
}

interface Changes {
  readonly configuration: (uid: string) => void;
  readonly volumesInUse: () => void;
}

async function makeParts(options: NodeAgentOptions, changes: Changes): Promise<Parts> {
  const { client, clock, random, log, config } = options;
  const machine = options.machine ?? systemMachine;
  const mounter = options.mounter ?? systemMounter;
  const [facts, disk] = await Promise.all([machine.facts(), machine.disk(config.rootDirectory)]);
  const events = new Events({ client, clock, log: log.named('events'), nodeName: config.nodeName });
  const objects = new ReferencedObjects({ client, clock, random, log, onChange: changes.configuration });
  const puller = new Puller({ images: options.images, events, clock, parallel: config.maxParallelImagePulls });
  const told = { onVolumesInUse: changes.volumesInUse, onVolumeFree: changes.configuration };
  const made = nodeVolumes({ ...options, mounter, events, objects, puller, ...told });
  const resolver = config.resolvConf === '' ? '' : await readFile(config.resolvConf, 'utf8').catch(() => '');
  const capacity = {
    cpu: `${facts.cpus}`,
    memory: `${facts.memoryBytes}`,
    'ephemeral-storage': `${disk.capacityBytes}`,
    pods: `${config.maxPods}`,
  };
  const fieldSelector = `spec.nodeName=${config.nodeName}`;
  return {
    options,
    machine,
    facts,
    events,
    objects,
    puller,
    ...made,
    timeline: new Timeline(clock),
    cgroups: await nodeCgroups(config, facts, clock, log),
    services: serviceInformer(client, clock, random, log),
    apiPods: new Informer<Pod>({ client, kind: Pod, clock, random, logger: log, fieldSelector }),
    allocatable: allocatableOf(capacity, config, disk),
    dns: {
      clusterDns: config.clusterDns,
      clusterDomain: config.clusterDomain,
      node: parseResolvConf(resolver),
    },
  };
}

function podDeps(parts: Parts, own: Pick<PodDeps, 'probes' | 'statuses' | 'admit' | 'checkResize'>): PodDeps {
  const { options, events, objects, puller, volumes, cgroups, services } = parts;
  const { client, clock, config, runtime } = options;
  return {
    ...own,
    timeline: parts.timeline,
    config,
    clock,
    log: options.log.named('pods'),
    runtime,
    puller,
    volumes,
    events,
    cgroups,
    hooks: lifecycleHooks(runtime, clock),
    resources: {
      machineMemory: parts.facts.memoryBytes,
      podPidsLimit: config.podPidsLimit,
      oomKillsAll: cgroups.version === 2 && !config.singleProcessOomKill,
    },
    reader: objects,
    starts: new Limiter(config.maxParallelStarts),
    facts: (pod, podIps) => ({
      pod,
      podIps,
      hostIps: config.addresses,
      nodeName: config.nodeName,
      allocatable: parts.allocatable,
    }),
    dns: () => parts.dns,
    services: async (signal) => {
      await services.whenSynced(signal);
      return services.list();
    },
    pullSecrets: (pod) => pullSecretsOf(pod, objects),
    handler: runtimeClassHandlers(client, clock),
    userNamespace: userNamespaces(config.rootDirectory),
    nodeHosts: () => readFile('/etc/hosts', 'utf8').catch(() => '127.0.0.1\tlocalhost\n'),
  };
}

function runningLogs(config: NodeConfig, { pod, runtime }: PodWorker): readonly RunningLog[] {
  const { logs } = podPaths(config, pod);
  return runtime.containers
    .filter((each) => each.state === 'running')
    .map((each) => ({ containerId: each.id, path: logPath(logs, each.logPath) }));
}
