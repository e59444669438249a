/**
 * The revisions of a DaemonSet: takes back those that lost their owner (a set that was deleted without its dependents
 * and made again), names those that have no hash, and leaves one of each template.
 */
import { ControllerRevision } from '../../api/apps/controller-revision.ts';
import { DaemonSet } from '../../api/apps/daemon-set.ts';
import { Pod } from '../../api/core/pod.ts';
import { keyOf } from '../../client/cache.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { selectorOf } from '../../schema/selector.ts';
import type { OwnWrites } from '../workload/own-writes.ts';
import { candidatesOf, claimsOf, settleClaims } from '../workload/ownership.ts';
import {
  byRevision,
  ensureRevision,
  hashOf,
  removeRevisions,
  revisionData,
  revisionHashLabel,
} from '../workload/revisions.ts';

export interface History {
  /** Of the present template. */
  readonly current: ControllerRevision;
  readonly old: readonly ControllerRevision[];
  /** The set's pods, with the labels that they have now. */
  readonly pods: readonly Pod[];
}

export interface HistoryDependencies {
  readonly client: Client;
  readonly revisions: Informer<ControllerRevision>;
  /** Pods that were labelled anew are of an older template to who has not heard of it. */
  readonly writes: OwnWrites<Pod>;
}

/** Undefined when the name of the present template's revision is taken: the caller counts a collision. */
export async function historyOf(
  deps: HistoryDependencies,
  set: DaemonSet,
  pods: readonly Pod[],
): Promise<History | undefined> {
  const { client } = deps;
  const claims = claimsOf(set, selectorOf(set.spec?.selector ?? {}), candidatesOf(deps.revisions, set));
  const claimed = await settleClaims(client, DaemonSet, set, ControllerRevision, claims);
  const named = await Promise.all(claimed.map((revision) => withHash(client, revision)));
  const wanted = revisionData(set.spec?.template ?? {});
  const same = named.filter(({ data }) => deepEqual(data, wanted)).toSorted(byRevision);
  const old = named.filter((revision) => !same.includes(revision));
  const kept = same.at(-1);
  const duplicates = same.slice(0, -1);
  const labelled = kept === undefined ? pods : await relabelled(deps, set, pods, kept, duplicates);
  await removeRevisions(client, duplicates);
  const present = kept === undefined ? old : [...old, kept];
  const current = await ensureRevision(client, DaemonSet, set, present, set.status?.collisionCount ?? 0);
  return current === undefined ? undefined : { current, old, pods: labelled };
}

/** Its own name serves where nobody has given it one. */
async function withHash(client: Client, revision: ControllerRevision): Promise<ControllerRevision> {
  if (hashOf(revision) !== '') return revision;
  const { name, uid } = revision.metadata;
  const patch = { metadata: { uid, labels: { [revisionHashLabel]: name } } };
  return await client.patch(ControllerRevision, revision.metadata, patch, { type: 'merge' });
}

/** Pods of a duplicate are pods of the one that is kept. */
async function relabelled(
  { client, writes }: HistoryDependencies,
  set: DaemonSet,
  pods: readonly Pod[],
  kept: ControllerRevision,
  duplicates: readonly ControllerRevision[],
): Promise<readonly Pod[]> {
  const hashes = new Set(duplicates.map(hashOf));
  const labels = { [revisionHashLabel]: hashOf(kept) };
  return await Promise.all(
    pods.map(async (pod) => {
      if (!hashes.has(pod.metadata.labels?.[revisionHashLabel] ?? '')) return pod;
      const patch = { metadata: { uid: pod.metadata.uid, labels } };
      const write = (): Promise<Pod> => client.patch(Pod, pod.metadata, patch, { type: 'merge' });
      return await writes.making(keyOf(set), pod.metadata, write);
    }),
  );
}

/** Old revisions beyond the history limit, the oldest first; those that pods still run stay, though they count. */
export function surplusOf(
  { spec }: DaemonSet,
  { old, pods }: Pick<History, 'old' | 'pods'>,
): readonly ControllerRevision[] {
  const limit = spec?.revisionHistoryLimit ?? 10;
  const inUse = new Set(pods.map(({ metadata }) => metadata.labels?.[revisionHashLabel]));
  const idle = old.toSorted(byRevision).filter((revision) => !inUse.has(hashOf(revision)));
  return limit < 0 ? [] : idle.slice(0, Math.max(0, old.length - limit));
}
