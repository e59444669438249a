import { mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeAtomically, type Payload } from './writer.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'coracle-volume-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const files = (entries: Readonly<Record<string, string>>, mode = 0o644): Payload =>
  new Map(Object.entries(entries).map(([path, text]) => [path, { data: Buffer.from(text), mode }]));
const visible = async (): Promise<readonly string[]> =>
  (await readdir(root)).filter((name) => !name.startsWith('..')).sort();

test('users see plain names that lead through one link', async () => {
  expect(await writeAtomically(root, files({ 'a.txt': 'one', 'deep/b.txt': 'two' }), '1')).toBe(true);
  expect(await visible()).toEqual(['a.txt', 'deep']);
  expect(await readlink(join(root, 'a.txt'))).toBe('..data/a.txt');
  expect(await readlink(join(root, '..data'))).toBe('..1');
  expect(await readFile(join(root, 'deep/b.txt'), 'utf8')).toBe('two');
  expect((await stat(join(root, 'a.txt'))).mode & 0o777).toBe(0o644);
});

test('the same content again changes nothing', async () => {
  await writeAtomically(root, files({ a: 'one' }), '1');
  const before = await stat(join(root, 'a'));
  expect(await writeAtomically(root, files({ a: 'one' }), '2')).toBe(false);
  expect((await stat(join(root, 'a'))).ino).toBe(before.ino);
});

test('an update swaps all files at once and leaves nothing of the old ones', async () => {
  await writeAtomically(root, files({ a: 'one', gone: 'x' }), '1');
  expect(await writeAtomically(root, files({ a: 'two', new: 'y' }), '2')).toBe(true);
  expect(await visible()).toEqual(['a', 'new']);
  expect(await readFile(join(root, 'a'), 'utf8')).toBe('two');
  expect((await readdir(root)).sort()).toEqual(['..2', '..data', 'a', 'new']);
});

test('a changed mode is a change', async () => {
  await writeAtomically(root, files({ a: 'one' }), '1');
  expect(await writeAtomically(root, files({ a: 'one' }, 0o600), '2')).toBe(true);
  expect((await stat(join(root, 'a'))).mode & 0o777).toBe(0o600);
});

test('what a crash left half done is repaired by the next write', async () => {
  await writeAtomically(root, files({ a: 'one' }), '1');
  await rm(join(root, 'a'));
  await symlink('..2', join(root, '..data_tmp'));
  await writeFile(join(root, 'stray'), 'x');
  expect(await writeAtomically(root, files({ a: 'one' }), '2')).toBe(false);
  expect(await visible()).toEqual(['a']);
  expect((await readdir(root)).sort()).toEqual(['..1', '..data', 'a']);
});

test.each(['../out', '/abs', 'a/../../b', '..data', ''])('the path %j is refused', async (path) => {
  await expect(writeAtomically(root, files({ [path]: 'x' }), '1')).rejects.toThrow('invalid path');
});
