import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { findHierarchies, podCgroups } from './cgroups.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'coracle-cgroups-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const row = (path: string, type: string, options: string): string =>
  `1 2 0:3 / ${path} rw - ${type} ${type} ${options}`;

test('what an agent that was killed left in the v2 hierarchy beside v1 ones is known, and removed', async () => {
  const [v1, v2] = [join(root, 'memory'), join(root, 'unified')];
  const hierarchies = findHierarchies([row(v1, 'cgroup', 'rw,memory'), row(v2, 'cgroup2', 'rw')].join('\n'));
  expect(hierarchies).toEqual({ version: 1, mounts: [{ path: v1, controllers: ['memory'] }], beside: v2 });
  const cgroups = podCgroups({
    hierarchies,
    root: '/coracle',
    podPidsLimit: -1,
    hugePageSizes: [],
    all: { cpuMillis: 2000, memoryBytes: 1 << 30 },
    clock: systemClock,
    log: silentLogger,
  });
  const left = join(v2, 'coracle/kubepods/besteffort/podone');
  mkdirSync(left, { recursive: true });
  expect(await cgroups.known()).toEqual(['one']);
  await cgroups.remove('one');
  expect([existsSync(left), await cgroups.known()]).toEqual([false, []]);
});

test('a cgroup2 mount alone is version 2', () => {
  expect(findHierarchies(row('/sys/fs/cgroup', 'cgroup2', 'rw'))).toEqual({
    version: 2,
    mounts: [{ path: '/sys/fs/cgroup', controllers: [] }],
  });
});

test('burstable pods together weigh what they request, best effort next to nothing, all of them what the machine has', async () => {
  const mount = join(root, 'cpu,memory');
  const cgroups = podCgroups({
    hierarchies: { version: 1, mounts: [{ path: mount, controllers: ['cpu', 'memory', 'hugetlb'] }] },
    root: '/coracle',
    podPidsLimit: -1,
    hugePageSizes: ['2MB'],
    all: { cpuMillis: 1500, memoryBytes: 4096 },
    clock: systemClock,
    log: silentLogger,
  });
  const pod = (uid: string, cpu?: string): Pod => ({
    metadata: { name: uid, uid, resourceVersion: '1', creationTimestamp: '' },
    spec: { containers: [{ name: 'c', resources: cpu === undefined ? {} : { requests: { cpu } } }] },
  });
  const written = (file: string): string => readFileSync(join(mount, 'coracle/kubepods', file), 'utf8');
  await cgroups.ensure(pod('one', '250m'));
  await cgroups.ensure(pod('two', '500m'));
  await cgroups.ensure(pod('three'));
  expect(written('burstable/podone/hugetlb.2MB.limit_in_bytes')).toBe('0');
  expect(written('burstable/cpu.shares')).toBe('768');
  expect(written('besteffort/cpu.shares')).toBe('2');
  expect(written('cpu.shares')).toBe('1536');
  expect(written('memory.limit_in_bytes')).toBe('4096');
  await cgroups.ensure(pod('two', '1'));
  expect(written('burstable/cpu.shares')).toBe('1280');
  // Real groups hold no files that keep them from being removed.
  rmSync(join(mount, 'coracle/kubepods/burstable/podone'), { recursive: true });
  await cgroups.remove('one');
  expect(written('burstable/cpu.shares')).toBe('1024');
});
