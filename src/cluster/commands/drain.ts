/** Empties a node before it goes: nobody new is scheduled there, and its pods leave as their budgets allow. */
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Clock } from '../../base/clock.ts';
import { UserError } from '../../cli/user-error.ts';
import { ApiError, isNotFound, type Client } from '../../client/client.ts';

export interface DrainOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodeName: string;
  /** Milliseconds. */
  readonly patience: number;
  readonly signal: AbortSignal;
}

/** Milliseconds between looks at whether the pods are gone, and between tries to evict one. */
const pause = 200;
const tooManyRequests = 429;

/** Throws a UserError that names the pods which would not go in time. */
export async function drain({ client, clock, nodeName, patience, signal }: DrainOptions): Promise<void> {
  await unlessGone(client.patch(Node, { name: nodeName }, { spec: { unschedulable: true } }, { type: 'merge' }));
  const deadline = clock.monotonic() + patience;
  const asked = new Set<string>();
  for (;;) {
    const left = (await podsOn(client, nodeName)).filter(leaves);
    if (left.length === 0) return;
    for (const pod of left) {
      if (!asked.has(pod.metadata.uid) && (await evict(client, pod))) asked.add(pod.metadata.uid);
    }
    if (clock.monotonic() > deadline) {
      const names = left.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`).join(', ');
      throw new UserError(
        `${nodeName} is cordoned, but these pods are still there after ${patience / 1000} s: ${names}`,
        'wait and try again, give more time with --timeout, or drop them with --force',
      );
    }
    await clock.sleep(pause, signal);
  }
}

/** Deletes the Node and what is still bound to it; nobody is left who could end those pods properly. */
export async function forgetNode(client: Client, nodeName: string): Promise<void> {
  await unlessGone(client.delete(Node, { name: nodeName }));
  for (const { metadata } of await podsOn(client, nodeName)) {
    await unlessGone(client.delete(Pod, metadata, { gracePeriodSeconds: 0 }));
  }
}

async function podsOn(client: Client, nodeName: string): Promise<readonly Pod[]> {
  return (await client.list(Pod, { fieldSelector: `spec.nodeName=${nodeName}` })).items;
}

/** Pods of daemons and of the node's own files go with the node; those that have ended need no eviction. */
function leaves({ metadata, status }: Pod): boolean {
  const isDaemon = (metadata.ownerReferences ?? []).some(
    (owner) => owner.controller === true && owner.kind === 'DaemonSet',
  );
  const isMirror = metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
  return !isDaemon && !isMirror && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** False when its budget does not allow it now. */
async function evict(client: Client, { metadata }: Pod): Promise<boolean> {
  const { namespace = '', name } = metadata;
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name } };
  try {
    await client.post(Pod, { namespace, name }, 'eviction', eviction);
    return true;
  } catch (error) {
    if (isNotFound(error)) return true;
    if (error instanceof ApiError && error.code === tooManyRequests) return false;
    throw error;
  }
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
