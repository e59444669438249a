/**
 * The node agent: runs the pods that the API binds to this node and tells what becomes of them.
 *
 * It may be killed at any moment: containers run on, and the next start finds them by what the runtime and the
 * disk say. It needs nothing of this project's other parts; any Kubernetes API will do.
 */
import { readFile } from 'node:fs/promises';
import type { Service as ApiService } from '../api/core/service.ts';
import type { PodStatus } from '../api/core/pod-status.ts';
import { Pod } from '../api/core/pod.ts';
import type { Clock } from '../base/clock.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { runAll, type Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { Informer } from '../client/informer.ts';
import type { ImageService, RuntimeService } from '../runtime/runtime.ts';
import type { NodeConfig } from './config.ts';
import { Events } from './events.ts';
import { Puller, type PullPolicy } from './images/puller.ts';
import { findHierarchies, noCgroups, podCgroups, type PodCgroups } from './machine/cgroups.ts';
import { systemMachine, type Machine, type MachineFacts } from './machine/machine.ts';
import { allocatableOf } from './node-object.ts';
import { ReferencedObjects } from './objects.ts';
import type { PodDeps, Probes } from './pod/deps.ts';
import { lifecycleHooks } from './pod/lifecycle.ts';
import { Limiter } from './pod/limiter.ts';
import { StatusManager } from './pod/status-manager.ts';
import { pullSecretsOf } from './images/pull-secrets.ts';
import { Pods } from './pods.ts';
import { ProbeManager } from './probes/probe-manager.ts';
import { Registration } from './registration.ts';
import { runtimeClassHandlers } from './runtime-classes.ts';
import { serviceInformer } from './services.ts';
import { Volumes } from './volumes/manager.ts';
import { systemMounter, type Mounter } from './volumes/mounter.ts';
import { persistentVolumes } from './volumes/persistent.ts';
import { Tokens } from './volumes/tokens.ts';
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
}

interface Parts {
  readonly options: NodeAgentOptions;
  readonly facts: MachineFacts;
  readonly events: Events;
  readonly objects: ReferencedObjects;
  readonly puller: Puller;
  readonly volumes: Volumes;
  readonly cgroups: PodCgroups;
  readonly services: Informer<ApiService>;
  readonly statuses: StatusManager;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly dns: DnsInput;
}

/** Reads the machine's facts; makes nothing yet. */
export async function createNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const parts = await makeParts(options, (uid) => void pods.byUid(uid)?.refreshVolumes());
  const { runtime, clock, random } = options;
  const onChange = (uid: string): void => pods.kick(uid);
  const probes = options.probes ?? new ProbeManager({ runtime, events: parts.events, clock, random, onChange });
  const pods = new Pods(podDeps(parts, probes));
  const registration = new Registration({
    ...options,
    machine: options.machine ?? systemMachine,
    facts: parts.facts,
    events: parts.events,
    handlers: options.handlers ?? [],
    pressures: () => ({ memory: false, disk: false, pid: false }),
    volumesInUse: () => [],
    problems: () => [],
  });
  return {
    name: 'node agent',
    pods,
    registration,
    options,
    machine: options.machine ?? systemMachine,
    statusOf: (uid) => parts.statuses.last(uid),
    run: (signal) => runAgent(parts, pods, registration, signal),
  };
}

const sweepEvery = 120_000;

async function runAgent(parts: Parts, pods: Pods, registration: Registration, signal: AbortSignal): Promise<void> {
  const { options, events, objects, services, statuses, volumes } = parts;
  await volumes.start();
  const source = podSource(parts, pods);
  const sweeping = { name: 'sweep', run: (until: AbortSignal) => sweep(parts, pods, source, until) };
  const runtimeEvents = { name: 'runtime events', run: (until: AbortSignal) => followRuntime(options, pods, until) };
  try {
    await runAll([events, services, statuses, pods, source, runtimeEvents, sweeping, registration], signal);
  } finally {
    objects.close();
  }
}

