/** `coracle join`: this machine becomes a node of another's cluster, or is one again after it was stopped. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Node } from '../../api/core/node.ts';
import { writeFileDurably } from '../../base/file.ts';
import { makeFolder } from '../../base/folder.ts';
import type { JoinOptions, JoinResult } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { ApiError, isAlreadyExists, isNotFound, type Client } from '../../client/client.ts';
import { tokenCredentials, type Credentials } from '../../client/credentials.ts';
import { createHttpsClient, type HttpsClient } from '../../client/https-client.ts';
import { ConnectionError } from '../../client/transport.ts';
import { parseToken, type BootstrapToken } from '../../controllers/bootstrap-token/token.ts';
import { overlap, parseCidr } from '../../network/cidr.ts';
import { expiryOf } from '../../pki/certificate.ts';
import { apiClient } from '../credentials/api-client.ts';
import { certificatePath } from '../credentials/credentials.ts';
import { makeDataDir } from '../data-dir.ts';
import type { EnvironmentWithProgress } from '../environment.ts';
import type { Layout } from '../layout.ts';
import { freePort, isFree, isLocalAddress, linkMtu } from '../machine/machine.ts';
import { ensurePrerequisites } from '../machine/prerequisites.ts';
import { agentName } from '../processes/processes.ts';
import { startProcesses, waitUntilReady } from '../processes/start.ts';
import { supervisorPid } from '../processes/supervisor.ts';
import { joinedLabel } from '../server/addons.ts';
import { checkNodeName } from '../settings/nodes.ts';
import { rangesOf, readSettings, writeSettings, type ClusterSettings, type Membership } from '../settings/settings.ts';
import { freeSlot, otherClusters } from '../settings/slots.ts';
import { coracleVersion } from '../version.ts';
import { combinedPath, requestCertificate } from './certificates.ts';
import { discover } from './discovery.ts';
import { nodeRemoved } from './joined-agent.ts';
import { readNodeConfig, type SharedSettings } from './node-config.ts';

const defaultPort = 6443;
const kubeletPort = 10_250;

export async function join(
  environment: EnvironmentWithProgress,
  options: JoinOptions,
  signal: AbortSignal,
): Promise<JoinResult> {
  const { layout, clock, progress } = environment;
  const began = clock.monotonic();
  ensurePrerequisites((line) => progress.note(line));
  const kept = readSettings(layout);
  if (kept !== undefined && kept.joined === undefined) {
    throw new UserError(
      `${layout.dataDir} holds a cluster of this machine's own`,
      `join under another --name, or delete it first: ${layout.command('reset')}`,
    );
  }
  const alreadyRunning = kept !== undefined && supervisorPid(layout.runDir, agentName(kept.nodeName)) !== undefined;
  const settings =
    kept === undefined
      ? await becomeNode(environment, options, signal)
      : await rejoin(environment, { ...kept, joined: kept.joined as Membership }, options, alreadyRunning);
  await startProcesses(environment, settings);
  await waitUntilReady(environment, settings, signal);
  return {
    joined: true,
    isNew: kept === undefined,
    alreadyRunning,
    node: settings.nodeName,
    server: settings.joined?.server ?? '',
    milliseconds: Math.round(clock.monotonic() - began),
  };
}

type JoinedSettings = ClusterSettings & { readonly joined: Membership };

/** Everything that can be refused is asked before anything is written, here or there. */
async function becomeNode(
  environment: EnvironmentWithProgress,
  options: JoinOptions,
  signal: AbortSignal,
): Promise<JoinedSettings> {
  const { layout, clock, progress } = environment;
  const { server, token, hash } = required(options);
  const nodeName = nodeNameOf(options.nodeName);
  const began = clock.monotonic();
  const { authority, localAddress } = await discover({ server, token, hash, clock });
  const address = addressOf(options.nodeAddress ?? localAddress);
  progress.phase('cluster found', clock.monotonic() - began);
  const asToken = clientOf(environment, server, authority, tokenCredentials(options.token ?? ''));
  try {
    const shared = await explained(server, token, readNodeConfig(asToken));
    if (shared.version !== coracleVersion) {
      progress.note(`The server runs Coracle ${shared.version}, this machine ${coracleVersion}.`);
    }
    checkRanges(layout, shared, address);
    if (await exists(asToken, nodeName)) throw nameTaken(nodeName);
    const request = { clock, nodeName, addresses: [], signal, kind: 'client' } as const;
    const certificate = await requestCertificate({ ...request, client: asToken });
    const membership = { server: server.origin, address, vni: shared.vni };
    const settings = await settingsFor(layout, options, nodeName, shared, membership);
    makeDataDir(layout.dataDir);
    await createNode(environment, server, authority, certificate, nodeName);
    makeFolder(layout.pki, 0o700);
    writeFileDurably(certificatePath(layout.pki, 'ca'), authority, 0o644);
    writeFileDurably(combinedPath(layout.pki, `node-${nodeName}`), certificate);
    writeSettings(layout, settings);
    progress.phase('certificate issued', clock.monotonic() - began);
    return settings;
  } finally {
    await asToken.close();
  }
}

