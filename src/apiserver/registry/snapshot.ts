/**
 * Objects and their bytes. Stored JSON always opens with `{"kind":K,"apiVersion":V,"metadata":{`, so the
 * place where the resourceVersion goes is known without parsing:
 *
 *     {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},...}
 *     {"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7","name":"a"},...}
 */
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import type { ObjectMeta } from '../../api/meta/object-meta.ts';
import { deepFreeze } from '../../schema/freeze.ts';
import type { Revision } from '../../store/store.ts';

/** An object at a revision: a store's entry is one, and so is what a dry run would have stored. */
export interface Snapshot {
  /** Frozen, without metadata.resourceVersion. */
  readonly value: object;
  /** JSON of `value`. */
  readonly bytes: Uint8Array;
  /** 0 when there is none (a dry-run create). */
  readonly revision: Revision;
}

/** An object under construction. */
export type DraftObject = Record<string, unknown>;

/** A metadata that may be changed. */
export type DraftMeta = { -readonly [K in keyof ObjectMeta]: ObjectMeta[K] };

/** The metadata of a stored object. */
export function metaOf(value: object): ObjectMeta {
  return (value as { metadata: ObjectMeta }).metadata;
}

/** The metadata of a draft, which gets one if it has none. */
export function draftMeta(draft: DraftObject): DraftMeta {
  const { metadata } = draft;
  if (typeof metadata === 'object' && metadata !== null) return metadata;
  const made: DraftMeta = {};
  draft['metadata'] = made;
  return made;
}

const encoder = new TextEncoder();

/** An object and its JSON, ready to be stored. */
export type Sealed = Pick<Snapshot, 'value' | 'bytes'>;

/** Makes a finished draft storable: fixed order of the first keys, no resourceVersion, frozen, serialised. */
export function seal(kind: Kind, draft: DraftObject): Sealed {
  const { kind: _kind, apiVersion: _version, metadata, ...rest } = draft;
  const { resourceVersion: _revision, selfLink: _link, ...meta } = (metadata ?? {}) as DraftMeta;
  const value = { kind: kind.kind, apiVersion: kind.apiVersion, metadata: meta, ...rest };
  const bytes = encoder.encode(JSON.stringify(value));
  return { value: deepFreeze(value), bytes };
}

const heads = new WeakMap<Kind, number>();

/** Where the metadata's first field begins in the bytes of a kind. */
export function metadataStart(kind: Kind): number {
  let start = heads.get(kind);
  if (start === undefined) {
    start = Buffer.byteLength(`{"kind":"${kind.kind}","apiVersion":"${kind.apiVersion}","metadata":{`);
    heads.set(kind, start);
  }
  return start;
}

/** The field that is spliced in; '' for an object without a revision. */
export function revisionField(revision: Revision): string {
  return revision === 0 ? '' : `"resourceVersion":"${revision}",`;
}

/** The object's JSON with its resourceVersion, and `end` after it. */
export function splice(kind: Kind, { bytes, revision }: Snapshot, end = ''): Uint8Array {
  if (revision === 0 && end === '') return bytes;
  const start = metadataStart(kind);
  const field = revisionField(revision);
  const whole = Buffer.allocUnsafe(bytes.length + field.length + end.length);
  whole.set(bytes.subarray(0, start));
  whole.write(field, start, 'latin1');
  whole.set(bytes.subarray(start), start + field.length);
  whole.write(end, bytes.length + field.length, 'latin1');
  return whole;
}

const live = new WeakMap<Snapshot, KubernetesObject>();

/** The frozen object with its resourceVersion, shared by all readers in process. */
export function liveObject(snapshot: Snapshot): KubernetesObject {
  let object = live.get(snapshot);
  if (object === undefined) {
    object = withRevision(snapshot.value, snapshot.revision);
    live.set(snapshot, object);
  }
  return object;
}

export function withRevision(value: object, revision: Revision): KubernetesObject {
  if (revision === 0) return value as KubernetesObject;
  const metadata = Object.freeze({ ...metaOf(value), resourceVersion: String(revision) });
  return Object.freeze({ ...value, metadata }) as unknown as KubernetesObject;
}
