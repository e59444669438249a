/** Protobuf answers, made from the frozen value: clients that ask for it are few, and JSON is what is stored. */
import { ObjectMeta } from '../../api/meta/object-meta.ts';
import { Status as StatusStruct } from '../../api/meta/status.ts';
import { of, struct } from '../../schema/field.ts';
import { encodeProtobuf, watchFrame } from '../../schema/protobuf.ts';
import { writeMessage } from '../../schema/protobuf-encode.ts';
import { wire, Writer } from '../../schema/protobuf-wire.ts';
import type { StructSchema } from '../../schema/schema.ts';
import { convertOut } from '../registry/conversion.ts';
import type { Resource } from '../registry/resources.ts';
import { metaOf, withRevision, type Snapshot } from '../registry/snapshot.ts';
import { initialEventsEndAnnotation, type Encoder, type ListMeta } from './encoder.ts';

type Json = Record<string, unknown>;

const PartialObjectMetadata = struct('io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata', '', {
  metadata: of(1, ObjectMeta).always(),
});

interface Form {
  readonly id: string;
  readonly schema: StructSchema;
  readonly apiVersion: string;
  readonly kind: string;
  readonly listKind: string;
  object(snapshot: Snapshot): Json;
}

/** Whole objects. */
export function protobufEncoder(resource: Resource, contentType: string): Encoder {
  const { kind } = resource;
  return encoderOf(contentType, {
    id: `protobuf ${kind.apiVersion} ${kind.kind}`,
    schema: kind.schema,
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    listKind: kind.listKind,
    object: (snapshot) => withRevision(convertOut(resource, snapshot).value, snapshot.revision) as unknown as Json,
  });
}

/** Their metadata only. `version`: of meta.k8s.io. */
export function protobufMetadataEncoder(resource: Resource, version: string, contentType: string): Encoder {
  const apiVersion = `meta.k8s.io/${version}`;
  const kind = 'PartialObjectMetadata';
  return encoderOf(contentType, {
    id: `protobuf metadata ${version} ${resource.kind.apiVersion} ${resource.kind.kind}`,
    schema: PartialObjectMetadata.schema,
    apiVersion,
    kind,
    listKind: 'PartialObjectMetadataList',
    object: (snapshot) => ({ apiVersion, kind, metadata: metaOf(withRevision(snapshot.value, snapshot.revision)) }),
  });
}

function encoderOf(contentType: string, form: Form): Encoder {
  const { schema, apiVersion, kind } = form;
  const one = (snapshot: Snapshot): Buffer => encodeProtobuf(schema, form.object(snapshot));
  return {
    id: form.id,
    contentType,
    one,
    list: (snapshots, meta) => list(form, snapshots, meta),
    event: (type, snapshot) => watchFrame(type, one(snapshot)),
    bookmark(revision, initialEventsEnd) {
      const annotations = initialEventsEnd ? { annotations: { [initialEventsEndAnnotation]: 'true' } } : {};
      const metadata = { resourceVersion: String(revision), ...annotations };
      return watchFrame('BOOKMARK', encodeProtobuf(schema, { apiVersion, kind, metadata }));
    },
    error: (status) => watchFrame('ERROR', encodeProtobuf(StatusStruct.schema, { ...status })),
  };
}

const nothing = new Uint8Array();

/** A list's length stands before it, so its items are encoded first, with a chance to yield after each. */
function* list(form: Form, snapshots: readonly Snapshot[], meta: ListMeta): Iterable<Uint8Array> {
  const pieces: Uint8Array[] = [listMeta(meta)];
  let size = pieces[0]?.length ?? 0;
  for (const snapshot of snapshots) {
    const writer = new Writer(2048);
    writeMessage(form.schema, writer, form.object(snapshot));
    writer.varint(writer.length);
    writer.tag(2, wire.bytes);
    const piece = writer.finish();
    pieces.push(piece);
    size += piece.length;
    yield nothing;
  }
  const head = new Writer(256);
  head.varint(size);
  head.tag(2, wire.bytes);
  const before = head.length;
  text(head, 2, form.listKind);
  text(head, 1, form.apiVersion);
  head.varint(head.length - before);
  head.tag(1, wire.bytes);
  head.raw(magic);
  yield head.finish();
  yield* pieces;
  const tail = new Writer(8);
  text(tail, 4, '');
  text(tail, 3, '');
  yield tail.finish();
}

const magic = Buffer.from('k8s\0', 'latin1');

function listMeta(meta: ListMeta): Uint8Array {
  const writer = new Writer(256);
  if (meta.remainingItemCount !== undefined) {
    writer.varint(meta.remainingItemCount);
    writer.tag(4, wire.varint);
  }
  text(writer, 3, meta.continue ?? '');
  text(writer, 2, meta.resourceVersion);
  writer.varint(writer.length);
  writer.tag(1, wire.bytes);
  return writer.finish();
}

function text(writer: Writer, number: number, value: string): void {
  writer.string(value);
  writer.tag(number, wire.bytes);
}
