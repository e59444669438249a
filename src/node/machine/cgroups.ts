/**
 * The cgroup tree of pods: `<root>/kubepods[/burstable|/besteffort]/pod<uid>`, in every v1 hierarchy or in v2.
 * runc makes the containers' own groups below it and never removes what is above them, so this does.
 */
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/core/pod.ts';
import type { Clock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { NodeConfig } from '../config.ts';
import {
  bytesOf,
  cpuPeriod,
  cpuQuota,
  cpuShares,
  isLimited,
  millisOf,
  podAmount,
  qosClass,
  type QosClass,
} from '../pod/resources.ts';
import type { MachineFacts } from './machine.ts';
import { hugePageSizes } from '../../runtime/oci/machine.ts';

export interface PodCgroups {
  /** 0: none are used. */
  readonly version: 0 | 1 | 2;
  /** Path below the hierarchies' roots, for the runtime; '' when cgroups are not used. */
  parentOf(pod: Pod): string;
  /** Makes the tree once and again when it is gone. */
  ensure(pod: Pod): Promise<void>;
  /** Also for pods of which only the uid is known. Kills what is left inside. */
  remove(uid: string): Promise<void>;
  /** Uids of pods that have a group. */
  known(): Promise<readonly string[]>;
}

const noCgroups: PodCgroups = {
  version: 0,
  parentOf: () => '',
  ensure: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  known: () => Promise.resolve([]),
};

export interface Hierarchies {
  readonly version: 1 | 2;
  /** Mount points; with v1 the controllers (`cpu`, `memory`, ...; '' for a named one) behind each. */
  readonly mounts: readonly { readonly path: string; readonly controllers: readonly string[] }[];
  /** A cgroup2 mount beside v1 ones (hybrid): the runtime makes groups there, too, and nobody else removes them. */
  readonly beside?: string;
}

/** Reads /proc/self/mountinfo's text. */
export function findHierarchies(mountInfo: string): Hierarchies {
  const v1: { path: string; controllers: string[] }[] = [];
  let v2: string | undefined;
  for (const line of mountInfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const path = before.split(' ')[4] ?? '';
    const [type, , options = ''] = after.split(' ');
    if (type === 'cgroup2') v2 ??= path;
    if (type !== 'cgroup' || v1.some((each) => each.path === path)) continue;
    v1.push({ path, controllers: options.split(',').filter((option) => !['rw', 'ro'].includes(option)) });
  }
  return v1.length > 0
    ? hybridOf(v1, v2)
    : { version: 2, mounts: v2 === undefined ? [] : [{ path: v2, controllers: [] }] };
}

function hybridOf(mounts: Hierarchies['mounts'], v2: string | undefined): Hierarchies {
  return { version: 1, mounts, ...(v2 === undefined ? {} : { beside: v2 }) };
}

export interface CgroupsOptions {
  readonly hierarchies: Hierarchies;
  /** Folder that holds `kubepods`, such as `/coracle`. */
  readonly root: string;
  readonly podPidsLimit: number;
  /** What all pods together may have: the machine less what is reserved. */
  /** Sizes of huge pages that the machine has and can limit, such as `2MB`. */
  readonly hugePageSizes: readonly string[];
  readonly all: { readonly cpuMillis: number; readonly memoryBytes: number };
  readonly clock: Clock;
  readonly log: Logger;
}

const folders: Readonly<Record<QosClass, string>> = {
  Guaranteed: 'kubepods',
  Burstable: 'kubepods/burstable',
  BestEffort: 'kubepods/besteffort',
};

/** Those of this machine for a node that is told so. */
export async function nodeCgroups(
  { cgroupRoot: root, podPidsLimit, reserved }: NodeConfig,
  facts: Pick<MachineFacts, 'cpus' | 'memoryBytes'>,
  clock: Clock,
  log: Logger,
): Promise<PodCgroups> {
  if (root === undefined) return noCgroups;
  const hierarchies = findHierarchies(await readFile('/proc/self/mountinfo', 'utf8'));
  const all = {
    cpuMillis: facts.cpus * 1000 - millisOf(reserved['cpu']),
    memoryBytes: facts.memoryBytes - bytesOf(reserved['memory']),
  };
  const hugePageSizes = await limitedPageSizes(hierarchies);
  return podCgroups({ hierarchies, root, podPidsLimit, hugePageSizes, all, clock, log });
}

/** Of the machine's sizes those that a pod's group can limit. */
async function limitedPageSizes({ version, mounts }: Hierarchies): Promise<readonly string[]> {
  const controllers =
    version === 1
      ? mounts.flatMap((each) => each.controllers)
      : (await readFile(join(mounts[0]?.path ?? '', 'cgroup.controllers'), 'utf8')).trim().split(' ');
  return controllers.includes('hugetlb') ? hugePageSizes() : [];
}

export function podCgroups(options: CgroupsOptions): PodCgroups {
  const top = (quality: QosClass): string => join('/', options.root, folders[quality]);
  const { mounts, beside } = options.hierarchies;
  const everywhere = [...mounts.map(({ path }) => path), ...(beside === undefined ? [] : [beside])];
  const parentOf = (pod: Pod): string => join(top(qosClass(pod)), `pod${pod.metadata.uid}`);
  const weights = new TierWeights(options, top);
  return {
    version: options.hierarchies.version,
    parentOf,
    async ensure(pod) {
      const path = parentOf(pod);
      await makeGroup(options, path);
      await writeSettings(options, path, podSettings(pod, options));
      await weights.add(pod);
    },
    async remove(uid) {
      for (const quality of Object.keys(folders) as QosClass[]) {
        for (const path of everywhere) {
          await removeGroup(options, join(path, top(quality), `pod${uid}`));
        }
      }
      await weights.remove(uid);
    },
    async known() {
      const uids = new Set<string>();
      for (const quality of Object.keys(folders) as QosClass[]) {
        for (const path of everywhere) {
          for (const name of await readdir(join(path, top(quality))).catch(none)) {
            if (name.startsWith('pod')) uids.add(name.slice('pod'.length));
          }
        }
      }
      return [...uids];
    },
  };
}

/**
 * How the tiers share the CPU, as upstream has it: all burstable pods weigh as much as they request together, all of
 * best effort as little as can be; guaranteed ones stand beside these two.
 */
class TierWeights {
  readonly #options: CgroupsOptions;
  readonly #top: (quality: QosClass) => string;
  /** CPU that burstable pods request, by uid. */
  readonly #burstable = new Map<string, number>();
  #written: number | undefined;
  #begun = false;

  constructor(options: CgroupsOptions, top: (quality: QosClass) => string) {
    this.#options = options;
    this.#top = top;
  }

  async add(pod: Pod): Promise<void> {
    const { all } = this.#options;
    if (!this.#begun) {
      this.#begun = true;
      const settings = { cpuShares: cpuShares(all.cpuMillis), memoryLimit: all.memoryBytes };
      await writeSettings(this.#options, this.#top('Guaranteed'), settings);
    }
    const quality = qosClass(pod);
    if (quality === 'BestEffort') await writeSettings(this.#options, this.#top(quality), { cpuShares: cpuShares(0) });
    if (quality !== 'Burstable') return;
    this.#burstable.set(pod.metadata.uid, podAmount(pod, 'cpu', 'requests'));
    await this.#weigh();
  }

  async remove(uid: string): Promise<void> {
    if (this.#burstable.delete(uid)) await this.#weigh();
  }

  async #weigh(): Promise<void> {
    const shares = cpuShares(this.#burstable.values().reduce((sum, millis) => sum + millis, 0));
    if (shares === this.#written) return;
    this.#written = shares;
    await writeSettings(this.#options, this.#top('Burstable'), { cpuShares: shares });
  }
}

interface Settings {
  readonly cpuShares?: number;
  /** Microseconds per period; -1: no limit. */
  readonly cpuQuota?: number;
  readonly memoryLimit?: number;
  readonly pidsLimit?: number;
  /** Bytes by page size, such as `2MB`. */
  readonly hugePages?: Readonly<Record<string, number>>;
}

function podSettings(pod: Pod, options: CgroupsOptions): Settings {
  return {
    cpuShares: cpuShares(podAmount(pod, 'cpu', 'requests')),
    cpuQuota: isLimited(pod, 'cpu') ? cpuQuota(podAmount(pod, 'cpu', 'limits')) : -1,
    ...(isLimited(pod, 'memory') ? { memoryLimit: podAmount(pod, 'memory', 'limits') } : {}),
    ...(options.podPidsLimit > 0 ? { pidsLimit: options.podPidsLimit } : {}),
    // Who asks for none may have none.
    hugePages: Object.fromEntries(
      options.hugePageSizes.map((size) => [size, podAmount(pod, `hugepages-${size.replace('B', 'i')}`, 'limits')]),
    ),
  };
}

async function makeGroup(options: CgroupsOptions, path: string): Promise<void> {
  const { version, mounts } = options.hierarchies;
  for (const mount of mounts) {
    const needed =
      version === 2 || mount.controllers.some((each) => ['cpu', 'memory', 'pids', 'hugetlb'].includes(each));
    if (!needed) continue;
    if (version === 1) await mkdir(join(mount.path, path), { recursive: true });
    else await makeUnified(mount.path, path);
  }
}

/** v2: controllers must be handed down level by level. */
async function makeUnified(root: string, path: string): Promise<void> {
  let folder = root;
  for (const part of path.split('/').filter((each) => each !== '')) {
    const available = (await readFile(join(folder, 'cgroup.controllers'), 'utf8')).trim().split(' ');
    const wanted = available.filter((each) => each !== '').map((each) => `+${each}`);
    await writeFile(join(folder, 'cgroup.subtree_control'), wanted.join(' '));
    folder = join(folder, part);
    await mkdir(folder, { recursive: true });
  }
  const available = (await readFile(join(folder, 'cgroup.controllers'), 'utf8')).trim();
  await writeFile(
    join(folder, 'cgroup.subtree_control'),
    available
      .split(' ')
      .map((each) => `+${each}`)
      .join(' '),
  );
}

async function writeSettings(options: CgroupsOptions, path: string, settings: Settings): Promise<void> {
  const { version, mounts } = options.hierarchies;
  for (const mount of mounts) {
    const files = version === 2 ? unifiedFiles(settings) : legacyFiles(settings, mount.controllers);
    for (const [file, value] of files) {
      try {
        await writeFile(join(mount.path, path, file), value);
      } catch (error) {
        // A limit that the kernel does not know must not keep the pod from running.
        options.log.warn('cannot set a cgroup value', { file: join(path, file), value, error: messageOf(error) });
      }
    }
  }
}

function legacyFiles(settings: Settings, controllers: readonly string[]): readonly (readonly [string, string])[] {
  const files: [string, string][] = [];
  if (controllers.includes('cpu')) {
    if (settings.cpuShares !== undefined) files.push(['cpu.shares', `${settings.cpuShares}`]);
    if (settings.cpuQuota !== undefined) files.push(['cpu.cfs_quota_us', `${settings.cpuQuota}`]);
  }
  if (controllers.includes('memory') && settings.memoryLimit !== undefined) {
    files.push(['memory.limit_in_bytes', `${settings.memoryLimit}`]);
  }
  if (controllers.includes('pids') && settings.pidsLimit !== undefined) {
    files.push(['pids.max', `${settings.pidsLimit}`]);
  }
  if (controllers.includes('hugetlb')) {
    for (const [size, bytes] of Object.entries(settings.hugePages ?? {})) {
      files.push([`hugetlb.${size}.limit_in_bytes`, `${bytes}`]);
    }
  }
  return files;
}

function unifiedFiles(settings: Settings): readonly (readonly [string, string])[] {
  const files: [string, string][] = [];
  if (settings.cpuShares !== undefined) files.push(['cpu.weight', `${cpuWeight(settings.cpuShares)}`]);
  if (settings.cpuQuota !== undefined) {
    files.push(['cpu.max', `${settings.cpuQuota < 0 ? 'max' : settings.cpuQuota} ${cpuPeriod}`]);
  }
  if (settings.memoryLimit !== undefined) files.push(['memory.max', `${settings.memoryLimit}`]);
  if (settings.pidsLimit !== undefined) files.push(['pids.max', `${settings.pidsLimit}`]);
  for (const [size, bytes] of Object.entries(settings.hugePages ?? {})) files.push([`hugetlb.${size}.max`, `${bytes}`]);
  return files;
}

/** Shares 2..262144 to weight 1..10000, as runc does. */
export const cpuWeight = (shares: number): number => Math.floor(1 + ((shares - 2) * 9999) / 262_142);

const removalAttempts = 20;
const removalDelay = 50;

async function removeGroup(options: CgroupsOptions, path: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await removeTree(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      if (codeOf(error) !== 'EBUSY' || attempt >= removalAttempts) throw error;
      await killInside(path);
      await options.clock.sleep(removalDelay);
    }
  }
}

async function removeTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(path, entry.name));
  }
  await rmdir(path);
}

/** Processes of a pod that is over. */
async function killInside(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await killInside(join(path, entry.name));
  const text = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
  for (const pid of text
    .split('\n')
    .map(Number)
    .filter((each) => each > 1)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error;
    }
  }
}

function none(error: unknown): string[] {
  if (codeOf(error) === 'ENOENT') return [];
  throw error;
}
