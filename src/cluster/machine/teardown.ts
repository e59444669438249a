/**
 * Takes down what a cluster has set up on the machine: containers, pod networks, rules, cgroups, mounts. Works
 * without an agent, from what the disk and the kernel say.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readTextIfPresent } from '../../base/file.ts';
import { silentLogger } from '../../base/log.ts';
import { createCommandRunner, type CommandRunner } from '../../network/command.ts';
import { mountPoints } from '../../network/netns.ts';
import { createNft } from '../../network/nft.ts';
import { detachLoopDevice, loopDevices } from '../../node/volumes/loop-devices.ts';
import { removeAnnounced } from '../../proxy/announcer.ts';
import { removeProxyTable } from '../../proxy/proxy.ts';
import { Cgroups } from '../../runtime/oci/cgroups.ts';
import { removeCniConfig } from '../agent/cri-node.ts';
import {
  openImages,
  openRuntime,
  overlayDevice,
  podNetworkOf,
  policyTableName,
  runtimePrefix,
  tableName,
} from '../agent/node-runtime.ts';
import type { CommandEnvironment } from '../environment.ts';
import type { ClusterSettings, FurtherNode } from '../settings/settings.ts';
import { enterNamespaces, hasNamespaces, removeNamespaces, underlayOf } from './namespaces.ts';

/**
 * How many pods were stopped. What the runtime remembers of them stays: the next start counts their containers'
 * restarts on from there, and keeps their logs.
 */
export async function tearDown(environment: CommandEnvironment, settings: ClusterSettings): Promise<number> {
  const { layout, clock } = environment;
  const further = settings.furtherNodes.map((node) => tearDownNode(environment, settings, node));
  const stopped = await Promise.all([clearNode(environment, settings, settings.nodeName), ...further]);
  const run = createCommandRunner(clock);
  const nft = createNft(run);
  await removeProxyTable(nft, tableName(settings, settings.nodeName));
  await removeProxyTable(nft, policyTableName(settings, settings.nodeName));
  await removePodRoutes(run, settings);
  if (settings.joined === undefined) await removeAnnounced(run, settings.loadBalancerPool);
  await underlayOf({ layout, settings, clock }).remove();
  // Not all of the data directory: whoever put the store on a disk of its own wants it to stay there.
  unmountBelow(join(layout.dataDir, 'nodes'));
  unmountBelow(layout.runDir);
  return stopped.reduce((sum, each) => sum + each, 0);
}

/** Takes down a further node: its pods from within its namespaces, then these with all that is in them. */
export async function tearDownNode(
  environment: CommandEnvironment,
  settings: ClusterSettings,
  node: FurtherNode,
): Promise<number> {
  const { layout, clock, programs } = environment;
  let stopped = 0;
  if (hasNamespaces(layout, node)) {
    const [nsenter = '', ...into] = enterNamespaces(layout, node);
    const program = [process.execPath, join(programs, 'clear-node.js'), layout.name, layout.dataDir, node.name];
    const { code, stdout, stderr } = await createCommandRunner(clock)(nsenter, [...into, ...program]);
    stopped = code === 0 ? Number(stdout.trim()) : 0;
    // The rest goes all the same: what is left in the namespaces ends with them.
    if (code !== 0) console.error(`could not stop the pods of ${node.name} one by one: ${stderr.trim()}`);
  }
  // Whatever still runs there, and after a reboot all that is left.
  await new Cgroups().destroy(`/${runtimePrefix(settings, node.name)}`, clock);
  await removeNamespaces({ layout, settings, clock }, node);
  removeNetworkNames(runtimePrefix(settings, node.name));
  return stopped;
}

/** Names of pods' networks that nobody took away; the networks themselves have gone with the node. */
function removeNetworkNames(prefix: string): void {
  const folder = '/run/netns';
  if (!existsSync(folder)) return;
  const own = new RegExp(`^${prefix}-[0-9a-f]{12}$`);
  for (const name of readdirSync(folder)) if (own.test(name)) rmSync(join(folder, name), { force: true });
}

/** From within the node's namespaces. How many pods were stopped. */
export async function clearNode(
  environment: CommandEnvironment,
  settings: ClusterSettings,
  nodeName: string,
): Promise<number> {
  const { layout, clock } = environment;
  const podCidr = readTextIfPresent(join(layout.node(nodeName), 'pod-cidr'));
  const stopped = podCidr === undefined ? 0 : await stopPods(environment, settings, nodeName, podCidr);
  await new Cgroups().destroy(`/${runtimePrefix(settings, nodeName)}`, clock);
  await releaseDevices(layout.node(nodeName));
  unmountBelow(layout.node(nodeName));
  return stopped;
}

/** What led to other nodes' pods, in the machine's own network namespace. */
async function removePodRoutes(run: CommandRunner, settings: ClusterSettings): Promise<void> {
  if (settings.backend === 'vxlan') await run('ip', ['link', 'del', 'dev', overlayDevice(settings)]);
  else await run('ip', ['route', 'flush', 'root', settings.podCidr, 'proto', '117']);
}

async function stopPods(
  { layout, clock, random }: CommandEnvironment,
  settings: ClusterSettings,
  nodeName: string,
  podCidr: string,
): Promise<number> {
  if (!existsSync(layout.node(nodeName))) return 0;
  const options = { layout, clock, random, settings, nodeName, podCidr, logger: silentLogger };
  const network = podNetworkOf(options);
  const opened = await openRuntime(options, await openImages(options), network);
  const sandboxes = (await opened.runtime.listPodSandboxes()).filter(({ state }) => state === 'ready');
  await Promise.all(sandboxes.map(({ id }) => opened.runtime.stopPodSandbox(id)));
  await opened.close();
  removeCniConfig(settings);
  await network.remove();
  return sandboxes.length;
}

/** Block devices that pods had: what keeps them open keeps their mounts busy, too. Loop devices of drivers stay. */
async function releaseDevices(folder: string): Promise<void> {
  const own = join(folder, 'plugins', 'kubernetes.io');
  for (const each of await loopDevices()) if (each.file.startsWith(own)) await detachLoopDevice(each);
}

/** Volumes of the pods that were stopped: nobody uses them any more. Innermost first; what is still busy, lazily. */
function unmountBelow(folder: string): void {
  for (const options of [[], ['-l']]) {
    const points = mountsBelow(folder).toReversed();
    if (points.length > 0) spawnSync('umount', [...options, ...points], { stdio: 'ignore' });
  }
}

/** Mount points below a folder, outermost first. */
export function mountsBelow(folder: string): readonly string[] {
  return [...mountPoints()].filter((point) => point.startsWith(`${folder}/`));
}
