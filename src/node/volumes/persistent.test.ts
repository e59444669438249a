import { expect, test } from 'vitest';
import { settle } from '../../base/clock.ts';
import { persistentVolumes, type PersistentOptions } from './persistent.ts';

/** Of one kind of volumes, which are given back when told so. */
function slow() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { tearDown: () => promise, resolve, reject };
}

function setup() {
  const kinds = { localBlocks: slow(), csiBlocks: slow(), csi: slow() };
  const released: string[] = [];
  const options = { ...kinds, attachments: { release: (uid: string) => void released.push(uid) } };
  const done = persistentVolumes(options as unknown as PersistentOptions).tearDown('a');
  return { ...kinds, released, done };
}

test('the node says that it uses a volume until devices and file systems have all been given back', async () => {
  const { localBlocks, csiBlocks, csi, released, done } = setup();
  csi.resolve();
  localBlocks.resolve();
  await settle();
  expect(released).toEqual([]);
  csiBlocks.resolve();
  await done;
  expect(released).toEqual(['a']);
});

test('a driver that cannot give back keeps no other, and the node goes on saying so', async () => {
  const { localBlocks, csiBlocks, csi, released, done } = setup();
  csiBlocks.reject(new Error('device is busy'));
  for (const each of [localBlocks, csi]) each.resolve();
  await expect(done).rejects.toThrow('device is busy');
  expect(released).toEqual([]);
});
