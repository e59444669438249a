/**
 * Control groups as files, on v1, hybrid and v2: where a group's folders are, its processes, usage, end.
 * Only groups that the caller names are touched; the machine's own are left alone.
 */
import { existsSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';

export interface CgroupUsage {
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
  readonly pids: number;
}

export class Cgroups {
  readonly version: 1 | 2;
  /** Mount points of the hierarchies. */
  readonly #mounts: readonly string[];
  readonly #hybrid: string | undefined;
  /** Mount point by v1 controller. */
  readonly #controllers: ReadonlyMap<string, string>;

  constructor(mounts: string = readFileSync('/proc/mounts', 'utf8')) {
    const rows = mounts.split('\n').map((line) => line.split(' '));
    const found = rows.filter(
      ([, path = '', type]) => (type === 'cgroup' || type === 'cgroup2') && path.startsWith('/sys/fs/cgroup'),
    );
    this.version = found.some(([, path, type]) => type === 'cgroup2' && path === '/sys/fs/cgroup') ? 2 : 1;
    this.#hybrid = found.find(([, , type]) => type === 'cgroup2')?.[1];
    this.#mounts = [...new Set(found.map(([, path = '']) => path))];
    this.#controllers = new Map(
      found
        .filter(([, , type]) => type === 'cgroup')
        .flatMap(([, path = '', , options = '']) => options.split(',').map((option) => [option, path] as const)),
    );
  }

  /** The group's folders that exist, one per hierarchy. */
  folders(group: string): readonly string[] {
    return this.#mounts.map((mount) => join(mount, group)).filter((path) => existsSync(path));
  }

  /** Processes in the group itself, as this pid namespace sees them. */
  processes(group: string): readonly number[] {
    const pids = this.folders(group).flatMap((folder) => read(join(folder, 'cgroup.procs')).split('\n'));
    return [...new Set(pids.map(Number))].filter((pid) => pid > 1);
  }

  /** Groups below a group, deepest first, itself last. */
  tree(group: string): readonly string[] {
    const below = (path: string): string[] => {
      const names = new Set(this.folders(path).flatMap((folder) => subfolders(folder)));
      return [...[...names].flatMap((name) => below(join(path, name))), path];
    };
    return below(group);
  }

  /** Kills what is in the group and below it, and removes the folders. False when something would not die in time. */
  async destroy(group: string, clock: Clock, patience = 5_000): Promise<boolean> {
    const deadline = clock.monotonic() + patience;
    for (let pause = 1; ; pause = Math.min(50, pause * 2)) {
      let left = false;
      for (const path of this.tree(group)) {
        for (const pid of this.processes(path)) kill(pid);
        for (const folder of this.folders(path)) left = !removeFolder(folder) || left;
      }
      if (!left) return true;
      if (clock.monotonic() > deadline) return false;
      await clock.sleep(pause);
    }
  }

  /**
   * Beside v1 hierarchies, a runtime also makes a pod's group in the v2 one, where nobody who looks for
   * controllers sees it. Removes it there if it is empty.
   */
  pruneHybrid(group: string): void {
    if (this.version === 2 || this.#hybrid === undefined || group === '') return;
    const folder = join(this.#hybrid, group);
    if (existsSync(folder)) removeFolder(folder);
  }

  /** Takes the group's limit of CPU time away; returns it, or undefined where there was none. */
  liftCpuQuota(group: string): string | undefined {
    const file = this.#quotaFile(group);
    const before = file === undefined ? '' : read(file).trim();
    if (before === '' || before.startsWith('-1') || before.startsWith('max')) return undefined;
    this.setCpuQuota(group, this.version === 2 ? 'max' : '-1');
    return before;
  }

  /** Sets what `liftCpuQuota` took away. Does nothing when the group is gone. */
  setCpuQuota(group: string, quota: string): void {
    const file = this.#quotaFile(group);
    try {
      if (file !== undefined && existsSync(file)) writeFileSync(file, quota);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  #quotaFile(group: string): string | undefined {
    if (this.version === 2) return join('/sys/fs/cgroup', group, 'cpu.max');
    const folder = this.#folderOf('cpu', group);
    return folder === undefined ? undefined : join(folder, 'cpu.cfs_quota_us');
  }

  usage(group: string): CgroupUsage | undefined {
    if (this.folders(group).length === 0) return undefined;
    return this.version === 2 ? usageV2(join('/sys/fs/cgroup', group)) : this.#usageV1(group);
  }

  #usageV1(group: string): CgroupUsage {
    const memory = this.#folderOf('memory', group);
    const stat = table(memory === undefined ? '' : read(join(memory, 'memory.stat')));
    const memoryBytes = number(memory, 'memory.usage_in_bytes');
    return {
      cpuNanoseconds: number(this.#folderOf('cpuacct', group), 'cpuacct.usage'),
      memoryBytes,
      memoryWorkingSetBytes: Math.max(0, memoryBytes - (stat.get('total_inactive_file') ?? 0)),
      memoryRssBytes: stat.get('total_rss') ?? 0,
      pids: number(this.#folderOf('pids', group), 'pids.current'),
    };
  }

  #folderOf(controller: string, group: string): string | undefined {
    const mount = this.#controllers.get(controller);
    return mount === undefined ? undefined : join(mount, group);
  }
}

function usageV2(folder: string): CgroupUsage {
  const stat = table(read(join(folder, 'memory.stat')));
  const memoryBytes = number(folder, 'memory.current');
  return {
    cpuNanoseconds: (table(read(join(folder, 'cpu.stat'))).get('usage_usec') ?? 0) * 1000,
    memoryBytes,
    memoryWorkingSetBytes: Math.max(0, memoryBytes - (stat.get('inactive_file') ?? 0)),
    memoryRssBytes: stat.get('anon') ?? 0,
    pids: number(folder, 'pids.current'),
  };
}

/** `name value` lines. */
function table(text: string): ReadonlyMap<string, number> {
  return new Map(
    text
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name = '', value]) => [name, Number(value)]),
  );
}

function number(folder: string | undefined, file: string): number {
  return folder === undefined ? 0 : Number(read(join(folder, file))) || 0;
}

/** '' when the group is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isGone(error)) return '';
    throw error;
  }
}

function subfolders(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (isGone(error)) return true;
    if (codeOf(error) === 'EBUSY' || codeOf(error) === 'ENOTEMPTY') return false;
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

function isGone(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENODEV';
}
