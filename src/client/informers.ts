/** One informer per kind, shared by all controllers of a process. */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { aborted, type Service } from '../base/service.ts';
import type { Kind, KubernetesObject } from '../api/kind.ts';
import type { ClientReader } from './client.ts';
import { Informer } from './informer.ts';

export interface InformersOptions {
  readonly client: ClientReader;
  readonly clock: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

export class Informers implements Service {
  readonly name = 'informers';
  readonly #options: InformersOptions;
  // Each kind's own type is known where it is asked for.
  readonly #informers = new Map<string, Informer<KubernetesObject>>();
  #start: ((informer: Informer<KubernetesObject>) => void) | undefined;

  constructor(options: InformersOptions) {
    this.#options = options;
  }

  /** The informer of the kind over all namespaces; starts when the informers run. */
  of<T extends KubernetesObject>(kind: Kind<T>): Informer<T> {
    const id = `${kind.apiVersion}/${kind.plural}`;
    const known = this.#informers.get(id);
    if (known !== undefined) return known as unknown as Informer<T>;
    const informer = new Informer<T>({ ...this.#options, kind });
    const shared = informer as unknown as Informer<KubernetesObject>;
    this.#informers.set(id, shared);
    this.#start?.(shared);
    return informer;
  }

  /** Resolves when every informer asked for so far has synced. */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.whenSynced(signal)));
  }

  async run(signal: AbortSignal): Promise<void> {
    const running: Promise<void>[] = [];
    this.#start = (informer) => void running.push(informer.run(signal));
    for (const informer of this.#informers.values()) this.#start(informer);
    await aborted(signal);
    this.#start = undefined;
    await Promise.all(running);
  }
}
