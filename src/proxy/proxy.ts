/**
 * The node's service proxy: follows Services, EndpointSlices, the node and its pods, and keeps the kernel's
 * table in step.
 * When it ends the rules stay, so that traffic survives a restart; `removeProxyTable` takes them away.
 */
import { createServer, type Server } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import type { Service as LongLived } from '../base/service.ts';
import { Node } from '../api/core/node.ts';
import { Pod } from '../api/core/pod.ts';
import { Service } from '../api/core/service.ts';
import { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import { keyOf } from '../client/cache.ts';
import type { Client } from '../client/client.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { formatCidr, parseCidr, withoutContained } from '../network/cidr.ts';
import { createCommandRunner, type CommandRunner } from '../network/command.ts';
import { createNft, type Nft } from '../network/nft.ts';
import { NftTable, type Element } from '../network/nft-table.ts';
import { TableSync } from '../network/table-sync.ts';
import { HealthPorts, proxyEndpoints } from './health.ts';
import { createForgetter, type Forgetter } from './leftovers.ts';
import { createNodeSetup } from './node-setup.ts';
import { ProxyState, type Leftovers, type ServiceHealth } from './proxy-state.ts';
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
  /** Cluster addresses, and those of the load balancers' pool: what no Service has there is refused. */
  readonly serviceCidrs: readonly string[];
  /** Where /healthz and /metrics answer; upstream's is 10256. Nowhere when absent. */
  readonly health?: { readonly host: string; readonly port: number };
  /** For the pods of this node (host ports), when `client` may not see them: kube-proxy's usual role may not. */
  readonly podClient?: Client;
  /** Starts nft, ip and conntrack; in the process' own network namespace when absent. */
  readonly run?: CommandRunner;
}

/** Milliseconds to wait for what Services do not need. */
const extrasWait = 2000;
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
  readonly #state: ProxyState;
  readonly #sync: TableSync;
  readonly #forgetter: Forgetter;
  readonly #health: HealthPorts;
  readonly #events: EventRecorder;
  #leftovers: Leftovers = { udp: [], affinity: [] };

  constructor(options: ProxyOptions) {
    const { clock, log, table, bridge, serviceCidrs, nodeName } = options;
    const run = options.run ?? createCommandRunner(clock);
    this.#options = options;
    this.#log = log.named('proxy');
    const nft = createNft(run);
    const rules = new NftTable(definitionOf(table));
    this.#state = new ProxyState(rules, { name: nodeName, zone: undefined });
    this.#state.ranges(rangesOf(options));
    this.#forgetter = createForgetter({ run, nft, table, log: this.#log });
    const { client } = options;
    this.#events = new EventRecorder({
      client,
      clock,
      random: systemRandom,
      component: 'kube-proxy',
      host: nodeName,
      logger: this.#log,
    });
    this.#health = new HealthPorts(this.#log, (health, message) => this.#tellHealth(health, message));
    this.#sync = new TableSync({
      nft,
      table: rules,
      clock,
      log: this.#log,
      gather: () => this.#gather(this.#state.update()),
      prepare: createNodeSetup({ run, log: this.#log, bridge, serviceCidrs }),
      applied: () => this.#applied(),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { client, podClient = client, informers, clock, nodeName } = this.#options;
    const own = new AbortController();
    const stop = AbortSignal.any([signal, own.signal]);
    const services = informers.of(Service);
    const slices = informers.of(EndpointSlice);
    const name = `metadata.name=${nodeName}`;
    const nodes = new Informer({ client, kind: Node, clock, fieldSelector: name, logger: this.#log });
    const here = `spec.nodeName=${nodeName}`;
    const pods = new Informer({ client: podClient, kind: Pod, clock, fieldSelector: here, logger: this.#log });
    const following = this.#follow(services, slices, nodes, pods);
    const running = [nodes.run(stop), pods.run(stop), this.#events.run(stop)];
    const server = this.#serveHealth();
    try {
      await Promise.all([services, slices].map((informer) => informer.whenSynced(stop)));
      // Zones and host ports are extras: without them Services work all the same.
      const extras = Promise.all([nodes, pods].map((informer) => informer.whenSynced(stop)));
      await Promise.race([extras, clock.sleep(extrasWait, stop)]);
      await this.#sync.run(stop);
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
        this.#sync.poke();
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

  #gather(more: Leftovers): void {
    this.#leftovers = {
      udp: [...this.#leftovers.udp, ...more.udp],
      affinity: [...this.#leftovers.affinity, ...more.affinity],
    };
  }

  async #applied(): Promise<void> {
    const leftovers = this.#leftovers;
    this.#leftovers = { udp: [], affinity: [] };
    await this.#forgetter.forget(leftovers);
    this.#health.sync(this.#state.health());
  }

  /** Load balancers would take a node for dead whose health-check port somebody else has. */
  #tellHealth({ namespace, name, port }: ServiceHealth, message: string): void {
    const service = this.#state.find(namespace, name);
    if (service === undefined) return;
    const text = `node ${this.#options.nodeName} failed to start healthcheck "${namespace}/${name}" on port ${port}: ${message}`;
    this.#events.warning(Service, service, 'FailedToStartServiceHealthcheck', text);
  }

  #serveHealth(): Server | undefined {
    const { health, clock } = this.#options;
    if (health === undefined) return undefined;
    const healthy = (): boolean => {
      const { lastSync, failingSince } = this.#sync;
      return lastSync > 0 && (failingSince === undefined || clock.monotonic() - failingSince < unhealthyAfter);
    };
    const server = createServer(proxyEndpoints(clock, this.#sync, healthy));
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
