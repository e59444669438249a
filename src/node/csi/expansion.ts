/**
 * The node's part of making volumes larger. A driver's resizer makes the volume larger and says so in the
 * PersistentVolume; the file system on it is for the node that has it mounted, which then tells the claim.
 *
 * Resizers of today keep account in the claim (`allocatedResources`, `allocatedResourceStatuses`): the node acts when
 * its turn has come and records how it went. Older ones leave both out: then the node grows what is smaller than its
 * PersistentVolume, and writes the capacity alone.
 */
import {
  PersistentVolumeClaim,
  type PersistentVolumeClaimCondition,
  type PersistentVolumeClaimStatus,
} from '../../api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import { requestOf, sizeOf } from '../../api/core/volume-matching.ts';
import { timestamp, type Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import { compareQuantity } from '../../schema/quantity.ts';
import type { EventRecorder, EventType } from '../events.ts';
import { CsiCallError, grpcCode } from './call.ts';

export interface ExpansionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly nodeName: string;
}

export interface Growth {
  readonly pod: Pod;
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume;
  /** The pod's volume is for reading only. */
  readonly readonly: boolean;
  /** Names the volume among those of this node. */
  readonly key: string;
  /** Asks the driver to make it as large as the quantity says. Throws CsiCallError. */
  readonly call: (size: string) => Promise<void>;
}

const storage = 'storage';
const conditionsOfResizes = new Set([
  'Resizing',
  'FileSystemResizePending',
  'ControllerResizeError',
  'NodeResizeError',
]);
const pending = 'NodeResizePending';
const inProgress = 'NodeResizeInProgress';
const infeasible = 'NodeResizeInfeasible';

/** The driver may still be at it, or may succeed when asked again. */
const undecided: ReadonlySet<number> = new Set([
  grpcCode.canceled,
  grpcCode.deadlineExceeded,
  grpcCode.unavailable,
  grpcCode.resourceExhausted,
  grpcCode.aborted,
]);
const hopeless: ReadonlySet<number> = new Set([grpcCode.invalidArgument, grpcCode.outOfRange, grpcCode.notFound]);

const capacityOf = ({ status }: PersistentVolumeClaim): string => status?.capacity?.[storage] ?? '0';

export class Expansion {
  readonly #options: ExpansionOptions;
  /** As how large volumes are known here, by key: what the claim said when it was mounted, or what they were grown to. */
  readonly #sizes = new Map<string, string>();
  /** Not again while they are mounted: the driver grows none that is in use. */
  readonly #notInUse = new Set<string>();
  /** Volumes whose growth the driver has refused for good. */
  readonly #refused = new Set<string>();

  constructor(options: ExpansionOptions) {
    this.#options = options;
  }

