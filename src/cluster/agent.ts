/** The agent process: one node's containers, volumes, probes and kubelet API, its service proxy and DNS. */
import { join } from 'node:path';
import { Node } from '../api/core/node.ts';
import type { Clock } from '../base/clock.ts';
import { readTextIfPresent, writeFileDurably } from '../base/file.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { messageOf } from '../base/errors.ts';
import { aborted, runAll, type Service } from '../base/service.ts';
import { isAlreadyExists, isNotFound, type Client } from '../client/client.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import type { HttpsClient } from '../client/https-client.ts';
import { Informer } from '../client/informer.ts';
import { createNodeAgent, type NodeAgent } from '../node/agent.ts';
import { nodeConfig, type NodeConfig } from '../node/config.ts';
import { localPathProvisioner, localPathService } from '../node/local-path.ts';
import { kubeletAuth } from '../node/server/auth.ts';
import { createKubeletServer, type KubeletServer } from '../node/server/server.ts';
import { builtinHandler } from '../runtime/oci/oci-runtime.ts';
import { apiClient } from './api-client.ts';
import { builtinPrograms } from './builtin-programs.ts';
import { certificateReload } from './certificate-renewal.ts';
import { certificatePath, readKeyPair } from './credentials.ts';
import { readKubeletConfig } from './kubelet-config.ts';
import type { Layout } from './layout.ts';
import { openImages, openRuntime, podNetworkOf, runtimePrefix, tableName } from './node-runtime.ts';
import { graceOfStopOrder } from './stop-order.ts';
import { nthAddress, type ClusterSettings } from './settings.ts';
import { apiAddress, kubeletPort, nodeAddress } from './nodes.ts';

export interface AgentOptions {
  readonly layout: Layout;
  readonly settings: ClusterSettings;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly phase: (name: string) => void;
  readonly ready: (endpoints: Readonly<Record<string, string>>) => void;
}

/** Cluster DNS is the tenth address of the Service range, as everywhere. */
const dnsOffset = 10;

export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { settings, layout, nodeName, clock, random, logger } = options;
  const client = clientAs(options, `node-${nodeName}`);
  // Volumes are not a node's business: whoever makes them has an identity of its own.
  const provisioner = clientAs(options, 'local-path-provisioner');
  try {
    const store = await openImages(options);
    options.phase('images ready');
    const podCidr = await podCidrOf(options, client, signal);
    options.phase('pod addresses assigned');
    const network = podNetworkOf({ ...options, podCidr });
    const programs = builtinPrograms({
      ...options,
      bridge: network.bridge,
      table: tableName(settings, nodeName),
      clientAs: (identity) => clientAs(options, identity),
    });
    const { runtime, images, service } = await openRuntime({ ...options, podCidr, programs }, store, network);
    options.phase('runtime ready');
    const agent = await createNodeAgent({
      client,
      runtime,
      images,
      clock,
      random,
      log: logger.named('node'),
      config: configOf(options, podCidr, await readKubeletConfig(settings.kubeletConfig)),
      handlers: [builtinHandler],
    });
    const kubelet = kubeletServerOf(options, agent, client);
    await kubelet.listen();
    const events = new EventRecorder({
      client: provisioner,
      clock,
      random,
      component: localPathProvisioner,
      host: nodeName,
      logger,
    });
    const localPath = localPathService({
      client: provisioner,
      clock,
      logger,
      events,
      nodeName,
      folder: join(layout.node(nodeName), 'local-path'),
    });
    const services: readonly Service[] = [
      service,
      agent,
      kubelet,
      events,
      localPath,
      untilReady(options, client),
      reloadOf(options, kubelet),
    ];
    await runAll(services, containersFirst(options, agent, signal));
  } finally {
    await Promise.all([client.close(), provisioner.close()]);
  }
  logger.info('stopped', { data: layout.node(nodeName) });
}

/** Aborts when `signal` does; where containers are to end, too, after these: all else is still needed for that. */
function containersFirst({ layout, logger }: AgentOptions, agent: NodeAgent, signal: AbortSignal): AbortSignal {
  const stop = new AbortController();
  const end = async (): Promise<void> => {
    const grace = graceOfStopOrder(layout);
    if (grace !== undefined && grace > 0) await agent.shutDown(grace);
  };
  void aborted(signal)
    .then(end)
    .catch((error: unknown) => logger.warn('cannot stop containers', { error: messageOf(error) }))
    .finally(() => stop.abort(signal.reason));
  return stop.signal;
}

