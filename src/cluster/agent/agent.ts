/** The agent process: one node's containers, volumes, probes and kubelet API, its service proxy and DNS. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Node } from '../../api/core/node.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { readTextIfPresent, writeFileDurably } from '../../base/file.ts';
import { aborted, runAll, type Service } from '../../base/service.ts';
import { isAlreadyExists, isNotFound, type Client } from '../../client/client.ts';
import { createHttpsClient, type HttpsClient } from '../../client/https-client.ts';
import { nthAddress } from '../../network/cidr.ts';
import { createNodeAgent, type NodeAgent } from '../../node/agent.ts';
import { nodeConfig, type NodeConfig } from '../../node/config.ts';
import { kubeletAuth } from '../../node/server/auth.ts';
import { createKubeletServer, type KubeletServer } from '../../node/server/server.ts';
import { builtinHandler } from '../../runtime/oci/oci-runtime.ts';
import { apiClient } from '../credentials/api-client.ts';
import { certificateReload } from '../credentials/certificate-renewal.ts';
import { certificateValidity } from '../credentials/cluster-credentials.ts';
import { certificatePath, readKeyPair } from '../credentials/credentials.ts';
import { combinedPath } from '../joining/certificates.ts';
import { joinedServices, nodeRemoved } from '../joining/joined-agent.ts';
import { podCredentials } from '../joining/pod-credentials.ts';
import type { ProcessContext } from '../processes/run-process.ts';
import { graceOfStopOrder } from '../processes/stop-order.ts';
import { joinedLabel } from '../server/addons.ts';
import { readKubeletConfig } from '../settings/component-configs.ts';
import { apiAddress, kubeletPort, nodeAddress } from '../settings/nodes.ts';
import { builtinPrograms, runLocalPath } from './builtin-programs.ts';
import { openImages, openRuntime, podNetworkOf, runtimePrefix, tableName } from './node-runtime.ts';
import { ownNodeInformer } from './own-node.ts';

export interface AgentOptions extends ProcessContext {
  readonly nodeName: string;
}

/** Of one pod: more than any honest one has, and few enough that one that forks without end takes nobody along. */
const mostProcesses = 16_384;

/** Cluster DNS is the tenth address of the Service range, as everywhere. */
const dnsOffset = 10;

