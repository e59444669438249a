/** The Node object as this agent wants it. Pure. */
import type { ContainerImage, Node, NodeAddress, NodeCondition, NodeStatus } from '../api/core/node.ts';
import type { Draft } from '../api/kind.ts';
import { timestamp } from '../base/clock.ts';
import { formatQuantity, parseQuantity, quantityOfMilli } from '../schema/quantity.ts';
import type { ImageInfo } from '../runtime/runtime.ts';
import type { NodeConfig } from './config.ts';
import type { DiskFacts, MachineFacts } from './machine/machine.ts';
import { amountOf, bytesOf } from './pod/resources.ts';

export const kubeletVersion = 'v1.35.0';

export interface Pressures {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pid: boolean;
}

/** Attaching volumes is left to the controller. */
export const nodeAnnotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };

export interface NodeInput {
  readonly config: NodeConfig;
  readonly facts: MachineFacts;
  readonly disk: DiskFacts;
  readonly runtimeVersion: string;
  readonly handlers: readonly string[];
  readonly images: readonly ImageInfo[];
  readonly pressures: Pressures;
  /** What keeps the node from running pods; empty when it can. */
  readonly problems: readonly string[];
  readonly volumesInUse: readonly string[];
  readonly now: number;
  readonly previous: NodeStatus | undefined;
}

export function nodeDraft(input: Pick<NodeInput, 'config' | 'facts'>, status: NodeStatus): Draft<Node> {
  const { config } = input;
  return {
    metadata: {
      name: config.nodeName,
      labels: nodeLabels(input),
      annotations: nodeAnnotations,
    },
    spec: {
      ...(config.podCidr === undefined ? {} : { podCIDR: config.podCidr, podCIDRs: [config.podCidr] }),
      ...(config.providerId === undefined ? {} : { providerID: config.providerId }),
      ...(config.taints.length === 0 ? {} : { taints: config.taints }),
    },
    status,
  };
}

export function nodeLabels({ config, facts }: Pick<NodeInput, 'config' | 'facts'>): Readonly<Record<string, string>> {
  return {
    'beta.kubernetes.io/arch': facts.architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': facts.architecture,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/hostname': config.hostname,
    ...config.labels,
  };
}

export function nodeStatus(input: NodeInput): NodeStatus {
  const { config, facts } = input;
  const capacity = capacityOf(input);
  const extended = extendedResources(input.previous?.capacity);
  return {
    addresses: addressesOf(config),
    capacity: { ...extended, ...capacity },
    allocatable: { ...extended, ...allocatableOf(capacity, config, input.disk) },
    conditions: conditionsOf(input),
    daemonEndpoints: { kubeletEndpoint: { Port: config.kubeletPort } },
    images: imagesOf(input.images),
    nodeInfo: {
      machineID: facts.machineId,
      systemUUID: facts.systemUuid,
      bootID: facts.bootId,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: input.runtimeVersion,
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: facts.architecture,
      ...(facts.swapBytes > 0 ? { swap: { capacity: facts.swapBytes } } : {}),
    },
    runtimeHandlers: input.handlers.map((name) => ({
      name,
      features: { recursiveReadOnlyMounts: true, userNamespaces: false },
    })),
    features: { supplementalGroupsPolicy: true },
    ...(input.volumesInUse.length === 0 ? {} : { volumesInUse: input.volumesInUse }),
  };
}

function addressesOf(config: NodeConfig): readonly NodeAddress[] {
  return [
    ...config.addresses.slice(0, 2).map((address) => ({ type: 'InternalIP', address })),
    { type: 'Hostname', address: config.hostname },
  ];
}

type Amounts = Readonly<Record<string, string>>;

function capacityOf({ config, facts, disk }: NodeInput): Amounts {
  const huge = Object.entries(facts.hugepages).map(([size, bytes]) => [`hugepages-${size}`, kibibytes(bytes)]);
  return {
    cpu: `${facts.cpus}`,
    'ephemeral-storage': kibibytes(disk.capacityBytes),
    ...Object.fromEntries(huge),
    memory: kibibytes(facts.memoryBytes),
    pods: `${config.maxPods}`,
  };
}

/** What others have written into the capacity, such as `example.com/dongle`. */
function extendedResources(capacity: Amounts = {}): Amounts {
  return Object.fromEntries(Object.entries(capacity).filter(([name]) => name.includes('/')));
}

/** Capacity less what is kept back for the system and what eviction defends. */
export function allocatableOf(capacity: Amounts, config: NodeConfig, disk: DiskFacts): Amounts {
  const held: Record<string, number> = {
    memory: thresholdBytes(config.evictionHard['memory.available'], bytesOf(capacity['memory'])),
    'ephemeral-storage': thresholdBytes(config.evictionHard['nodefs.available'], disk.capacityBytes),
  };
  const result: Record<string, string> = {};
  for (const [name, amount] of Object.entries(capacity)) {
    const left = amountOf(name, amount) - amountOf(name, config.reserved[name]) - (held[name] ?? 0);
    result[name] = written(name, Math.max(0, left), amount);
  }
  // Huge pages are set aside from memory for whoever asks for them by size.
  const huge = Object.keys(capacity).filter((name) => name.startsWith('hugepages-'));
  const taken = huge.reduce((sum, name) => sum + bytesOf(capacity[name]), 0);
  if (taken > 0) result['memory'] = kibibytes(Math.max(0, bytesOf(result['memory']) - taken));
  return result;
}

function written(name: string, amount: number, like: string): string {
  if (name === 'cpu') return formatQuantity(quantityOfMilli(amount));
  return parseQuantity(like).format === 'BinarySI' ? kibibytes(amount) : `${amount}`;
}

/** `100Mi`, or `10%` of the whole. */
export function thresholdBytes(threshold: string | undefined, whole: number): number {
  if (threshold === undefined) return 0;
  if (!threshold.endsWith('%')) return bytesOf(threshold);
  return Math.floor((whole * Number(threshold.slice(0, -1))) / 100);
}

const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

const mostImages = 50;

function imagesOf(images: readonly ImageInfo[]): readonly ContainerImage[] {
  return images
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, mostImages)
    .map((image) => ({ names: [...image.repoDigests, ...image.repoTags].slice(0, 5), sizeBytes: image.sizeBytes }));
}

interface Found {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

function conditionsOf(input: NodeInput): readonly NodeCondition[] {
  const { pressures, problems } = input;
  const found: readonly Found[] = [
    pressures.memory
      ? pressing('MemoryPressure', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available')
      : relaxed('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    pressures.disk
      ? pressing('DiskPressure', 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : relaxed('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    pressures.pid
      ? pressing('PIDPressure', 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available')
      : relaxed('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    problems.length === 0
      ? pressing('Ready', 'KubeletReady', 'kubelet is posting ready status')
      : relaxed('Ready', 'KubeletNotReady', problems.join(', ')),
  ];
  return found.map((each) => dated(input, each));
}

const pressing = (type: string, reason: string, message: string): Found => ({ type, status: 'True', reason, message });
const relaxed = (type: string, reason: string, message: string): Found => ({ type, status: 'False', reason, message });

function dated(input: NodeInput, found: Found): NodeCondition {
  const before = input.previous?.conditions?.find((each) => each.type === found.type);
  const now = timestamp(input.now);
  return {
    ...found,
    lastHeartbeatTime: now,
    lastTransitionTime: before?.status === found.status ? (before.lastTransitionTime ?? now) : now,
  };
}
