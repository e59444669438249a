/** Whose pod goes first when the node runs short, and what it is told. Pure. */
import type { Pod } from '../../api/core/pod.ts';
import { canonicalQuantity, formatQuantity, quantityOf } from '../../schema/quantity.ts';
import { podAmount, requestsOf, bytesOf } from '../pod/resources.ts';
import { inodes, type Shortage } from './signals.ts';
import type { FolderUse } from './usage.ts';

export interface ContainerUsage {
  readonly name: string;
  readonly memoryBytes: number;
  /** Of its layer and, where disk is short, its logs. */
  readonly disk: FolderUse;
  readonly processes: number;
}

export interface PodUsage {
  readonly pod: Pod;
  readonly containers: readonly ContainerUsage[];
  /** Of its volumes on the node's own disk. */
  readonly volumes: FolderUse;
}

/** What is short, and of which the one who takes most is sought. */
type Short = Pick<Shortage, 'resource' | 'resourceName'>;

function used({ resource, resourceName }: Short, usage: ContainerUsage): number {
  if (resource === 'memory') return usage.memoryBytes;
  if (resource === 'pid') return usage.processes;
  return resourceName === inodes ? usage.disk.inodes : usage.disk.bytes;
}

function total(short: Short, { containers, volumes }: PodUsage): number {
  const own = containers.reduce((sum, each) => sum + used(short, each), 0);
  if (short.resource !== 'disk') return own;
  return own + (short.resourceName === inodes ? volumes.inodes : volumes.bytes);
}

/** Nobody can ask for processes or inodes. */
function requested(pod: Pod, { resource, resourceName }: Short): number {
  if (resource === 'pid' || resourceName === inodes) return 0;
  return podAmount(pod, resource === 'memory' ? 'memory' : 'ephemeral-storage', 'requests');
}

/** Those over their request first; then by priority; then by how much they are over. */
export function rank(pods: readonly PodUsage[], short: Short): readonly PodUsage[] {
  const over = (usage: PodUsage): number => total(short, usage) - requested(usage.pod, short);
  const priority = (usage: PodUsage): number => usage.pod.spec?.priority ?? 0;
  return pods.toSorted(
    (a, b) =>
      (short.resource === 'pid' ? 0 : Number(over(b) > 0) - Number(over(a) > 0)) ||
      priority(a) - priority(b) ||
      over(b) - over(a),
  );
}

export function evictionMessage(shortage: Shortage, usage: PodUsage): string {
  const { resource, resourceName, threshold, available } = shortage;
  const head = `The node was low on resource: ${resourceName}. Threshold quantity: ${threshold}, available: ${available}. `;
  if (resource === 'pid' || resourceName === inodes) return head;
  const tail = usage.containers.flatMap((each) => {
    const spec = usage.pod.spec?.containers?.find((one) => one.name === each.name);
    const request = requestsOf(spec?.resources)[resourceName] ?? '0';
    const amount = used(shortage, each);
    if (amount <= bytesOf(request)) return [];
    const told = formatQuantity(quantityOf(amount, 'BinarySI'));
    return [
      `Container ${each.name} was using ${told}, request is ${canonicalQuantity(request)}, ` +
        `has larger consumption of ${resourceName}. `,
    ];
  });
  return `${head}${tail.join('')}`;
}
