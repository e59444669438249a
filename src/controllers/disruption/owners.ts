/** How many pods the owners of some pods want, each owner counted once. */
import { Deployment } from '../../api/apps/deployment.ts';
import { ReplicaSet } from '../../api/apps/replica-set.ts';
import { StatefulSet } from '../../api/apps/stateful-set.ts';
import type { Pod } from '../../api/core/pod.ts';
import { ReplicationController } from '../../api/core/replication-controller.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import type { Client } from '../../client/client.ts';
import type { Informers } from '../../client/informers.ts';
import { controllerOf } from '../workload/ownership.ts';

export interface Wanted {
  readonly count: number;
  /** Pods that nobody controls. */
  readonly unmanaged: readonly Pod[];
}

export type CountWanted = (pods: readonly Pod[]) => Promise<Wanted>;

interface Replicated extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
}

interface Owner {
  readonly uid: string;
  readonly replicas: number;
}

/** `kinds`: all that are served, for owners that only their scale subresource can be asked about. */
export function wantedCounter(client: Client, informers: Informers, kinds: () => readonly Kind[]): CountWanted {
  const sets = informers.of(ReplicaSet);
  const deployments = informers.of(Deployment);
  const stateful = informers.of(StatefulSet);
  const replication = informers.of(ReplicationController);
  const plain: Readonly<Record<string, (uid: string) => Replicated | undefined>> = {
    [`${StatefulSet.apiVersion}/StatefulSet`]: (uid) => stateful.getByUid(uid),
    'v1/ReplicationController': (uid) => replication.getByUid(uid),
  };

  const replicaSet = (uid: string): Owner | undefined => {
    const set = sets.getByUid(uid);
    const above = set === undefined ? undefined : controllerOf(set);
    const deployment = above?.kind === 'Deployment' ? deployments.getByUid(above.uid) : undefined;
    const top: Replicated | undefined = deployment ?? set;
    return top === undefined ? undefined : { uid: top.metadata.uid, replicas: top.spec?.replicas ?? 1 };
  };
  const ownerOf = async (reference: OwnerReference, namespace: string): Promise<Owner | undefined> => {
    if (reference.kind === 'ReplicaSet' && reference.apiVersion === ReplicaSet.apiVersion)
      return replicaSet(reference.uid);
    const known = plain[`${reference.apiVersion}/${reference.kind}`];
    if (known === undefined) return await scaleOf(client, kinds(), reference, namespace);
    const object = known(reference.uid);
    return object === undefined ? undefined : { uid: reference.uid, replicas: object.spec?.replicas ?? 1 };
  };

  return async (pods) => {
    const references = new Map<string, OwnerReference>();
    const unmanaged: Pod[] = [];
    for (const pod of pods) {
      const reference = controllerOf(pod);
      if (reference === undefined) unmanaged.push(pod);
      else references.set(reference.uid, reference);
    }
    const namespace = pods[0]?.metadata.namespace ?? '';
    const owners = await Promise.all([...references.values()].map((each) => ownerOf(each, namespace)));
    const counts = new Map(
      owners.flatMap((owner) => (owner === undefined ? [] : [[owner.uid, owner.replicas] as const])),
    );
    return { count: [...counts.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
  };
}

async function scaleOf(
  client: Client,
  kinds: readonly Kind[],
  { apiVersion, kind: name, name: owner, uid }: OwnerReference,
  namespace: string,
): Promise<Owner | undefined> {
  const kind = kinds.find((each) => each.apiVersion === apiVersion && each.kind === name);
  if (kind?.subresources.scale === undefined)
    throw new Error(`${apiVersion} ${name} does not implement the scale subresource`);
  const root = kind.group === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
  const path = `${root}/namespaces/${namespace}/${kind.plural}/${encodeURIComponent(owner)}/scale`;
  const { status, body } = await client.request({ method: 'GET', path, headers: { accept: 'application/json' } });
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
  const scale = JSON.parse(new TextDecoder().decode(body)) as { readonly spec?: { readonly replicas?: number } };
  return { uid, replicas: scale.spec?.replicas ?? 0 };
}
