/** Stops and removes all containers and networks of a cluster's node, without an agent. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTextIfPresent } from '../base/file.ts';
import { silentLogger } from '../base/log.ts';
import type { ManagerEnvironment } from './manager.ts';
import { openImages, openRuntime, podNetworkOf } from './node-runtime.ts';
import type { ClusterSettings } from './settings.ts';

/** How many pods were stopped. */
export async function removePods(environment: ManagerEnvironment, settings: ClusterSettings): Promise<number> {
  const { layout } = environment;
  const { nodeName } = settings;
  const podCidr = readTextIfPresent(join(layout.node(nodeName), 'pod-cidr'));
  if (podCidr === undefined || !existsSync(layout.node(nodeName))) return 0;
  const { clock, random } = environment;
  const options = { layout, clock, random, settings, nodeName, podCidr, logger: silentLogger };
  const network = podNetworkOf(options);
  const runtime = await openRuntime(options, await openImages(options), network);
  const sandboxes = await runtime.listPodSandboxes();
  await Promise.all(
    sandboxes.map(async ({ id }) => {
      await runtime.stopPodSandbox(id);
      await runtime.removePodSandbox(id);
    }),
  );
  await runtime.close();
  unmountBelow(layout.dataDir);
  unmountBelow(layout.runDir);
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