function podSource(parts: Parts, pods: Pods): Informer<Pod> {
  const { client, clock, random, log: logger, config } = parts.options;
  const fieldSelector = `spec.nodeName=${config.nodeName}`;
  const informer = new Informer<Pod>({ client, kind: Pod, clock, random, logger, fieldSelector });
  const take = (pod: Pod): void => {
    parts.objects.hold(pod);
    pods.put(pod);
  };
  informer.subscribe({
    added: take,
    updated: take,
    deleted: (pod) => {
      pods.remove(pod);
      parts.objects.release(pod.metadata.uid);
    },
  });
  return informer;
}

/** Once it is known which pods there are, whatever else is on this node goes. */
async function sweep(parts: Parts, pods: Pods, source: Informer<Pod>, signal: AbortSignal): Promise<void> {
  const { clock, log } = parts.options;
  await source.whenSynced(signal).catch(() => {});
  while (!signal.aborted) {
    await pods.sweep().catch((error: unknown) => log.warn('cannot sweep', { error: messageOf(error) }));
    await clock.sleep(sweepEvery, signal).catch(() => {});
  }
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

async function makeParts(options: NodeAgentOptions, onChange: (uid: string) => void): Promise<Parts> {
  const { client, clock, random, log, config } = options;
  const machine = options.machine ?? systemMachine;
  const mounter = options.mounter ?? systemMounter;
  const [facts, disk] = await Promise.all([machine.facts(), machine.disk(config.rootDirectory)]);
  const events = new Events({ client, clock, log: log.named('events'), nodeName: config.nodeName });
  const objects = new ReferencedObjects({ client, clock, random, log, onChange });
  const puller = new Puller({ images: options.images, events, clock, parallel: config.maxParallelImagePulls });
  const volumes = new Volumes({
    rootDirectory: config.rootDirectory,
    mounter,
    reader: objects,
    tokens: new Tokens({ client, clock }),
    persistent: persistentVolumes({ client, mounter, filesystems: () => readFile('/proc/filesystems', 'utf8') }),
    clock,
    log,
    image: async (pod, volume, signal) => {
      const image = volume.image?.reference ?? '';
      const policy = (volume.image?.pullPolicy ?? 'IfNotPresent') as PullPolicy;
      const secrets = await pullSecretsOf(pod, objects);
      return (await puller.ensure({ pod, container: undefined, image, policy, secrets, signal })).id;
    },
  });
  const resolver = config.resolvConf === '' ? '' : await readFile(config.resolvConf, 'utf8').catch(() => '');
  const capacity = {
    cpu: `${facts.cpus}`,
    memory: `${facts.memoryBytes}`,
    'ephemeral-storage': `${disk.capacityBytes}`,
  };
  return {
    options,
    facts,
    events,
    objects,
    puller,
    volumes,
    cgroups: await cgroupsOf(options),
    services: serviceInformer(client, clock, random, log),
    statuses: new StatusManager({ client, clock, log: log.named('status'), mirrorOf: () => undefined }),
    allocatable: allocatableOf(capacity, config, disk),
    dns: {
      clusterDns: config.clusterDns,
      clusterDomain: config.clusterDomain,
      node: parseResolvConf(resolver),
    },
  };
}

async function cgroupsOf(options: NodeAgentOptions): Promise<PodCgroups> {
  const { config, clock, log } = options;
  if (config.cgroupRoot === undefined) return noCgroups;
  const hierarchies = findHierarchies(await readFile('/proc/self/mountinfo', 'utf8'));
  return podCgroups({ hierarchies, root: config.cgroupRoot, podPidsLimit: config.podPidsLimit, clock, log });
}

function podDeps(parts: Parts, probes: Probes): PodDeps {
  const { options, events, objects, puller, volumes, cgroups, services, statuses } = parts;
  const { client, clock, config, runtime } = options;
  const log = options.log.named('pods');
  const handlers = runtimeClassHandlers(client, clock);
  return {
    config,
    clock,
    log,
    runtime,
    puller,
    volumes,
    events,
    cgroups,
    hooks: lifecycleHooks(runtime, clock),
    probes,
    statuses,
    machineMemory: parts.facts.memoryBytes,
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
    handler: handlers,
    userNamespace: () => undefined,
    nodeHosts: () => readFile('/etc/hosts', 'utf8').catch(() => '127.0.0.1\tlocalhost\n'),
    admit: () => undefined,
  };
}
