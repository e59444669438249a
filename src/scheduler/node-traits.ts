/**
 * What nodes have in common with others. Of thousands of nodes most are alike but for their names: they share one
 * object, plugins judge that once for each decision, and nothing of the nodes' own need be fetched from memory.
 */
import type { Node } from '../api/core/node.ts';
import { hostname, type NodeLike } from '../api/core/placement.ts';
import type { Taint } from '../api/core/taint.ts';

export interface NodeTraits {
  /** All but the hostname. */
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
}

/** Hands out the same object for nodes that are alike. */
export class NodeTraitsPool {
  readonly #known = new Map<string, { readonly traits: NodeTraits; users: number }>();
  readonly #keys = new Map<NodeTraits, string>();

  /** Give each back with `release`. */
  take({ metadata, spec }: Node): NodeTraits {
    const { [hostname]: _, ...labels } = metadata.labels ?? {};
    const traits = { labels, taints: spec?.taints ?? [], unschedulable: spec?.unschedulable === true };
    const key = JSON.stringify(traits);
    const known = this.#known.get(key) ?? { traits, users: 0 };
    known.users += 1;
    if (known.users === 1) {
      this.#known.set(key, known);
      this.#keys.set(traits, key);
    }
    return known.traits;
  }

  release(traits: NodeTraits): void {
    const key = this.#keys.get(traits) ?? '';
    const known = this.#known.get(key);
    if (known === undefined) return;
    known.users -= 1;
    if (known.users > 0) return;
    this.#known.delete(key);
    this.#keys.delete(traits);
  }
}

/** Judges nodes that are alike once. */
export function judgedOnce<T>(judge: (traits: NodeTraits) => T): (view: { readonly traits: NodeTraits }) => T {
  const judged = new Map<NodeTraits, { readonly verdict: T }>();
  return ({ traits }) => {
    const known = judged.get(traits);
    if (known !== undefined) return known.verdict;
    const verdict = judge(traits);
    judged.set(traits, { verdict });
    return verdict;
  };
}

/** Judges nodes by their labels; `byName`: the verdict depends on which node it is, and not only on what it is like. */
export function judgedByLabels<T>(
  judge: (node: NodeLike) => T,
  byName: boolean,
): (view: NodeLike & { readonly traits: NodeTraits }) => T {
  return byName ? judge : judgedOnce(({ labels }) => judge({ name: '', labels }));
}
