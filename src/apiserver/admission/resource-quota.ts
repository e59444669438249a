/**
 * ResourceQuota: what a write adds is counted in the quota's status by the same transaction. Writes of one
 * namespace that are counted take turns; whoever changes the status from elsewhere makes the write try again.
 * So a quota is never exceeded, and a crash leaves neither the object nor its count alone.
 *
 * Messages: apiserver pkg/admission/plugin/resourcequota/controller.go.
 */
import { ResourceQuota } from '../../api/core/resource-quota.ts';
import type { KubernetesObject } from '../../api/kind.ts';
import { concerned, counterOf, type Amounts, type Counter } from '../../api/quota/usage.ts';
import type { Clock } from '../../base/clock.ts';
import { deepClone } from '../../schema/freeze.ts';
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  isNegative,
  isZero,
  parseQuantity,
  subtractQuantity,
  type Quantity,
} from '../../schema/quantity.ts';
import type { Entry, Store, Write } from '../../store/store.ts';
import { forbidden, tooManyRequests } from '../errors.ts';
import type { Ledger, PreparedWrite, Target } from '../registry/context.ts';
import { seal, type DraftObject } from '../registry/snapshot.ts';
import { Turns } from './turns.ts';

export interface QuotaOptions {
  readonly store: Store;
  readonly clock: Clock;
}

const prefixOf = (namespace: string): string => `core/resourcequotas/${namespace}/`;

export function resourceQuota({ store, clock }: QuotaOptions): Ledger {
  const turns = new Turns();
  const applies = ({ namespace }: Target): boolean => namespace !== '' && store.count(prefixOf(namespace)) > 0;
  return {
    applies,
    async charge(write) {
      const { target } = write;
      if (!applies(target)) return undefined;
      const counter = counterOf(target.resource.storage);
      const updates = write.operation === 'UPDATE' && counter.updates.includes(target.subresource);
      if (!updates && (write.operation !== 'CREATE' || target.subresource !== '')) return undefined;
      if (!concernsAny(store, write, counter)) return undefined;
      const release = await turns.take(target.namespace);
      if (release === undefined) throw tooManyRequests(`too many writes wait for the quota of ${target.namespace}`, 1);
      try {
        return { writes: chargesOf(store, write, counter, clock.now()), settle: release };
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

function concernsAny(store: Store, { target, draft }: PreparedWrite, counter: Counter): boolean {
  const object = draft as unknown as KubernetesObject;
  return store
    .range(prefixOf(target.namespace))
    .entries.some(({ value }) => concerned((value as ResourceQuota).spec ?? {}, counter, object).length > 0);
}

/** One write per quota that the object counts in. Throws 403 when there is no room in one. */
function chargesOf(store: Store, write: PreparedWrite, counter: Counter, now: number): readonly Write[] {
  const object = write.draft as unknown as KubernetesObject;
  const old = write.old?.value as KubernetesObject | undefined;
  const added = increase(counter.usage(object, now), old === undefined ? {} : counter.usage(old, now));
  const entries = store.range(prefixOf(write.target.namespace)).entries.filter(({ value }) => {
    // What the controller has not taken over from the specification yet does not hold yet.
    const { spec = {}, status } = value as ResourceQuota;
    return concerned({ ...spec, hard: status?.hard ?? {} }, counter, object).length > 0;
  });
  for (const { value } of entries) checkUsable(write, value as ResourceQuota, counter, object);
  return entries.flatMap((entry) => chargeOf(write, entry, added));
}

/** What is used more than before; nothing for what is used less: the controller gives it back. */
function increase(young: Amounts, old: Amounts): Amounts {
  const entries = Object.entries(young).map(([name, value]) => {
    const before = old[name];
    return [name, before === undefined ? value : subtractQuantity(value, before)] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => !isZero(value) && !isNegative(value)));
}

function refusal({ target }: PreparedWrite, why: string): Error {
  const { group, plural } = target.resource.storage;
  return forbidden({ group, resource: plural }, target.name, why);
}

function checkUsable(write: PreparedWrite, quota: ResourceQuota, counter: Counter, object: KubernetesObject): void {
  const { name } = quota.metadata;
  const names = Object.keys(quota.status?.hard ?? {}).filter((each) => counter.counts(each));
  const unknown = names.filter((each) => quota.status?.used?.[each] === undefined);
  if (unknown.length > 0) {
    throw refusal(write, `status unknown for quota: ${name}, resources: ${unknown.toSorted().join(',')}`);
  }
  const missing = counter.missing(names, object);
  if (missing !== '') throw refusal(write, `failed quota: ${name}: ${missing}`);
}

function chargeOf(write: PreparedWrite, entry: Entry, added: Amounts): readonly Write[] {
  const quota = entry.value as ResourceQuota;
  const { hard = {}, used = {} } = quota.status ?? {};
  const requested = Object.entries(added).filter(([name]) => hard[name] !== undefined);
  if (requested.length === 0) return [];
  const after = requested.map(([name, value]) => [name, addQuantity(used[name] ?? '0', value)] as const);
  const exceeded = new Set(
    after.filter(([name, value]) => compareQuantity(value, hard[name] ?? '0') > 0).map(([name]) => name),
  );
  if (exceeded.size > 0) throw refusal(write, exceededText(quota, Object.fromEntries(requested), exceeded));
  const draft = deepClone(quota) as unknown as DraftObject & { status: Record<string, unknown> };
  const counted = Object.fromEntries(after.map(([name, value]) => [name, formatQuantity(value)]));
  draft.status = { ...draft.status, used: { ...used, ...counted } };
  return [{ type: 'put', key: entry.key, ...seal(ResourceQuota, draft), expect: entry.revision }];
}

function exceededText({ metadata, status }: ResourceQuota, requested: Amounts, exceeded: ReadonlySet<string>): string {
  const list = (amounts: Readonly<Record<string, Quantity | string>>): string =>
    [...exceeded]
      .toSorted()
      .map((name) => `${name}=${formatQuantity(parseQuantity(amounts[name] ?? '0'))}`)
      .join(',');
  return (
    `exceeded quota: ${metadata.name}, requested: ${list(requested)}, ` +
    `used: ${list(status?.used ?? {})}, limited: ${list(status?.hard ?? {})}`
  );
}
