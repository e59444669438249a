/**
 * EventRateLimit: so many Events per second for the server, a namespace, a user, or a source and object.
 *
 * Messages: plugin/pkg/admission/eventratelimit/{admission,limitenforcer}.go.
 */
import { Event } from '../../api/core/event.ts';
import type { Clock } from '../../base/clock.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../access.ts';
import { tooManyRequests } from '../errors.ts';

export interface EventLimit {
  readonly type: 'Server' | 'Namespace' | 'User' | 'SourceAndObject';
  readonly perSecond: number;
  readonly burst: number;
}

export const defaultEventLimits: readonly EventLimit[] = [
  { type: 'Namespace', perSecond: 50, burst: 100 },
  { type: 'User', perSecond: 50, burst: 200 },
];

/** Buckets per limit; the one that was longest unused is forgotten (and is then full again). */
const mostBuckets = 4_096;

class Bucket {
  #tokens: number;
  #at: number;

  constructor(burst: number, now: number) {
    this.#tokens = burst;
    this.#at = now;
  }

  take({ perSecond, burst }: EventLimit, now: number): boolean {
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

export function eventRateLimit(clock: Clock, limits: readonly EventLimit[]): AdmissionPlugin {
  const buckets = limits.map((limit) => ({ limit, byKey: new Map<string, Bucket>() }));
  return {
    name: 'EventRateLimit',
    // Events of both groups share one storage kind.
    handles: ({ operation, kind, subresource }) =>
      subresource === '' && (operation === 'CREATE' || operation === 'UPDATE') && kind.kind === Event.kind,
    validate(request) {
      if (request.dryRun) return;
      const now = clock.monotonic();
      const refused = buckets.flatMap(({ limit, byKey }) => {
        const key = keyOf(limit, request);
        const bucket = byKey.get(key) ?? new Bucket(limit.burst, now);
        byKey.delete(key);
        byKey.set(key, bucket);
        if (byKey.size > mostBuckets) for (const oldest of [...byKey.keys()].slice(0, 1)) byKey.delete(oldest);
        return bucket.take(limit, now) ? [] : [`limit reached on type ${limit.type} for key ${key}`];
      });
      if (refused.length === 0) return;
      const text = refused.length === 1 ? refused[0] : `[${refused.join(', ')}]`;
      throw tooManyRequests(`Too many requests: ${text}`, 1);
    },
  };
}

function keyOf({ type }: EventLimit, { namespace, user, object }: AdmissionRequest): string {
  if (type === 'Server') return '';
  if (type === 'Namespace') return namespace;
  if (type === 'User') return user.username;
  const { source, involvedObject: of } = object as unknown as Partial<Event>;
  const parts = [source?.component, source?.host, of?.kind, of?.namespace, of?.name, of?.uid, of?.apiVersion];
  return parts.map((part) => part ?? '').join('');
}
