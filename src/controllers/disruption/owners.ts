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

interface Scale {
  readonly metadata?: { readonly uid?: string };
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
  const cached = (reference: OwnerReference): Owner | undefined => {
    if (reference.kind === 'ReplicaSet' && reference.apiVersion === ReplicaSet.apiVersion)
      return replicaSet(reference.uid);
    const known = plain[`${reference.apiVersion}/${reference.kind}`];
    const object = known?.(reference.uid);
    return object === undefined ? undefined : { uid: reference.uid, replicas: object.spec?.replicas ?? 1 };
  };
  // What is not among those known here, or not yet, is asked for its scale.
  const found = async (reference: OwnerReference, pod: Pod): Promise<Owner> => {
    const { namespace = '', name } = pod.metadata;
    const owner = cached(reference) ?? (await scaleOf(client, kinds(), reference, namespace));
    if (owner === undefined) throw new Error(`found no controllers for pod ${JSON.stringify(name)}`);
    return owner;
  };

  return async (pods) => {
    const first = new Map<string, { readonly reference: OwnerReference; readonly pod: Pod }>();
    const unmanaged: Pod[] = [];
    for (const pod of pods) {
      const reference = controllerOf(pod);
      if (reference === undefined) unmanaged.push(pod);
      else if (!first.has(reference.uid)) first.set(reference.uid, { reference, pod });
    }
    const owners = await Promise.all([...first.values()].map(({ reference, pod }) => found(reference, pod)));
    const counts = new Map(owners.map((owner) => [owner.uid, owner.replicas]));
    return { count: [...counts.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
  };
}

/** Undefined when there is no such owner. Throws when its kind has no scale, or nobody knows it. */
async function scaleOf(
  client: Client,
  kinds: readonly Kind[],
  { apiVersion, kind: name, name: owner, uid }: OwnerReference,
  namespace: string,
): Promise<Owner | undefined> {
  const kind = kinds.find((each) => each.apiVersion === apiVersion && each.kind === name);
  if (kind === undefined) throw new Error(`no matches for kind ${JSON.stringify(name)} in version "${apiVersion}"`);
  if (kind.subresources.scale === undefined) {
    const resource = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
    throw new Error(`${resource} does not implement the scale subresource`);
  }
  const root = kind.group === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
  const path = `${root}/namespaces/${namespace}/${kind.plural}/${encodeURIComponent(owner)}/scale`;
  const { status, body } = await client.request({ method: 'GET', path, headers: { accept: 'application/json' } });
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
  const scale = JSON.parse(new TextDecoder().decode(body)) as Scale;
  return scale.metadata?.uid === uid ? { uid, replicas: scale.spec?.replicas ?? 0 } : undefined;
}
