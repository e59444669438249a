/** Synchronous reads of durable state, for those who guard requests. */
import type { Kind, KubernetesObject } from '../api/kind.ts';
import type { Store } from '../store/store.ts';
import type { ObjectReader } from './access.ts';
import { convertOut } from './registry/conversion.ts';
import { keyOf, prefixOf, type Resources } from './registry/resources.ts';
import { liveObject } from './registry/snapshot.ts';

export function objectReader(store: Store, resources: Resources): ObjectReader {
  return {
    get<T extends KubernetesObject>(kind: Kind<T>, namespace: string, name: string): T | undefined {
      const resource = resources.of(kind);
      const entry = name === '' ? undefined : store.get(keyOf(resource, namespace, name));
      return entry === undefined ? undefined : (liveObject(convertOut(resource, entry)) as T);
    },
    list<T extends KubernetesObject>(kind: Kind<T>, namespace: string): readonly T[] {
      const resource = resources.of(kind);
      return store
        .range(prefixOf(resource, namespace))
        .entries.map((entry) => liveObject(convertOut(resource, entry)) as T);
    },
  };
}
