/** Paths that are no resources: health, version, discovery, metrics, and what the composition adds. */
import type { UserInfo } from './access.ts';
import { pathNotFound, methodNotAllowed, notAcceptable } from './errors.ts';
import type { Discovery, Document } from './discovery/discovery.ts';
import { answerHealth, healthPath } from './health.ts';
import { indentJson } from './encoding/indent.ts';
import type { Exchange } from './http/exchange.ts';
import { acceptedTypes } from './http/negotiate.ts';
import { wantsIndentation } from './http/readable.ts';
import type { RequestInfo } from './http/request-info.ts';
import { sendBytes, sendText } from './http/respond.ts';
import type { Metrics } from './metrics.ts';
import type { OpenApi } from './openapi/documents.ts';
import type { HealthCheck, ServerState } from './server-types.ts';
import { versionAnswer } from './version.ts';

export interface PathOptions {
  readonly server: ServerState;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly metrics: Metrics;
  readonly checks: readonly HealthCheck[];
}

/** True when the path is one of these and has been answered. */
export async function answerPath(
  options: PathOptions,
  exchange: Exchange,
  info: RequestInfo,
  _user: UserInfo,
): Promise<boolean> {
  const { server } = options;
  const { path } = info;
  if (healthPath(path) !== undefined) {
    const { status, text } = await answerHealth(options.checks, info, server.log);
    sendText(exchange, status, text);
    return true;
  }
  const own = server.dependencies.paths?.get(path);
  if (own !== undefined) {
    await own(exchange, info);
    return true;
  }
  if (/^\/apis?(\/|$)/.test(path)) return answerDiscovery(options, exchange, info);
  if (path === '/version' || path === '/version/')
    return readOnly(exchange, () => sendIndented(exchange, versionAnswer(server.dependencies.version)));
  if (path === '/openapi/v2' || path.startsWith('/openapi/v3')) return answerOpenApi(options.openApi, exchange, info);
  if (path === '/metrics') return answerMetrics(options.metrics, exchange);
  if (path === '/') return readOnly(exchange, () => sendIndented(exchange, { paths: knownPaths(options) }));
  return false;
}

function readOnly(exchange: Exchange, answer: () => void): boolean {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') throw methodNotAllowed();
  answer();
  return true;
}

/** What upstream indents for everybody. */
function sendIndented(exchange: Exchange, value: object): void {
  const body = Buffer.from(JSON.stringify(value, null, 2));
  sendBytes(exchange, 200, { 'content-type': 'application/json' }, body);
}

const jsonTypes: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*']);

function answerDiscovery({ discovery }: PathOptions, exchange: Exchange, info: RequestInfo): boolean {
  const path = info.path.replace(/\/+$/, '');
  const root = path === '/api' || path === '/apis';
  if (exchange.headers.accept === undefined) return sendLegacy(discovery, exchange, path);
  for (const { type, parameters } of acceptedTypes(exchange.headers.accept)) {
    const { as, g, v } = parameters;
    if (as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io') {
      if (!root || type !== 'application/json' || (v !== 'v2' && v !== 'v2beta1')) continue;
      return sendDocument(
        exchange,
        discovery.aggregated(path === '/api', v),
        `application/json;g=${g};v=${v};as=${as}`,
      );
    }
    if (jsonTypes.has(type)) return sendLegacy(discovery, exchange, path);
  }
  throw notAcceptable(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']);
}

function sendLegacy(discovery: Discovery, exchange: Exchange, path: string): boolean {
  const document = discovery.legacy(path);
  if (document === undefined) throw pathNotFound();
  const { body, etag } = document;
  const shown = wantsIndentation(exchange) ? { body: Buffer.from(indentJson(body)), etag } : document;
  return sendDocument(exchange, shown, 'application/json');
}

function sendDocument(exchange: Exchange, { body, etag }: Document, contentType: string, cache = 'public'): boolean {
  return readOnly(exchange, () => {
    const headers = { 'content-type': contentType, etag, vary: 'Accept', 'cache-control': cache };
    if (exchange.headers['if-none-match'] === etag) exchange.send(304, headers, '');
    else sendBytes(exchange, 200, headers, body);
  });
}

/** As clients ask for it. Its `@` is not allowed in a media type, so what is answered has a dot there. */
const protobufV2 = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const protobufV2Answer = protobufV2.replace('@', '.');

async function answerOpenApi(openApi: OpenApi, exchange: Exchange, { path, query }: RequestInfo): Promise<boolean> {
  const place = path.replace(/^\/openapi\/v[23]\/?/, '').replace(/\/+$/, '');
  if (path.startsWith('/openapi/v2')) return answerOpenApi2(openApi, exchange);
  const document = place === '' ? await openApi.index() : openApi.version3(place);
  if (document === undefined) throw pathNotFound();
  // A document under its own hash never changes.
  const hash = query.get('hash');
  if (hash !== null && `"${hash}"` === document.etag) {
    return sendDocument(exchange, document, 'application/json', 'public, immutable');
  }
  return sendDocument(exchange, document, 'application/json', 'no-cache, private');
}

function answerOpenApi2(openApi: OpenApi, exchange: Exchange): boolean {
  for (const { type } of acceptedTypes(exchange.headers.accept)) {
    if (type === protobufV2)
      return sendDocument(exchange, openApi.version2('protobuf'), protobufV2Answer, 'no-cache, private');
    if (jsonTypes.has(type)) break;
  }
  return sendDocument(exchange, openApi.version2('json'), 'application/json', 'no-cache, private');
}

async function answerMetrics({ registry }: Metrics, exchange: Exchange): Promise<boolean> {
  const text = await registry.metrics();
  sendBytes(exchange, 200, { 'content-type': registry.contentType }, Buffer.from(text));
  return true;
}

function knownPaths({ discovery, checks, server }: PathOptions): readonly string[] {
  const paths = [
    '/api',
    '/apis',
    '/healthz',
    '/livez',
    '/readyz',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/version',
  ];
  for (const [group, versions] of discovery.groups) {
    if (group !== '') paths.push(`/apis/${group}`);
    for (const { version } of versions) paths.push(group === '' ? `/api/${version}` : `/apis/${group}/${version}`);
  }
  for (const { name, endpoints } of checks) {
    paths.push(`/healthz/${name}`, ...endpoints.map((endpoint) => `/${endpoint}/${name}`));
  }
  return [...paths, ...(server.dependencies.paths?.keys() ?? [])].sort();
}
