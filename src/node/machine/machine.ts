/** Facts about the machine, read once, and how it is doing. */
import { readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, release, totalmem } from 'node:os';
import { parse } from 'node:path';

export interface MachineFacts {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  /** Go's name: `amd64`, `arm64`. */
  readonly architecture: string;
  /** Bytes of huge pages by their size, such as `2Mi`. */
  readonly hugepages: Readonly<Record<string, number>>;
  /** Whether the kernel enforces AppArmor profiles. */
  readonly appArmor: boolean;
}

export interface DiskFacts {
  readonly capacityBytes: number;
  readonly availableBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** Of all processes together. */
export interface MemoryUse {
  /** Bytes of memory that no file stands behind. */
  readonly anonymousBytes: number;
  /** Since the machine started. */
  readonly pageFaults: number;
  /** Those that waited for a disk. */
  readonly majorPageFaults: number;
}

export interface Machine {
  facts(): Promise<MachineFacts>;
  /** Of the file system that holds the path. */
  disk(path: string): Promise<DiskFacts>;
  /** Bytes that can be used without swapping. */
  memoryAvailable(): Promise<number>;
  memoryUse(): Promise<MemoryUse>;
  /** CPU time that all processes have used since the machine started, in nanoseconds. */
  cpuNanoseconds(): Promise<number>;
  /** How many processes, threads counted, there can be, and how many there are. */
  processes(): Promise<{ readonly most: number; readonly running: number }>;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

export const systemMachine: Machine = {
  async facts() {
    const [machineId, systemUuid, bootId, osRelease, memory, appArmor] = await Promise.all([
      text('/etc/machine-id'),
      text('/sys/class/dmi/id/product_uuid'),
      text('/proc/sys/kernel/random/boot_id'),
      text('/etc/os-release'),
      text('/proc/meminfo'),
      text('/sys/module/apparmor/parameters/enabled'),
    ]);
    return {
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
      swapBytes: kilobytes(memory, 'SwapTotal'),
      machineId,
      systemUuid: systemUuid === '' ? machineId : systemUuid,
      bootId,
      kernelVersion: release(),
      osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? 'Linux',
      architecture: architectures[arch()] ?? arch(),
      hugepages: hugepagesOf(memory),
      appArmor: appArmor.startsWith('Y'),
    };
  },
  async disk(path) {
    const found = await statfs(path).catch(() => statfs(parse(path).root));
    return {
      capacityBytes: found.blocks * found.bsize,
      availableBytes: found.bavail * found.bsize,
      inodes: found.files,
      inodesFree: found.ffree,
    };
  },
  memoryAvailable: async () => kilobytes(await text('/proc/meminfo'), 'MemAvailable'),
  async memoryUse() {
    const [memory, counters] = await Promise.all(['/proc/meminfo', '/proc/vmstat'].map(text));
    const counter = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(counters ?? '')?.[1] ?? 0);
    return {
      anonymousBytes: kilobytes(memory ?? '', 'AnonPages'),
      pageFaults: counter('pgfault'),
      majorPageFaults: counter('pgmajfault'),
    };
  },
  async cpuNanoseconds() {
    // user nice system idle iowait irq softirq steal, in hundredths of a second.
    const fields = (await text('/proc/stat')).split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
    const busy = fields.slice(0, 8).reduce((sum, ticks, at) => (at === 3 || at === 4 ? sum : sum + ticks), 0);
    return busy * 10_000_000;
  },
  async processes() {
    const [ids, threads, load] = await Promise.all(
      ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max', '/proc/loadavg'].map(text),
    );
    // Whichever is reached first: with 64 bits there are more ids than the machine has memory for threads.
    const most = Math.min(Number(ids), Number(threads));
    return { most, running: Number(/\/(\d+)/.exec(load ?? '')?.[1] ?? 0) };
  },
};

const text = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim();

function kilobytes(memory: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(memory)?.[1] ?? 0) * 1024;
}

function hugepagesOf(memory: string): Readonly<Record<string, number>> {
  const count = Number(/^HugePages_Total:\s+(\d+)/m.exec(memory)?.[1] ?? 0);
  const size = kilobytes(memory, 'Hugepagesize');
  if (size === 0) return {};
  const name = size >= 2 ** 30 ? `${size / 2 ** 30}Gi` : `${size / 2 ** 20}Mi`;
  return { [name]: count * size };
}
