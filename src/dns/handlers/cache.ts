/**
 * `cache [TTL] [ZONES...] { success CAPACITY [TTL]; denial CAPACITY [TTL]; serve_stale; disable ... }`: keeps
 * what upstreams answered, refusals of names included. Answers of the cluster zone are never kept here: they
 * are as quick to make, and must not be old.
 */
import type { Clock } from '../../base/clock.ts';
import { CorefileError, normalizeZone, type Directive } from '../corefile.ts';
import { lifetimeOf, type Lifetime } from '../foreign.ts';
import { andThen, isWithin, type Foreign, type Handler, type Reply, type Request } from '../request.ts';
import { rcodes } from '../wire.ts';

interface Entry {
  readonly reply: Foreign;
  readonly lifetime: Lifetime;
  readonly storedAt: number;
  /** Milliseconds on the monotonic clock. */
  readonly expiresAt: number;
}

interface Bounds {
  capacity: number;
  /** Seconds. */
  ttl: number;
}

const known = new Set(['success', 'denial', 'prefetch', 'serve_stale', 'servfail', 'disable', 'keepttl']);

export interface CacheContext {
  readonly clock: Clock;
  readonly count: (what: 'hits' | 'misses' | 'evictions') => void;
}

export function cacheHandler(directive: Directive, { clock, count }: CacheContext): Handler {
  const { success, denial, zones } = parse(directive);
  const stores = { success: new Map<string, Entry>(), denial: new Map<string, Entry>() };

  const keep = (key: string, reply: Reply): Reply => {
    const lifetime = reply.kind === 'foreign' ? lifetimeOf(reply.message) : undefined;
    if (reply.kind !== 'foreign' || lifetime === undefined || lifetime.truncated) return reply;
    const verdict = verdictOn(reply, lifetime);
    if (verdict === undefined) return reply;
    const [store, bounds] = verdict === 'denial' ? [stores.denial, denial] : [stores.success, success];
    const seconds = Math.min(lifetime.ttl, bounds.ttl);
    if (seconds <= 0 || bounds.capacity === 0) return reply;
    if (store.size >= bounds.capacity) {
      // Maps keep the order of insertion: the oldest goes.
      const [oldest = ''] = store.keys();
      store.delete(oldest);
      count('evictions');
    }
    const now = clock.monotonic();
    store.set(key, { reply, lifetime, storedAt: now, expiresAt: now + seconds * 1000 });
    return reply;
  };

  const find = (key: string): Foreign | undefined => {
    for (const store of [stores.success, stores.denial]) {
      const entry = store.get(key);
      if (entry === undefined) continue;
      if (entry.expiresAt > clock.monotonic()) return aged(entry, clock.monotonic());
      store.delete(key);
    }
    return undefined;
  };

  return (request, next) => {
    if (!zones.some((zone) => isWithin(request.name, zone))) return next(request);
    const key = keyOf(request);
    const hit = find(key);
    count(hit === undefined ? 'misses' : 'hits');
    return hit ?? andThen(next(request), (reply) => keep(key, reply));
  };
}

/** Everything that the bytes of an answer depend on: the question with its spelling, and what EDNS asked for. */
function keyOf({ query, name, type }: Request): string {
  const { question, edns } = query;
  const flags = `${edns === undefined ? '' : `${edns.dnssec ? 'd' : 'e'}${edns.size}`}${query.checkingDisabled ? 'c' : ''}`;
  return `${name} ${type} ${flags} ${Buffer.from(question.buffer, question.byteOffset, question.byteLength).toString('latin1')}`;
}

/** A copy whose times to live are less by the seconds it was kept. */
function aged({ reply, lifetime, storedAt }: Entry, now: number): Foreign {
  const message = Uint8Array.from(reply.message);
  const view = new DataView(message.buffer);
  const seconds = Math.floor((now - storedAt) / 1000);
  for (const offset of lifetime.offsets) view.setUint32(offset, Math.max(0, view.getUint32(offset) - seconds));
  return { ...reply, message };
}

/** Failures of servers are not kept. */
function verdictOn({ rcode }: Foreign, { answers }: Lifetime): 'success' | 'denial' | undefined {
  if (rcode === rcodes.NXDOMAIN || (rcode === rcodes.NOERROR && answers === 0)) return 'denial';
  return rcode === rcodes.NOERROR ? 'success' : undefined;
}

function parse({ args, block, line }: Directive): { success: Bounds; denial: Bounds; zones: readonly string[] } {
  const [first = 'none', ...rest] = args;
  const ttl = /^-?\d+$/.test(first) ? Number(first) : undefined;
  if (ttl !== undefined && ttl <= 0) {
    throw new CorefileError(`plugin/cache: cache TTL can not be zero or negative: ${first}`, line);
  }
  const zones = (ttl === undefined ? args : rest).map(normalizeZone);
  for (const { name, line } of block) {
    if (!known.has(name)) throw new CorefileError(`plugin/cache: unknown property '${name}'`, line);
  }
  const bounds = (name: string, longest: number): Bounds => {
    const [capacity, seconds] = block.find((property) => property.name === name)?.args ?? [];
    return { capacity: Number(capacity ?? 9984), ttl: Number(seconds ?? ttl ?? longest) };
  };
  return { success: bounds('success', 3600), denial: bounds('denial', 1800), zones: zones.length === 0 ? [''] : zones };
}
