/**
 * What a node has of each resource, and what its pods take of it. CPU and memory are fields: each decision reads them
 * of a hundred nodes, and finding them in maps that are not in the processor's cache took longer than all else.
 */
import type { PodRequests, Resources } from './resources.ts';

export interface Amount {
  readonly allocatable: number;
  readonly requested: number;
  /** With assumed amounts for those who request none; for scoring. */
  readonly requestedNonZero: number;
}

class MutableAmount implements Amount {
  allocatable = 0;
  requested = 0;
  requestedNonZero = 0;
}

const none: Amount = new MutableAmount();

export class NodeAmounts {
  readonly #cpu = new MutableAmount();
  readonly #memory = new MutableAmount();
  readonly #others = new Map<string, MutableAmount>();
  #isKnown = false;

  get cpu(): Amount {
    return this.#cpu;
  }

  get memory(): Amount {
    return this.#memory;
  }

  /** Whether the node has told what it has. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  of(name: string): Amount {
    if (name === 'cpu') return this.#cpu;
    if (name === 'memory') return this.#memory;
    return this.#others.get(name) ?? none;
  }

  setAllocatable(allocatable: Resources): void {
    for (const amount of [this.#cpu, this.#memory, ...this.#others.values()]) amount.allocatable = 0;
    for (const [name, amount] of allocatable) this.#mutable(name).allocatable = amount;
    this.#isKnown = allocatable.size > 0;
  }

  /** Counts what a pod requests in (1) or out (-1). */
  count({ requests, nonZero }: PodRequests, by: 1 | -1): void {
    for (const [name, amount] of requests) this.#mutable(name).requested += amount * by;
    for (const [name, amount] of nonZero) this.#mutable(name).requestedNonZero += amount * by;
  }

  #mutable(name: string): MutableAmount {
    if (name === 'cpu') return this.#cpu;
    if (name === 'memory') return this.#memory;
    const known = this.#others.get(name);
    if (known !== undefined) return known;
    const made = new MutableAmount();
    this.#others.set(name, made);
    return made;
  }
}
