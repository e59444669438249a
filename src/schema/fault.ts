/**
 * What is wrong with a value, and where. Validators collect faults and never throw them; the API
 * server turns them into the causes of an Invalid Status. Texts are those that Kubernetes' clients print.
 */
export type FaultType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

export interface Fault {
  readonly type: FaultType;
  /** Such as `spec.containers[0].name` or `metadata.labels[a/b]`. */
  readonly path: string;
  /** The message without the path: `Invalid value: "x": must be ...`. */
  readonly body: string;
}

/** `spec.replicas: Invalid value: -1: must be greater than or equal to 0`. */
export function faultMessage(fault: Fault): string {
  return fault.path === '' ? fault.body : `${fault.path}: ${fault.body}`;
}

export function required(path: string, detail = ''): Fault {
  return { type: 'FieldValueRequired', path, body: withDetail('Required value', detail) };
}

export function invalid(path: string, value: unknown, detail: string): Fault {
  return { type: 'FieldValueInvalid', path, body: withDetail(`Invalid value: ${quote(value)}`, detail) };
}

export function typeInvalid(path: string, value: unknown, detail: string): Fault {
  return { type: 'FieldValueTypeInvalid', path, body: withDetail(`Invalid value: ${quote(value)}`, detail) };
}

export function notSupported(path: string, value: unknown, allowed: readonly string[]): Fault {
  const supported = allowed.map(quoteText).join(', ');
  const detail = allowed.length === 0 ? '' : `supported values: ${supported}`;
  return { type: 'FieldValueNotSupported', path, body: withDetail(`Unsupported value: ${quote(value)}`, detail) };
}

export function forbidden(path: string, detail: string): Fault {
  return { type: 'FieldValueForbidden', path, body: withDetail('Forbidden', detail) };
}

export function duplicate(path: string, value: unknown): Fault {
  return { type: 'FieldValueDuplicate', path, body: `Duplicate value: ${quote(value)}` };
}

export function notFound(path: string, value: unknown): Fault {
  return { type: 'FieldValueNotFound', path, body: `Not found: ${quote(value)}` };
}

export function tooLong(path: string, maximumBytes: number): Fault {
  const detail =
    maximumBytes < 0
      ? 'value is too long'
      : `may not be more than ${maximumBytes} byte${maximumBytes === 1 ? '' : 's'}`;
  return { type: 'FieldValueTooLong', path, body: `Too long: ${detail}` };
}

export function tooMany(path: string, actual: number, maximum: number): Fault {
  const detail = maximum < 0 ? 'has too many items' : `must have at most ${maximum} item${maximum === 1 ? '' : 's'}`;
  return { type: 'FieldValueTooMany', path, body: `Too many: ${actual}: ${detail}` };
}

/** Values as Go prints them in these messages: text quoted, numbers and booleans bare, structs as JSON. */
function quote(value: unknown): string {
  if (typeof value === 'string') return quoteText(value);
  if (value === undefined || value === null) return 'null';
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escapeUnicode);
}

const shortEscapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** Go's %q: printable text stays as it is, control characters are escaped the short way or as \x1b. */
export function quoteText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return `"${text.replace(/[\u0000-\u001f"\\\u007f-\u00a0\u00ad\ufeff\u2028\u2029]/g, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : escapeUnicode(character);
}

function escapeUnicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function withDetail(head: string, detail: string): string {
  return detail === '' ? head : `${head}: ${detail}`;
}