interface Required {
  readonly server: URL;
  readonly token: BootstrapToken;
  readonly hash: string;
}

function required({ address, token, hash }: JoinOptions): Required {
  const hint = '`coracle token create` on the server prints the whole command';
  if (address === undefined || token === undefined || hash === undefined) {
    const missing = Object.entries({ 'the address of the API server': address, '--token': token, '--ca-hash': hash });
    const names = missing.flatMap(([name, value]) => (value === undefined ? [name] : []));
    throw new UserError(`this machine has not joined a cluster yet; to do so it needs ${names.join(', ')}`, hint, 2);
  }
  const parsed = parseToken(token);
  if (parsed === undefined) throw new UserError('--token takes a token such as abcdef.0123456789abcdef', hint, 2);
  if (!/^sha256:[0-9a-f]{64}$/.test(hash)) {
    throw new UserError('--ca-hash takes sha256: and 64 hexadecimal digits', hint, 2);
  }
  return { server: serverOf(address), token: parsed, hash };
}

/** `HOST`, `HOST:PORT` or `https://HOST:PORT`. */
export function serverOf(address: string): URL {
  const host = address.replace(/^https:\/\//, '').replace(/\/$/, '');
  const withPort = /:\d+$/.test(host) ? host : `${host}:${defaultPort}`;
  const url = URL.canParse(`https://${withPort}`) ? new URL(`https://${withPort}`) : undefined;
  if (url !== undefined && url.pathname === '/' && url.username === '') return url;
  throw new UserError(
    `${JSON.stringify(address)} is no address of an API server`,
    'one looks like 192.0.2.1:6443 or server.example:6443',
    2,
  );
}

function nodeNameOf(given: string | undefined): string {
  const name = given ?? (hostname().split('.')[0] ?? '').toLowerCase();
  checkNodeName(name);
  return name;
}

function addressOf(address: string): string {
  if (parseCidr(address)?.family !== 4) {
    throw new UserError(`${address} is no IPv4 address, which a node needs`, 'pass one with --node-address');
  }
  if (isLocalAddress(address)) return address;
  throw new UserError(`${address} is no address of this machine`, 'pass one that `ip address` shows');
}

/** What the node's packets would be mistaken for. */
function checkRanges(layout: Layout, shared: SharedSettings, address: string): void {
  const ranges = [shared.podCidr, shared.serviceCidr];
  const around = ranges.find((range) => overlap(range, address));
  if (around !== undefined) {
    throw new UserError(
      `this machine's address ${address} lies in the cluster's range ${around}`,
      'reach the server by another address of this machine: --node-address',
    );
  }
  for (const other of otherClusters(layout)) {
    const both = ranges.find((range) => overlap(range, other.podCidr) || overlap(range, other.serviceCidr));
    if (both === undefined) continue;
    throw new UserError(
      `this machine has a cluster ${other.name} already, whose addresses are also those of ${both}`,
      `stop that one first: coracle down --name ${other.name}`,
    );
  }
}

async function settingsFor(
  layout: Layout,
  { runtimeEndpoint }: JoinOptions,
  nodeName: string,
  { podCidr, serviceCidr, clusterDomain, loadBalancerPool, backend }: SharedSettings,
  joined: Membership,
): Promise<JoinedSettings> {
  const port = (await isFree(kubeletPort)) ? kubeletPort : await freePort();
  const slot = freeSlot(layout);
  return {
    version: 1,
    name: layout.name,
    slot,
    port: Number(new URL(joined.server).port),
    kubeletPort: port,
    ...rangesOf(slot),
    podCidr,
    serviceCidr,
    clusterDomain,
    loadBalancerPool,
    backend,
    nodeName,
    // No ingress runs here.
    ingress: { http: 0, https: 0, status: 0 },
    linkMtu: linkMtu(joined.address),
    furtherNodes: [],
    joined,
    ...(runtimeEndpoint === undefined ? {} : { runtimeEndpoint }),
  };
}

/** With the node's own certificate, so that of two machines that want one name only one gets it. */
async function createNode(
  environment: EnvironmentWithProgress,
  server: URL,
  authority: string,
  certificate: string,
  name: string,
): Promise<void> {
  const material = { certificate, key: certificate };
  const client = clientOf(environment, server, authority, {
    ...tokenCredentials(''),
    tls: () => Promise.resolve(material),
    token: () => Promise.resolve(undefined),
  });
  try {
    const labels = { 'kubernetes.io/hostname': name, [joinedLabel]: 'true' };
    await client.create(Node, { metadata: { name, labels } });
  } catch (error) {
    throw isAlreadyExists(error) ? nameTaken(name) : error;
  } finally {
    await client.close();
  }
}

async function exists(client: Client, name: string): Promise<boolean> {
  try {
    await client.get(Node, { name });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function nameTaken(name: string): UserError {
  return new UserError(
    `the cluster has a node ${name} already`,
    `choose another with --node-name; or, when that was this machine before, on the server: coracle node rm ${name} --force`,
  );
}

function clientOf(
  { clock, random }: EnvironmentWithProgress,
  { origin }: URL,
  certificateAuthority: string,
  credentials: Credentials,
): HttpsClient {
  return createHttpsClient({
    access: { server: origin, certificateAuthority, credentials },
    clock,
    random,
    userAgent: 'coracle/join',
  });
}

/** What the server's refusal of a token, or the machine's of a server, means here. */
async function explained<T>(server: URL, token: BootstrapToken, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiError && (error.code === 401 || error.code === 403)) {
      throw new UserError(
        `the cluster does not let token ${token.id} join machines: ${error.message}`,
        'make a new one on the server: coracle token create',
      );
    }
    if (error instanceof ConnectionError) {
      throw new UserError(
        error.message,
        `the server must be known as ${server.hostname}: coracle up --advertise-address there, or join by another address`,
      );
    }
    throw error;
  }
}

/** It knows the cluster already: nothing but where the API is can change. */
async function rejoin(
  environment: EnvironmentWithProgress,
  kept: JoinedSettings,
  options: JoinOptions,
  isRunning: boolean,
): Promise<JoinedSettings> {
  const { layout, clock } = environment;
  refuseOthers(kept, options);
  const certificate = readFileSync(combinedPath(layout.pki, `node-${kept.nodeName}`), 'utf8');
  if (expiryOf(certificate) < clock.now()) {
    throw new UserError(
      `the certificate of node ${kept.nodeName} has ended: this machine was away for too long`,
      'clear it with `coracle reset`, then join with a new token',
    );
  }
  const server = options.address === undefined ? kept.joined.server : serverOf(options.address).origin;
  if (isRunning) {
    if (server === kept.joined.server) return kept;
    throw new UserError(
      `the node is running, with the API server at ${kept.joined.server}`,
      `stop it first: ${layout.command('down')}`,
    );
  }
  const shared = await current(environment, kept, server, options.address !== undefined);
  const { version: _version, vni = kept.joined.vni, ...ranges } = shared ?? {};
  const settings = {
    ...kept,
    ...ranges,
    linkMtu: linkMtu(kept.joined.address),
    joined: { ...kept.joined, server, vni },
  };
  if (JSON.stringify(settings) !== JSON.stringify(kept)) writeSettings(layout, settings);
  return settings;
}

function refuseOthers({ nodeName, joined, runtimeEndpoint }: JoinedSettings, options: JoinOptions): void {
  const others: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['--node-name', options.nodeName, nodeName],
    ['--node-address', options.nodeAddress, joined.address],
    ['--container-runtime-endpoint', options.runtimeEndpoint, runtimeEndpoint],
  ];
  const changed = others.find(([, wanted, present]) => wanted !== undefined && wanted !== present);
  if (changed === undefined) return;
  throw new UserError(
    `this machine is node ${nodeName} of the cluster at ${joined.server}; ${changed[0]} cannot be changed`,
    'start afresh to change that: coracle reset, then join with a new token',
  );
}

/** What the cluster says today; undefined while it cannot be asked, which the node can live with. */
async function current(
  { layout, clock, random, progress }: EnvironmentWithProgress,
  { nodeName }: JoinedSettings,
  server: string,
  isMoved: boolean,
): Promise<SharedSettings | undefined> {
  const client = apiClient({ pki: layout.pki, server, clock, random, combined: true }, `node-${nodeName}`);
  try {
    if (!(await exists(client, nodeName))) throw nodeRemoved(nodeName);
    return await readNodeConfig(client);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    if (isMoved) throw new UserError(error.message, 'nothing was changed');
    progress.note(`${error.message}; the node starts with what it knows.`);
    return undefined;
  } finally {
    await client.close();
  }
}
