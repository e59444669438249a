/**
 * Keeps quotas' status right when objects go, pods end, or the limits change. What is added is counted by
 * admission, in the transaction of the write itself.
 *
 * Counting is done on live lists read after the quota: whatever is written meanwhile changes the quota's
 * status, and the update then conflicts and is done again. A count from a stale cache would give room away.
 */
import { Pod } from '../../api/core/pod.ts';
import { ResourceQuota } from '../../api/core/resource-quota.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { isActive } from '../../api/quota/usage.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import type { ClientReader, ObjectRef } from '../../client/client.ts';
import { Controller, watching, type Enqueue, type Source } from '../../client/controller.ts';
import type { Dependencies } from '../dependencies.ts';
import { countedKinds, planStatus, type Counted } from './plan.ts';

/** Upstream's: whatever was missed is put right after so long. */
const resync = 300_000;

export function resourceQuotaController(
  { client, informers, clock, logger }: Dependencies,
  kinds: () => readonly Kind[],
): Controller {
  const quotas = informers.of(ResourceQuota);
  const follow = followKinds(
    (kind) => informers.of(kind),
    (namespace) => quotas.list({ namespace }).map((quota) => keyOf(quota)),
    () => clock.now(),
  );
  return new Controller(
    {
      name: 'resourcequota',
      sources: [watching(quotas), follow.source],
      async reconcile(key, { note }) {
        if (quotas.get(refOf(key)) === undefined) return {};
        const quota = await liveQuota(client, refOf(key));
        if (quota === undefined || quota.metadata.deletionTimestamp !== undefined) return {};
        const counted = countedKinds(quota, kinds());
        for (const kind of counted) follow.add(kind);
        const namespace = quota.metadata.namespace ?? '';
        const all: Counted[] = [];
        for (const kind of counted) all.push({ kind, objects: (await client.list(kind, { namespace })).items });
        const status = planStatus(quota, all, clock.now());
        note(status);
        if (status !== undefined) await client.update(ResourceQuota, { ...quota, status }, { subresource: 'status' });
        return { after: resync };
      },
    },
    { clock, logger },
  );
}

/** By a list of one: upstream's role lets the controller list, but not get. */
async function liveQuota(client: ClientReader, { namespace, name }: ObjectRef): Promise<ResourceQuota | undefined> {
  const { items } = await client.list(ResourceQuota, { namespace, fieldSelector: `metadata.name=${name}` });
  return items[0];
}

interface Followed {
  subscribe(handlers: {
    updated(object: KubernetesObject, old: KubernetesObject): void;
    deleted(object: KubernetesObject): void;
  }): () => void;
}

/** Watches kinds from the moment that a quota counts them: most clusters count pods at most. */
function followKinds(
  informerOf: (kind: Kind) => Followed,
  keysIn: (namespace: string) => readonly string[],
  now: () => number,
): { readonly source: Source; add(kind: Kind): void } {
  const stops = new Map<string, () => void>();
  let enqueue: Enqueue | undefined;
  const tell = ({ metadata }: KubernetesObject): void => {
    for (const key of keysIn(metadata.namespace ?? '')) enqueue?.(key);
  };
  return {
    add(kind) {
      const id = `${kind.apiVersion}/${kind.plural}`;
      if (enqueue === undefined || stops.has(id)) return;
      const stop = informerOf(kind).subscribe({
        updated(object, old) {
          if (mayGiveBack(kind, object, old, now())) tell(object);
        },
        deleted: tell,
      });
      stops.set(id, stop);
    },
    source: {
      name: 'counted objects',
      whenSynced: () => Promise.resolve(),
      subscribe(to) {
        enqueue = to;
        return () => {
          enqueue = undefined;
          for (const stop of stops.values()) stop();
          stops.clear();
        };
      },
    },
  };
}

/** Of pods' many updates only their end and their resizing matter. */
function mayGiveBack(kind: Kind, object: KubernetesObject, old: KubernetesObject, now: number): boolean {
  if (kind.group !== '' || kind.kind !== Pod.kind) return true;
  const [young, before] = [object as Pod, old as Pod];
  return isActive(young, now) !== isActive(before, now) || !deepEqual(young.spec, before.spec);
}
