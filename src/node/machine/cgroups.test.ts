import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
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
