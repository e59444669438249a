/** Keeps what a pod's volumes show up to date: configuration that changed, tokens that have lived most of their time. */
import type { Pod } from '../../api/core/pod.ts';
import { messageOf } from '../../base/errors.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { PodFacts } from '../container/fields.ts';
import type { PodDeps } from './deps.ts';
import { describePod } from './names.ts';

/** Milliseconds until it is tried again after it went wrong. */
const retryInterval = 10_000;

type Labelled = Pick<Pod['metadata'], 'labels' | 'annotations'>;

export class Freshness {
  readonly #deps: Pick<PodDeps, 'clock' | 'log' | 'volumes'>;
  /** Unknown at first: an earlier agent may have left the volumes, and time has passed. */
  #stale = true;
  #notBefore = 0;

  constructor(deps: Pick<PodDeps, 'clock' | 'log' | 'volumes'>) {
    this.#deps = deps;
  }

  /** Something that volumes show has changed. */
  changed(): void {
    this.#stale = true;
    this.#notBefore = 0;
  }

  /** Volumes show labels and annotations. */
  podChanged(old: Labelled, young: Labelled): void {
    if (!deepEqual([old.labels, old.annotations], [young.labels, young.annotations])) this.changed();
  }

  /** Everything is about to be written anyway. */
  renewed(): void {
    this.#stale = false;
  }

  /** When volumes must be looked at, in milliseconds since the epoch. */
  dueAt(uid: string): number | undefined {
    const due = this.#stale ? 0 : this.#deps.volumes.refreshAt(uid);
    return due === undefined ? undefined : Math.max(due, this.#notBefore);
  }

  /** Brings them up to date if it is time. Never twice at once: an older state would overwrite a newer one. */
  async ensure(facts: PodFacts): Promise<void> {
    const { clock, log, volumes } = this.#deps;
    const due = this.dueAt(facts.pod.metadata.uid);
    if (due === undefined || due > clock.now()) return;
    this.#stale = false;
    this.#notBefore = clock.now() + retryInterval;
    try {
      await volumes.refresh(facts);
    } catch (error) {
      this.#stale = true;
      log.warn('cannot update volumes', { pod: describePod(facts.pod), error: messageOf(error) });
    }
  }
}
