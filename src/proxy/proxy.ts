/**
 * The node's service proxy: follows Services, EndpointSlices, the node and its pods, and keeps the kernel's
 * table in step. One transaction at a time, at once after a change; what happens meanwhile goes into the next.
 * When it ends the rules stay, so that traffic survives a restart; `removeProxyTable` takes them away.
 */
import { createServer, type Server } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Service as LongLived } from '../base/service.ts';
import { Node } from '../api/core/node.ts';
import { Pod } from '../api/core/pod.ts';
import { Service } from '../api/core/service.ts';
import { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import { keyOf } from '../client/cache.ts';
import type { Client } from '../client/client.ts';
import { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { formatCidr, parseCidr, withoutContained } from '../network/cidr.ts';
import { createCommandRunner, type CommandRunner } from '../network/command.ts';
import { createNft, type Nft } from '../network/nft.ts';
import { NftTable, type Element } from '../network/nft-table.ts';
import { HealthPorts, proxyEndpoints, ProxyMetrics } from './health.ts';
import { createForgetter, type Forgetter } from './leftovers.ts';
import { createNodeSetup } from './node-setup.ts';
import { ProxyState, type Leftovers } from './proxy-state.ts';
import { definitionOf } from './ruleset.ts';

export interface ProxyOptions {
  readonly client: Client;
  /** Shared with others of the process, and run by it: Services and EndpointSlices come from here. */
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  /** nftables table in family inet; one per cluster, such as `coracle-main`. */
  readonly table: string;
  /** The bridge that this node's pods are on. */
  readonly bridge: string;
  /** All pods of the cluster, on every node. */
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  /** Where /healthz and /metrics answer; upstream's is 10256. Nowhere when absent. */
  readonly health?: { readonly host: string; readonly port: number };
  /** Starts nft, ip and conntrack; in the process' own network namespace when absent. */
  readonly run?: CommandRunner;
}

/** How often the table's presence is checked, in milliseconds (4 ms of work each). */
const checkInterval = 3000;
/** A full comparison happens when this many times its own duration has passed, at least every so often. */
const verifyFactor = 1000;
const shortestVerifyInterval = 30_000;
const firstRetry = 100;
const longestRetry = 30_000;
/** Without a sync that worked for this long while changes wait, the proxy says it is unhealthy. */
const unhealthyAfter = 60_000;

export function createProxy(options: ProxyOptions): LongLived {
  return { name: 'proxy', run: (signal) => new Proxy(options).run(signal) };
}

/** Takes the rules away, for when the cluster goes down for good. */
export async function removeProxyTable(nft: Nft, table: string): Promise<void> {
  await nft.apply(`add table inet ${table}\ndelete table inet ${table}\n`);
}

class Proxy {
  readonly #options: ProxyOptions;
  readonly #log: Logger;
  readonly #nft: Nft;
  readonly #table: NftTable;
  readonly #state: ProxyState;
  readonly #setup: () => Promise<boolean>;
  readonly #forgetter: Forgetter;
  readonly #metrics = new ProxyMetrics();
  readonly #health: HealthPorts;
  #leftovers: Leftovers = { udp: [], affinity: [] };
  #wake: (() => void) | undefined;
  #woken = false;
  #mustVerify = true;
  #mustSetUp = true;
  #nextVerify = 0;
  #failures = 0;
  #failingSince: number | undefined;

  constructor(options: ProxyOptions) {
    const { clock, log, table, bridge, serviceCidrs, nodeName } = options;
    const run = options.run ?? createCommandRunner(clock);
    this.#options = options;
    this.#log = log.named('proxy');
    this.#nft = createNft(run);
    this.#table = new NftTable(definitionOf(table));
    this.#state = new ProxyState(this.#table, { name: nodeName, zone: undefined });
    this.#state.ranges(rangesOf(options));
    this.#setup = createNodeSetup({ run, log: this.#log, bridge, serviceCidrs });
    this.#forgetter = createForgetter({ run, nft: this.#nft, table, log: this.#log });
    this.#health = new HealthPorts(this.#log);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { client, informers, clock, nodeName } = this.#options;
    const own = new AbortController();
    const stop = AbortSignal.any([signal, own.signal]);
    const services = informers.of(Service);
    const slices = informers.of(EndpointSlice);
    const name = `metadata.name=${nodeName}`;
    const nodes = new Informer({ client, kind: Node, clock, fieldSelector: name, logger: this.#log });
    const here = `spec.nodeName=${nodeName}`;
    const pods = new Informer({ client, kind: Pod, clock, fieldSelector: here, logger: this.#log });
    const following = this.#follow(services, slices, nodes, pods);
    const running = [nodes.run(stop), pods.run(stop)];
    const server = this.#serveHealth();
    try {
      await Promise.all([services, slices, nodes, pods].map((informer) => informer.whenSynced(stop)));
      while (!stop.aborted) {
        await this.#wait(await this.#sync(), stop);
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      own.abort();
      for (const unsubscribe of following) unsubscribe();
      this.#health.close();
      server?.close();
      server?.closeAllConnections();
      await Promise.all(running);
    }
  }

  #follow(
    services: Informer<Service>,
    slices: Informer<EndpointSlice>,
    nodes: Informer<Node>,
    pods: Informer<Pod>,
  ): readonly (() => void)[] {
    const then = <A extends readonly unknown[]>(action: (...args: A) => void) => {
      return (...args: A): void => {
        action(...args);
        this.#poke();
      };
    };
    const nameOf = (node: Node | undefined): void =>
      this.#state.node({
        name: this.#options.nodeName,
        zone: node?.metadata.labels?.['topology.kubernetes.io/zone'],
      });
    const state = this.#state;
    return [
      services.subscribe({
        added: then((service) => state.service(keyOf(service), service)),
        updated: then((service) => state.service(keyOf(service), service)),
        deleted: then((service) => state.service(keyOf(service), undefined)),
      }),
      slices.subscribe({
        added: then((slice) => state.slice(keyOf(slice), slice, undefined)),
        updated: then((slice, old) => state.slice(keyOf(slice), slice, old)),
        deleted: then((slice) => state.slice(keyOf(slice), undefined, slice)),
      }),
      nodes.subscribe({ added: then(nameOf), updated: then(nameOf) }),
      pods.subscribe({
        added: then((pod) => state.pod(keyOf(pod), pod)),
        updated: then((pod) => state.pod(keyOf(pod), pod)),
        deleted: then((pod) => state.pod(keyOf(pod), undefined)),
      }),
    ];
  }

  /** Brings the kernel up to date; resolves to the milliseconds after which to come again. */
  async #sync(): Promise<number> {
    const { clock } = this.#options;
    const start = clock.monotonic();
    this.#woken = false;
    this.#gather(this.#state.update());
    try {
      if (this.#mustVerify || this.#mustSetUp) this.#mustSetUp = !(await this.#setup());
      if (this.#mustVerify) await this.#verify();
      await this.#apply();
      const leftovers = this.#leftovers;
      this.#leftovers = { udp: [], affinity: [] };
      await this.#forgetter.forget(leftovers);
      this.#health.sync(this.#state.health());
    } catch (error) {
      return this.#failed(error);
    }
    this.#failures = 0;
    this.#failingSince = undefined;
    this.#metrics.syncs += 1;
    this.#metrics.lastSync = clock.now();
    this.#metrics.seconds += (clock.monotonic() - start) / 1000;
    this.#metrics.elements = this.#table.size;
    return checkInterval;
  }

  #gather(more: Leftovers): void {
    this.#leftovers = {
      udp: [...this.#leftovers.udp, ...more.udp],
      affinity: [...this.#leftovers.affinity, ...more.affinity],
    };
  }

  async #apply(): Promise<void> {
    const change = this.#table.change();
    if (change.script === '') return;
    try {
      await this.#nft.apply(change.script);
    } catch (error) {
      change.rollback();
      throw error;
    }
    change.commit();
    this.#log.debug('applied', { elements: change.size });
  }

  async #verify(): Promise<void> {
    const { clock } = this.#options;
    const start = clock.monotonic();
    const first = this.#nextVerify === 0;
    const differs = await this.#table.verify(this.#nft);
    this.#mustVerify = false;
    const took = clock.monotonic() - start;
    this.#nextVerify = clock.monotonic() + Math.max(shortestVerifyInterval, took * verifyFactor);
    if (!differs || first) return;
    this.#metrics.heals += 1;
    this.#log.warn(`somebody changed nftables table ${this.#table.definition.name}: putting it right`);
  }

  #failed(error: unknown): number {
    const { clock } = this.#options;
    this.#failures += 1;
    this.#failingSince ??= clock.monotonic();
    this.#metrics.failures += 1;
    this.#mustVerify = true;
    const delay = Math.min(longestRetry, firstRetry * 2 ** (this.#failures - 1));
    this.#log.error('could not bring service rules up to date', { error: messageOf(error), retryInMs: delay });
    return delay;
  }

  /** Until something changes or the time is up; then looks whether the table is still there. */
  async #wait(delay: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || (this.#woken && this.#failures === 0)) return;
    const { clock } = this.#options;
    const woken = await new Promise<boolean>((resolve) => {
      const finish = (by: boolean): void => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#wake = undefined;
        resolve(by);
      };
      const onAbort = (): void => finish(true);
      const timer = clock.after(delay, () => finish(false));
      signal.addEventListener('abort', onAbort, { once: true });
      // While it fails, changes wait for the retry.
      if (this.#failures === 0) this.#wake = () => finish(true);
    });
    if (woken) return;
    if (clock.monotonic() >= this.#nextVerify) this.#mustVerify = true;
    else if (!(await this.#nft.hasSet(this.#table.definition.name, this.#table.marker))) this.#mustVerify = true;
  }

  #poke(): void {
    this.#woken = true;
    this.#wake?.();
  }

  #serveHealth(): Server | undefined {
    const { health, clock } = this.#options;
    if (health === undefined) return undefined;
    const healthy = (): boolean =>
      this.#metrics.lastSync > 0 &&
      (this.#failingSince === undefined || clock.monotonic() - this.#failingSince < unhealthyAfter);
    const server = createServer(proxyEndpoints(clock, this.#metrics, healthy));
    server.on('error', (error) => this.#log.warn('cannot serve /healthz', { error: messageOf(error) }));
    server.listen(health.port, health.host);
    server.unref();
    return server;
  }
}

function rangesOf({ podCidrs, serviceCidrs }: ProxyOptions): readonly Element[] {
  const elements = (set: string, texts: readonly string[]): readonly Element[] => {
    const ranges = texts.map(parseCidr).filter((range) => range !== undefined);
    return withoutContained(ranges).map((range) => ({
      set: `${set}${range.family}`,
      key: formatCidr(range),
      value: '',
    }));
  };
  return [...elements('pods', podCidrs), ...elements('service-ranges', serviceCidrs)];
}
