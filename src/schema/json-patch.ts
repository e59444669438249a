/** RFC 6902 patches: the library applies the operations, the checks before it speak in upstream's words. */
import jsonPatch from 'fast-json-patch';
import { deepClone, deepEqual, isRecord } from './freeze.ts';

/** The patch is malformed (400), has too many operations (413) or does not apply (422). */
export class JsonPatchError extends Error {
  override readonly name = 'JsonPatchError';
  readonly code: 400 | 413 | 422;

  constructor(code: 400 | 413 | 422, message: string) {
    super(message);
    this.code = code;
  }
}

const mostOperations = 10_000;
/** Bytes that all copies of a patch may add: few operations that copy what they have copied double it each time. */
const mostCopied = 3 * 1024 * 1024;
const names = ['add', 'remove', 'replace', 'move', 'copy', 'test'] as const;
type Name = (typeof names)[number];

interface Operation {
  readonly op: Name;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** Applies a patch to a copy of `document`. Throws JsonPatchError. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw new JsonPatchError(
      400,
      `json: cannot unmarshal ${isRecord(patch) ? 'object' : typeof patch} into Go value of type jsonpatch.Patch`,
    );
  }
  if (patch.length > mostOperations) {
    const limit = `The allowed maximum operations in a JSON patch is ${mostOperations}, got ${patch.length}`;
    throw new JsonPatchError(413, limit);
  }
  let current: unknown = deepClone(document);
  let copied = 0;
  for (const each of patch) {
    const operation = read(each);
    check(current, operation);
    if (operation.op === 'copy') copied += sizeOf(find(current, operation.from ?? '').value);
    if (copied > mostCopied) {
      const limit = `the accumulated size increase of copy is ${copied}, exceeding the limit ${mostCopied}`;
      throw new JsonPatchError(422, `Unable to complete the copy, ${limit}`);
    }
    current = apply(current, operation);
  }
  return current;
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

function apply(document: unknown, operation: Operation): unknown {
  if (operation.op === 'test') return document;
  try {
    return jsonPatch.applyOperation(document, deepClone(operation) as jsonPatch.Operation, false, true).newDocument;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new JsonPatchError(422, `error in ${operation.op} for path: '${operation.path}': ${reason}`);
  }
}

function read(each: unknown): Operation {
  if (!isRecord(each)) throw new JsonPatchError(400, 'error decoding patch: an operation is not an object');
  const { op, path, from, value } = each;
  const name = names.find((known) => known === op);
  if (name === undefined) throw new JsonPatchError(422, `Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`);
  if (typeof path !== 'string') {
    throw new JsonPatchError(422, `${name} operation failed to decode path: missing value`);
  }
  const needsFrom = name === 'move' || name === 'copy';
  if (needsFrom && typeof from !== 'string') {
    throw new JsonPatchError(
      422,
      `${name} operation failed to decode from: operation, missing from field: missing value`,
    );
  }
  return { op: name, path, ...(typeof from === 'string' ? { from } : {}), ...('value' in each ? { value } : {}) };
}

function check(document: unknown, operation: Operation): void {
  const { op, path, from = '' } = operation;
  if (op === 'test') return test(document, operation);
  if (op === 'move' || op === 'copy') {
    const source = find(document, from);
    if (from === '' || source.parent === undefined)
      fail(`${op} operation does not apply: doc is missing from path: ${from}`);
    if (source.value === undefined) fail(`error in ${op} for path: '${from}': ${absent(source)}`, '');
  }
  // What is moved is no longer there to be moved into.
  if (op === 'move' && path.startsWith(`${from}/`)) fail(missingPath(op, path));
  checkTarget(op, path, find(document, path));
}

function checkTarget(op: Name, path: string, target: Found): void {
  const whole = path === '' && op !== 'replace';
  if (whole || target.parent === undefined) fail(missingPath(op, path));
  if (op === 'replace') {
    if (target.value === undefined) fail(`replace operation does not apply: doc is missing key: ${path}`);
  } else if (op === 'remove') {
    if (target.value === undefined) fail(`error in remove for path: '${path}': ${absent(target)}`, '');
  } else {
    checkIndex(op, path, target);
  }
}

function missingPath(op: Name, path: string): string {
  const what = {
    add: 'path',
    remove: 'path',
    replace: 'path',
    test: 'path',
    move: 'destination path',
    copy: 'destination path',
  };
  const shown = op === 'add' || op === 'remove' ? `"${path}"` : path;
  return `${op} operation does not apply: doc is missing ${what[op]}: ${shown}`;
}

function test(document: unknown, { path, value }: Operation): void {
  const target = find(document, path);
  if (target.parent === undefined) fail(`test operation does not apply: is missing path: ${path}`);
  if (!deepEqual(target.value ?? null, value ?? null)) fail(`testing value ${path} failed`, 'test failed');
}

interface Found {
  /** What holds the value; undefined when the way there breaks off. */
  readonly parent: unknown;
  readonly key: string;
  readonly value: unknown;
}

function find(document: unknown, pointer: string): Found {
  if (pointer === '') return { parent: { '': document }, key: '', value: document };
  if (!pointer.startsWith('/')) return { parent: undefined, key: '', value: undefined };
  const keys = pointer.slice(1).split('/').map(unescape);
  const last = keys.pop() ?? '';
  let parent: unknown = document;
  for (const key of keys) parent = child(parent, key);
  const container = typeof parent === 'object' && parent !== null ? parent : undefined;
  return { parent: container, key: last, value: child(container, last) };
}

function child(container: unknown, key: string): unknown {
  if (Array.isArray(container)) return /^(?:0|[1-9]\d*)$/.test(key) ? (container as unknown[])[Number(key)] : undefined;
  return isRecord(container) && Object.hasOwn(container, key) ? container[key] : undefined;
}

function unescape(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

function absent({ parent, key }: Found): string {
  if (!Array.isArray(parent)) return `Unable to remove nonexistent key: ${key}: missing value`;
  return `Unable to access invalid index: ${key}: invalid index referenced`;
}

function checkIndex(op: Name, path: string, { parent, key }: Found): void {
  if (!Array.isArray(parent) || key === '-') return;
  if (!/^-?\d+$/.test(key)) {
    fail(
      `error in ${op} for path: '${path}': value was not a proper array index: '${key}'`,
      `strconv.Atoi: parsing "${key}": invalid syntax`,
    );
  }
  if (Number(key) <= parent.length && !key.startsWith('-')) return;
  fail(`error in ${op} for path: '${path}': Unable to access invalid index: ${key}`, 'invalid index referenced');
}

function fail(message: string, cause = 'missing value'): never {
  throw new JsonPatchError(422, cause === '' ? message : `${message}: ${cause}`);
}
