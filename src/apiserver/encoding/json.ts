/** JSON from stored bytes: nothing is serialised again unless the version asked for is a converted one. */
import { convertOut } from '../registry/conversion.ts';
import type { Resource } from '../registry/resources.ts';
import { metadataStart, revisionField, splice } from '../registry/snapshot.ts';
import { initialEventsEndAnnotation, listMetaJson, text, type Encoder, type EventType } from './encoder.ts';

const eventStart: Readonly<Record<EventType, Uint8Array>> = {
  ADDED: text('{"type":"ADDED","object":'),
  MODIFIED: text('{"type":"MODIFIED","object":'),
  DELETED: text('{"type":"DELETED","object":'),
};

export function jsonEncoder(resource: Resource, contentType = 'application/json'): Encoder {
  const { kind } = resource;
  const start = metadataStart(kind);
  return {
    id: `json ${kind.apiVersion} ${kind.kind}`,
    contentType,
    one: (snapshot) => splice(kind, convertOut(resource, snapshot), '\n'),
    *list(snapshots, meta) {
      yield `{"kind":"${kind.listKind}","apiVersion":"${kind.apiVersion}","metadata":${listMetaJson(meta)},"items":[`;
      const open = resource.custom
        ? `{"kind":"${kind.kind}","apiVersion":"${kind.apiVersion}","metadata":{`
        : '{"metadata":{';
      let separator = '';
      for (const snapshot of snapshots) {
        const { bytes, revision } = convertOut(resource, snapshot);
        yield separator + open + revisionField(revision);
        separator = ',';
        yield bytes.subarray(start);
      }
      yield ']}\n';
    },
    event: (type, snapshot) => Buffer.concat([eventStart[type], splice(kind, convertOut(resource, snapshot), '}\n')]),
    bookmark(revision, initialEventsEnd) {
      const annotations = initialEventsEnd ? { annotations: { [initialEventsEndAnnotation]: 'true' } } : {};
      const metadata = { resourceVersion: String(revision), creationTimestamp: null, ...annotations };
      return frame('BOOKMARK', { kind: kind.kind, apiVersion: kind.apiVersion, metadata });
    },
    error: (status) => frame('ERROR', status),
  };
}

/** One JSON watch frame. */
export function frame(type: string, object: unknown): Uint8Array {
  return text(`${JSON.stringify({ type, object })}\n`);
}
