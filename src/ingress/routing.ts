/**
 * Ingress objects to a table that says where a request goes. Pure.
 *
 * Precedence, in this order:
 * - hosts: the exact one, then a wildcard (`*.example.org` covers one label), then rules without host;
 * - paths of that host: Exact, then the longest Prefix or regular expression; a Prefix matches whole elements;
 * - Ingresses that claim the same host, path and type: the oldest has it, the others are conflicts;
 * - no path fits: the default backend of an Ingress that names the host, then the one for everything.
 */
import { BlockList } from 'node:net';
import type { Ingress, IngressBackend, IngressRule, HTTPIngressPath } from '../api/networking/ingress.ts';
import { settingsOf, type RouteSettings } from './annotations.ts';

export interface BackendRef {
  readonly namespace: string;
  readonly service: string;
  /** Port number or name. */
  readonly port: number | string;
}

interface Route {
  readonly ingress: { readonly namespace: string; readonly name: string };
  readonly host: string;
  readonly path: string;
  readonly backend: BackendRef;
  readonly settings: RouteSettings;
  readonly exact: boolean;
  readonly pattern: RegExp | undefined;
  readonly allowed: BlockList | undefined;
}

interface HostRoutes {
  readonly exact: Map<string, Route>;
  /** Longest first. */
  readonly others: readonly Route[];
  readonly fallback: Route | undefined;
  /** Whether some Ingress has a certificate for it. */
  readonly tls: boolean;
}

export interface RouteTable {
  readonly hosts: ReadonlyMap<string, HostRoutes>;
  /** For whatever nothing else fits. */
  readonly fallback: Route | undefined;
}

export interface Problem {
  readonly ingress: Ingress;
  readonly reason: string;
  readonly message: string;
}

export interface Match {
  readonly route: Route;
  /** What the regular expression caught. */
  readonly groups: readonly (string | undefined)[];
  readonly tls: boolean;
}

/** `ingresses` are those of our class. */
export function buildRoutes(ingresses: readonly Ingress[]): {
  readonly table: RouteTable;
  readonly problems: readonly Problem[];
} {
  const builder = new Builder();
  for (const ingress of [...ingresses].sort(byAge)) builder.add(ingress);
  return builder.finish();
}

/** `host` without port, with or without the dot that ends a full name; `path` without query. */
export function findRoute(table: RouteTable, host: string, path: string): Match | undefined {
  const lower = host.toLowerCase().replace(/\.$/, '');
  const dot = lower.indexOf('.');
  const wildcard = dot < 0 ? undefined : table.hosts.get(`*${lower.slice(dot)}`);
  const routes = table.hosts.get(lower) ?? wildcard ?? table.hosts.get('');
  const tls = routes?.tls ?? false;
  const match = routes === undefined ? undefined : findPath(routes, path);
  if (match !== undefined) return { ...match, tls };
  const route = routes?.fallback ?? table.fallback;
  return route === undefined ? undefined : { route, groups: [], tls };
}

/** The path that the backend sees; `target` is path and query. */
export function rewritten({ route, groups }: Match, target: string): string {
  const { rewriteTarget } = route.settings;
  if (rewriteTarget === undefined) return target;
  const mark = target.indexOf('?');
  const query = mark < 0 ? '' : target.slice(mark);
  const path = rewriteTarget.replaceAll(/\$(\d)/g, (_, group: string) => groups[Number(group)] ?? '');
  return (path.startsWith('/') ? path : `/${path}`) + query;
}

function findPath(routes: HostRoutes, path: string): Omit<Match, 'tls'> | undefined {
  const exact = routes.exact.get(path);
  if (exact !== undefined) return { route: exact, groups: [] };
  for (const route of routes.others) {
    if (route.pattern !== undefined) {
      const groups = route.pattern.exec(path);
      if (groups !== null) return { route, groups };
    } else if (hasPrefix(path, route.path)) {
      return { route, groups: [] };
    }
  }
  return undefined;
}

/** `/foo` and `/foo/` both match `/foo`, `/foo/` and `/foo/bar`, but not `/foobar`. */
function hasPrefix(path: string, prefix: string): boolean {
  const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return path.startsWith(bare) && (path.length === bare.length || path[bare.length] === '/');
}

