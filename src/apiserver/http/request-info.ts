/**
 * What a request asks for, read from its method, path and query alone, as authorisation sees it.
 *
 *     GET    /api/v1/namespaces/a/pods            list   pods in a
 *     GET    /api/v1/namespaces/a                 get    namespaces a (and namespace a)
 *     DELETE /apis/apps/v1/namespaces/a/deployments     deletecollection
 *     POST   /api/v1/namespaces/a/pods/b/binding  create pods/binding
 *     GET    /api/v1/watch/pods                   watch  (the old form)
 */
import { badRequest } from '../errors.ts';

export interface ResourceRequest {
  readonly group: string;
  readonly version: string;
  /** '' for cluster scope or all namespaces. */
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  /** What follows the subresource, with its leading slash; '' when nothing does (proxy paths). */
  readonly rest: string;
}

export interface RequestInfo {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly rawQuery: string;
  /** get, list, watch, create ... for resources; the lower-case method for other paths. */
  readonly verb: string;
  /** Absent for other paths, discovery among them. */
  readonly resource?: ResourceRequest;
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Subresources of a namespace: `/namespaces/a/status` is not a resource called status. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize']);
const longestPath = 8_192;
const noQuery = new URLSearchParams();

export function requestInfoOf(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?');
  const rawQuery = mark === -1 ? '' : url.slice(mark + 1);
  const path = decodePath(mark === -1 ? url : url.slice(0, mark));
  const query = rawQuery === '' ? noQuery : new URLSearchParams(rawQuery);
  const api = apiOf(path.split('/').filter((part) => part !== ''));
  if (api === undefined) return { method, path, query, rawQuery, verb: method.toLowerCase() };
  const resource = resourceOf(api, path);
  const verb = verbOf(verbs[method] ?? '', resource, api.oldWatch, query);
  return { method, path, query, rawQuery, verb, resource: named(resource, verb, query) };
}

function verbOf(
  verb: string,
  { name, subresource }: ResourceRequest,
  oldWatch: boolean,
  query: URLSearchParams,
): string {
  if (verb === 'delete') return name === '' ? 'deletecollection' : verb;
  if (verb !== 'get') return verb;
  if (oldWatch || (subresource === '' && isTrue(query.get('watch')))) return 'watch';
  return name === '' ? 'list' : verb;
}

function decodePath(raw: string): string {
  if (raw.length > longestPath) throw badRequest(`the path is longer than ${longestPath} characters`);
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    throw badRequest(
      `the path ${JSON.stringify(raw)} is not well-formed: a % must be followed by two hex digits of UTF-8`,
    );
  }
}

interface Api {
  readonly group: string;
  readonly version: string;
  readonly rest: readonly string[];
  readonly oldWatch: boolean;
}

/** Undefined when the path is not one of a resource: `/version`, `/apis`, `/apis/apps/v1`. */
function apiOf(parts: readonly string[]): Api | undefined {
  const [prefix, first = '', second = ''] = parts;
  const core = prefix === 'api';
  if (!core && prefix !== 'apis') return undefined;
  const rest = parts.slice(core ? 2 : 3);
  const oldWatch = rest[0] === 'watch' && rest.length > 1;
  const resource = oldWatch ? rest.slice(1) : rest;
  if (resource.length === 0) return undefined;
  return { group: core ? '' : first, version: core ? first : second, rest: resource, oldWatch };
}

function resourceOf({ group, version, rest }: Api, path: string): ResourceRequest {
  const [first, second = '', third = ''] = rest;
  const ofNamespaces = first === 'namespaces';
  const within = ofNamespaces && rest.length > 2 && !namespaceSubresources.has(third);
  const [resource = '', name = '', subresource = '', ...more] = within ? rest.slice(2) : rest;
  const namespace = ofNamespaces ? second : '';
  return { group, version, namespace, resource, name, subresource, rest: tailOf(subresource, more, path) };
}

function tailOf(subresource: string, more: readonly string[], path: string): string {
  const slash = subresource !== '' && path.endsWith('/') ? '/' : '';
  return more.length === 0 ? slash : `/${more.join('/')}${slash}`;
}

/** A field selector for one name makes that name part of what is authorised. */
function named(resource: ResourceRequest, verb: string, query: URLSearchParams): ResourceRequest {
  if (resource.name !== '' || (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection')) return resource;
  const selector = query.get('fieldSelector');
  if (selector === null) return resource;
  const match = /(?:^|,)metadata\.name==?([^,=!]+)(?:,|$)/.exec(selector);
  return match?.[1] === undefined ? resource : { ...resource, name: match[1] };
}

/** Booleans in queries, as upstream reads them: present means true unless it says false or 0. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}
