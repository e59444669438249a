/** Whose pod goes first when the node runs short, and what it is told. Pure. */
import type { Pod } from '../../api/core/pod.ts';
import { formatQuantity, quantityOf } from '../../schema/quantity.ts';
import { podAmount, requestsOf, bytesOf } from '../pod/resources.ts';
import type { Shortage } from './signals.ts';

export interface ContainerUsage {
  readonly name: string;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly processes: number;
}

export interface PodUsage {
  readonly pod: Pod;
  readonly containers: readonly ContainerUsage[];
  /** Volumes and logs; with the containers' layers it makes the pod's use of disk. */
  readonly volumeBytes: number;
}

type Pick = (usage: ContainerUsage) => number;

const picks: Readonly<Record<Shortage['resource'], Pick>> = {
  memory: (usage) => usage.memoryBytes,
  disk: (usage) => usage.diskBytes,
  pid: (usage) => usage.processes,
};

const total = (usage: PodUsage, resource: Shortage['resource']): number =>
  usage.containers.reduce((sum, each) => sum + picks[resource](each), resource === 'disk' ? usage.volumeBytes : 0);

function requested(pod: Pod, resource: Shortage['resource']): number {
  if (resource === 'pid') return 0;
  return podAmount(pod, resource === 'memory' ? 'memory' : 'ephemeral-storage', 'requests');
}

/** Those over their request first; then by priority; then by how much they are over. */
export function rank(pods: readonly PodUsage[], resource: Shortage['resource']): readonly PodUsage[] {
  const over = (usage: PodUsage): number => total(usage, resource) - requested(usage.pod, resource);
  const priority = (usage: PodUsage): number => usage.pod.spec?.priority ?? 0;
  return pods.toSorted(
    (a, b) =>
      (resource === 'pid' ? 0 : Number(over(b) > 0) - Number(over(a) > 0)) ||
      priority(a) - priority(b) ||
      over(b) - over(a),
  );
}

export function evictionMessage(shortage: Shortage, usage: PodUsage): string {
  const { resource, resourceName } = shortage;
  const amount = (value: number): string =>
    shortage.unit === 'bytes' ? formatQuantity(quantityOf(value, 'BinarySI')) : `${value}`;
  const head =
    `The node was low on resource: ${resourceName}. ` +
    `Threshold quantity: ${amount(shortage.threshold)}, available: ${binary(shortage)}. `;
  if (resource === 'pid' || resourceName === 'inodes') return head;
  const tail = usage.containers.flatMap((each) => {
    const spec = usage.pod.spec?.containers?.find((one) => one.name === each.name);
    const request = bytesOf(requestsOf(spec?.resources)[resourceName]);
    const used = picks[resource](each);
    if (used <= request) return [];
    const told = request === 0 ? '0' : amount(request);
    return [
      `Container ${each.name} was using ${kibibytes(used)}, request is ${told}, has larger consumption of ${resourceName}. `,
    ];
  });
  return `${head}${tail.join('')}`;
}

const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;
const binary = (shortage: Shortage): string =>
  shortage.unit === 'bytes' ? kibibytes(shortage.available) : `${shortage.available}`;
