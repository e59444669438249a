/** The node commands: further nodes on this machine come, go, are cut off and joined again. */
import { rmSync } from 'node:fs';
import { Node } from '../../api/core/node.ts';
import { simulatedNode } from '../../api/core/simulated-node.ts';
import type { ClusterManager, NodeRow, Progress, RemoveNodeOptions } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { certificatePath, keyPath } from '../credentials/credentials.ts';
import type { CommandEnvironment } from '../environment.ts';
import { cableOf, underlayOf } from '../machine/namespaces.ts';
import { tearDownNode } from '../machine/teardown.ts';
import { agentName, isServerRunning, stopProcess } from '../processes/processes.ts';
import { prepareCredentials, startProcesses, waitUntilReady } from '../processes/start.ts';
import { joinedLabel } from '../server/addons.ts';
import { checkNodeName, furtherNode, nodeAddress, nodeNames, withNode, withoutNode } from '../settings/nodes.ts';
import {
  announceSettings,
  requireServer,
  writeSettings,
  type ClusterSettings,
  type FurtherNode,
} from '../settings/settings.ts';
import { asAdministrator } from './administrator.ts';
import { drain, forgetNode } from './drain.ts';

type NodeCommands = Pick<ClusterManager, 'addNode' | 'removeNode' | 'listNodes' | 'setNodeConnected'>;

export function nodeCommands(environment: CommandEnvironment): NodeCommands {
  return {
    addNode: (name, progress, signal) => addNode(environment, name, progress, signal),
    removeNode: (name, options, progress, signal) => removeNode(environment, name, options, progress, signal),
    listNodes: () => listNodes(environment),
    setNodeConnected: (name, connected) => setConnected(environment, name, connected),
  };
}

async function addNode(
  environment: CommandEnvironment,
  name: string | undefined,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  const { layout } = environment;
  const before = requireServer(layout);
  refuseName(before, name);
  await refuseBesideJoined(environment);
  const settings = withNode(before, name);
  const added = settings.furtherNodes.at(-1)?.name ?? '';
  writeSettings(layout, settings);
  if (!isServerRunning(environment.layout)) return added;
  const start = { ...environment, progress };
  await prepareCredentials(start, settings);
  await startProcesses(start, settings);
  await waitUntilReady(start, settings, signal, [agentName(added)]);
  return added;
}

/**
 * The addresses of nodes in namespaces are behind a bridge of this machine, to which others have no route. While the
 * server does not run nobody can tell who has joined.
 */
export async function refuseBesideJoined(environment: CommandEnvironment): Promise<void> {
  if (!isServerRunning(environment.layout)) return;
  const joined = [...(await knownNodes(environment))].flatMap(([name, node]) => (node.joined ? [name] : []));
  if (joined.length === 0) return;
  throw new UserError(
    `${joined.join(', ')} joined from other machines, whose pods could not reach those of a node in a namespace here`,
    'add machines instead: coracle token create',
  );
}

function refuseName(settings: ClusterSettings, name: string | undefined): void {
  if (name === undefined) return;
  checkNodeName(name);
  if (nodeNames(settings).includes(name)) throw new UserError(`there is a node ${name} already`);
}

async function removeNode(
  environment: CommandEnvironment,
  name: string,
  { force, timeoutSeconds }: RemoveNodeOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { layout, clock } = environment;
  const settings = requireServer(layout);
  const running = isServerRunning(environment.layout);
  const node = await nodeToRemove(environment, settings, name);
  if (!running && !force) {
    throw new UserError(
      `cluster ${settings.name} is not running: its objects would still speak of ${name}`,
      'start it first, or pass --force',
    );
  }
  await asAdministrator(environment, async (client) => {
    const began = clock.monotonic();
    if (!force) {
      await drain({ client, clock, nodeName: name, patience: timeoutSeconds * 1000, signal });
      progress.phase('drained', clock.monotonic() - began);
    }
    if (node !== 'joined') await stopNode(environment, settings, node);
    if (running) await forgetNode(client, name);
  });
  if (node === 'joined') return;
  const after = withoutNode(settings, name);
  writeSettings(layout, after);
  if (running) announceSettings(layout, after);
}

