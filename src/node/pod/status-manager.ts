/**
 * Brings pods' statuses to the API. Guarantees: the newest status of each pod gets there, however long the API is
 * away, and older ones that were overtaken do not; a pod that is being deleted goes once its last status is there
 * and nothing of it is left; a pod of the same name but another uid is never touched.
 */
import { isDeepStrictEqual } from 'node:util';
import { Pod } from '../../api/core/pod.ts';
import type { PodStatus } from '../../api/core/pod-status.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { WorkQueue } from '../../base/work-queue.ts';
import { ApiError, isNotFound, type Client } from '../../client/client.ts';
import { ownedConditions } from './conditions.ts';
import { isStatic, namespaceOf } from './names.ts';
import type { StatusSink } from './deps.ts';
import type { Timeline } from './timeline.ts';

interface Entry {
  pod: Pod;
  status: PodStatus;
  over: boolean;
  /** What the API is known to have. */
  known: PodStatus;
}

export interface StatusManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly parallel?: number;
  readonly timeline: Pick<Timeline, 'mark'>;
  /** The API's picture of a static pod. */
  readonly mirrorOf: (pod: Pod) => Pod | undefined;
}

export class StatusManager implements StatusSink {
  readonly name = 'pod status';
  readonly #options: StatusManagerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #queue: WorkQueue;

  constructor(options: StatusManagerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ clock: options.clock, retry: { first: 200, longest: 8000 } });
  }

  publish(pod: Pod, status: PodStatus, over: boolean): void {
    const { uid } = pod.metadata;
    if (isReady(status)) this.#options.timeline.mark(pod, 'ready');
    const entry = this.#entries.get(uid);
    const known = pod.status ?? {};
    if (entry === undefined) this.#entries.set(uid, { pod, status, over, known });
    else {
      // The watch may lag behind our own patches; its newer resourceVersion wins only when it changed.
      if (entry.pod.metadata.resourceVersion !== pod.metadata.resourceVersion) entry.known = known;
      entry.pod = pod;
      entry.status = status;
      entry.over = over;
    }
    this.#queue.add(uid);
  }

  last(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.status;
  }

  told(pod: Pod): PodStatus | undefined {
    return this.last(pod.metadata.uid) ?? pod.status;
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    if (signal.aborted) this.#queue.close();
    const workers = Array.from({ length: this.#options.parallel ?? 4 }, () => this.#work());
    await Promise.all(workers);
  }

  async #work(): Promise<void> {
    for (;;) {
      const uid = await this.#queue.take();
      if (uid === undefined) return;
      try {
        await this.#sync(uid);
        this.#queue.forget(uid);
      } catch (error) {
        this.#options.log.debug('cannot write a pod status', { uid, error: messageOf(error) });
        this.#queue.retry(uid);
      } finally {
        this.#queue.done(uid);
      }
    }
  }

  async #sync(uid: string): Promise<void> {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    const pod = isStatic(entry.pod) ? this.#options.mirrorOf(entry.pod) : entry.pod;
    if (pod === undefined) return;
    try {
      await this.#write(entry, pod);
    } catch (error) {
      if (!isGone(error)) throw error;
      if (!isNotFound(error)) this.#options.log.warn('the API refused a pod status', { uid, error: messageOf(error) });
    }
  }

  /** `pod` is the entry's own, or the mirror of a static one. */
  async #write(entry: Entry, pod: Pod): Promise<void> {
    const { client } = this.#options;
    const { name, uid, deletionTimestamp } = pod.metadata;
    const ref = { namespace: namespaceOf(pod), name };
    const own = pod === entry.pod;
    const { over } = entry;
    const changes = statusPatch(own ? entry.known : (pod.status ?? {}), entry.status);
    if (changes !== undefined) {
      const patch = { metadata: { uid }, status: changes };
      const answer = await client.patch(Pod, ref, patch, { type: 'strategic', subresource: 'status' });
      entry.known = answer.status ?? {};
    }
    if (!over || !own || deletionTimestamp === undefined) return;
    await client.delete(Pod, ref, { gracePeriodSeconds: 0, preconditions: { uid } });
  }
}

const isReady = ({ conditions = [] }: PodStatus): boolean =>
  conditions.some((each) => each.type === 'Ready' && each.status === 'True');

/** Trying again would not help. A conflict (another pod took the name) ends when the watch says so. */
function isGone(error: unknown): boolean {
  return isNotFound(error) || (error instanceof ApiError && error.reason === 'Invalid');
}

type Fields = Readonly<Record<string, unknown>>;

/** A strategic merge patch from one status to another; undefined when they are the same. */
export function statusPatch(from: PodStatus, to: PodStatus): Fields | undefined {
  const before = from as Fields;
  const after = to as Fields;
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys({ ...before, ...after })) {
    if (kept.has(key) && after[key] === undefined) continue;
    if (isDeepStrictEqual(plain(before[key]), plain(after[key]))) continue;
    patch[key] =
      mergeKeys[key] === undefined ? (after[key] ?? null) : mergedList(before[key], after[key], mergeKeys[key]);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Set by others. */
const kept: ReadonlySet<string> = new Set([
  'nominatedNodeName',
  'resourceClaimStatuses',
  'extendedResourceClaimStatus',
]);

/** Lists that strategic merge merges item by item. */
const mergeKeys: Readonly<Record<string, string>> = { conditions: 'type', podIPs: 'ip', hostIPs: 'ip' };

/** Null and absent are the same to the API. */
const plain = (value: unknown): unknown =>
  value === undefined
    ? undefined
    : (JSON.parse(JSON.stringify(value), (_, each: unknown) => (each === null ? undefined : each)) as unknown);

function mergedList(before: unknown, after: unknown, key: string): readonly unknown[] {
  const old = (before ?? []) as readonly Fields[];
  const wanted = (after ?? []) as readonly Fields[];
  // Conditions that are not this agent's may be so new that it has not heard of them.
  const gone = old
    .filter((each) => !wanted.some((other) => other[key] === each[key]))
    .filter((each) => key !== 'type' || ownedConditions.has(String(each['type'])));
  const cleared = wanted.map((each) => {
    const match = old.find((other) => other[key] === each[key]) ?? {};
    const nulls = Object.keys(match).filter((name) => !(name in each) && match[name] !== null);
    return { ...each, ...Object.fromEntries(nulls.map((name) => [name, null])) };
  });
  return [...cleared, ...gone.map((each) => ({ [key]: each[key], $patch: 'delete' }))];
}
