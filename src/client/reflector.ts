/**
 * List, then watch, again and again: the protocol under every informer.
 *
 *     list pages -> replace -> watch from the list's revision -> put, remove, progress
 *        ^                          |             |
 *        +---- 410, or a failure ---+             +--> closed by the server: watch on from the last revision
 *              that listing may cure
 */
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Kind, KubernetesObject } from '../api/kind.ts';
import { Backoff } from './backoff.ts';
import { ApiError, isExpired, type ClientReader } from './client.ts';

/** Where objects go. Called in order, never twice at once. */
export interface Sink<T> {
  /** Everything that exists, as of a revision. */
  replace(objects: readonly T[], resourceVersion: string): void;
  put(object: T): void;
  /** The last state of an object that is gone. */
  remove(object: T): void;
  /** Nothing happened up to this revision. */
  progress(resourceVersion: string): void;
}

export interface Scope {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ReflectOptions<T extends KubernetesObject> {
  readonly client: ClientReader;
  readonly kind: Kind<T>;
  readonly scope: Scope;
  readonly sink: Sink<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const pageSize = 500;
/** Milliseconds between attempts; a watch that lived longer than `calm` starts anew. */
const pauses = { first: 200, longest: 5000, calm: 5000 };

/** Resolves when the signal aborts. */
export async function reflect<T extends KubernetesObject>(
  options: ReflectOptions<T>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random } = options;
  const backoff = new Backoff({ random, first: pauses.first, longest: pauses.longest });
  const place: Place = { revision: undefined };
  let before: Ending = 'closed';
  while (!signal.aborted) {
    const started = clock.monotonic();
    const { revision } = place;
    const ending = await listAndWatch(options, place, signal);
    const calm = clock.monotonic() - started > pauses.calm;
    // Who makes progress is not held up by failures on the way.
    if (calm || (place.revision !== undefined && place.revision !== revision)) backoff.reset();
    const atOnce = (calm && ending === 'closed') || (ending === 'expired' && before !== 'expired');
    before = ending;
    if (!atOnce) await pause(clock, backoff.next(), signal);
  }
}

/** The revision to watch from; undefined when a list is needed. */
interface Place {
  revision: string | undefined;
}

/** How a watch ended. One that the server closed after a while goes on at once; one that expired lists at once. */
type Ending = 'closed' | 'expired' | 'failed';

/** One round, which leaves the place where the next one begins. Does not throw. */
async function listAndWatch<T extends KubernetesObject>(
  options: ReflectOptions<T>,
  place: Place,
  signal: AbortSignal,
): Promise<Ending> {
  try {
    place.revision ??= await relist(options, signal);
    await follow(options, place, place.revision, signal);
    return 'closed';
  } catch (error) {
    if (signal.aborted) return 'closed';
    if (!isTransient(error)) place.revision = undefined;
    const ending = isExpired(error) ? 'expired' : 'failed';
    const level = ending === 'expired' ? 'debug' : 'warn';
    options.logger[level](`following ${options.kind.plural} was interrupted`, { error: messageOf(error) });
    return ending;
  }
}

/** All pages of one list; returns the revision to watch from. */
async function relist<T extends KubernetesObject>(options: ReflectOptions<T>, signal: AbortSignal): Promise<string> {
  const { client, kind, scope, sink } = options;
  const objects: T[] = [];
  let next: string | undefined;
  let resourceVersion = '';
  do {
    const page = await client.list(kind, { ...scope, limit: pageSize, ...(next !== undefined && { continue: next }) });
    signal.throwIfAborted();
    objects.push(...page.items);
    resourceVersion = page.resourceVersion;
    next = page.continue;
  } while (next !== undefined && next !== '');
  sink.replace(objects, resourceVersion);
  return resourceVersion;
}

/** Passes on what one watch brings, and notes each revision reached. */
async function follow<T extends KubernetesObject>(
  { client, kind, scope, sink }: ReflectOptions<T>,
  place: Place,
  from: string,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of client.watch(kind, { ...scope, resourceVersion: from, signal })) {
    if (event.type === 'BOOKMARK') {
      sink.progress(event.resourceVersion);
      place.revision = event.resourceVersion;
      continue;
    }
    if (event.type === 'DELETED') sink.remove(event.object);
    else sink.put(event.object);
    place.revision = event.object.metadata.resourceVersion;
  }
}

/**
 * Failures after which the watch may go on from where it was: the connection, or a server that is busy. Not
 * when the server has never heard of the revision, as after its data were restored from an older backup.
 */
function isTransient(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true;
  const tooLarge = error.message.includes('Too large resource version');
  return !tooLarge && (error.code === 429 || error.code >= 500);
}

async function pause(clock: Clock, delay: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(delay, signal);
  } catch {
    // Aborted: the loop sees it.
  }
}
