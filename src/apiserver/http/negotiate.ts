/**
 * Which form an answer takes, from the Accept header: JSON, YAML or protobuf, of the object itself, a
 * Table, or its metadata only. Types are tried in the client's order (by q, then as written).
 */
import { notAcceptable, unsupportedMediaType } from '../errors.ts';

export type Format = 'json' | 'yaml' | 'protobuf';
type Shape = 'object' | 'table' | 'metadata';

export interface MediaType {
  readonly format: Format;
  readonly shape: Shape;
  /** Of meta.k8s.io, for tables and metadata: v1 or v1beta1. */
  readonly version: string;
  /** What goes into Content-Type. */
  readonly contentType: string;
}

interface Clause {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

const formats: Readonly<Record<string, Format>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/vnd.kubernetes.protobuf': 'protobuf',
  '*/*': 'json',
  'application/*': 'json',
};

const names: Readonly<Record<Format, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};

const accepted = [names.json, names.yaml, names.protobuf];

const plainJson: MediaType = { format: 'json', shape: 'object', version: '', contentType: names.json };

const shapes: Readonly<Record<string, Shape>> = {
  Table: 'table',
  PartialObjectMetadata: 'metadata',
  PartialObjectMetadataList: 'metadata',
};

/** The few headers that clients send, already understood. Bounded; starts over when full. */
const known = new Map<string, MediaType | undefined>();
const mostKnown = 256;

export interface Offer {
  /** A stream of events. */
  readonly stream?: boolean;
  /** Nothing but the whole object: there are no tables of reviews, and no metadata. */
  readonly wholeOnly?: boolean;
}

/** Throws 406 when nothing that the client accepts can be made. */
export function negotiate(accept: string | undefined, offer: Offer = {}): MediaType {
  if (accept === undefined || accept === '') return plainJson;
  const key = `${offer.stream === true ? 'stream ' : ''}${offer.wholeOnly === true ? 'whole ' : ''}${accept}`;
  let found = known.get(key);
  if (found === undefined && !known.has(key)) {
    found = firstOf(clausesOf(accept), offer);
    if (known.size >= mostKnown) known.clear();
    known.set(key, found);
  }
  if (found === undefined) throw notAcceptable(accepted);
  return found;
}

function firstOf(clauses: readonly Clause[], { stream = false, wholeOnly = false }: Offer): MediaType | undefined {
  for (const clause of clauses) {
    const media = wholeOnly && clause.parameters['as'] !== undefined ? undefined : mediaOf(clause, stream);
    if (media !== undefined) return media;
  }
  return undefined;
}

function mediaOf({ type, parameters }: Clause, stream: boolean): MediaType | undefined {
  const format = formats[type];
  if (format === undefined || (stream && format === 'yaml')) return undefined;
  // Clients expect the parameter on binary streams, and none on JSON.
  const contentType = `${names[format]}${stream && format === 'protobuf' ? ';stream=watch' : ''}`;
  const { as } = parameters;
  if (as === undefined) return { format, shape: 'object', version: '', contentType };
  const shape = shapeOf(as, parameters);
  if (shape === undefined || (shape === 'table' && format === 'protobuf')) return undefined;
  return { format, shape, version: parameters['v'] ?? 'v1', contentType };
}

function shapeOf(as: string, { g = '', v = 'v1' }: Clause['parameters']): Shape | undefined {
  return g === 'meta.k8s.io' && (v === 'v1' || v === 'v1beta1') ? shapes[as] : undefined;
}

function clausesOf(accept: string): readonly Clause[] {
  const clauses = accept
    .split(',')
    .map(clauseOf)
    .filter(({ type, quality }) => type !== '' && quality > 0);
  return clauses.sort((one, other) => other.quality - one.quality);
}

function clauseOf(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters: Record<string, string> = {};
  for (const part of rest) {
    const [name = '', value = ''] = part.split('=');
    parameters[name.trim().toLowerCase()] = value.trim().replaceAll('"', '');
  }
  const quality = Number(parameters['q'] ?? 1);
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

/** Every clause of an Accept header, in the client's order: discovery and OpenAPI read their own parameters. */
export function acceptedTypes(accept: string | undefined): readonly Clause[] {
  return accept === undefined || accept === '' ? [] : clausesOf(accept);
}

/** The media type of a body without its parameters; '' when none is said. */
function contentTypeOf(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** How a body is to be decoded. Throws 415. */
export function bodyFormat(header: string | undefined): Format {
  const type = contentTypeOf(header);
  if (type === '') return 'json';
  const format = type.includes('*') ? undefined : formats[type];
  if (format === undefined) throw unsupportedMediaType(accepted);
  return format;
}

export type PatchFormat = 'json' | 'merge' | 'strategic' | 'apply';

const patchFormats: Readonly<Record<string, PatchFormat>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** Which kind of patch a body is. Throws 415; custom resources have no strategic merge. */
export function patchFormat(header: string | undefined, strategic: boolean): PatchFormat {
  const format = patchFormats[contentTypeOf(header)];
  if (format !== undefined && (strategic || format !== 'strategic')) return format;
  const types = Object.keys(patchFormats).filter((type) => strategic || patchFormats[type] !== 'strategic');
  throw unsupportedMediaType(types);
}
