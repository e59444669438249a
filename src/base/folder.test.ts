import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeFolder } from './folder.ts';

const root = mkdtempSync(join(tmpdir(), 'coracle-folder-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('makes what leads there, with the mode asked for, and is content when it is there', () => {
  const path = join(root, 'a', 'b', 'c');
  makeFolder(path, 0o700);
  makeFolder(path);
  expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o700);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

// Node's recursive mkdir turns in circles for ever there: a hostPath volume of /proc/x stopped a whole node.
test.each(['/proc/x', '/proc/x/y', '/proc/self/fd/x'])('says at once that nothing can be made at %s', (path) => {
  expect(() => makeFolder(path)).toThrow(/ENOENT: .*mkdir '\/proc/);
});

test('a file on the way, or in the place, is said', () => {
  writeFileSync(join(root, 'file'), '');
  expect(() => makeFolder(join(root, 'file'))).toThrow('EEXIST');
  expect(() => makeFolder(join(root, 'file', 'sub', 'sub'))).toThrow('ENOTDIR');
});

test('a link to a folder is one; a link to nothing is not', () => {
  symlinkSync(root, join(root, 'link'));
  makeFolder(join(root, 'link', 'below'));
  expect(statSync(join(root, 'below')).isDirectory()).toBe(true);
  symlinkSync(join(root, 'nowhere'), join(root, 'dangling'));
  expect(() => makeFolder(join(root, 'dangling'))).toThrow('EEXIST');
});
