/**
 * GET and LIST. A list is a consistent picture of one revision; its pages share that revision through
 * the continue token, for as long as the store keeps its history.
 *
 *     limit=2            a b     continue -> {rv: 7, start: "b"}
 *     continue, limit=2  c d     as of revision 7, whatever has been written since
 */
import { forbidden as forbiddenField, notSupported, type Fault } from '../../schema/fault.ts';
import {
  CompactedError,
  FutureRevisionError,
  type Entry,
  type RangeOptions,
  type Reader,
  type Revision,
} from '../../store/store.ts';
import { badRequest, expired, invalid, notFound, tooLargeResourceVersion, type StatusError } from '../errors.ts';
import type { ListMeta } from '../encoding/encoder.ts';
import { keyOf, prefixOf, type Resource } from './resources.ts';
import { selectionOf, type Selection } from './selection.ts';

export function readOne(store: Reader, resource: Resource, namespace: string, name: string, version = ''): Entry {
  const atLeast = revisionOf(version);
  if (atLeast > store.revision) throw tooLargeResourceVersion(atLeast, store.revision);
  const entry = store.get(keyOf(resource, namespace, name));
  if (entry === undefined) throw notFound(resource.name, name);
  return entry;
}

/** A resourceVersion as a number; '' and '0' are 0. Throws 400. */
export function revisionOf(text: string): Revision {
  if (text === '' || text === '0') return 0;
  const revision = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(revision)) return revision;
  throw badRequest(`invalid resource version: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** What a list or watch may ask for, as sent. */
export interface ListQuery {
  readonly labelSelector: string | null;
  readonly fieldSelector: string | null;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly limit: number;
  readonly continue: string;
  readonly sendInitialEvents: boolean | undefined;
}

export function listQueryOf(query: URLSearchParams): ListQuery {
  const limit = query.get('limit');
  const initial = query.get('sendInitialEvents');
  return {
    labelSelector: query.get('labelSelector'),
    fieldSelector: query.get('fieldSelector'),
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    limit: limit === null || limit === '' ? 0 : integerOf('limit', limit),
    continue: query.get('continue') ?? '',
    sendInitialEvents: initial === null || initial === '' ? undefined : initial !== 'false' && initial !== '0',
  };
}

/** A whole number in a query. Throws 400. */
export function integerOf(name: string, value: string): number {
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  throw badRequest(
    `unable to convert query parameter ${name}: strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

export interface ListResult {
  readonly entries: readonly Entry[];
  readonly meta: ListMeta;
  readonly revision: Revision;
}

const listOptions = { group: 'meta.k8s.io', kind: 'ListOptions' };
const matchRules = ['Exact', 'NotOlderThan', ''];
const matchPath = 'resourceVersionMatch';

function checkList(query: ListQuery): void {
  const { resourceVersionMatch: match, resourceVersion, continue: token } = query;
  const faults: Fault[] = [];
  if (match !== '') {
    if (resourceVersion === '') {
      faults.push(forbiddenField(matchPath, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    }
    if (token !== '') {
      faults.push(forbiddenField(matchPath, 'resourceVersionMatch is forbidden when continue is provided'));
    }
    if (!matchRules.includes(match)) faults.push(notSupported(matchPath, match, matchRules));
    if (match === 'Exact' && resourceVersion === '0') {
      const detail = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
      faults.push(forbiddenField(matchPath, detail));
    }
  }
  if (query.sendInitialEvents !== undefined) {
    faults.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  if (faults.length > 0) throw invalid(listOptions, '', faults);
}

/** Throws 400, 410, 422 or 504. */
export function readList(store: Reader, resource: Resource, namespace: string, query: ListQuery): ListResult {
  checkList(query);
  const selection = selectionOf(resource, query.labelSelector, query.fieldSelector);
  const asked = askedRevision(store, query);
  const single = singleKey(resource, namespace, query, selection, asked);
  if (single !== undefined) return readSingle(store, single, selection);
  const prefix = prefixOf(resource, namespace);
  const start = startOf(query, prefix, asked);
  try {
    return page(store, prefix, { ...start, selection });
  } catch (error) {
    throw listError(error, start, prefix, query.continue !== '');
  }
}

function askedRevision(store: Reader, query: ListQuery): Revision {
  const { resourceVersion, continue: token } = query;
  if (token !== '' && resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const asked = revisionOf(resourceVersion);
  if (asked > store.revision) throw tooLargeResourceVersion(asked, store.revision);
  return asked;
}

/** The only key that can match, when the present is asked for. */
function singleKey(
  resource: Resource,
  namespace: string,
  query: ListQuery,
  { name }: Selection,
  asked: Revision,
): string | undefined {
  if (name === undefined || asked !== 0 || query.continue !== '') return undefined;
  return namespace === '' && resource.namespaced ? undefined : keyOf(resource, namespace, name);
}

/** `fieldSelector=metadata.name=x`: one look instead of a walk. */
function readSingle(store: Reader, key: string, selection: Selection): ListResult {
  const { revision } = store;
  const entry = store.get(key);
  const entries = entry !== undefined && selection.matches(entry.value) ? [entry] : [];
  return { entries, revision, meta: { resourceVersion: String(revision) } };
}

interface Start {
  /** The snapshot to read; undefined for the present. */
  readonly at: Revision | undefined;
  readonly after: string | undefined;
  /** 0 for all. */
  readonly limit: number;
}

function startOf(query: ListQuery, prefix: string, asked: Revision): Start {
  const limit = Math.max(0, query.limit);
  if (query.continue !== '') {
    const { rv, start } = decodeToken(query.continue);
    return { at: rv < 0 ? undefined : rv, after: prefix + start, limit };
  }
  const { resourceVersion, resourceVersionMatch: match } = query;
  // `resourceVersion=0` is answered from memory as a whole, whatever the limit, as upstream's cache does.
  if (resourceVersion === '0') return { at: undefined, after: undefined, limit: 0 };
  const exact = match === 'Exact' || (match === '' && limit > 0);
  return { at: asked > 0 && exact ? asked : undefined, after: undefined, limit };
}

/** With a selector, more is read than asked for: pages of nothing would only cost round trips. */
const readAhead = 500;

function page(store: Reader, prefix: string, options: Start & { readonly selection: Selection }): ListResult {
  const { limit, selection } = options;
  const found: Entry[] = [];
  const readLimit = selection.all ? limit : Math.max(limit, readAhead);
  let { at, after } = options;
  for (;;) {
    const range = store.range(prefix, rangeOptions(at, after, limit === 0 ? 0 : readLimit));
    at ??= range.revision;
    const end = range.entries.at(-1);
    const full = fill(found, range.entries, limit, selection);
    const last = full ?? end;
    const done = last === end && range.remaining === 0;
    if (done || last === undefined) return resultOf(found, at, undefined, undefined);
    if (full !== undefined) {
      const token = encodeToken(at, last.key.slice(prefix.length));
      return resultOf(found, at, token, selection.all ? range.remaining : undefined);
    }
    after = last.key;
  }
}

function rangeOptions(at: Revision | undefined, after: string | undefined, limit: number): RangeOptions {
  return {
    ...(limit === 0 ? {} : { limit }),
    ...(at === undefined ? {} : { at }),
    ...(after === undefined ? {} : { after }),
  };
}

/** Takes what matches; answers with the last entry looked at when the page is full. */
function fill(found: Entry[], entries: readonly Entry[], limit: number, selection: Selection): Entry | undefined {
  for (const entry of entries) {
    if (!selection.all && !selection.matches(entry.value)) continue;
    found.push(entry);
    if (limit > 0 && found.length === limit) return entry;
  }
  return undefined;
}

function resultOf(
  entries: readonly Entry[],
  revision: Revision,
  token: string | undefined,
  remainingItemCount: number | undefined,
): ListResult {
  return { entries, revision, meta: { resourceVersion: String(revision), continue: token, remainingItemCount } };
}

function encodeToken(revision: Revision, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${start}\u0000` })).toString(
    'base64url',
  );
}

function decodeToken(token: string): { readonly rv: number; readonly start: string } {
  const refuse = (why: string): StatusError => badRequest(`continue key is not valid: ${why}`);
  let parsed: { v?: unknown; rv?: unknown; start?: unknown } | null;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString()) as typeof parsed;
  } catch {
    throw refuse('it is not what this server has sent');
  }
  const { v, rv, start } = parsed ?? {};
  if (v !== 'meta.k8s.io/v1') throw refuse(`server does not recognize this encoded version ${JSON.stringify(v ?? '')}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) {
    throw refuse('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  }
  if (typeof start !== 'string' || start === '') throw refuse('encoded start key empty (version meta.k8s.io/v1)');
  return { rv, start: start.endsWith('\u0000') ? start.slice(0, -1) : start };
}

const inconsistent =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.';

function listError(error: unknown, { at = 0, after }: Start, prefix: string, continued: boolean): unknown {
  if (error instanceof FutureRevisionError) return tooLargeResourceVersion(at, error.current);
  if (!(error instanceof CompactedError)) return error;
  if (!continued) return expired('The resourceVersion for the provided list is too old.');
  return expired(inconsistent, encodeToken(-1, (after ?? prefix).slice(prefix.length)));
}
