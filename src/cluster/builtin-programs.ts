/** The programs that the agent runs as containers of system pods. */
import type { Clock } from '../base/clock.ts';
import { createLogger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { runAll } from '../base/service.ts';
import type { HttpsClient } from '../client/https-client.ts';
import { Informers } from '../client/informers.ts';
import { createDnsServer, defaultCorefile } from '../dns/dns-server.ts';
import { createNetworkPolicies } from '../proxy/network-policies.ts';
import { createPodRoutes } from '../proxy/pod-routes.ts';
import { createProxy } from '../proxy/proxy.ts';
import type { BuiltinProgram } from '../runtime/oci/builtin-driver.ts';
import { overlayDevice, policyTableName } from './node-runtime.ts';
import type { ClusterSettings } from './settings.ts';

export interface BuiltinOptions {
  readonly settings: ClusterSettings;
  readonly nodeName: string;
  readonly bridge: string;
  /** nftables table of this node. */
  readonly table: string;
  readonly clock: Clock;
  readonly random: Random;
  /** A client under the identity of this certificate. */
  readonly clientAs: (identity: string) => HttpsClient;
}

/** VXLAN numbers tell clusters on one link apart. */
const firstVni = 4096;

export function builtinPrograms(options: BuiltinOptions): Readonly<Record<string, BuiltinProgram>> {
  return { 'kube-proxy': proxyProgram(options), coredns: dnsProgram(options) };
}

function proxyProgram({ settings, nodeName, bridge, table, clock, random, clientAs }: BuiltinOptions): BuiltinProgram {
  return async (_args, _env, write, signal) => {
    const client = clientAs('kube-proxy');
    const log = createLogger({ clock, level: 'info', write });
    const informers = new Informers({ client, clock, random, logger: log });
    const proxy = createProxy({
      client,
      informers,
      clock,
      log,
      nodeName,
      table,
      bridge,
      podCidrs: [settings.podCidr],
      serviceCidrs: [settings.serviceCidr, settings.loadBalancerPool],
    });
    const policies = createNetworkPolicies({
      client,
      informers,
      clock,
      log,
      nodeName,
      table: policyTableName(settings, nodeName),
    });
    const routes = createPodRoutes({
      informers,
      clock,
      log,
      nodeName,
      backend: settings.backend,
      device: overlayDevice(settings),
      vni: firstVni + settings.slot,
    });
    try {
      await runAll([informers, proxy, policies, routes], signal);
    } finally {
      await client.close();
    }
    return 0;
  };
}

function dnsProgram({ settings, clock, random, clientAs }: BuiltinOptions): BuiltinProgram {
  return async (_args, env, write, signal) => {
    const host = env['POD_IP'] ?? '';
    if (host === '') throw new Error('POD_IP is not set: give it from status.podIP');
    const client = clientAs('coredns');
    const log = createLogger({ clock, level: 'info', write });
    const informers = new Informers({ client, clock, random, logger: log });
    const dns = createDnsServer({
      client,
      informers,
      clock,
      log,
      random,
      host,
      corefile: defaultCorefile(settings.clusterDomain),
      configMap: { namespace: 'kube-system', name: 'coredns' },
      write,
    });
    try {
      await runAll([informers, dns], signal);
    } finally {
      await client.close();
    }
    return 0;
  };
}
