/** Picks the encoder that a request's Accept header asks for. */
import { invalid as invalidField } from '../../schema/fault.ts';
import type { Clock } from '../../base/clock.ts';
import { notAcceptable, invalid } from '../errors.ts';
import type { Encoder } from '../encoding/encoder.ts';
import { indenting } from '../encoding/indent.ts';
import { jsonEncoder } from '../encoding/json.ts';
import { metadataEncoder } from '../encoding/metadata.ts';
import { protobufEncoder, protobufMetadataEncoder } from '../encoding/protobuf.ts';
import { tableEncoder, type IncludeObject } from '../encoding/table.ts';
import { yamlEncoder, yamlFormatter } from '../encoding/yaml.ts';
import type { MediaType } from '../http/negotiate.ts';
import { wantsIndentation } from '../http/readable.ts';
import type { Resource } from '../registry/resources.ts';
import type { Call } from '../server-types.ts';

export async function encoderOf(
  resource: Resource,
  { exchange, media, info, server }: Pick<Call, 'exchange' | 'media' | 'info' | 'server'>,
): Promise<Encoder> {
  const { format, shape, contentType, version } = media;
  if (format === 'protobuf') {
    // Custom resources have no field numbers.
    if (shape === 'metadata') return protobufMetadataEncoder(resource, version, contentType);
    if (resource.custom) throw notAcceptable(['application/json', 'application/yaml']);
    return protobufEncoder(resource, contentType);
  }
  const json = jsonOf(resource, shape, version, info.query, server.clock, contentType);
  if (format === 'yaml') return yamlEncoder(json, await yamlFormatter());
  return wantsIndentation(exchange) ? indenting(json) : json;
}

function jsonOf(
  resource: Resource,
  shape: MediaType['shape'],
  version: string,
  query: URLSearchParams,
  clock: Clock,
  contentType: string,
): Encoder {
  if (shape === 'table') return tableEncoder(resource, { version, include: includeOf(query), clock, contentType });
  if (shape === 'metadata') return metadataEncoder(resource, version, contentType);
  return jsonEncoder(resource, contentType);
}

function includeOf(query: URLSearchParams): IncludeObject {
  const include = query.get('includeObject') ?? '';
  if (include === '' || include === 'Metadata') return 'Metadata';
  if (include === 'Object' || include === 'None') return include;
  const faults = [invalidField('includeObject', include, "must be 'Metadata', 'Object', 'None', or empty")];
  throw invalid({ group: 'meta.k8s.io', kind: 'TableOptions' }, '', faults);
}