export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { settings, layout, nodeName, clock, random, logger } = options;
  const client = clientAs(options, `node-${nodeName}`);
  const volumes = join(layout.node(nodeName), 'local-path');
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
      volumes,
      clientAs: (identity, labels) =>
        settings.joined === undefined ? clientAs(options, identity) : podClient(options, client, identity, labels),
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
    const kubelet = (): KubeletServer => kubeletServerOf(options, agent, client);
    const listening = Promise.withResolvers<void>();
    const further =
      settings.joined === undefined
        ? ownServices(options, kubelet(), volumes)
        : joinedServices({
            ...options,
            membership: settings.joined,
            client,
            kubelet,
            tls: () => kubeletTls(options),
            listening: listening.resolve,
          });
    if (settings.joined === undefined) listening.resolve();
    const services: readonly Service[] = [service, agent, ...further, untilReady(options, client, listening.promise)];
    await runAll(services, containersFirst(options, agent, signal));
  } finally {
    await client.close();
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

/** On the machine that has the cluster's keys. */
function ownServices(options: AgentOptions, kubelet: KubeletServer, volumes: string): readonly Service[] {
  const provisioner = clientAs(options, 'local-path-provisioner');
  return [
    kubelet,
    { name: 'local-path', run: (signal) => runLocalPath({ ...options, volumes }, provisioner, options.logger, signal) },
    reloadOf(options, kubelet),
  ];
}

function kubeletTls({ layout, settings, nodeName }: AgentOptions): Parameters<KubeletServer['rotate']>[0] {
  const clientAuthority = readFileSync(certificatePath(layout.pki, 'ca'), 'utf8');
  if (settings.joined !== undefined) {
    const both = readFileSync(combinedPath(layout.pki, `kubelet-${nodeName}`), 'utf8');
    return { certificate: both, key: both, clientAuthority };
  }
  return { ...readKeyPair(layout.pki, `kubelet-${nodeName}`), clientAuthority };
}

/** The server process renews the file; connections from then on show the new certificate. */
function reloadOf(options: AgentOptions, kubelet: KubeletServer): Service {
  const file = certificatePath(options.layout.pki, `kubelet-${options.nodeName}`);
  const looking = { ...options, lifetime: certificateValidity(options.settings) };
  return certificateReload(looking, [file], () => kubelet.rotate(kubeletTls(options)));
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
  const combined = settings.joined !== undefined;
  return apiClient({ pki: layout.pki, server: apiAddress(settings, nodeName), clock, random, combined }, name);
}

/** As the service account of a container's pod. */
function podClient(
  { layout, settings, nodeName, clock, random }: AgentOptions,
  client: Client,
  serviceAccountName: string,
  labels: Readonly<Record<string, string>>,
): HttpsClient {
  return createHttpsClient({
    access: {
      server: apiAddress(settings, nodeName),
      certificateAuthority: readFileSync(certificatePath(layout.pki, 'ca'), 'utf8'),
      credentials: podCredentials({ client, clock, serviceAccountName, labels }),
    },
    clock,
    random,
    userAgent: `coracle/${serviceAccountName}`,
  });
}

function configOf(
  { settings, layout, nodeName }: AgentOptions,
  podCidr: string,
  wishes: Partial<NodeConfig>,
): NodeConfig {
  return nodeConfig({
    podPidsLimit: podPidsLimit(),
    clusterDns: [nthAddress(settings.serviceCidr, dnsOffset)],
    clusterDomain: settings.clusterDomain,
    ...wishes,
    nodeName,
    rootDirectory: layout.node(nodeName),
    addresses: [nodeAddress(settings, nodeName)],
    kubeletPort: kubeletPort(settings, nodeName),
    podCidr,
    cgroupRoot: `/${runtimePrefix(settings, nodeName)}`,
    ...(settings.joined === undefined ? {} : { registerNode: false, labels: { [joinedLabel]: 'true' } }),
  });
}

/** No limit (-1) where the kernel can't count. */
function podPidsLimit(): number {
  const unified = readTextIfPresent('/sys/fs/cgroup/cgroup.controllers');
  const counts = unified === undefined ? existsSync('/sys/fs/cgroup/pids') : unified.split(/\s/u).includes('pids');
  return counts ? mostProcesses : -1;
}

/**
 * The node's range of pod addresses: what it had before, or what the controller gives it. A node that does
 * not exist yet is created for that; the agent fills it in afterwards.
 */
async function podCidrOf(
  { layout, settings, nodeName, clock, random, logger }: AgentOptions,
  client: Client,
  signal: AbortSignal,
): Promise<string> {
  const file = join(layout.node(nodeName), 'pod-cidr');
  const kept = readTextIfPresent(file);
  if (kept !== undefined) return kept;
  // The machine made its Node when it joined; one that is gone was removed.
  await createNode(client, nodeName, clock, signal, settings.joined === undefined);
  const informer = ownNodeInformer({ client, clock, random, logger }, nodeName);
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
async function createNode(
  client: Client,
  name: string,
  clock: Clock,
  signal: AbortSignal,
  mayCreate: boolean,
): Promise<void> {
  for (let pause = 10; ; pause = Math.min(1_000, pause * 1.5)) {
    try {
      await client.get(Node, { name });
      return;
    } catch (error) {
      if (isNotFound(error)) {
        if (!mayCreate) throw nodeRemoved(name);
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

/** Says that the node is ready when the API says so and its kubelet API listens. */
function untilReady(options: AgentOptions, client: Client, listening: Promise<void>): Service {
  const { nodeName, clock, random, logger, settings } = options;
  const informer = ownNodeInformer({ client, clock, random, logger }, nodeName);
  let said = false;
  informer.subscribe({
    added: (node) => look(node),
    updated: (node) => look(node),
  });
  const look = (node: Node): void => {
    const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
    if (!ready || said) return;
    said = true;
    const address = `https://${nodeAddress(settings, nodeName)}:${kubeletPort(settings, nodeName)}`;
    void listening.then(() => {
      options.phase('node ready');
      options.ready({ [`kubelet ${nodeName}`]: address });
    });
  };
  return informer;
}
