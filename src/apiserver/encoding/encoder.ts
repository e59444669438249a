/**
 * How objects of one resource are written for one request: in which format, whole, as a Table or as
 * metadata only. The JSON form copies stored bytes; the others read the frozen value.
 */
import type { Status } from '../errors.ts';
import type { Snapshot } from '../registry/snapshot.ts';
import type { Revision } from '../../store/store.ts';

/** Text is written where it belongs at once: encoding many small ones by themselves would cost more than the rest. */
export type Piece = string | Uint8Array;

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
}

export interface Encoder {
  /** Distinguishes encoders whose frames differ: frames of one change are shared between watchers. */
  readonly id: string;
  readonly contentType: string;
  one(snapshot: Snapshot): Uint8Array;
  /** The list in pieces, made as they are asked for. An empty piece is an invitation to yield. */
  list(snapshots: readonly Snapshot[], meta: ListMeta): Iterable<Piece>;
  /** A watch frame. `first`: the first one of its stream. */
  event(type: EventType, snapshot: Snapshot, first: boolean): Uint8Array;
  bookmark(revision: Revision, initialEventsEnd: boolean): Uint8Array;
  /** The frame that ends a watch. */
  error(status: Status): Uint8Array;
}

export const initialEventsEndAnnotation = 'k8s.io/initial-events-end';

const encoder = new TextEncoder();
export const text = (content: string): Uint8Array => encoder.encode(content);

/** `"metadata":{...}` of a list. */
export function listMetaJson(meta: ListMeta): string {
  return JSON.stringify({
    resourceVersion: meta.resourceVersion,
    ...(meta.continue === undefined || meta.continue === '' ? {} : { continue: meta.continue }),
    ...(meta.remainingItemCount === undefined ? {} : { remainingItemCount: meta.remainingItemCount }),
  });
}

export function joined(pieces: Iterable<Piece>): Uint8Array {
  return Buffer.concat(Array.from(pieces, (piece) => (typeof piece === 'string' ? text(piece) : piece)));
}
