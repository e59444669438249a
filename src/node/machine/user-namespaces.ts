/**
 * Ranges of ids for pods that do not share the node's users (hostUsers: false): 65,536 each, no two alike. A pod's
 * range is in a file of its folder, so that it is the same after a restart and free when the pod's folder is gone.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../../api/core/pod.ts';
import { codeOf } from '../../base/errors.ts';
import type { NamespaceOptions } from '../../runtime/runtime.ts';

const length = 65_536;
/** The node's own users are below the first range. */
const firstRange = 1;
const mostRanges = 32_000;

export function userNamespaces(rootDirectory: string): (pod: Pod) => NamespaceOptions['user'] {
  const folder = join(rootDirectory, 'pods');
  return (pod) => {
    if (pod.spec?.hostUsers !== false) return undefined;
    const range = rangeOf(folder, pod.metadata.uid) ?? claim(folder, pod.metadata.uid);
    return { hostId: range * length, containerId: 0, length };
  };
}

const fileOf = (folder: string, uid: string): string => join(folder, uid, 'user-range');

function rangeOf(folder: string, uid: string): number | undefined {
  const file = fileOf(folder, uid);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
}

/** Synchronous, so that two pods never find the same range free. */
function claim(folder: string, uid: string): number {
  const taken = new Set(podsIn(folder).map((each) => rangeOf(folder, each)));
  for (let range = firstRange; range < mostRanges; range += 1) {
    if (taken.has(range)) continue;
    mkdirSync(join(folder, uid), { recursive: true });
    writeFileSync(fileOf(folder, uid), `${range}`);
    return range;
  }
  throw new Error(`no range of user ids is free: ${mostRanges} pods have one`);
}

function podsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
