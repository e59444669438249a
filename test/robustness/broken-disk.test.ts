/** A data directory that is full or can't be written: writes end with a clear error, reads go on, nothing is broken. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bareApi, type BareApi } from '../support/api.ts';
import { ok } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';
import { killHard, stateOf } from '../support/faults.ts';

const cluster = testCluster('broken-disk');
const data = join(cluster.folder, 'data');
const store = join(data, 'store');
const collection = '/api/v1/namespaces/default/configmaps';
let api: BareApi;

beforeAll(async () => {
  // Only the store lies on the small disk, so that nothing else fills it.
  mkdirSync(store, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'small-disk', store]);
  await ok(cluster.up());
  api = bareApi(cluster.kubeconfig);
});
afterAll(async () => {
  api.close();
  await cluster.coracle('down');
  execFileSync('umount', ['-l', store]);
  await cluster.destroy();
});

const write = (name: string, bytes = 10): ReturnType<BareApi['request']> =>
  api.request('POST', collection, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: { text: 'x'.repeat(bytes) },
  });
const exists = async (name: string): Promise<boolean> =>
  (await api.request('GET', `${collection}/${name}`)).status === 200;

test('a full disk: writes are refused, reads go on, what was acknowledged stays, and space brings writes back', async () => {
  expect((await write('before')).status).toBe(201);
  execFileSync('sh', ['-c', `dd if=/dev/zero of=${store}/ballast bs=64k 2>/dev/null || true`]);
  const acknowledged: string[] = [];
  const refused = await eventually('a write is refused', async () => {
    const name = `filler-${acknowledged.length}`;
    const answer = await write(name, 500_000);
    if (answer.status === 201) acknowledged.push(name);
    return answer.status >= 500 && answer;
  });
  expect(refused.body).toMatchObject({ kind: 'Status', status: 'Failure' });
  expect((refused.body as { message: string }).message).toMatch(/disk|space|full|ENOSPC/i);
  for (const name of ['before', ...acknowledged]) expect(await exists(name), name).toBe(true);
  rmSync(join(store, 'ballast'));
  await eventually(
    'writes work again',
    async () => (await write(`after-${performance.now().toFixed(0)}`)).status === 201,
    20_000,
  );
  for (const name of ['before', ...acknowledged]) expect(await exists(name), name).toBe(true);
});

test('a read-only data directory is told in a sentence, by up and by status', async () => {
  await ok(cluster.coracle('down'));
  execFileSync('mount', ['-o', 'remount,ro', store]);
  const { code, stderr } = await cluster.up();
  execFileSync('mount', ['-o', 'remount,rw', store]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/read-?only|EROFS/i);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect((await cluster.coracle('status')).code).not.toBe(0);
  await ok(cluster.up());
  expect(await exists('before')).toBe(true);
});

test('a state file that was cut off does not keep anything from starting', async () => {
  const before = killHard(cluster, 'server');
  writeFileSync(`/run/coracle/${cluster.name}/server.json`, '{"name":"ser');
  await eventually('it is back', () => {
    const state = stateOf(cluster, 'server');
    return Promise.resolve(state !== undefined && state.pid !== before && state.ready);
  });
  await eventually('status says that all is well', async () => (await cluster.coracle('status')).code === 0);
  expect(stateOf(cluster, 'server')).toMatchObject({ name: 'server', ready: true });
});
