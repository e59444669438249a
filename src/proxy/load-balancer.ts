/** Gives Services of type LoadBalancer addresses from the pool and takes them back. One per cluster. */
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { systemRandom, type Random } from '../base/random.ts';
import type { Service as LongLived } from '../base/service.ts';
import { Service } from '../api/core/service.ts';
import { keyOf } from '../client/cache.ts';
import { isConflict, isNotFound, type Client } from '../client/client.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import type { Informers } from '../client/informers.ts';
import { parsePool, planLoadBalancers, type Assignment, type Refusal } from './load-balancer-plan.ts';

export interface LoadBalancerOptions {
  readonly client: Client;
  /** Shared with others of the process, and run by it. */
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: Random;
  /** Such as `172.20.0.0/24` or `172.20.0.10-172.20.0.50`; routes to them are the proxy's matter. */
  readonly pool: readonly string[];
}

/** A status that could not be written is tried again after this, in milliseconds. */
const retryDelay = 1000;

export function createLoadBalancerController(options: LoadBalancerOptions): LongLived {
  return { name: 'load-balancer', run: (signal) => run(options, signal) };
}

async function run(options: LoadBalancerOptions, signal: AbortSignal): Promise<void> {
  const { client, informers, clock, log, random = systemRandom } = options;
  const pool = parsePool(options.pool);
  const services = informers.of(Service);
  const own = new AbortController();
  const events = new EventRecorder({ client, clock, random, component: 'service-controller', logger: log });
  const recording = events.run(AbortSignal.any([signal, own.signal]));
  const told = new Map<string, string>();
  let changed = true;
  let wake: (() => void) | undefined;
  const poke = (): void => {
    changed = true;
    wake?.();
  };
  const unsubscribe = services.subscribe({ added: poke, updated: poke, deleted: poke });

  const assign = async ({ service, ingress }: Assignment): Promise<boolean> => {
    const [place] = ingress;
    if (place !== undefined) events.normal(Service, service, 'EnsuringLoadBalancer', 'Ensuring load balancer');
    try {
      const status = { ...service.status, loadBalancer: { ingress } };
      await client.update(Service, { ...service, status }, { subresource: 'status' });
    } catch (error) {
      // Changed or gone meanwhile: the informer brings it here again.
      if (isConflict(error) || isNotFound(error)) return true;
      log.warn('could not write the address of a Service', { service: keyOf(service), error: messageOf(error) });
      return false;
    }
    if (place !== undefined)
      events.normal(Service, service, 'EnsuredLoadBalancer', `Ensured load balancer at ${place.ip ?? ''}`);
    return true;
  };

  /** Each refusal is told once, for as long as it lasts. */
  const tell = (refusals: readonly Refusal[]): void => {
    const now = new Map(refusals.map((refusal) => [refusal.service.metadata.uid, refusal]));
    for (const uid of told.keys()) if (!now.has(uid)) told.delete(uid);
    for (const [uid, { service, message }] of now) {
      if (told.get(uid) === message) continue;
      told.set(uid, message);
      events.warning(Service, service, 'SyncLoadBalancerFailed', `Error syncing load balancer: ${message}`);
    }
  };

  try {
    await services.whenSynced(signal);
    while (!signal.aborted) {
      changed = false;
      const plan = planLoadBalancers(services.list(), pool);
      tell(plan.refusals);
      const results = await Promise.all(plan.assignments.map(assign));
      if (changed) continue;
      await waitFor(clock, signal, results.includes(false) ? retryDelay : undefined, (set) => (wake = set));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    unsubscribe();
    own.abort();
    await recording;
  }
}

/** Until woken, aborted, or, when one is given, the delay has passed. */
function waitFor(
  clock: Clock,
  signal: AbortSignal,
  delay: number | undefined,
  setWake: (wake: (() => void) | undefined) => void,
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      timer?.cancel();
      signal.removeEventListener('abort', finish);
      setWake(undefined);
      resolve();
    };
    const timer = delay === undefined ? undefined : clock.after(delay, finish);
    signal.addEventListener('abort', finish, { once: true });
    setWake(finish);
  });
}
