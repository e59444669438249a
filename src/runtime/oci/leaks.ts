/** Lists what exists on the machine under a runtime's names and belongs to none of its containers and sandboxes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { linkNames } from '../../network/links.ts';
import { mountPoints } from '../../network/netns.ts';
import { type RuntimePaths, shortId } from './paths.ts';
import { allProcesses } from './processes.ts';

export interface Leak {
  readonly kind: 'mount' | 'namespace' | 'cgroup' | 'link' | 'file' | 'process';
  /** Path, name, or pid with command line. */
  readonly what: string;
}

export interface LeakCheck {
  readonly paths: RuntimePaths;
  readonly stateDir: string;
  readonly runDir: string;
  /** Of the runtime; names network namespaces. */
  readonly prefix: string;
  /** Of the pods' network; names links. */
  readonly linkPrefix: string;
  readonly bridge: string;
  /** Groups below which containers' groups lie. */
  readonly cgroupRoots: readonly string[];
  /** Ids of all containers and sandboxes that there should be. */
  readonly known: readonly string[];
}

export function findLeaks(check: LeakCheck): readonly Leak[] {
  const isKnown = (text: string): boolean =>
    check.known.some((id) =>
      [id.slice(0, 12), shortId(id), `${check.linkPrefix}-${id.slice(0, 8)}`].some((name) => text.includes(name)),
    );
  const leaks: Leak[] = [];
  const add = (kind: Leak['kind'], names: readonly string[]): void => {
    for (const what of names) if (!isKnown(what)) leaks.push({ kind, what });
  };
  add(
    'mount',
    [...mountPoints()].filter((path) => path.startsWith(`${check.stateDir}/`) || path.startsWith(`${check.runDir}/`)),
  );
  add(
    'namespace',
    namesIn('/run/netns').filter((name) => name.startsWith(`${check.prefix}-`)),
  );
  add('cgroup', check.cgroupRoots.flatMap(containerGroups));
  add('link', linksOf(check));
  add('file', leftFiles(check.paths));
  add('process', processesOf(check));
  return leaks;
}

/** Groups named like a container, in any hierarchy. */
function containerGroups(root: string): readonly string[] {
  const hierarchies = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, path = '']) => path);
  const walk = (folder: string): string[] =>
    namesIn(folder).flatMap((name) => {
      const path = join(folder, name);
      if (!existsSync(join(path, 'cgroup.procs'))) return [];
      return [...(/^[a-f0-9]{32}$/.test(name) ? [path] : []), ...walk(path)];
    });
  return hierarchies.flatMap((hierarchy) => walk(join(hierarchy, root)));
}

function linksOf({ linkPrefix, bridge }: LeakCheck): readonly string[] {
  return linkNames().filter((name) => name.startsWith(`${linkPrefix}-`) && name !== bridge);
}

function leftFiles(paths: RuntimePaths): readonly string[] {
  const folders = [paths.exits, paths.runtimeRoot, paths.attach, paths.namespaces, paths.containers, paths.sandboxes];
  return folders.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)));
}

/** Monitors, runtimes and relays that name this runtime's folders. */
function processesOf({ stateDir, runDir }: LeakCheck): readonly string[] {
  return allProcesses()
    .filter(
      ({ pid, args }) =>
        pid !== process.pid &&
        /(?:conmon|runc|perl|unshare)$/.test(args[0] ?? '') &&
        args.some((arg) => arg.includes(`${stateDir}/`) || arg.includes(`${runDir}/`)),
    )
    .map(({ pid, args }) => `${pid} ${args.join(' ')}`);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}
