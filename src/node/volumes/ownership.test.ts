import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { giveToGroup } from './ownership.ts';

// Only the link was given to the group, as links in a volume are.
test.each(['Always', 'OnRootMismatch'] as const)(
  'a volume whose path is a link goes to the group (%s)',
  async (policy) => {
    const folder = await mkdtemp(join(tmpdir(), 'coracle-ownership-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [disk, outside] = [join(folder, 'disk'), join(folder, 'outside')];
    for (const each of [disk, outside]) {
      await mkdir(each, { mode: 0o700 });
      await writeFile(join(each, 'file'), '', { mode: 0o600 });
    }
    await symlink(outside, join(disk, 'out'));
    const path = join(folder, 'link');
    await symlink(disk, path);
    // Tests need not be root's: to its own group anybody may give.
    await giveToGroup(path, process.getgid?.() ?? 0, false, policy);
    const mode = async (...parts: readonly string[]): Promise<number> => (await stat(join(...parts))).mode & 0o7777;
    expect(await mode(disk)).toBe(0o2770);
    expect(await mode(disk, 'file')).toBe(0o660);
    expect(await mode(outside)).toBe(0o700);
    expect(await mode(outside, 'file')).toBe(0o600);
  },
);