function kubeletTls({ layout, nodeName }: AgentOptions): Parameters<KubeletServer['rotate']>[0] {
  const clientAuthority = readKeyPair(layout.pki, 'ca').certificate;
  return { ...readKeyPair(layout.pki, `kubelet-${nodeName}`), clientAuthority };
}

/** The server process renews the file; connections from then on show the new certificate. */
function reloadOf(options: AgentOptions, kubelet: KubeletServer): Service {
  const file = certificatePath(options.layout.pki, `kubelet-${options.nodeName}`);
  return certificateReload(options, [file], () => kubelet.rotate(kubeletTls(options)));
}

function kubeletServerOf(options: AgentOptions, agent: NodeAgent, client: Client): KubeletServer {
  const { settings, nodeName, clock, logger } = options;
  return createKubeletServer({
    agent,
    auth: kubeletAuth({ client, clock, nodeName, trustedUsers: ['kube-apiserver-kubelet-client'] }),
    clock,
    log: logger.named('kubelet'),
    tls: kubeletTls(options),
    address: '0.0.0.0',
    port: kubeletPort(settings, nodeName),
  });
}

function clientAs({ layout, settings, nodeName, clock, random }: AgentOptions, name: string): HttpsClient {
  return apiClient({ pki: layout.pki, server: apiAddress(settings, nodeName), clock, random }, name);
}

function configOf(
  { settings, layout, nodeName }: AgentOptions,
  podCidr: string,
  wishes: Partial<NodeConfig>,
): NodeConfig {
  return nodeConfig({
    ...wishes,
    nodeName,
    rootDirectory: layout.node(nodeName),
    addresses: [nodeAddress(settings, nodeName)],
    kubeletPort: kubeletPort(settings, nodeName),
    podCidr,
    clusterDns: [nthAddress(settings.serviceCidr, dnsOffset)],
    clusterDomain: settings.clusterDomain,
    cgroupRoot: `/${runtimePrefix(settings, nodeName)}`,
  });
}

/**
 * The node's range of pod addresses: what it had before, or what the controller gives it. A node that does
 * not exist yet is created for that; the agent fills it in afterwards.
 */
async function podCidrOf(
  { layout, nodeName, clock, random, logger }: AgentOptions,
  client: Client,
  signal: AbortSignal,
): Promise<string> {
  const file = join(layout.node(nodeName), 'pod-cidr');
  const kept = readTextIfPresent(file);
  if (kept !== undefined) return kept;
  await createNode(client, nodeName, clock, signal);
  const informer = new Informer<Node>({
    client,
    kind: Node,
    clock,
    random,
    logger,
    fieldSelector: `metadata.name=${nodeName}`,
  });
  const stop = new AbortController();
  const running = informer.run(AbortSignal.any([signal, stop.signal]));
  try {
    const podCidr = await new Promise<string>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      const look = (node: Node): void => {
        if (node.spec?.podCIDR !== undefined) resolve(node.spec.podCIDR);
      };
      informer.subscribe({ added: look, updated: look });
    });
    writeFileDurably(file, podCidr);
    return podCidr;
  } finally {
    stop.abort();
    await running;
  }
}

/** Waits for the server: both processes start at the same time. */
async function createNode(client: Client, name: string, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let pause = 10; ; pause = Math.min(1_000, pause * 1.5)) {
    try {
      await client.get(Node, { name });
      return;
    } catch (error) {
      if (isNotFound(error)) {
        await client
          .create(Node, { metadata: { name, labels: { 'kubernetes.io/hostname': name } } })
          .catch(unlessPresent);
        return;
      }
    }
    await clock.sleep(pause, signal);
  }
}

function unlessPresent(error: unknown): void {
  if (!isAlreadyExists(error)) throw error;
}

/** Says that the node is ready when the API says so. */
function untilReady(options: AgentOptions, client: Client): Service {
  const { nodeName, clock, random, logger, settings } = options;
  const informer = new Informer<Node>({
    client,
    kind: Node,
    clock,
    random,
    logger,
    fieldSelector: `metadata.name=${nodeName}`,
  });
  let said = false;
  informer.subscribe({
    added: (node) => look(node),
    updated: (node) => look(node),
  });
  const look = (node: Node): void => {
    const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
    if (!ready || said) return;
    said = true;
    options.phase('node ready');
    const port = kubeletPort(settings, nodeName);
    options.ready({ [`kubelet ${nodeName}`]: `https://${nodeAddress(settings, nodeName)}:${port}` });
  };
  return informer;
}
