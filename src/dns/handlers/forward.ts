/**
 * `forward ZONE UPSTREAM... { except ZONES; policy random|round_robin|sequential; force_tcp; prefer_udp;
 * max_concurrent N; max_fails N; health_check DURATION; expire DURATION }`: asks other servers.
 *
 * An upstream that does not answer in time is passed over for a while, and the next one is asked at once. When
 * all are marked dead they are asked all the same.
 */
import { isIP } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { CorefileError, normalizeZone, parseDuration, type Directive } from '../corefile.ts';
import { encodeQuery } from '../question.ts';
import { errorReply, isWithin, type Handler, type Reply, type Request } from '../request.ts';
import { rcodes } from '../wire.ts';
import { LoopGuard } from './loop.ts';

/** Sends a query and resolves to the answer's bytes; rejects on timeout or refusal. */
export type Exchange = (
  upstream: Upstream,
  query: Uint8Array,
  transport: 'udp' | 'tcp',
  timeout: number,
) => Promise<Uint8Array>;

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

export interface ForwardContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly exchange: Exchange;
  /** Text of a file such as /etc/resolv.conf. */
  readonly readFile: (path: string) => string;
  /** Lines for the pod's log. */
  readonly write: (line: string) => void;
  readonly count: (what: 'requests' | 'failures' | 'rejected', upstream: string) => void;
}

interface Options {
  readonly zone: string;
  readonly upstreams: readonly Upstream[];
  readonly except: readonly string[];
  readonly policy: string;
  readonly forceTcp: boolean;
  readonly maxConcurrent: number;
  readonly maxFails: number;
  readonly deadTime: number;
}

const policies = ['random', 'round_robin', 'sequential'];
const known = new Set(['except', 'policy', 'force_tcp', 'max_concurrent', 'max_fails', 'health_check', 'prefer_udp', 'expire',
  'tls_servername', 'max_age', 'failover', 'next']); // prettier-ignore
/** One attempt, and all of them, in milliseconds. */
const attemptTimeout = 2000;
const totalTimeout = 5000;
const defaultConcurrent = 1000;
const defaultCheck = 500;
const longestPause = 30_000;

export function forwardHandler(directive: Directive, context: ForwardContext): Handler {
  const options = parse(directive, context.readFile);
  const state = options.upstreams.map((upstream) => ({ upstream, fails: 0, deadUntil: 0 }));
  let active = 0;
  let turn = 0;

  const order = (): typeof state => {
    const start =
      options.policy === 'sequential'
        ? 0
        : options.policy === 'random'
          ? Math.floor(context.random.next() * state.length)
          : turn++ % state.length;
    const rotated = [...state.slice(start), ...state.slice(0, start)];
    const now = context.clock.monotonic();
    return [...rotated.filter((each) => each.deadUntil <= now), ...rotated.filter((each) => each.deadUntil > now)];
  };

  const ask = async (request: Request): Promise<Reply> => {
    const query = messageFor(request);
    const transport = options.forceTcp ? 'tcp' : request.transport;
    const deadline = context.clock.monotonic() + totalTimeout;
    for (const each of order()) {
      const name = `${each.upstream.host}:${each.upstream.port}`;
      const left = deadline - context.clock.monotonic();
      if (left <= 0) break;
      context.count('requests', name);
      try {
        const message = await context.exchange(each.upstream, query, transport, Math.min(attemptTimeout, left));
        each.fails = 0;
        each.deadUntil = 0;
        return { kind: 'foreign', rcode: (message[3] ?? 0) & 15, message };
      } catch {
        // Which one failed is in the metrics; the client hears SERVFAIL only when all did.
        context.count('failures', name);
        each.fails += 1;
        if (options.maxFails > 0 && each.fails >= options.maxFails)
          each.deadUntil = context.clock.monotonic() + pauseFor(options, each.fails);
      }
    }
    return errorReply(rcodes.SERVFAIL);
  };

  const { clock, random, write, exchange } = context;
  const loop = new LoopGuard({
    clock,
    random,
    write,
    zone: options.zone,
    upstreams: options.upstreams.map(({ host, port }) => `${host}:${port}`).join(' '),
    // What they make of so odd a question says nothing of how they are.
    ask: (query) =>
      Promise.allSettled(
        options.upstreams.map((each) => exchange(each, query, options.forceTcp ? 'tcp' : 'udp', attemptTimeout)),
      ),
  });

  return (request, next) => {
    if (loop.caught(request.name)) return errorReply(rcodes.NXDOMAIN);
    if (!isWithin(request.name, options.zone) || options.except.some((zone) => isWithin(request.name, zone)))
      return next(request);
    if (loop.blocks(active)) return errorReply(rcodes.SERVFAIL);
    if (active >= options.maxConcurrent) {
      context.count('rejected', '');
      return errorReply(rcodes.REFUSED);
    }
    active += 1;
    return ask(request).finally(() => {
      active -= 1;
    });
  };
}

