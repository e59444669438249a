/** What a running pod sees of configuration and tokens as they change. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ConfigMap } from '../api/core/config-map.ts';
import { Pod } from '../api/core/pod.ts';
import type { Volume } from '../api/core/volume.ts';
import { Harness } from './testing/harness.ts';

let it: Harness;
afterEach(() => it.stop());

/** A running pod with this volume; resolves to how one of its files reads. */
async function podWith(volume: Volume, folder: string): Promise<(name: string) => Promise<string | undefined>> {
  const containers = [{ name: 'box', image: 'busybox', volumeMounts: [{ name: volume.name, mountPath: '/v' }] }];
  const { metadata } = it.create('web', { containers, volumes: [volume] }, { labels: { tier: 'one' } });
  await it.phase('web', 'Running');
  const root = folder === 'secrets' ? ['secrets', metadata.uid] : ['pods', metadata.uid, 'volumes', folder];
  return (name) => readFile(join(it.root, ...root, volume.name, name), 'utf8').catch(() => undefined);
}

const setting = (value: string) => ({ metadata: { name: 'settings', namespace: 'default' }, data: { key: value } });
const settings: Volume = { name: 'settings', configMap: { name: 'settings', optional: true } };

test('of several changes in a row the last one stays', async () => {
  it = await Harness.start();
  it.client.seed(ConfigMap, setting('0'));
  const read = await podWith(settings, 'kubernetes.io~configMap');
  expect(await read('key')).toBe('0');
  for (let value = 1; value <= 20; value += 1) it.client.seed(ConfigMap, setting(String(value)));
  await it.until('the last one is seen', async () => (await read('key')) === '20');
  for (let turn = 0; turn < 50; turn += 1) expect(await read('key')).toBe('20');
});

test('a change while the agent was away is seen when it is back', async () => {
  it = await Harness.start();
  it.client.seed(ConfigMap, setting('before'));
  const read = await podWith(settings, 'kubernetes.io~configMap');
  await it.stopAgent();
  it.client.seed(ConfigMap, setting('after'));
  await it.startAgent();
  expect(await read('key')).toBe('before');
  await it.until('the new one is seen', async () => (await read('key')) === 'after');
});

test('labels that change are seen', async () => {
  it = await Harness.start();
  const items = [{ path: 'tier', fieldRef: { fieldPath: "metadata.labels['tier']" } }];
  const read = await podWith({ name: 'about', downwardAPI: { items } }, 'kubernetes.io~downwardAPI');
  expect(await read('tier')).toBe('one');
  await it.client.patch(
    Pod,
    { namespace: 'default', name: 'web' },
    { metadata: { labels: { tier: 'two' } } },
    { type: 'merge' },
  );
  await it.until('the new one is seen', async () => (await read('tier')) === 'two');
});

test('a token is renewed when most of its life is over, once', async () => {
  it = await Harness.start();
  const volume = { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
  const read = await podWith(volume, 'secrets');
  expect(await read('token')).toBe('token-of-default/default');
  const asked = (): number => it.client.writes.filter(({ subresource }) => subresource === 'token').length;
  expect(asked()).toBe(1);
  await it.clock.advance(47 * 60_000);
  expect(asked()).toBe(1);
  await it.clock.advance(2 * 60_000);
  await it.until('it is asked for again', () => asked() === 2);
  await it.clock.advance(10 * 60_000);
  expect(asked()).toBe(2);
});