function byAge(a: Ingress, b: Ingress): number {
  const key = ({ metadata }: Ingress): string =>
    `${metadata.creationTimestamp} ${metadata.namespace ?? ''}/${metadata.name}`;
  return key(a) < key(b) ? -1 : 1;
}

interface Draft {
  readonly exact: Map<string, Route>;
  readonly others: Route[];
  fallback: Route | undefined;
  tls: boolean;
}

class Builder {
  readonly #hosts = new Map<string, Draft>();
  readonly #problems: Problem[] = [];
  #fallback: Route | undefined;

  add(ingress: Ingress): void {
    const { settings, problems } = settingsOf(ingress.metadata.annotations);
    for (const { message } of problems) this.#problem(ingress, 'InvalidAnnotation', message);
    const { rules = [], defaultBackend, tls = [] } = ingress.spec ?? {};
    const fallback = this.#route(ingress, '', '/', defaultBackend, settings);
    for (const host of tls.flatMap((each) => each.hosts ?? [])) this.#host(host.toLowerCase()).tls = true;
    for (const rule of rules) this.#rule(ingress, rule, fallback, settings);
    if (rules.length === 0) this.#fallback ??= fallback;
  }

  #rule(
    ingress: Ingress,
    { host = '', http }: IngressRule,
    fallback: Route | undefined,
    settings: RouteSettings,
  ): void {
    const draft = this.#host(host.toLowerCase());
    for (const path of http?.paths ?? []) this.#path(ingress, draft, host, path, settings);
    draft.fallback ??= fallback;
  }

  finish(): { readonly table: RouteTable; readonly problems: readonly Problem[] } {
    for (const host of this.#hosts.values()) host.others.sort((a, b) => b.path.length - a.path.length);
    return { table: { hosts: this.#hosts, fallback: this.#fallback }, problems: this.#problems };
  }

  #host(name: string): Draft {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const made: Draft = { exact: new Map(), others: [], fallback: undefined, tls: false };
    this.#hosts.set(name, made);
    return made;
  }

  #path(ingress: Ingress, draft: Draft, host: string, path: HTTPIngressPath, settings: RouteSettings): void {
    const route = this.#route(ingress, host, path.path ?? '/', path.backend, settings, path.pathType === 'Exact');
    if (route === undefined) return;
    const other = route.exact ? draft.exact.get(route.path) : draft.others.find((each) => each.path === route.path);
    if (other !== undefined) {
      const { namespace, name } = other.ingress;
      const where = `${host === '' ? '*' : host}${route.path}`;
      this.#problem(
        ingress,
        'PathConflict',
        `${where} already belongs to Ingress ${namespace}/${name}, which is older`,
      );
      return;
    }
    if (route.exact) draft.exact.set(route.path, route);
    else draft.others.push(route);
  }

  #route(
    ingress: Ingress,
    host: string,
    path: string,
    backend: IngressBackend | undefined,
    settings: RouteSettings,
    isExact = false,
  ): Route | undefined {
    const { namespace = '', name } = ingress.metadata;
    const { service, resource } = backend ?? {};
    if (resource !== undefined) {
      const what = `a backend that is a ${resource.kind} cannot be served, only Services`;
      this.#problem(ingress, 'UnsupportedBackend', what);
    }
    if (service === undefined) return undefined;
    const exact = isExact && !settings.regex;
    return {
      ingress: { namespace, name },
      host,
      path,
      backend: { namespace, service: service.name, port: service.port?.name ?? service.port?.number ?? 0 },
      settings,
      exact,
      pattern: settings.regex ? this.#pattern(ingress, path) : undefined,
      allowed: allowListOf(settings.allowedSources),
    };
  }

  #pattern(ingress: Ingress, path: string): RegExp | undefined {
    try {
      return new RegExp(`^${path}`, 'i');
    } catch {
      this.#problem(ingress, 'InvalidPath', `${path} is no regular expression; it is taken as a prefix`);
      return undefined;
    }
  }

  #problem(ingress: Ingress, reason: string, message: string): void {
    this.#problems.push({ ingress, reason, message });
  }
}

function allowListOf(ranges: readonly string[]): BlockList | undefined {
  if (ranges.length === 0) return undefined;
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
