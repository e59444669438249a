/**
 * The runner under every controller: sources name keys, the queue hands each to `reconcile`, one at a time
 * per key.
 *
 *     const controller = new Controller(
 *       {
 *         name: 'replicaset',
 *         sources: [watching(replicaSets), watchingOwned(pods, 'ReplicaSet')],
 *         reconcile: async (key, { note }) => {
 *           const plan = planFor(replicaSets.get(refOf(key)), ...);
 *           note(plan);
 *           await apply(plan);
 *         },
 *       },
 *       { clock, logger },
 *     );
 *     await controller.run(signal);
 *
 * Guarantees
 * - Nothing is reconciled before all sources have synced.
 * - A key is reconciled at least once after every change that a source told about it, and never twice at once.
 * - A reconcile that throws is tried again after 5 ms, doubling up to 1000 s; conflicts are not logged.
 * - One that returns `after` comes back then; succeeding forgets earlier failures.
 */
import type { Clock } from '../base/clock.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import { WorkQueue } from '../base/work-queue.ts';
import type { KubernetesObject } from '../api/kind.ts';
import { keyOf } from './cache.ts';
import { isConflict } from './client.ts';
import { Durations, type DurationSummary } from './durations.ts';
import type { Informer } from './informer.ts';

export interface Change<T> {
  readonly type: 'added' | 'updated' | 'deleted';
  readonly object: T;
  /** Before an update. */
  readonly old?: T;
}

/** Something that names keys to reconcile. */
export interface Source {
  readonly name: string;
  /** Resolves when the source has told everything that exists. */
  whenSynced(signal: AbortSignal): Promise<void>;
  /** Calls `enqueue` for everything that exists and every change. Returns how to stop. */
  subscribe(enqueue: Enqueue): () => void;
}

/** `delay` in milliseconds. */
export type Enqueue = (key: string, delay?: number) => void;

/** Keys from the changes of a kind: by default the object's own key. */
export function watching<T extends KubernetesObject>(
  informer: Informer<T>,
  keysOf: (change: Change<T>) => readonly string[] = ({ object }) => [keyOf(object)],
): Source {
  return {
    name: informer.kind.plural,
    whenSynced: (signal) => informer.whenSynced(signal),
    subscribe: (enqueue) => {
      const tell = (change: Change<T>): void => {
        for (const key of keysOf(change)) enqueue(key);
      };
      return informer.subscribe({
        added: (object) => tell({ type: 'added', object }),
        updated: (object, old) => tell({ type: 'updated', object, old }),
        deleted: (object) => tell({ type: 'deleted', object }),
      });
    },
  };
}

/** Keys of the controlling owners, of the given kind, of objects that change; former owners too. */
export function watchingOwned<T extends KubernetesObject>(informer: Informer<T>, ownerKind: string): Source {
  const ownerKey = ({ metadata }: T): string[] =>
    (metadata.ownerReferences ?? []).flatMap((owner) =>
      owner.controller === true && owner.kind === ownerKind
        ? [keyOf({ metadata: { name: owner.name, namespace: metadata.namespace ?? '' } })]
        : [],
    );
  return watching(informer, ({ object, old }) => [
    ...new Set([...ownerKey(object), ...(old === undefined ? [] : ownerKey(old))]),
  ]);
}

export interface ReconcileContext {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Failures of this key in a row before this attempt. */
  readonly failures: number;
  /** Remembers what was planned, for whoever debugs the controller. Not copied: pass frozen data. */
  readonly note: (plan: unknown) => void;
}

export interface ReconcileResult {
  /** Milliseconds after which to reconcile the key again. */
  readonly after?: number;
  /** Milliseconds before which not to, whatever happens: many changes of a large set are looked at together. */
  readonly rest?: number;
}

export interface ControllerSpec {
  readonly name: string;
  readonly sources: readonly Source[];
  /** Keys that are worked on at the same time. Default 5. */
  readonly concurrency?: number;
  readonly reconcile: (key: string, context: ReconcileContext) => Promise<ReconcileResult | void>;
}

export interface ControllerDependencies {
  readonly clock: Clock;
  readonly logger?: Logger;
}

/** For /debug/controllers and metrics. */
export interface ControllerStatus {
  readonly name: string;
  readonly synced: boolean;
  readonly depth: number;
  readonly active: number;
  readonly delayed: number;
  readonly reconciles: number;
  readonly failures: number;
  readonly retries: number;
  /** Keys that were asked to be reconciled, once or again. */
  readonly adds: number;
  /** From a key's turn being due to its reconcile beginning. */
  readonly wait: DurationSummary;
  /** Reconciles from beginning to end. */
  readonly work: DurationSummary;
  readonly last?: Activation;
}

