import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const launcher = new URL('../coracle', import.meta.url).pathname;

// Node never returned from making its cache there, and could not be interrupted either.
test('a compile cache that cannot be made is said at once', () => {
  const env = { ...process.env, NODE_COMPILE_CACHE: '/proc/x' };
  const { status, stderr } = spawnSync(launcher, ['version'], { env, encoding: 'utf8', timeout: 5_000 });
  expect([status, stderr]).toEqual([
    1,
    'coracle: cannot make /proc/x: unset NODE_COMPILE_CACHE, or set it to another folder\n',
  ]);
});
