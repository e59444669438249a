/**
 * `application/vnd.kubernetes.protobuf`: objects, lists and watch events as clients send and ask for them.
 *
 * An object is `k8s\0` and a runtime.Unknown: apiVersion, kind, and the object's own message.
 */
import { readMessage } from './protobuf-decode.ts';
import { writeMessage } from './protobuf-encode.ts';
import { ProtobufError, Reader, wire, Writer } from './protobuf-wire.ts';
import type { StructSchema } from './schema.ts';

export { ProtobufError };

const magic = Buffer.from('k8s\0', 'latin1');

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  /** The object's message, or JSON when `contentType` says so. */
  readonly raw: Uint8Array;
  readonly contentType: string;
}

type OpenEnvelope = { -readonly [K in keyof Envelope]: Envelope[K] };

export function isProtobuf(bytes: Uint8Array): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

/** Throws ProtobufError. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (!isProtobuf(bytes)) {
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  const reader = new Reader(bytes.subarray(magic.length));
  const envelope: OpenEnvelope = { apiVersion: '', kind: '', raw: Buffer.alloc(0), contentType: '' };
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === tagOf(1)) readTypeMeta(reader, envelope);
    else if (tag === tagOf(2)) envelope.raw = reader.bytes();
    else if (tag === tagOf(4)) envelope.contentType = reader.string();
    else reader.skip(tag & 7);
  }
  return envelope;
}

function tagOf(number: number): number {
  return number * 8 + wire.bytes;
}

function readTypeMeta(reader: Reader, envelope: OpenEnvelope): void {
  const outer = reader.enter();
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === tagOf(1)) envelope.apiVersion = reader.string();
    else if (tag === tagOf(2)) envelope.kind = reader.string();
    else reader.skip(tag & 7);
  }
  reader.leave(outer);
}

/**
 * The message as plain JSON, to be given to `decodeObject`: it still holds zero values. apiVersion and kind
 * are those of the envelope. Throws ProtobufError.
 */
export function decodeProtobuf(schema: StructSchema, envelope: Envelope): Record<string, unknown> {
  const { apiVersion, kind } = envelope;
  return readMessage(schema, new Reader(envelope.raw), {
    ...(apiVersion === '' ? {} : { apiVersion }),
    ...(kind === '' ? {} : { kind }),
  });
}

/** An object with its envelope. */
export function encodeProtobuf(schema: StructSchema, object: Record<string, unknown>): Buffer {
  const { apiVersion, kind } = object;
  return seal(typeof apiVersion === 'string' ? apiVersion : '', typeof kind === 'string' ? kind : '', (writer) =>
    writeMessage(schema, writer, object),
  );
}

export interface ListMeta {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** A list with its envelope: metadata is field 1, items field 2 of every Kubernetes list. */
export function encodeProtobufList(
  schema: StructSchema,
  list: { readonly apiVersion: string; readonly kind: string; readonly metadata: ListMeta },
  items: readonly Record<string, unknown>[],
): Buffer {
  return seal(list.apiVersion, list.kind, (writer) => {
    for (let at = items.length - 1; at >= 0; at -= 1) {
      nested(writer, 2, () => writeMessage(schema, writer, items[at] ?? {}));
    }
    nested(writer, 1, () => writeListMeta(writer, list.metadata));
  });
}

function writeListMeta(writer: Writer, metadata: ListMeta): void {
  if (metadata.remainingItemCount !== undefined) {
    writer.varint(metadata.remainingItemCount);
    writer.tag(4, wire.varint);
  }
  text(writer, 3, metadata.continue ?? '');
  text(writer, 2, metadata.resourceVersion ?? '');
}

/**
 * One frame of a watch: four bytes of length, then a WatchEvent whose object is sealed as above. `object` is
 * what `encodeProtobuf` returned.
 */
export function watchFrame(type: string, object: Uint8Array): Buffer {
  const writer = new Writer(object.length + 64);
  nested(writer, 2, () => {
    writer.bytes(object);
    writer.tag(1, wire.bytes);
  });
  text(writer, 1, type);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(writer.length);
  writer.raw(length);
  return writer.finish();
}

function seal(apiVersion: string, kind: string, content: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  text(writer, 4, '');
  text(writer, 3, '');
  nested(writer, 2, () => content(writer));
  nested(writer, 1, () => {
    text(writer, 2, kind);
    text(writer, 1, apiVersion);
  });
  writer.raw(magic);
  return writer.finish();
}

function text(writer: Writer, number: number, value: string): void {
  writer.string(value);
  writer.tag(number, wire.bytes);
}

function nested(writer: Writer, number: number, content: () => void): void {
  const before = writer.length;
  content();
  writer.varint(writer.length - before);
  writer.tag(number, wire.bytes);
}