/** A machine that has joined is known to the API alone; its agent ends once its Node is gone. */
async function nodeToRemove(
  environment: CommandEnvironment,
  settings: ClusterSettings,
  name: string,
): Promise<FurtherNode | 'joined'> {
  const isForeign = furtherNode(settings, name) === undefined && isServerRunning(environment.layout);
  if (isForeign && (await knownNodes(environment)).get(name)?.joined === true) return 'joined';
  return requireFurther(settings, name);
}

async function stopNode(environment: CommandEnvironment, settings: ClusterSettings, node: FurtherNode): Promise<void> {
  const { layout } = environment;
  const agent = agentName(node.name);
  await stopProcess(environment, agent);
  await tearDownNode(environment, settings, node);
  rmSync(layout.log(agent), { force: true });
  rmSync(layout.node(node.name), { recursive: true, force: true });
  for (const identity of [`node-${node.name}`, `kubelet-${node.name}`]) {
    rmSync(certificatePath(layout.pki, identity), { force: true });
    rmSync(keyPath(layout.pki, identity), { force: true });
  }
}

async function listNodes(environment: CommandEnvironment): Promise<readonly NodeRow[]> {
  const { layout, clock } = environment;
  const settings = requireServer(layout);
  const known = isServerRunning(environment.layout) ? await knownNodes(environment) : new Map<string, KnownNode>();
  const underlay = underlayOf({ layout, settings, clock });
  const local = await Promise.all(
    nodeNames(settings).map(async (name): Promise<NodeRow> => {
      const node = furtherNode(settings, name);
      const connected = node === undefined ? true : await underlay.isConnected(cableOf(settings, node));
      const isReady = known.get(name)?.ready;
      return {
        name,
        address: nodeAddress(settings, name),
        place: node === undefined ? 'machine' : 'namespace',
        ...(connected === undefined ? {} : { connected }),
        ...(isReady === undefined ? {} : { ready: isReady }),
      };
    }),
  );
  const joined = [...known]
    .filter(([, node]) => node.joined)
    .map(([name, { address, ready }]): NodeRow => ({ name, address, place: 'joined', ready }));
  return [...local, ...joined];
}

interface KnownNode {
  readonly address: string;
  /** On a machine that has joined. */
  readonly joined: boolean;
  readonly ready: boolean;
}

/** What the API says of nodes, by name. Simulated ones are not machines, and may be thousands. */
function knownNodes(environment: CommandEnvironment): Promise<ReadonlyMap<string, KnownNode>> {
  return asAdministrator(environment, async (client) => {
    const { items } = await client.list(Node, { labelSelector: `!${simulatedNode}` });
    return new Map(
      items.map(({ metadata, status = {} }) => [
        metadata.name,
        {
          address: status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '-',
          joined: metadata.labels?.[joinedLabel] === 'true',
          ready: status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true,
        },
      ]),
    );
  });
}

async function setConnected(environment: CommandEnvironment, name: string, connected: boolean): Promise<void> {
  const { layout, clock } = environment;
  const settings = requireServer(layout);
  const cable = cableOf(settings, requireFurther(settings, name));
  const underlay = underlayOf({ layout, settings, clock });
  if ((await underlay.isConnected(cable)) === undefined) {
    throw new UserError(`node ${name} is not running`, `start the cluster first: ${layout.command('up')}`);
  }
  await underlay.setConnected(cable, connected);
}

function requireFurther(settings: ClusterSettings, name: string): FurtherNode {
  const node = furtherNode(settings, name);
  if (node !== undefined) return node;
  if (name === settings.nodeName) {
    throw new UserError(
      `${name} is this machine itself, where the API server runs`,
      'only further nodes can be taken away or cut off',
    );
  }
  throw new UserError(`there is no node ${name} on this machine`, 'see: coracle node ls');
}
