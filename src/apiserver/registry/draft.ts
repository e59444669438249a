/** From a request's body to a draft in the stored version: parsed, decoded, defaulted, converted. */
import { kindOfObject } from '../../api/catalogue.ts';
import type { Kind } from '../../api/kind.ts';
import { orderComplaints } from '../../schema/complaints.ts';
import { DecodeError, decodeObject } from '../../schema/decode.ts';
import { isRecord } from '../../schema/freeze.ts';
import { JsonError, parseJson } from '../../schema/json.ts';
import { decodeProtobuf, openEnvelope, ProtobufError } from '../../schema/protobuf.ts';
import { parseYaml, YamlError } from '../../schema/yaml.ts';
import type { StructSchema } from '../../schema/schema.ts';
import { badRequest, unsupportedMediaType } from '../errors.ts';
import type { Format } from '../http/negotiate.ts';
import type { WriteContext } from './context.ts';
import { convertIn } from './conversion.ts';
import type { Resource } from './resources.ts';
import type { DraftObject } from './snapshot.ts';
import { fillDefaults } from './strategy.ts';

/** A body as plain JSON, with the fields that occur twice. */
export interface ParsedBody {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Throws 400 for what is not JSON or YAML, 415 for protobuf of what has no numbers. */
export async function parseBody(
  body: Uint8Array,
  format: Format,
  duplicates: boolean,
  kind?: Kind,
  schema: StructSchema | undefined = kind?.schema,
): Promise<ParsedBody> {
  if (format === 'protobuf') return readProtobuf(body, schema);
  let text: string;
  try {
    text = decoder.decode(body);
  } catch {
    throw badRequest('the body of the request is not valid UTF-8');
  }
  try {
    // JSON is YAML, and the quick reader takes most of what comes as YAML from programs.
    return format === 'yaml' && !text.trimStart().startsWith('{')
      ? await parseYaml(text)
      : parseJson(text, { duplicates });
  } catch (error) {
    if (error instanceof JsonError || error instanceof YamlError) throw unreadable(kind, error.message, text);
    throw error;
  }
}

/** A body whose kind can't even be told. A patch (no kind) is told about as it is. */
function unreadable(kind: Kind | undefined, why: string, text: string): Error {
  if (kind === undefined) return badRequest(why);
  const what = `couldn't get version/kind; json parse error: ${why}`;
  return badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${what} (${summary(text)})`);
}

const summaryLength = 30;

/** The beginning of a body: as text when it looks like an object, otherwise in hexadecimal. */
function summary(text: string): string {
  if (text === '') return '<empty>';
  const bytes = Buffer.from(text);
  const start = bytes.subarray(0, summaryLength).toString(text.startsWith('{') ? 'utf8' : 'hex');
  return bytes.length > summaryLength ? `${start} ...` : start;
}

/** Reads a whole object of a resource. Throws 400; complaints of field validation are thrown or warned about. */
export function readObject(resource: Resource, parsed: ParsedBody, context: WriteContext): DraftObject {
  const { kind } = resource;
  const json = checkType(kind, parsed.value);
  return convertIn(resource, decodeKind(kind, json, parsed.duplicates, context));
}

/** The body must say the kind that the path stands for. Throws 400. */
export function checkType(kind: Kind, json: unknown): Record<string, unknown> {
  if (!isRecord(json)) throw cannotHandle(kind, 'the body is not a JSON object');
  const { apiVersion = '', kind: name = '' } = json;
  if (typeof apiVersion !== 'string' || typeof name !== 'string') {
    throw badRequest("couldn't get version/kind; json parse error: apiVersion and kind must be strings");
  }
  // What is not said is what the path stands for, as upstream has it.
  if (apiVersion !== '' && apiVersion !== kind.apiVersion) {
    const expected = `the expected API version (${kind.apiVersion})`;
    throw badRequest(`the API version in the data (${apiVersion}) does not match ${expected}`);
  }
  if (name !== '' && name !== kind.kind) throw otherKind(kind, name);
  return json;
}

/** In the words of upstream's decoder. */
function otherKind(kind: Kind, name: string): Error {
  const { version } = kind;
  const [folder = ''] = kind.group === '' ? ['core'] : kind.group.split('.', 1);
  const known = kindOfObject(kind.apiVersion, name) !== undefined;
  const why = known
    ? `converting (${version}.${name}) to (${folder}.${kind.kind}): unknown conversion`
    : `no kind ${JSON.stringify(name)} is registered for version ${JSON.stringify(kind.apiVersion)}`;
  return badRequest(`${name} in version ${JSON.stringify(version)} cannot be handled as a ${kind.kind}: ${why}`);
}

function cannotHandle({ kind, version }: Kind, why: string): Error {
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`);
}

/** How complaints about an object are put: they differ by what the client has sent. */
export interface Wording {
  /** What is repeated and what is unknown, in the order in which it is told. */
  readonly order: typeof orderComplaints;
  /** The object can't be read as its kind. */
  readonly unreadable: (kind: Kind, why: string) => Error;
}

/** The text is the object itself. */
const wholeObject: Wording = { order: orderComplaints, unreadable: cannotHandle };

/** Plain JSON of a kind, decoded and defaulted. */
export function decodeKind(
  kind: Kind,
  json: unknown,
  duplicates: readonly string[],
  context: WriteContext,
  wording: Wording = wholeObject,
): DraftObject {
  let decoded: ReturnType<typeof decodeObject>;
  try {
    decoded = decodeObject(kind.schema, json);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw wording.unreadable(kind, error.message);
  }
  complainAbout(wording.order(json, duplicates, decoded.unknown), context, (complaints) =>
    wording.unreadable(kind, `strict decoding error: ${complaints}`),
  );
  const draft = decoded.value;
  fillDefaults(kind, draft);
  return draft;
}

/** What field validation makes of complaints: an error, warnings, or nothing. */
export function complainAbout(
  complaints: readonly string[],
  context: WriteContext,
  refusal: (complaints: string) => Error,
): void {
  if (complaints.length === 0 || context.fieldValidation === 'Ignore') return;
  if (context.fieldValidation === 'Strict') throw refusal(complaints.join(', '));
  for (const complaint of complaints) context.warn(complaint);
}

function readProtobuf(body: Uint8Array, schema: StructSchema | undefined): ParsedBody {
  if (schema === undefined) throw unsupportedMediaType(['application/json', 'application/yaml']);
  try {
    const envelope = openEnvelope(body);
    if (envelope.contentType === 'application/json') return parseJson(decoder.decode(envelope.raw));
    return { value: decodeProtobuf(schema, envelope), duplicates: [] };
  } catch (error) {
    if (error instanceof ProtobufError || error instanceof JsonError) throw badRequest(error.message);
    throw error;
  }
}
