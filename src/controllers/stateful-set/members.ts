/** Which pods belong to a StatefulSet: those that it owns and selects, and whose names are ones that it gives. */
import { StatefulSet } from '../../api/apps/stateful-set.ts';
import { Pod } from '../../api/core/pod.ts';
import { keyOf } from '../../client/cache.ts';
import type { Client } from '../../client/client.ts';
import type { Change } from '../../client/controller.ts';
import type { Informer } from '../../client/informer.ts';
import { matches, selectorOf, selectorOfMap, type Selector } from '../../schema/selector.ts';
import { candidatesOf, claimsOf, controllerOf, settleClaims } from '../workload/ownership.ts';
import { ordinalOf } from './identity.ts';

/** Adopts those that belong here, releases those that do not; returns what is owned afterwards. */
export async function settleMembers(client: Client, set: StatefulSet, pods: Informer<Pod>): Promise<readonly Pod[]> {
  const { owned, adopt, release } = claimsOf(set, selectorFor(set), candidatesOf(pods, set));
  const isMember = (pod: Pod): boolean => ordinalOf(set, pod) !== undefined;
  return await settleClaims(client, StatefulSet, set, Pod, {
    owned: owned.filter(isMember),
    adopt: adopt.filter(isMember),
    // A set that is being deleted leaves its pods to the garbage collector.
    release: set.metadata.deletionTimestamp === undefined ? [...release, ...owned.filter((pod) => !isMember(pod))] : [],
  });
}

/** For a pod without a controller the set, by key, that would adopt it, or that waited for its name to be free. */
export function setsOfOrphan(sets: Informer<StatefulSet>, { type, object }: Change<Pod>): readonly string[] {
  if (controllerOf(object) !== undefined) return [];
  const { namespace, name, labels } = object.metadata;
  const set = sets.get({ namespace, name: name.slice(0, Math.max(0, name.lastIndexOf('-'))) });
  if (set === undefined || ordinalOf(set, object) === undefined) return [];
  return type === 'deleted' || matches(selectorFor(set), labels) ? [keyOf(set)] : [];
}

function selectorFor({ spec }: StatefulSet): Selector {
  return spec === undefined ? selectorOfMap({}) : selectorOf(spec.selector);
}