/** The longer it has been dead, the less often a question waits for it in vain. */
function pauseFor({ deadTime, maxFails }: Options, fails: number): number {
  return Math.min(longestPause, deadTime * 2 ** Math.min(10, fails - maxFails));
}

/** What the client sent, or, when the name was changed on the way, a query of our own. */
function messageFor(request: Request): Uint8Array {
  const { query, name, type } = request;
  if (name === query.name && type === query.type) return query.message;
  return encodeQuery(name, type, { dnssec: query.edns?.dnssec ?? false, recursion: query.recursionDesired });
}

function parse(directive: Directive, readFile: (path: string) => string): Options {
  const [zone, ...targets] = directive.args;
  const { line } = directive;
  if (zone === undefined || targets.length === 0) {
    throw new CorefileError('plugin/forward: Wrong argument count or unexpected line ending', line);
  }
  const unknown = directive.block.find(({ name }) => !known.has(name));
  if (unknown !== undefined)
    throw new CorefileError(`plugin/forward: unknown property '${unknown.name}'`, unknown.line);
  const upstreams = targets.flatMap((target) => upstreamsOf(target, readFile, line));
  if (upstreams.length === 0) {
    throw new CorefileError(`plugin/forward: no nameservers found in ${targets.join(' ')}`, line);
  }
  return { zone: normalizeZone(zone), upstreams, ...propertiesOf(directive) };
}

function propertiesOf({ block, line }: Directive): Omit<Options, 'zone' | 'upstreams'> {
  const property = (name: string): readonly string[] | undefined => block.find((each) => each.name === name)?.args;
  const [policy = 'random'] = property('policy') ?? [];
  if (!policies.includes(policy)) throw new CorefileError(`plugin/forward: unknown policy '${policy}'`, line);
  const number = (name: string, fallback: number): number => {
    const value = Number(property(name)?.[0] ?? fallback);
    if (Number.isInteger(value) && value >= 0) return value;
    throw new CorefileError(`plugin/forward: ${name} must be a number that is not negative`, line);
  };
  const check = parseDuration(property('health_check')?.[0] ?? '') ?? defaultCheck;
  return {
    except: (property('except') ?? []).map(normalizeZone),
    policy,
    forceTcp: property('force_tcp') !== undefined,
    maxConcurrent: number('max_concurrent', defaultConcurrent) || Number.POSITIVE_INFINITY,
    maxFails: number('max_fails', 2),
    deadTime: check * 4,
  };
}

/** An address with or without a port (`dns://` in front is fine), or a file with `nameserver` lines. */
function upstreamsOf(target: string, readFile: (path: string) => string, line: number): readonly Upstream[] {
  if (target.startsWith('/')) {
    const servers = [...readFile(target).matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '');
    return servers.map((host) => ({ host: host.replace(/%.*/, ''), port: 53 }));
  }
  const match =
    /^(?:dns:\/\/)?(?:\[([0-9a-fA-F:]+)\]|(\d+\.\d+\.\d+\.\d+)|([0-9a-fA-F:]+::?[0-9a-fA-F:]*))(?::(\d+))?$/.exec(
      target,
    );
  const host = match?.[1] ?? match?.[2] ?? match?.[3];
  const port = Number(match?.[4] ?? 53);
  if (isServer(host, port)) return [{ host, port }];
  throw new CorefileError(`plugin/forward: not an IP address or file: "${target}"`, line);
}

function isServer(host: string | undefined, port: number): host is string {
  return host !== undefined && isIP(host) !== 0 && port >= 1 && port <= 65_535;
}
