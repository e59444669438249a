/**
 * Pods that wait for a node. Ready ones go by priority, then by age. One that no node would take waits for
 * an event that may change the answer of a plugin that rejected it, then for the rest of its back-off.
 * Nothing polls; as a net under the events, a pod is tried again after five minutes at the latest.
 */
import type { Pod } from '../api/core/pod.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { pauseAfter, type Pauses } from '../base/pauses.ts';

/** What happened in the cluster, as far as plugins care. */
export type ClusterEvent =
  | 'node-added'
  | 'node-gone'
  | 'node-labels'
  | 'node-taints'
  | 'node-resources'
  | 'pod-placed'
  | 'pod-gone'
  | 'claim'
  | 'volume'
  | 'storage-class'
  | 'csi-node'
  | 'csi-driver'
  | 'storage-capacity'
  | 'detached'
  | 'namespace'
  | 'anything';

/** Which events may turn a plugin's no into a yes. */
const helpfulEvents: Readonly<Record<string, readonly ClusterEvent[]>> = {
  NodeUnschedulable: ['node-added', 'node-taints'],
  NodeName: ['node-added'],
  TaintToleration: ['node-added', 'node-taints'],
  NodeAffinity: ['node-added', 'node-labels'],
  NodePorts: ['node-added', 'pod-gone'],
  NodeResourcesFit: ['node-added', 'node-resources', 'pod-gone'],
  VolumeRestrictions: ['node-added', 'pod-gone', 'claim'],
  NodeVolumeLimits: ['node-added', 'pod-gone', 'claim', 'csi-node', 'detached'],
  VolumeBinding: [
    'node-added',
    'node-labels',
    'claim',
    'volume',
    'storage-class',
    'csi-node',
    'csi-driver',
    'storage-capacity',
  ],
  VolumeZone: ['node-added', 'node-labels', 'claim', 'volume', 'storage-class'],
  PodTopologySpread: ['node-added', 'node-gone', 'node-labels', 'node-taints', 'pod-placed', 'pod-gone'],
  InterPodAffinity: ['node-added', 'node-labels', 'pod-placed', 'pod-gone', 'namespace'],
};

/** How long a pod rests after it was tried. */
const defaultBackoff: Pauses = { first: 1_000, longest: 10_000 };
const longestWait = 300_000;

