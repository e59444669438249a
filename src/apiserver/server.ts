/**
 * The API server, put together: `handle` and `upgrade` for a front (http/listener.ts), `local` for callers
 * in the same process. Holds no sockets of its own.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Discovery } from './discovery/discovery.ts';
import { createFlow } from './flow.ts';
import type { Dispatcher } from './handlers/dispatch.ts';
import type { Exchange } from './http/exchange.ts';
import { LocalApi } from './local.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { OpenApi } from './openapi/documents.ts';
import { answerPath } from './paths.ts';
import { handle, upgrade, type Pipeline } from './pipeline.ts';
import type { Registry } from './registry/context.ts';
import { Resources } from './registry/resources.ts';
import type { ApiServerDependencies, HealthCheck, ServerState, SubresourceHandler } from './server-types.ts';
import type { UserInfo } from './access.ts';
import { approvalHandler } from './subresources/approval.ts';
import { bindingHandler } from './subresources/binding.ts';
import { evictionHandler } from './subresources/eviction.ts';
import { finalizeHandler } from './subresources/finalize.ts';
import { ephemeralContainersHandler, resizeHandler } from './subresources/pod-parts.ts';
import { nodeProxyHandler, podProxyHandler, serviceProxyHandler } from './subresources/proxy.ts';
import { logHandler, streamHandler } from './subresources/pod-streams.ts';
import { Flusher } from './watch/flusher.ts';
import { OpenWatches } from './watch/serve.ts';

export interface ApiServer {
  /** Answers one request; never throws. */
  handle(exchange: Exchange): void;
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** In-process calls as this user, authorised like any other. */
  local(user: UserInfo): LocalApi;
  readonly resources: Resources;
  readonly registry: Registry;
  readonly metrics: Metrics;
  /** From now on /readyz says no, and watches end: clients turn elsewhere while requests in flight finish. */
  drain(): void;
}

export function createApiServer(dependencies: ApiServerDependencies): ApiServer {
  const { store, clock, random, log } = dependencies;
  const resources = new Resources(dependencies.kinds);
  const registry: Registry = {
    store,
    resources,
    clock,
    random,
    admission: dependencies.admission ?? [],
    preparations: dependencies.preparations ?? new Map(),
    ledger: dependencies.ledger,
  };
  const server: ServerState = { registry, resources, clock, random, log, dependencies };
  const stopping = new AbortController();
  const watches = new OpenWatches();
  const metrics = createMetrics(() => ({ revision: store.revision, objects: countObjects(server) }));
  const dispatcher: Dispatcher = {
    server,
    subresources: new Map([...builtInSubresources, ...(dependencies.subresources ?? [])]),
    flusher: new Flusher(clock),
    watches,
  };
  const discovery = new Discovery(resources, dependencies.externalAddress ?? (() => ''));
  const openApi = new OpenApi(resources, dependencies.version.gitVersion);
  const checks = [...standardChecks(stopping.signal), ...(dependencies.checks ?? [])];
  const pipeline: Pipeline = {
    server,
    dispatcher,
    metrics,
    flow: createFlow(clock, metrics),
    answerPath: (exchange, info, user) =>
      answerPath({ server, discovery, openApi, metrics, checks }, exchange, info, user),
  };
  return {
    handle: (exchange) => void handle(pipeline, exchange),
    upgrade: (message, socket, head) => void upgrade(pipeline, { message, socket, head }),
    local: (user) => new LocalApi(pipeline, user),
    resources,
    registry,
    metrics,
    drain() {
      stopping.abort();
      watches.close();
    },
  };
}

const builtInSubresources: ReadonlyMap<string, SubresourceHandler> = new Map([
  ['/pods/binding', bindingHandler],
  ['/pods/eviction', evictionHandler],
  ['/pods/ephemeralcontainers', ephemeralContainersHandler],
  ['/pods/resize', resizeHandler],
  ['/pods/proxy', podProxyHandler],
  ['/services/proxy', serviceProxyHandler],
  ['/nodes/proxy', nodeProxyHandler],
  ['/namespaces/finalize', finalizeHandler],
  ['certificates.k8s.io/certificatesigningrequests/approval', approvalHandler],
  ['/pods/log', logHandler],
  ['/pods/exec', streamHandler('exec')],
  ['/pods/attach', streamHandler('attach')],
  ['/pods/portforward', streamHandler('portforward')],
]);

function standardChecks(stopping: AbortSignal): readonly HealthCheck[] {
  return [
    { name: 'ping', endpoints: ['livez', 'readyz'], check: () => {} },
    { name: 'log', endpoints: ['livez', 'readyz'], check: () => {} },
    {
      name: 'shutdown',
      endpoints: ['readyz'],
      check() {
        if (stopping.aborted) throw new Error('process is shutting down');
      },
    },
  ];
}

function countObjects({ resources, registry }: ServerState): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { storage, prefix, kind } of resources.all()) {
    if (kind !== storage || kind.virtual === true) continue;
    counts.set(
      storage.group === '' ? storage.plural : `${storage.plural}.${storage.group}`,
      registry.store.count(prefix),
    );
  }
  return counts;
}
