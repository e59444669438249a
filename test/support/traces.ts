/** What a cluster has made of the machine: to be nothing once it is gone. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ClusterNames {
  readonly name: string;
  readonly folder: string;
  /** Start of its links' names, such as `cor3`. */
  readonly links?: string;
}

/** Mounts, namespaces, links, tables, control groups, processes and loop devices that bear the cluster's names. */
export function traces({ name, folder, links }: ClusterNames): readonly string[] {
  const own = (text: string): boolean =>
    text.includes(`${folder}/`) || text.includes(`/coracle/${name}/`) || text.includes(`coracle-${name}-`);
  const list = (what: string, found: readonly string[]): string[] => found.map((each) => `${what} ${each}`);
  return [
    ...list('mount', readFileSync('/proc/self/mounts', 'utf8').split('\n').filter(own)),
    ...list('namespace', entries('/run/netns').filter(own)),
    ...list(
      'link',
      entries('/sys/class/net').filter((each) => links !== undefined && each.startsWith(`${links}-`)),
    ),
    ...list('table', spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' }).stdout.split('\n').filter(own)),
    ...list('cgroup', cgroups().filter(own)),
    ...list('process', processes().filter(own)),
    ...list('loop device', loopDevices().filter(own)),
  ];
}

/** Processes that have ended and that their parent has not buried. */
export function zombies(parent: number): readonly number[] {
  return entries('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      const [state, ppid] = (textOf(`/proc/${pid}/stat`).split(') ')[1] ?? '').split(' ');
      return state === 'Z' && Number(ppid) === parent;
    })
    .map(Number);
}

function cgroups(): readonly string[] {
  const root = '/sys/fs/cgroup';
  const hierarchies = existsSync(join(root, 'cgroup.procs')) ? [root] : entries(root).map((each) => join(root, each));
  const below = (folder: string): string[] =>
    entries(folder)
      .map((each) => join(folder, each))
      .filter((each) => existsSync(join(each, 'cgroup.procs')))
      .flatMap((each) => [each, ...below(each)]);
  return hierarchies.flatMap((folder) =>
    entries(folder)
      .filter((each) => each.startsWith('coracle-'))
      .flatMap((each) => [join(folder, each), ...below(join(folder, each))]),
  );
}

function processes(): readonly string[] {
  return entries('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .map((pid) => `${pid} ${textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

function loopDevices(): readonly string[] {
  const names = entries('/sys/block').filter((each) => /^loop\d/.test(each));
  return names.map((each) => `${each} ${textOf(`/sys/block/${each}/loop/backing_file`).trim()}`);
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It ended meanwhile.
  }
}
