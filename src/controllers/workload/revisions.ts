/**
 * ControllerRevisions: the templates that a DaemonSet or StatefulSet has had, for rolling back. Their data
 * are a patch that brings the template back, as `kubectl rollout undo` applies it.
 */
import { ControllerRevision } from '../../api/apps/controller-revision.ts';
import type { PodTemplateSpec } from '../../api/core/pod-template-spec.ts';
import type { Draft, Kind, KubernetesObject } from '../../api/kind.ts';
import { isAlreadyExists, isNotFound, type Client } from '../../client/client.ts';
import { deepEqual, isRecord } from '../../schema/freeze.ts';
import { shortHash } from './hash.ts';
import { controllerReference } from './ownership.ts';

export const revisionHashLabel = 'controller-revision-hash';

export interface RevisionOwner extends KubernetesObject {
  readonly spec?: { readonly template?: PodTemplateSpec; readonly revisionHistoryLimit?: number };
}

/** The patch that sets the template. Clients compare its bytes with their own, whose keys are in order. */
export function revisionData(template: PodTemplateSpec): unknown {
  return { spec: { template: ordered({ ...template, $patch: 'replace' }) } };
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isRecord(value)) return value;
  const names = Object.keys(value).toSorted();
  return Object.fromEntries(names.map((name) => [name, ordered(value[name])]));
}

export const byRevision = (left: ControllerRevision, right: ControllerRevision): number =>
  left.revision - right.revision;

/** The revision of the present template, if it has been written. */
export function currentRevision(
  owner: RevisionOwner,
  revisions: readonly ControllerRevision[],
): ControllerRevision | undefined {
  const wanted = revisionData(owner.spec?.template ?? {});
  return revisions.toSorted(byRevision).findLast(({ data }) => deepEqual(data, wanted));
}

/**
 * Makes sure that the present template has a revision, and that it is the newest. Undefined when its name is
 * taken by something foreign: the caller counts a collision and tries again.
 */
export async function ensureRevision(
  client: Client,
  kind: Kind,
  owner: RevisionOwner,
  revisions: readonly ControllerRevision[],
  collisions: number,
): Promise<ControllerRevision | undefined> {
  const newest = Math.max(0, ...revisions.map(({ revision }) => revision));
  const present = currentRevision(owner, revisions);
  if (present?.revision === newest) return present;
  if (present !== undefined) {
    return await client.patch(ControllerRevision, present.metadata, { revision: newest + 1 }, { type: 'merge' });
  }
  const draft = draftOf(kind, owner, newest + 1, collisions);
  try {
    return await client.create(ControllerRevision, draft);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const name = draft.metadata.name ?? '';
    const taken = await client.get(ControllerRevision, { namespace: owner.metadata.namespace, name });
    return deepEqual(taken.data, draft.data) ? taken : undefined;
  }
}

function draftOf(kind: Kind, owner: RevisionOwner, revision: number, collisions: number): Draft<ControllerRevision> {
  const { name, namespace, annotations } = owner.metadata;
  const template = owner.spec?.template ?? {};
  const hash = shortHash(template, collisions);
  const labels = { ...template.metadata?.labels, [revisionHashLabel]: hash };
  const kept = Object.entries(annotations ?? {}).filter(([key]) => key === 'kubernetes.io/change-cause');
  return {
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      ...(kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }),
      ownerReferences: [controllerReference(kind, owner)],
    },
    data: revisionData(template),
    revision,
  };
}

/** Revisions beyond the history limit that no pod runs any more, the oldest first. A limit below zero is none. */
export function surplusRevisions(
  owner: RevisionOwner,
  revisions: readonly ControllerRevision[],
  inUse: ReadonlySet<string>,
): readonly ControllerRevision[] {
  const limit = owner.spec?.revisionHistoryLimit ?? 10;
  if (limit < 0) return [];
  const current = currentRevision(owner, revisions);
  const idle = revisions
    .toSorted(byRevision)
    .filter((revision) => revision !== current && !inUse.has(hashOf(revision)));
  return idle.slice(0, Math.max(0, idle.length - limit));
}

export function hashOf({ metadata }: ControllerRevision): string {
  return metadata.labels?.[revisionHashLabel] ?? '';
}

export async function removeRevisions(client: Client, revisions: readonly ControllerRevision[]): Promise<void> {
  for (const { metadata } of revisions) {
    await client.delete(ControllerRevision, metadata).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}
