/** What this machine and this process allow containers to have. Probed once. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readTextIfPresent } from '../../base/file.ts';
import { capabilitiesOfMask } from './capabilities.ts';
import type { DeviceNode } from './spec.ts';

export interface Machine {
  readonly capabilities: ReadonlySet<string>;
  /** Open files: the hard limit that we can hand on. */
  readonly maxOpenFiles: number;
  /** Without the right to lower it, no container may have a lower one than we. */
  readonly lowestOomScoreAdj: number;
  readonly cgroupVersion: 1 | 2;
  /** Whether swap can be limited together with memory. */
  readonly swapAccounting: boolean;
  readonly apparmor: boolean;
  readonly seccomp: boolean;
  /** Sizes of huge pages whose use can be limited, in the runtime specification's words: `2MB`. */
  readonly hugePageSizes: readonly string[];
}

export function probeMachine(): Machine {
  const status = readFileSync('/proc/self/status', 'utf8');
  const capabilities = capabilitiesOfMask(/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0');
  const limits = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '1024';
  const cgroupVersion = existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1;
  return {
    capabilities,
    maxOpenFiles: limits === 'unlimited' ? 1_048_576 : Math.min(1_048_576, Number(limits)),
    lowestOomScoreAdj: capabilities.has('CAP_SYS_RESOURCE')
      ? -1000
      : Number(readFileSync('/proc/self/oom_score_adj', 'utf8')),
    cgroupVersion,
    swapAccounting: cgroupVersion === 2 || existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'),
    apparmor: readTextIfPresent('/sys/module/apparmor/parameters/enabled')?.startsWith('Y') ?? false,
    seccomp: /^Seccomp:/m.test(status),
    hugePageSizes: limitsHugePages(cgroupVersion) ? hugePageSizes() : [],
  };
}

/** Where only a cgroup2 mount beside v1 ones has the controller, runc cannot use it and refuses to start. */
function limitsHugePages(cgroupVersion: 1 | 2): boolean {
  if (cgroupVersion === 1) return existsSync('/sys/fs/cgroup/hugetlb');
  return /\bhugetlb\b/.test(readTextIfPresent('/sys/fs/cgroup/cgroup.controllers') ?? '');
}

/** Such as `2MB`. */
export function hugePageSizes(): readonly string[] {
  return existsSync('/sys/kernel/mm/hugepages') ? readdirSync('/sys/kernel/mm/hugepages').map(pageSize) : [];
}

/** The device node at a path of the node; undefined when there is none. */
export function deviceAt(hostPath: string, containerPath: string, permissions: string): DeviceNode | undefined {
  const found = statSync(hostPath, { bigint: true, throwIfNoEntry: false });
  if (found === undefined || !(found.isCharacterDevice() || found.isBlockDevice())) return undefined;
  const number = found.rdev;
  return {
    path: containerPath,
    type: found.isCharacterDevice() ? 'c' : 'b',
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn)),
    minor: Number((number & 0xffn) | ((number >> 12n) & 0xffffff00n)),
    fileMode: Number(found.mode & 0o777n),
    uid: Number(found.uid),
    gid: Number(found.gid),
    permissions,
  };
}

/** All devices of the node, for privileged containers; what every container gets anyway aside. */
export function allDevices(folder = '/dev'): readonly DeviceNode[] {
  const skipped = new Set([
    'pts',
    'shm',
    'fd',
    'mqueue',
    '.udev',
    'console',
    'ptmx',
    'tty',
    'null',
    'zero',
    'full',
    'random',
    'urandom',
  ]);
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (skipped.has(entry.name)) return [];
    if (entry.isDirectory()) return allDevices(path);
    const device = entry.isCharacterDevice() || entry.isBlockDevice() ? deviceAt(path, path, 'rwm') : undefined;
    return device === undefined ? [] : [device];
  });
}

/** `hugepages-2048kB` -> `2MB`. */
function pageSize(name: string): string {
  const kib = Number(/(\d+)kB/.exec(name)?.[1] ?? 0);
  return kib >= 1024 * 1024 ? `${kib / 1024 / 1024}GB` : kib >= 1024 ? `${kib / 1024}MB` : `${kib}KB`;
}
