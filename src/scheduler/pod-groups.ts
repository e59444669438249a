/**
 * How many pods with which labels are where. A selector treats pods of one namespace with the same labels alike, and
 * those are many: a hundred Deployments are a hundred groups, whatever their pods. So counting what a selector
 * selects looks at groups and the nodes that they are on, not at pods.
 */
import type { Pod } from '../api/core/pod.ts';
import { matches, type Labels, type Selector } from '../schema/selector.ts';

interface Group {
  readonly labels: Labels;
  /** How many, by node. */
  readonly nodes: Map<string, number>;
}

export class PodGroups {
  /** By namespace and by labels as text. */
  readonly #groups = new Map<string, Map<string, Group>>();

  /** Counts the pod in (1) or out (-1) on a node. Pods that are being deleted do not count. */
  count({ metadata }: Pod, node: string, by: 1 | -1): void {
    if (metadata.deletionTimestamp !== undefined) return;
    const { namespace = '', labels } = metadata;
    const groups = this.#groups.get(namespace) ?? new Map<string, Group>();
    if (groups.size === 0) this.#groups.set(namespace, groups);
    const key = JSON.stringify(labels ?? {});
    const group = groups.get(key) ?? { labels, nodes: new Map<string, number>() };
    if (group.nodes.size === 0) groups.set(key, group);
    const left = (group.nodes.get(node) ?? 0) + by;
    if (left > 0) group.nodes.set(node, left);
    else group.nodes.delete(node);
    if (group.nodes.size === 0) groups.delete(key);
    if (groups.size === 0) this.#groups.delete(namespace);
  }

  /** How many the selector selects, by node; nodes without any are absent. */
  matching(namespace: string, selector: Selector): ReadonlyMap<string, number> {
    let found: Map<string, number> | undefined;
    let shared = false;
    for (const { labels, nodes } of this.#groups.get(namespace)?.values() ?? []) {
      if (!matches(selector, labels)) continue;
      if (found === undefined) {
        found = nodes;
        shared = true;
        continue;
      }
      // Most often there is one group, and nothing to add up.
      if (shared) found = new Map(found);
      shared = false;
      for (const [node, count] of nodes) found.set(node, (found.get(node) ?? 0) + count);
    }
    return found ?? new Map();
  }
}
