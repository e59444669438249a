/**
 * A client whose calls go wrong, by a seed, in the ways that networks and other writers make them:
 * late, lost, told twice, or in conflict. Controllers must end up in the same place nevertheless.
 */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { ApiError, type Client, type WatchEvent, type WatchOptions } from '../client.ts';

export interface Faults {
  /** Every so many updates and patches meet a conflict. */
  readonly conflictEvery?: number;
  /** Chance that a call fails before it reached the server. */
  readonly lostRequests?: number;
  /** Chance that a write went through but its answer is lost. */
  readonly lostAnswers?: number;
  /** Chance that a watch event is delivered twice. */
  readonly duplicates?: number;
  /** Chance, per event, that the watch breaks before it. */
  readonly brokenWatches?: number;
  /** Longest delay of a watch event, in milliseconds. */
  readonly delay?: number;
  /** How long the server takes to answer a write, in milliseconds. */
  readonly busy?: number;
  /** The answer to the so many-th write is lost, and every later call fails: this process dies there. */
  readonly diesAt?: number;
}

export function faulty(client: Client, faults: Faults, { random, clock }: { random: Random; clock: Clock }): Client {
  const happens = (chance = 0): boolean => chance > 0 && random.next() < chance;
  const lost = (): Error => Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' });
  const { diesAt = Infinity } = faults;
  let writes = 0;
  let sent = 0;

  const read = async <R>(call: () => Promise<R>): Promise<R> => {
    if (sent >= diesAt || happens(faults.lostRequests)) throw lost();
    return call();
  };
  const write = async <R>(call: () => Promise<R>): Promise<R> => {
    if (sent >= diesAt) throw lost();
    sent += 1;
    if (faults.busy !== undefined) await clock.sleep(faults.busy);
    const result = await (sent < diesAt ? read(call) : call());
    if (sent >= diesAt || happens(faults.lostAnswers)) throw lost();
    return result;
  };
  const change = async <R>(call: () => Promise<R>): Promise<R> => {
    writes += 1;
    if (faults.conflictEvery !== undefined && writes % faults.conflictEvery === 0) {
      throw new ApiError(409, 'Conflict', 'the object has been modified by the fault injector');
    }
    return write(call);
  };
  async function* watch<T extends KubernetesObject>(
    kind: Kind<T>,
    options: WatchOptions,
  ): AsyncIterable<WatchEvent<T>> {
    for await (const event of client.watch(kind, options)) {
      if (happens(faults.brokenWatches)) throw lost();
      if (faults.delay !== undefined) await clock.sleep(random.next() * faults.delay, options.signal);
      yield event;
      if (happens(faults.duplicates)) yield event;
    }
  }

  return {
    get: (kind, ref) => read(() => client.get(kind, ref)),
    list: (kind, options) => read(() => client.list(kind, options)),
    watch,
    create: (kind, object, options) => write(() => client.create(kind, object, options)),
    update: (kind, object, options) => change(() => client.update(kind, object, options)),
    patch: (kind, ref, patch, options) => change(() => client.patch(kind, ref, patch, options)),
    delete: (kind, ref, options) => write(() => client.delete(kind, ref, options)),
    post: (kind, ref, subresource, body) => write(() => client.post(kind, ref, subresource, body)),
    request: (request) => read(() => client.request(request)),
  };
}
