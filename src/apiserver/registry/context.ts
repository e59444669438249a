/** What the registry works with, and what one write brings along. */
import { timestamp, type Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Store, Write } from '../../store/store.ts';
import type { AdmissionPlugin, Operation, UserInfo } from '../access.ts';
import type { Resource, Resources } from './resources.ts';
import type { DraftObject, Snapshot } from './snapshot.ts';
import type { Moment } from './strategy.ts';

export interface Registry {
  readonly store: Store;
  readonly resources: Resources;
  readonly clock: Clock;
  readonly random: Random;
  readonly admission: readonly AdmissionPlugin[];
  /** By `group/plural`: what a kind needs beyond the common path. */
  readonly preparations: ReadonlyMap<string, Preparation>;
  /** Counts beside all writes: quotas. */
  readonly ledger?: Ledger | undefined;
}

export interface WriteContext {
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** '' lets the user agent decide. */
  readonly fieldManager: string;
  readonly userAgent: string;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  /** Adds a `Warning:` header. */
  warn(text: string): void;
  /** Adds to what the audit log says of the request. */
  readonly annotate?: ((key: string, value: string) => void) | undefined;
}

/** What a kind's own preparations are told of a write. */
export function momentOf({ clock }: Registry, context: WriteContext): Moment {
  return { warn: (text) => context.warn(text), now: timestamp(clock.now()) };
}

/** The options of a write as admission sees them. */
export function optionsOf(context: WriteContext): Readonly<Record<string, unknown>> {
  return {
    ...(context.dryRun ? { dryRun: ['All'] } : {}),
    ...(context.fieldManager === '' ? {} : { fieldManager: context.fieldManager }),
    fieldValidation: context.fieldValidation,
  };
}

/** Where a write goes. */
export interface Target {
  readonly resource: Resource;
  /** '' for cluster scope. */
  readonly namespace: string;
  /** '' for a create whose name is to be generated. */
  readonly name: string;
  /** '' or `status`, `scale`, ... */
  readonly subresource: string;
}

export interface PreparedWrite {
  readonly operation: Operation;
  readonly target: Target;
  /** May be changed. Absent for DELETE. */
  readonly draft?: DraftObject;
  /** The object as it is stored; absent for CREATE. */
  readonly old?: Snapshot;
  readonly context: WriteContext;
}

/** What a preparation wants beside the object's own write. */
export interface Claim {
  /** Further writes of the same transaction. */
  readonly writes?: readonly Write[];
  /** Called once, when the write has gone through or has failed. */
  readonly settle?: (committed: boolean) => void;
  /** Whether a conflict on one of `writes` is worth preparing again (another address, say). */
  readonly retry?: boolean;
}

/**
 * Work of one kind that needs more than its own object: addresses of Services, say. Called before
 * validation, with durable state to look at; must not wait.
 */
export interface Preparation {
  prepare(write: PreparedWrite): Claim | undefined;
}

/**
 * What keeps count of objects of any kind. Called when a write has passed everything else; may make it wait for
 * its turn, and throws a StatusError when there is no room. `settle` of the claim is called at least once.
 */
export interface Ledger {
  /** Whether writes there may be counted; cheap. */
  applies(target: Target): boolean;
  charge(write: PreparedWrite): Promise<Claim | undefined>;
}

const preparationOf = (registry: Registry, { resource }: Target): Preparation | undefined =>
  registry.preparations.get(`${resource.storage.group}/${resource.storage.plural}`);

/** Whether a write there may lose a claim, and is then worth preparing again. */
export function hasClaims(registry: Registry, target: Target): boolean {
  return preparationOf(registry, target) !== undefined || registry.ledger?.applies(target) === true;
}

/** Two claims of one write as one. */
export function bothClaims(one: Claim | undefined, other: Claim | undefined): Claim | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    writes: [...(one.writes ?? []), ...(other.writes ?? [])],
    settle(committed) {
      one.settle?.(committed);
      other.settle?.(committed);
    },
    retry: one.retry === true || other.retry === true,
  };
}

/** What the kind's preparation claims for this write. Writes to subresources claim nothing. */
export function claimOf(registry: Registry, write: PreparedWrite): Claim | undefined {
  const { subresource } = write.target;
  if (subresource !== '' && write.operation !== 'DELETE') return undefined;
  return preparationOf(registry, write.target)?.prepare(write);
}
