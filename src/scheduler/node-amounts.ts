/**
 * What a node has of each resource, and what its pods take of it. CPU, memory and the number of pods are in one row of
 * numbers: each decision reads them of a hundred nodes, and finding them here and there in memory that is not in the
 * processor's cache took longer than all else.
 */
import type { PodRequests, Resources } from './resources.ts';

/** Where the figures of a resource are: what there is, what is requested, what is requested for scoring. */
const figures = 3;
const slots: Readonly<Record<string, number>> = { cpu: 0, memory: figures, pods: 2 * figures };
const noFigures = new Float64Array(figures);

export class NodeAmounts {
  readonly #row = new Float64Array(3 * figures);
  readonly #others = new Map<string, Float64Array>();
  #isKnown = false;

  /** Whether the node has told what it has. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  allocatable(name: string): number {
    return this.#figure(name, 0);
  }

  /** Of `pods`: how many there are. */
  requested(name: string): number {
    return this.#figure(name, 1);
  }

  /** With assumed amounts for those who request none; for scoring. */
  requestedNonZero(name: string): number {
    return this.#figure(name, 2);
  }

  setAllocatable(allocatable: Resources): void {
    for (const slot of Object.values(slots)) this.#row[slot] = 0;
    for (const amounts of this.#others.values()) amounts[0] = 0;
    for (const [name, amount] of allocatable) this.#add(name, 0, amount);
    this.#isKnown = allocatable.size > 0;
  }

  /** Counts a pod and what it requests in (1) or out (-1). */
  count({ requests, nonZero }: PodRequests, by: 1 | -1): void {
    this.#add('pods', 1, by);
    for (const [name, amount] of requests) this.#add(name, 1, amount * by);
    for (const [name, amount] of nonZero) this.#add(name, 2, amount * by);
  }

  #figure(name: string, at: number): number {
    const slot = slots[name];
    if (slot !== undefined) return this.#row[slot + at] ?? 0;
    return (this.#others.get(name) ?? noFigures)[at] ?? 0;
  }

  #add(name: string, at: number, amount: number): void {
    const slot = slots[name];
    if (slot !== undefined) {
      this.#row[slot + at] = (this.#row[slot + at] ?? 0) + amount;
      return;
    }
    const known = this.#others.get(name) ?? new Float64Array(figures);
    this.#others.set(name, known);
    known[at] = (known[at] ?? 0) + amount;
  }
}
