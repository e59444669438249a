/**
 * Takes down what a cluster has set up on the machine: containers, pod networks, rules, cgroups, mounts. Works
 * without an agent, from what the disk and the kernel say.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTextIfPresent } from '../base/file.ts';
import { silentLogger } from '../base/log.ts';
import { createCommandRunner } from '../network/command.ts';
import { createNft } from '../network/nft.ts';
import { removeProxyTable } from '../proxy/proxy.ts';
import { Cgroups } from '../runtime/oci/cgroups.ts';
import type { ManagerEnvironment } from './manager.ts';
import { openImages, openRuntime, podNetworkOf, policyTableName, runtimePrefix, tableName } from './node-runtime.ts';
import type { ClusterSettings } from './settings.ts';

/**
 * How many pods were stopped. What the runtime remembers of them stays: the next start counts their containers'
 * restarts on from there, and keeps their logs.
 */
export async function tearDown(environment: ManagerEnvironment, settings: ClusterSettings): Promise<number> {
  const { layout, clock } = environment;
  const { nodeName } = settings;
  const podCidr = readTextIfPresent(join(layout.node(nodeName), 'pod-cidr'));
  const stopped = podCidr === undefined ? 0 : await stopPods(environment, settings, podCidr);
  const nft = createNft(createCommandRunner(clock));
  await removeProxyTable(nft, tableName(settings, nodeName));
  await removeProxyTable(nft, policyTableName(settings, nodeName));
  await new Cgroups().destroy(`/${runtimePrefix(settings, nodeName)}`, clock);
  unmountBelow(layout.dataDir);
  unmountBelow(layout.runDir);
  return stopped;
}

async function stopPods(
  { layout, clock, random }: ManagerEnvironment,
  settings: ClusterSettings,
  podCidr: string,
): Promise<number> {
  const { nodeName } = settings;
  if (!existsSync(layout.node(nodeName))) return 0;
  const options = { layout, clock, random, settings, nodeName, podCidr, logger: silentLogger };
  const network = podNetworkOf(options);
  const runtime = await openRuntime(options, await openImages(options), network);
  const sandboxes = (await runtime.listPodSandboxes()).filter(({ state }) => state === 'ready');
  await Promise.all(sandboxes.map(({ id }) => runtime.stopPodSandbox(id)));
  await runtime.close();
  await network.remove();
  return sandboxes.length;
}

/** Volumes of the pods that were stopped: nobody uses them any more. Innermost first. */
function unmountBelow(folder: string): void {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => unescaped(line.split(' ')[1] ?? ''))
    .filter((point) => point.startsWith(`${folder}/`))
    .toReversed();
  if (points.length > 0) spawnSync('umount', points, { stdio: 'ignore' });
}

/** The kernel writes blanks and the like as octal codes. */
function unescaped(path: string): string {
  return path.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 8)));
}