  /** Of a volume that has just been mounted. Throws CsiCallError, or what the API says. */
  async afterMount(growth: Growth): Promise<void> {
    const { claim, volume, key } = growth;
    this.#notInUse.delete(key);
    if (!this.#sizes.has(key)) this.#sizes.set(key, capacityOf(claim));
    if (compareQuantity(capacityOf(claim), sizeOf(volume)) < 0) await this.#grow(growth);
  }

  /** Of a volume that a running pod has. Throws likewise. */
  async inUse(growth: Growth): Promise<void> {
    const { claim, volume, key, readonly } = growth;
    if (readonly || this.#notInUse.has(key)) return;
    // After a restart of the agent the claim knows best.
    const known = this.#sizes.get(key) ?? capacityOf(claim);
    this.#sizes.set(key, known);
    if (compareQuantity(known, sizeOf(volume)) < 0) await this.#grow(growth);
  }

  /** The volume is no longer on this node. */
  forget(key: string): void {
    this.#sizes.delete(key);
    this.#notInUse.delete(key);
    this.#refused.delete(key);
  }

  async #grow(growth: Growth): Promise<void> {
    if (growth.readonly) {
      return this.#tell(growth, 'Warning', 'FileSystemResizeFailed', 'failed', 'requested read-only file system');
    }
    const turn = turnOf(growth);
    if (turn === 'not ours') return;
    const { size, kept, reached } = turn;
    const claim = turn.begins ? await this.#mark(growth.claim, started) : growth.claim;
    if (!(await this.#call({ ...growth, claim }, size, kept && !reached))) return;
    this.#sizes.set(growth.key, size);
    this.#refused.delete(growth.key);
    this.#tell(growth, 'Normal', 'FileSystemResizeSuccessful', 'succeeded', this.#options.nodeName);
    if (!reached) await this.#mark(claim, finished(claim, size));
  }

  /** False when the driver wants the volume to be out of use first. `tells`: the claim hears what went wrong. */
  async #call(growth: Growth, size: string, tells: boolean): Promise<boolean> {
    try {
      await growth.call(size);
      return true;
    } catch (error) {
      const code = error instanceof CsiCallError ? error.code : undefined;
      if (tells && code !== undefined && !undecided.has(code)) await this.#blame(growth, size, error, code);
      if (code !== grpcCode.failedPrecondition) throw error;
      this.#notInUse.add(growth.key);
      return false;
    }
  }

  async #blame({ key, claim }: Growth, size: string, error: unknown, code: number): Promise<void> {
    // It failed before, and the claim has come to want something else: that is for the resizer to see to.
    const abandoned = this.#refused.has(key) && compareQuantity(requestOf(claim), size) !== 0;
    this.#refused.add(key);
    const state = hopeless.has(code) || abandoned ? infeasible : undefined;
    await this.#mark(claim, failed(claim, this.#condition(error), state)).catch((failure: unknown) => {
      const { name, namespace } = claim.metadata;
      const about = { namespace, claim: name, error: messageOf(failure) };
      this.#options.log.warn('cannot tell a claim that it could not grow', about);
    });
  }

  #condition(error: unknown): PersistentVolumeClaimCondition {
    return {
      type: 'NodeResizeError',
      status: 'True',
      lastTransitionTime: timestamp(this.#options.clock.now()),
      message: `failed to expand pvc with ${messageOf(error)}`,
    };
  }

  #tell({ pod, claim, volume }: Growth, type: EventType, reason: string, how: string, tail: string): void {
    const { events } = this.#options;
    const message = `MountVolume.NodeExpandVolume ${how} for volume ${JSON.stringify(volume.metadata.name)} ${tail}`;
    events.pod(pod, type, reason, message);
    const { name, namespace = '', uid, resourceVersion } = claim.metadata;
    const object = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', name, namespace, uid, resourceVersion };
    events.about(object, type, reason, message);
  }

  /** Of the state that was seen only: somebody else's newer one is looked at first. */
  #mark({ metadata }: PersistentVolumeClaim, status: StatusPatch): Promise<PersistentVolumeClaim> {
    const { name, namespace = '', uid, resourceVersion } = metadata;
    return this.#options.client.patch(
      PersistentVolumeClaim,
      { name, namespace },
      { metadata: { uid, resourceVersion }, status },
      { type: 'merge', subresource: 'status' },
    );
  }
}

interface Turn {
  readonly size: string;
  /** The claim has an account of its growth. */
  readonly kept: boolean;
  /** Another node has told the claim already: then this one has but to grow what it has mounted. */
  readonly reached: boolean;
  /** The claim is to hear that it has begun. */
  readonly begins: boolean;
}

/** Whether it is for the node to do something. */
function turnOf({ claim, volume }: Pick<Growth, 'claim' | 'volume'>): Turn | 'not ours' {
  const size = sizeOf(volume);
  const { allocatedResources, allocatedResourceStatuses } = claim.status ?? {};
  const status = allocatedResourceStatuses?.[storage] ?? '';
  const reached = compareQuantity(capacityOf(claim), size) >= 0;
  const kept = status !== '' || allocatedResources !== undefined;
  const ours = status === pending || status === inProgress || (reached && status === '');
  if (kept && !ours) return 'not ours';
  return { size, kept, reached, begins: kept && !reached && status === pending };
}

interface StatusPatch {
  readonly capacity?: Readonly<Record<string, string>>;
  readonly conditions?: readonly PersistentVolumeClaimCondition[];
  readonly allocatedResourceStatuses?: Readonly<Record<string, string | null>> | null;
}

type Seen = Pick<PersistentVolumeClaim, 'status'>;
const others = ({ conditions = [] }: Partial<PersistentVolumeClaimStatus> = {}) =>
  conditions.filter(({ type }) => !conditionsOfResizes.has(type));

const started: StatusPatch = { allocatedResourceStatuses: { [storage]: inProgress } };

function finished({ status }: Seen, size: string): StatusPatch {
  const statuses = Object.keys(status?.allocatedResourceStatuses ?? {});
  const left = statuses.some((name) => name !== storage) ? { [storage]: null } : null;
  return {
    capacity: { [storage]: size },
    conditions: others(status),
    ...(statuses.includes(storage) ? { allocatedResourceStatuses: left } : {}),
  };
}

function failed({ status }: Seen, condition: PersistentVolumeClaimCondition, state?: string): StatusPatch {
  const kept = (status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  return {
    conditions: [...kept, condition],
    ...(state === undefined ? {} : { allocatedResourceStatuses: { [storage]: state } }),
  };
}
