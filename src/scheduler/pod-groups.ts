/**
 * How many pods with which labels are where. A selector treats pods of one namespace with the same labels alike, and
 * those are many: a hundred Deployments are a hundred groups, whatever their pods. So counting what a selector
 * selects looks at groups and the places that they are in, not at pods.
 */
import type { Pod } from '../api/core/pod.ts';
import { matches, type Labels, type Selector } from '../schema/selector.ts';

interface Group<Place> {
  readonly labels: Labels;
  /** How many, by place. */
  readonly places: Map<Place, number>;
}

/** A place is a node, or what nodes have in common. */
export class PodGroups<Place> {
  /** By namespace and by labels as text. */
  readonly #groups = new Map<string, Map<string, Group<Place>>>();

  /** Counts the pod in (1) or out (-1) in a place. Pods that are being deleted do not count. */
  count({ metadata }: Pod, place: Place, by: 1 | -1): void {
    if (metadata.deletionTimestamp !== undefined) return;
    const { namespace = '', labels } = metadata;
    const groups = this.#groups.get(namespace) ?? new Map<string, Group<Place>>();
    if (groups.size === 0) this.#groups.set(namespace, groups);
    const key = JSON.stringify(labels ?? {});
    const group = groups.get(key) ?? { labels, places: new Map<Place, number>() };
    if (group.places.size === 0) groups.set(key, group);
    const left = (group.places.get(place) ?? 0) + by;
    if (left > 0) group.places.set(place, left);
    else group.places.delete(place);
    if (group.places.size === 0) groups.delete(key);
    if (groups.size === 0) this.#groups.delete(namespace);
  }

  /** How many the selector selects, by place; places without any are absent. */
  matching(namespace: string, selector: Selector): ReadonlyMap<Place, number> {
    let found: Map<Place, number> | undefined;
    let shared = false;
    for (const { labels, places } of this.#groups.get(namespace)?.values() ?? []) {
      if (!matches(selector, labels)) continue;
      if (found === undefined) {
        found = places;
        shared = true;
        continue;
      }
      // Most often there is one group, and nothing to add up.
      if (shared) found = new Map(found);
      shared = false;
      for (const [place, count] of places) found.set(place, (found.get(place) ?? 0) + count);
    }
    return found ?? new Map();
  }
}
