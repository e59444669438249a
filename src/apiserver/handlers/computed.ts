/** Kinds whose objects are not stored but made when they are asked for: component statuses, usage figures. */
import { matches, parseSelector } from '../../schema/selector.ts';
import { notFound } from '../errors.ts';
import { sendPieces, warningHeaders } from '../http/respond.ts';
import { metaOf, seal, type DraftObject, type Snapshot } from '../registry/snapshot.ts';
import type { Answer, Call, ComputedKind } from '../server-types.ts';
import { encoderOf } from './encoders.ts';

/** The kind's maker, when it has one. */
export function computedOf({ server, resource }: Call): ComputedKind | undefined {
  const { group, plural } = resource.storage;
  return server.dependencies.computed?.get(`${group}/${plural}`);
}

export async function answerComputed(call: Call, computed: ComputedKind): Promise<Answer> {
  const { resource, target, info } = call;
  const objects = await computed.list(target.namespace);
  if (info.verb === 'get') {
    const found = objects.find((object) => metaOf(object).name === target.name);
    if (found === undefined) throw notFound(resource.name, target.name);
    return { type: 'object', status: 200, resource, snapshot: snapshotOf(call, found) };
  }
  const selector = parseSelector(info.query.get('labelSelector') ?? '');
  const chosen = objects.filter((object) => matches(selector, metaOf(object).labels));
  const encoder = await encoderOf(resource, call);
  const headers = { 'content-type': encoder.contentType, ...warningHeaders(call.warnings) };
  const snapshots = chosen.map((object) => snapshotOf(call, object));
  await sendPieces(call.exchange, headers, encoder.list(snapshots, { resourceVersion: '' }));
  return { type: 'done' };
}

function snapshotOf({ resource }: Call, object: DraftObject): Snapshot {
  return { ...seal(resource.kind, object), revision: 0 };
}
