/** The programs that the agent runs as containers of system pods. */
import type { Clock } from '../../base/clock.ts';
import { createLogger, type Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { runAll } from '../../base/service.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import type { HttpsClient } from '../../client/https-client.ts';
import { Informers } from '../../client/informers.ts';
import { createDnsServer, defaultCorefile } from '../../dns/dns-server.ts';
import { localPathProvisioner, localPathService, realDirectories } from '../../node/local-path.ts';
import { createAnnouncer } from '../../proxy/announcer.ts';
import { createNetworkPolicies } from '../../proxy/network-policies.ts';
import { createPodRoutes } from '../../proxy/pod-routes.ts';
import { createProxy } from '../../proxy/proxy.ts';
import type { BuiltinProgram } from '../../runtime/oci/builtin-driver.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { overlayDevice, policyTableName, vniOf } from './node-runtime.ts';

export interface BuiltinOptions {
  readonly settings: ClusterSettings;
  readonly nodeName: string;
  readonly bridge: string;
  /** nftables table of this node. */
  readonly table: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Where the class `local-path` makes its volumes. */
  readonly volumes: string;
  /** A client under this identity, for a container with these labels. */
  readonly clientAs: (identity: string, labels: Readonly<Record<string, string>>) => HttpsClient;
}

export function builtinPrograms(options: BuiltinOptions): Readonly<Record<string, BuiltinProgram>> {
  return {
    'kube-proxy': proxyProgram(options),
    coredns: dnsProgram(options),
    [localPathName]: (_args, _env, write, signal, labels) => {
      const log = createLogger({ clock: options.clock, level: 'info', write });
      return runLocalPath(options, options.clientAs(localPathName, labels), log, signal).then(() => 0);
    },
  };
}

const localPathName = 'local-path-provisioner';

/** Volumes are not a node's business: whoever makes them has an identity of its own. Closes the client. */
export async function runLocalPath(
  { nodeName, clock, random, volumes }: Pick<BuiltinOptions, 'nodeName' | 'clock' | 'random' | 'volumes'>,
  client: HttpsClient,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const events = new EventRecorder({ client, clock, random, component: localPathProvisioner, host: nodeName, logger });
  const service = localPathService({
    client,
    clock,
    logger,
    events,
    isOurs: (each) => each === nodeName,
    folder: volumes,
    directories: realDirectories,
  });
  try {
    await runAll([events, service], signal);
  } finally {
    await client.close();
  }
}

function proxyProgram({ settings, nodeName, bridge, table, clock, random, clientAs }: BuiltinOptions): BuiltinProgram {
  return async (_args, _env, write, signal, labels) => {
    const client = clientAs('kube-proxy', labels);
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
      vni: vniOf(settings),
    });
    // One node for all: the one whose machine is always there when the cluster is.
    const isFirst = settings.joined === undefined && nodeName === settings.nodeName;
    const announcer = isFirst ? [createAnnouncer({ informers, clock, log, pool: settings.loadBalancerPool })] : [];
    try {
      await runAll([informers, proxy, policies, routes, ...announcer], signal);
    } finally {
      await client.close();
    }
    return 0;
  };
}

function dnsProgram({ settings, clock, random, clientAs }: BuiltinOptions): BuiltinProgram {
  return async (_args, env, write, signal, labels) => {
    const host = env['POD_IP'] ?? '';
    if (host === '') throw new Error('POD_IP is not set: give it from status.podIP');
    const client = clientAs('coredns', labels);
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