export interface Activation {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly milliseconds: number;
  readonly error?: string;
  readonly plan?: unknown;
}

/** Keys whose last activation is remembered. */
const mostRemembered = 500;

export class Controller implements Service {
  readonly name: string;
  readonly #spec: ControllerSpec;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #queue: WorkQueue;
  readonly #failing = new Map<string, number>();
  /** When the turn of a waiting key is due; monotonic. */
  readonly #due = new Map<string, number>();
  readonly #waits = new Durations();
  readonly #durations = new Durations();
  #synced = false;
  #reconciles = 0;
  #failures = 0;
  #retries = 0;
  #adds = 0;
  #last: Activation | undefined;
  /** By key, the most recent last; the oldest are forgotten. */
  readonly #lasts = new Map<string, Activation>();

  constructor(spec: ControllerSpec, { clock, logger = silentLogger }: ControllerDependencies) {
    this.name = spec.name;
    this.#spec = spec;
    this.#clock = clock;
    this.#logger = logger.named(spec.name);
    this.#queue = new WorkQueue({ clock });
  }

  /** The last time that this key was reconciled, if that is not long ago. */
  lastOf(key: string): Activation | undefined {
    return this.#lasts.get(key);
  }

  /** Asks for a reconcile; `delay` in milliseconds. */
  enqueue(key: string, delay = 0): void {
    this.#adds += 1;
    const due = this.#clock.monotonic() + delay;
    this.#due.set(key, Math.min(due, this.#due.get(key) ?? due));
    this.#queue.addAfter(key, delay);
  }

  get status(): ControllerStatus {
    return {
      name: this.name,
      synced: this.#synced,
      depth: this.#queue.depth,
      active: this.#queue.active,
      delayed: this.#queue.delayed,
      reconciles: this.#reconciles,
      failures: this.#failures,
      retries: this.#retries,
      adds: this.#adds,
      wait: this.#waits.summary,
      work: this.#durations.summary,
      ...(this.#last !== undefined && { last: this.#last }),
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { sources, concurrency = 5 } = this.#spec;
    const stops = sources.map((source) => source.subscribe((key, delay) => this.enqueue(key, delay)));
    const close = (): void => this.#queue.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      await Promise.all(sources.map((source) => source.whenSynced(signal)));
      this.#synced = true;
      await Promise.all(Array.from({ length: concurrency }, () => this.#work(signal)));
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      for (const stop of stops) stop();
      signal.removeEventListener('abort', close);
      this.#queue.close();
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const rest = await this.#reconcile(key, signal);
      this.#queue.done(key, rest);
    }
  }

  /** Resolves to how long the key is to rest. */
  async #reconcile(key: string, signal: AbortSignal): Promise<number> {
    const started = this.#clock.monotonic();
    const at = this.#clock.now();
    this.#waits.add(Math.max(0, started - (this.#due.get(key) ?? started)));
    this.#due.delete(key);
    let plan: unknown;
    let failure: unknown;
    let rest = 0;
    this.#reconciles += 1;
    try {
      const failures = this.#failing.get(key) ?? 0;
      const context = { signal, logger: this.#logger, failures, note: (made: unknown) => void (plan = made) };
      const result = await this.#spec.reconcile(key, context);
      this.#queue.forget(key);
      this.#failing.delete(key);
      rest = result?.rest ?? 0;
      if (result?.after !== undefined) this.enqueue(key, Math.max(1, result.after));
    } catch (error) {
      if (signal.aborted && isAbort(error)) return rest;
      failure = error;
      this.#fail(key, error);
    }
    const milliseconds = this.#clock.monotonic() - started;
    this.#durations.add(milliseconds);
    this.#remember({
      key,
      at,
      milliseconds,
      ...(failure !== undefined && { error: messageOf(failure) }),
      ...(plan !== undefined && { plan }),
    });
    return rest;
  }

  #remember(activation: Activation): void {
    this.#last = activation;
    this.#lasts.delete(activation.key);
    this.#lasts.set(activation.key, activation);
    const [oldest] = this.#lasts.keys();
    if (this.#lasts.size > mostRemembered && oldest !== undefined) this.#lasts.delete(oldest);
  }

  #fail(key: string, error: unknown): void {
    this.#failures += 1;
    this.#retries += 1;
    const failures = this.#queue.retry(key);
    this.#failing.set(key, failures);
    const level = isConflict(error) ? 'debug' : 'warn';
    this.#logger[level]('reconciling failed and will be tried again', { key, failures, error: messageOf(error) });
  }
}
