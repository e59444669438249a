import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderBytes } from './usage.ts';

test('what is mounted below a folder does not count, and nobody asks its server', async () => {
  const root = mkdtempSync(join(tmpdir(), 'coracle-usage-'));
  try {
    mkdirSync(join(root, 'nfs'));
    writeFileSync(join(root, 'nfs', 'remote'), 'x'.repeat(8192));
    writeFileSync(join(root, 'local'), 'x'.repeat(4096));
    const size = (path: string): number => statSync(join(root, path)).blocks * 512;
    const row = `1 2 0:3 / ${join(root, 'nfs')} rw - nfs4 10.0.0.1:/ rw`;
    expect(await folderBytes(root, () => Promise.resolve(row))).toBe(size('.') + size('local'));
    expect(await folderBytes(root)).toBe(size('.') + size('local') + size('nfs') + size('nfs/remote'));
    // The folder itself may be a mount.
    expect(await folderBytes(join(root, 'nfs'), () => Promise.resolve(row))).toBe(size('nfs') + size('nfs/remote'));
  } finally {
    rmSync(root, { recursive: true });
  }
});