interface Waiting {
  pod: Pod;
  /** When it was first queued, for fairness. */
  readonly since: number;
  attempts: number;
  /** Not before this time. */
  notBefore: number;
  rejectedBy: ReadonlySet<string>;
  timer?: Timer;
}

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #backoff: Pauses;
  readonly #onReady: () => void;
  readonly #ready = new Map<string, Waiting>();
  readonly #backingOff = new Map<string, Waiting>();
  readonly #rejected = new Map<string, Waiting>();
  /** Taken and not yet settled; an event meanwhile must not be lost. */
  readonly #inFlight = new Map<string, { readonly waiting: Waiting; readonly events: Set<ClusterEvent> }>();
  #sorted: string[] | undefined;

  /** `onReady` is called when a pod can be taken. */
  constructor(clock: Clock, onReady: () => void, backoff: Pauses = defaultBackoff) {
    this.#clock = clock;
    this.#backoff = backoff;
    this.#onReady = onReady;
  }

  get size(): { readonly ready: number; readonly backingOff: number; readonly rejected: number } {
    return { ready: this.#ready.size, backingOff: this.#backingOff.size, rejected: this.#rejected.size };
  }

  /** A pod without a node appeared, or changed in a way that may matter. */
  put(pod: Pod): void {
    const { uid } = pod.metadata;
    const inFlight = this.#inFlight.get(uid);
    if (inFlight !== undefined) {
      inFlight.waiting.pod = pod;
      inFlight.events.add('anything');
      return;
    }
    const known = this.#ready.get(uid) ?? this.#backingOff.get(uid) ?? this.#rejected.get(uid);
    if (known === undefined) {
      const now = this.#clock.now();
      this.#makeReady({ pod, since: now, attempts: 0, notBefore: now, rejectedBy: new Set() });
      return;
    }
    known.pod = pod;
    if (this.#rejected.has(uid)) this.#revive(known);
  }

  /** Replaces the object without trying again: only its status changed. */
  refresh(pod: Pod): void {
    const { uid } = pod.metadata;
    const known =
      this.#ready.get(uid) ?? this.#backingOff.get(uid) ?? this.#rejected.get(uid) ?? this.#inFlight.get(uid)?.waiting;
    if (known !== undefined) known.pod = pod;
  }

  remove(uid: string): void {
    const known = this.#ready.get(uid) ?? this.#backingOff.get(uid) ?? this.#rejected.get(uid);
    known?.timer?.cancel();
    if (this.#ready.delete(uid)) this.#sorted = undefined;
    this.#backingOff.delete(uid);
    this.#rejected.delete(uid);
    this.#inFlight.delete(uid);
  }

  /** The most important pod that is ready. Settle it with `succeed`, `reject` or `fail`. */
  take(): Pod | undefined {
    this.#sorted ??= [...this.#ready.values()].toSorted(byImportance).map(({ pod }) => pod.metadata.uid);
    const uid = this.#sorted.pop();
    const waiting = uid === undefined ? undefined : this.#ready.get(uid);
    if (uid === undefined || waiting === undefined) return undefined;
    this.#ready.delete(uid);
    waiting.attempts += 1;
    this.#inFlight.set(uid, { waiting, events: new Set() });
    return waiting.pod;
  }

  succeed(uid: string): void {
    this.#inFlight.delete(uid);
  }

  /** No node would take it: wait for an event that helps one of these plugins. Without plugins any event helps, at once. */
  reject(uid: string, rejectedBy: ReadonlySet<string>): void {
    const inFlight = this.#inFlight.get(uid);
    if (inFlight === undefined) return;
    this.#inFlight.delete(uid);
    const { waiting, events } = inFlight;
    waiting.rejectedBy = rejectedBy;
    // No node was there to be asked: that was no attempt.
    if (rejectedBy.size === 0) waiting.attempts = 0;
    waiting.notBefore = this.#clock.now() + (rejectedBy.size === 0 ? 0 : pauseAfter(waiting.attempts, this.#backoff));
    if ([...events].some((event) => helps(event, rejectedBy))) return this.#revive(waiting);
    this.#rejected.set(uid, waiting);
    waiting.timer = this.#clock.after(longestWait, () => this.#revive(waiting));
  }

  /** Something went wrong that has nothing to do with the pod: try again after its back-off. */
  fail(uid: string): void {
    const inFlight = this.#inFlight.get(uid);
    if (inFlight === undefined) return;
    this.#inFlight.delete(uid);
    inFlight.waiting.notBefore = this.#clock.now() + pauseAfter(inFlight.waiting.attempts, this.#backoff);
    this.#revive(inFlight.waiting);
  }

  announce(event: ClusterEvent): void {
    for (const { events } of this.#inFlight.values()) events.add(event);
    const revived = this.#rejected.values().filter(({ rejectedBy }) => helps(event, rejectedBy));
    for (const waiting of revived.toArray()) this.#revive(waiting);
  }

  close(): void {
    for (const waiting of [...this.#backingOff.values(), ...this.#rejected.values()]) waiting.timer?.cancel();
    for (const pods of [this.#ready, this.#backingOff, this.#rejected]) pods.clear();
    this.#inFlight.clear();
  }

  #revive(waiting: Waiting): void {
    const { uid } = waiting.pod.metadata;
    waiting.timer?.cancel();
    this.#rejected.delete(uid);
    const left = waiting.notBefore - this.#clock.now();
    if (left <= 0) return this.#makeReady(waiting);
    this.#backingOff.set(uid, waiting);
    waiting.timer = this.#clock.after(left, () => this.#makeReady(waiting));
  }

  #makeReady(waiting: Waiting): void {
    this.#backingOff.delete(waiting.pod.metadata.uid);
    this.#ready.set(waiting.pod.metadata.uid, waiting);
    this.#insert(waiting);
    this.#onReady();
  }

  /** Keeps the order, least important first, without sorting everything for each pod. */
  #insert(waiting: Waiting): void {
    const order = this.#sorted;
    if (order === undefined) return;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#ready.get(order[middle] ?? '');
      if (other === undefined || byImportance(other, waiting) < 0) low = middle + 1;
      else high = middle;
    }
    order.splice(low, 0, waiting.pod.metadata.uid);
  }
}

/** Least important first. */
function byImportance(left: Waiting, right: Waiting): number {
  return (left.pod.spec?.priority ?? 0) - (right.pod.spec?.priority ?? 0) || right.since - left.since;
}

function helps(event: ClusterEvent, rejectedBy: ReadonlySet<string>): boolean {
  if (event === 'anything' || rejectedBy.size === 0) return true;
  return [...rejectedBy].some((plugin) => helpfulEvents[plugin]?.includes(event) ?? true);
}
