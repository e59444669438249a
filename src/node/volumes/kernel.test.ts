import { expect, test } from 'vitest';
import { kernelFileSystems } from './kernel.ts';

test('a file system whose module is not loaded yet is one that can be mounted', async () => {
  let text = 'nodev\tnfsd\n\text4\n';
  const loaded: string[] = [];
  const kernel = kernelFileSystems(
    () => Promise.resolve(text),
    (module) => {
      loaded.push(module);
      if (module === 'nfs') text += 'nodev\tnfs\nnodev\tnfs4\n';
      return Promise.resolve();
    },
  );
  expect(await kernel.canMount('ext4')).toBe(true);
  expect(loaded).toEqual([]);
  expect(await kernel.canMount('nfs')).toBe(true);
  expect(await kernel.canMount('nfs')).toBe(true);
  expect(await kernel.canMount('xfs')).toBe(false);
  expect(loaded).toEqual(['nfs', 'xfs']);
});
