/** When each pod that started lately reached which step: for `coracle bench pods` and whoever wonders. */
import type { Pod } from '../../api/core/pod.ts';
import type { Clock } from '../../base/clock.ts';
import { namespaceOf } from './names.ts';

/** In the order in which a pod reaches them. `started`: its last container's process runs. */
export const startSteps = ['seen', 'prepared', 'sandbox', 'image', 'created', 'started', 'ready'] as const;
export type StartStep = (typeof startSteps)[number];

export interface PodStart {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Milliseconds since the epoch, by step. */
  readonly steps: Readonly<Partial<Record<StartStep, number>>>;
}

const mostPods = 512;
/** Each container of a pod gets here; the last one counts. */
const repeated: ReadonlySet<StartStep> = new Set(['image', 'created', 'started']);

export class Timeline {
  readonly #clock: Clock;
  readonly #starts = new Map<string, PodStart>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The pods that were seen last. */
  list(): readonly PodStart[] {
    return [...this.#starts.values()];
  }

  mark(pod: Pod, step: StartStep): void {
    const { uid, name } = pod.metadata;
    const before = this.#starts.get(uid);
    // Once it is ready its start is over: a restart is none.
    if (before === undefined ? step !== 'seen' : before.steps.ready !== undefined) return;
    if (before?.steps[step] !== undefined && !repeated.has(step)) return;
    const steps = { ...before?.steps, [step]: this.#clock.now() };
    this.#starts.set(uid, { namespace: namespaceOf(pod), name, uid, steps });
    const [oldest] = this.#starts.keys();
    if (this.#starts.size > mostPods && oldest !== undefined) this.#starts.delete(oldest);
  }
}
