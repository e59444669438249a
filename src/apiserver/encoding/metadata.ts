/**
 * PartialObjectMetadata: the metadata alone, cut out of the stored bytes. Metadata is the third key of
 * every stored object, so its end is found by counting braces from a known place.
 */
import { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../../api/meta/object-meta.ts';
import { convertOut } from '../registry/conversion.ts';
import type { Resource } from '../registry/resources.ts';
import { metadataStart, revisionField, type Snapshot } from '../registry/snapshot.ts';
import { initialEventsEndAnnotation, listMetaJson, text, type Encoder } from './encoder.ts';
import { frame } from './json.ts';

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Keys that occur inside metadata too: before one of these as the object's next key, braces are counted. */
const innerKeys: ReadonlySet<string> = new Set(
  [ObjectMeta, ManagedFieldsEntry, OwnerReference].flatMap(({ fields }) => Object.keys(fields)),
);

/**
 * Where the metadata object that is open at `start` ends (the place of its closing brace). Usually `},"spec":`
 * is looked for: no text can hold it, since quotes in texts are escaped, and no map in metadata holds objects.
 */
function metadataEnd(value: object, bytes: Uint8Array, start: number): number {
  const [, , , next] = Object.keys(value);
  if (next === undefined) return bytes.length - 2;
  if (innerKeys.has(next)) return countBraces(bytes, start);
  const { buffer, byteOffset, byteLength } = bytes;
  const found = Buffer.from(buffer, byteOffset, byteLength).indexOf(`},"${next}":`, start, 'latin1');
  return found === -1 ? countBraces(bytes, start) : found;
}

function countBraces(bytes: Uint8Array, start: number): number {
  let depth = 1;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) {
      at = bytes.indexOf(quote, at + 1);
      while (escaped(bytes, at)) at = bytes.indexOf(quote, at + 1);
    } else if (byte === openBrace) depth += 1;
    else if (byte === closeBrace && (depth -= 1) === 0) return at;
  }
  throw new RangeError('stored bytes are not whole');
}

/** Whether the quote at `at` follows an odd number of backslashes. */
function escaped(bytes: Uint8Array, at: number): boolean {
  let count = 0;
  while (bytes[at - 1 - count] === backslash) count += 1;
  return count % 2 === 1;
}

/** `"resourceVersion":"7","name":"a",...` without the braces. */
export function metadataFields(resource: Resource, snapshot: Snapshot): readonly [string, Uint8Array] {
  const { value, bytes, revision } = convertOut(resource, snapshot);
  const start = metadataStart(resource.kind);
  return [revisionField(revision), bytes.subarray(start, metadataEnd(value, bytes, start))];
}

export function metadataEncoder(resource: Resource, version: string, contentType = 'application/json'): Encoder {
  const apiVersion = `meta.k8s.io/${version}`;
  const open = `{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":{`;
  const one = (snapshot: Snapshot): Uint8Array => {
    const [revision, fields] = metadataFields(resource, snapshot);
    return Buffer.concat([text(open + revision), fields, text('}}')]);
  };
  return {
    id: `metadata ${version} ${resource.kind.apiVersion} ${resource.kind.kind}`,
    contentType,
    one,
    *list(snapshots, meta) {
      yield `{"kind":"PartialObjectMetadataList","apiVersion":"${apiVersion}","metadata":${listMetaJson(meta)},"items":[`;
      let separator = '';
      for (const snapshot of snapshots) {
        const [revision, fields] = metadataFields(resource, snapshot);
        yield separator + open + revision;
        yield fields;
        separator = '}},';
      }
      yield separator === '' ? ']}\n' : '}}]}\n';
    },
    event: (type, snapshot) => Buffer.concat([text(`{"type":"${type}","object":`), one(snapshot), text('}\n')]),
    bookmark(revision, initialEventsEnd) {
      const annotations = initialEventsEnd ? { annotations: { [initialEventsEndAnnotation]: 'true' } } : {};
      const metadata = { resourceVersion: String(revision), creationTimestamp: null, ...annotations };
      return frame('BOOKMARK', { kind: 'PartialObjectMetadata', apiVersion, metadata });
    },
    error: (status) => frame('ERROR', status),
  };
}
