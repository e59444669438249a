/** What a simulated node and its pods look like in the API: pure. */
import type { Lease } from '../../api/coordination/lease.ts';
import type { ContainerStatus, PodStatus } from '../../api/core/pod-status.ts';
import type { Node, NodeCondition, NodeStatus } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import { simulatedNode } from '../../api/core/simulated-node.ts';
import type { Draft } from '../../api/kind.ts';
import { microTimestamp, timestamp } from '../../base/clock.ts';
import { kubeletVersion } from '../node-object.ts';

/** Nobody has such an address and nobody routes one (class E): traffic to a simulated pod reaches no stranger. */
export const podRange = '240.0.0.0/8';

const zones = 3;
const capacity = { cpu: '32', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '110' };

/** Numbers count from 1; names sort as they count. */
export function nodeName(prefix: string, number: number): string {
  return `${prefix}-sim-${String(number).padStart(5, '0')}`;
}

export interface NodeInput {
  readonly name: string;
  readonly number: number;
  /** Of the machine that pretends to be them. */
  readonly address: string;
  readonly now: number;
}

export function nodeDraft(input: NodeInput): Draft<Node> {
  const zone = `simulated-${((input.number - 1) % zones) + 1}`;
  return {
    metadata: {
      name: input.name,
      labels: {
        'kubernetes.io/hostname': input.name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        // A zone apart: real nodes are not taken for failing when simulated ones stop.
        'topology.kubernetes.io/region': 'simulated',
        'topology.kubernetes.io/zone': zone,
        [simulatedNode]: 'true',
      },
    },
    spec: { taints: [{ key: simulatedNode, value: 'true', effect: 'NoSchedule' }] },
    status: nodeStatus(input),
  };
}

export function nodeStatus({ name, address, now }: NodeInput): NodeStatus {
  return {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
    capacity,
    allocatable: capacity,
    conditions: conditions(now),
    nodeInfo: {
      machineID: name,
      systemUUID: name,
      bootID: name,
      kernelVersion: 'simulated',
      osImage: 'Simulated node',
      containerRuntimeVersion: 'simulated://1.0.0',
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
  };
}

function conditions(now: number): readonly NodeCondition[] {
  const at = timestamp(now);
  const times = { lastHeartbeatTime: at, lastTransitionTime: at };
  const relaxed = ['Memory', 'Disk', 'PID'].map((name) => ({
    type: `${name}Pressure`,
    status: 'False',
    reason: 'Simulated',
    message: 'a simulated node is never short of anything',
    ...times,
  }));
  return [...relaxed, { type: 'Ready', status: 'True', reason: 'Simulated', message: 'simulated', ...times }];
}

export const leaseNamespace = 'kube-node-lease';

export function leaseDraft({ metadata }: Node, seconds: number, now: number): Draft<Lease> {
  const { name, uid } = metadata;
  return {
    metadata: { namespace: leaseNamespace, name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
    spec: { holderIdentity: name, leaseDurationSeconds: seconds, renewTime: microTimestamp(now) },
  };
}

/** A pod whose containers have all started, and are ready if nothing else was asked for. */
export function runningStatus(pod: Pod, podIp: string, hostIp: string, now: number): PodStatus {
  const at = timestamp(now);
  const { containers = [], initContainers = [], readinessGates = [] } = pod.spec ?? {};
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const gated = readinessGates.some(
    ({ conditionType }) =>
      !pod.status?.conditions?.some((each) => each.type === conditionType && each.status === 'True'),
  );
  const present = pod.status?.conditions ?? [];
  const own = ['PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
    type,
    status: type === 'Ready' && gated ? 'False' : 'True',
    lastTransitionTime: at,
    ...(type === 'Ready' && gated ? { reason: 'ReadinessGatesNotReady', message: 'a readiness gate is not True' } : {}),
  }));
  return {
    phase: 'Running',
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    startTime: at,
    conditions: [...present.filter(({ type }) => !own.some((each) => each.type === type)), ...own],
    containerStatuses: containers.map((each) => running(pod, each, at)),
    ...(initContainers.length === 0
      ? {}
      : {
          initContainerStatuses: initContainers.map((each) =>
            sidecars.includes(each) ? running(pod, each, at) : completed(pod, each, at),
          ),
        }),
  };
}

interface Named {
  readonly name: string;
  readonly image?: string;
}

function running(pod: Pod, container: Named, at: string): ContainerStatus {
  return { ...common(pod, container), ready: true, started: true, state: { running: { startedAt: at } } };
}

function completed(pod: Pod, container: Named, at: string): ContainerStatus {
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at };
  return { ...common(pod, container), ready: true, started: false, state: { terminated } };
}

function common({ metadata }: Pod, { name, image = '' }: Named) {
  return {
    name,
    image,
    imageID: `simulated://${image}`,
    containerID: `simulated://${metadata.uid}-${name}`,
    restartCount: 0,
  };
}
