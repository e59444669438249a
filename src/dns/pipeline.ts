/**
 * A Corefile to chains of handlers. Their order is fixed, whatever the file's: errors, log, loadbalance, cache,
 * rewrite, hosts, kubernetes, forward.
 */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ZoneSources } from './cluster-zone.ts';
import { CorefileError, parseCorefile, parseDuration, type Directive, type ServerBlock } from './corefile.ts';
import { cacheHandler } from './handlers/cache.ts';
import { forwardHandler, type Exchange } from './handlers/forward.ts';
import { hostsHandler } from './handlers/hosts.ts';
import { kubernetesHandler } from './handlers/kubernetes.ts';
import { rewriteHandler } from './handlers/rewrite.ts';
import { errorsHandler, loadBalanceHandler, logHandler } from './handlers/simple.ts';
import type { DnsMetrics } from './metrics.ts';
import { chain, isWithin, type Handler, type Next } from './request.ts';

export interface PipelineContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly sources: ZoneSources;
  readonly generation: () => number;
  readonly exchange: Exchange;
  readonly readFile: (path: string) => string;
  readonly metrics: DnsMetrics;
  /** Lines for the pod's log. */
  readonly write: (line: string) => void;
}

/** One zone of one server block. */
export interface Server {
  readonly zone: string;
  readonly port: number;
  readonly resolve: Next;
  /** Whether answers may skip the chain when they are known: not when each must be logged. */
  readonly quick: boolean;
}

export interface Pipeline {
  readonly servers: readonly Server[];
  /** Ports of /health, /ready and /metrics, where the file asks for them. */
  readonly health: number | undefined;
  readonly ready: number | undefined;
  readonly metrics: number | undefined;
  /** Milliseconds to go on answering after the end was announced. */
  readonly lameDuck: number;
}

/** Understood, and of no effect here: what they switch on is always on or not needed. */
const effectless = new Set([
  'reload',
  'loop',
  'debug',
  'bufsize',
  'bind',
  'minimal',
  'nsid',
  'metadata',
  'timeouts',
  'pprof',
  'cancel',
]);
const handled = ['errors', 'log', 'loadbalance', 'cache', 'rewrite', 'hosts', 'kubernetes', 'forward'];
const servicePorts: Readonly<Record<string, number>> = { health: 8080, ready: 8181, prometheus: 9153 };

/** Throws CorefileError, with the line. */
export function buildPipeline(text: string, context: PipelineContext): Pipeline {
  const blocks = parseCorefile(text);
  // Emptied by a slip, it would silence the DNS of the whole cluster.
  if (blocks.length === 0) throw new CorefileError('there is no server block', 1);
  const directives = blocks.flatMap((block) => block.directives);
  for (const { name, line } of directives) {
    if (!effectless.has(name) && !handled.includes(name) && !(name in servicePorts)) {
      throw new CorefileError(`Unknown directive '${name}'`, line);
    }
  }
  const portOf = (name: string): number | undefined => {
    const directive = directives.find((each) => each.name === name);
    return directive === undefined
      ? undefined
      : Number(/:(\d+)$/.exec(directive.args[0] ?? '')?.[1] ?? servicePorts[name]);
  };
  const health = directives.find(({ name }) => name === 'health');
  const lameDuck = health?.block.find(({ name }) => name === 'lameduck')?.args[0] ?? '';
  return {
    servers: blocks.flatMap((block) => serversOf(block, context)),
    health: portOf('health'),
    ready: portOf('ready'),
    metrics: portOf('prometheus'),
    lameDuck: parseDuration(lameDuck) ?? 0,
  };
}

/** The server whose zone fits best, among those of a port. */
export function serverFor(servers: readonly Server[], name: string): Server | undefined {
  let best: Server | undefined;
  for (const server of servers) {
    if (isWithin(name, server.zone) && (best === undefined || server.zone.length > best.zone.length)) best = server;
  }
  return best;
}

function serversOf(block: ServerBlock, context: PipelineContext): readonly Server[] {
  const zones = block.zones.map(({ zone }) => zone);
  const handlers = handled.flatMap((name) => {
    const directives = block.directives.filter((directive) => directive.name === name);
    return directives.length === 0 ? [] : handlersFor(name, directives, zones, context);
  });
  const resolve = chain(handlers);
  const quick = !block.directives.some(({ name }) => name === 'log');
  return block.zones.map(({ zone, port }) => ({ zone, port, resolve, quick }));
}

function handlersFor(
  name: string,
  directives: readonly Directive[],
  zones: readonly string[],
  context: PipelineContext,
): readonly Handler[] {
  const { clock, metrics, write, readFile } = context;
  switch (name) {
    case 'errors':
      return [errorsHandler(write)];
    case 'log':
      return [logHandler(clock, write)];
    case 'loadbalance':
      return [loadBalanceHandler()];
    case 'rewrite':
      return [rewriteHandler(directives)];
    case 'cache': {
      const count = (what: string): void => metrics.add(`coredns_cache_${what}_total`, '');
      return directives.map((directive) => cacheHandler(directive, { clock, count }));
    }
    case 'hosts':
      return directives.map((directive) => hostsHandler(directive, readFile));
    case 'kubernetes':
      return directives.map((directive) => kubernetesHandler(directive, { ...context, zones }));
    default: {
      const count = (what: string, to: string): void => metrics.add(`coredns_forward_${what}_total`, `to="${to}"`);
      return directives.map((directive) => forwardHandler(directive, { ...context, count }));
    }
  }
}
