/** What the API server does to objects on their way in, as far as the memory client does it. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { timestamp } from '../../base/clock.ts';
import type { Kind } from '../../api/kind.ts';
import type { ObjectMeta } from '../../api/meta/object-meta.ts';
import { deepClone } from '../../schema/freeze.ts';
import type { DeleteOptions } from '../client.ts';
import { invalid } from './memory-errors.ts';

/** An object that is being made. */
export interface Plain extends Record<string, unknown> {
  metadata: ObjectMeta;
}

export interface Identity {
  readonly uid: string;
  readonly suffix: string;
  readonly now: string;
}

/** The object with the metadata that a create fills in. */
export function draftOf(kind: Kind, sent: Plain, { uid, suffix, now }: Identity): Plain {
  const { metadata } = sent;
  const generated = metadata.generateName === undefined ? undefined : `${metadata.generateName}${suffix}`;
  const name = metadata.name ?? generated;
  if (name === undefined || name === '') throw invalid('name or generateName is required');
  if (kind.scope === 'Namespaced' && (metadata.namespace ?? '') === '') {
    throw invalid(`${kind.plural} live in namespaces, and "${name}" names none`);
  }
  const filled: ObjectMeta = {
    creationTimestamp: now,
    uid,
    ...(kind.generation && { generation: 1 }),
    ...deepClone(metadata),
    name,
  };
  return { apiVersion: kind.apiVersion, kind: kind.kind, ...deepClone(sent), metadata: filled };
}

/** An update as it will be stored: status and the rest are written apart, and generation counts the rest. */
export function merged(kind: Kind, sent: Plain, old: Plain, subresource: string | undefined): Plain {
  const separate = kind.subresources.status === true;
  const next: Plain =
    subresource === 'status'
      ? { ...deepClone(old), status: sent['status'] }
      : { ...sent, apiVersion: kind.apiVersion, kind: kind.kind };
  if (subresource !== 'status' && separate) restore(next, old, 'status');
  if (next['status'] === undefined) delete next['status'];
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation } = old.metadata;
  const kept = { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation };
  next.metadata = withoutAbsent({ ...next.metadata, ...kept, resourceVersion: old.metadata.resourceVersion });
  if (kind.generation && !isDeepStrictEqual(body(next), body(old))) {
    next.metadata = { ...next.metadata, generation: (generation ?? 0) + 1 };
  }
  return next;
}

/** What a delete leaves behind: undefined when the object goes at once. */
export function afterDelete(kind: Kind, object: Plain, options: DeleteOptions, now: number): Plain | undefined {
  const finalizers = finalizersFor(options.propagationPolicy, object.metadata.finalizers ?? []);
  const grace = graceOf(kind, object, options);
  if (finalizers.length === 0 && grace === 0) return undefined;
  const next = deepClone(object) as unknown as Plain;
  const since = next.metadata.deletionTimestamp;
  const sooner = Math.min(grace, next.metadata.deletionGracePeriodSeconds ?? grace);
  next.metadata = withoutAbsent({
    ...next.metadata,
    deletionTimestamp: since === undefined ? timestamp(now + grace * 1000) : since,
    deletionGracePeriodSeconds: sooner,
    finalizers: finalizers.length === 0 ? undefined : [...finalizers],
  });
  return next;
}

/** Whether nothing but the resourceVersion would change. */
export function sameContent(next: object, old: object): boolean {
  const [a, b] = [next as Plain, old as Plain];
  const version = a.metadata.resourceVersion;
  return isDeepStrictEqual(
    { ...a, metadata: withoutAbsent(a.metadata) },
    { ...b, metadata: withoutAbsent({ ...b.metadata, resourceVersion: version }) },
  );
}

/** Only pods that a node has are deleted gracefully: 30 seconds, unless they or the caller say otherwise. */
function graceOf(kind: Kind, object: Plain, { gracePeriodSeconds }: DeleteOptions): number {
  if (kind.kind !== 'Pod') return 0;
  const spec = object['spec'] as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const { phase } = (object['status'] ?? {}) as { phase?: string };
  if ((spec?.nodeName ?? '') === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  return gracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30;
}

function finalizersFor(policy: DeleteOptions['propagationPolicy'], present: readonly string[]): readonly string[] {
  const others = present.filter((each) => each !== 'orphan' && each !== 'foregroundDeletion');
  if (policy === 'Foreground') return [...others, 'foregroundDeletion'];
  if (policy === 'Orphan') return [...others, 'orphan'];
  return policy === undefined ? present : others;
}

function restore(next: Plain, old: Plain, field: string): void {
  if (old[field] === undefined) delete next[field];
  else next[field] = deepClone(old[field]);
}

/** What generation counts changes of. */
function body(object: Plain): object {
  const { metadata, status: _status, ...rest } = object;
  return { ...rest, deletionTimestamp: metadata.deletionTimestamp };
}

/** As JSON would drop them. */
function withoutAbsent(metadata: { readonly [K in keyof ObjectMeta]: ObjectMeta[K] | undefined }): ObjectMeta {
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined)) as ObjectMeta;
}
