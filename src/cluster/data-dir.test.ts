import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { UserError } from '../cli/user-error.ts';
import { dataDirOf, makeDataDir } from './data-dir.ts';
import { layoutOf } from './layout.ts';

const root = mkdtempSync(join(tmpdir(), 'coracle-data-dir-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

// Processes are started with / as their folder: a relative path once meant another place to each of them.
test('is the full path, also of what is not there yet', () => {
  expect(dataDirOf('some/where')).toBe(join(process.cwd(), 'some/where'));
  expect(dataDirOf(join(root, 'not', 'yet'))).toBe(join(root, 'not', 'yet'));
});

test('a file, what lies below one, and a name that is too long are refused with a sentence', () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'sub'), join(root, 'x'.repeat(5_000))]) {
    expect(() => dataDirOf(path)).toThrow(UserError);
  }
  expect(() => dataDirOf(join(file, 'sub'))).toThrow(`${file} is not a folder`);
});

test('is made where it can be, and else refused with a sentence', () => {
  const path = join(root, 'with space', 'below');
  makeDataDir(path);
  expect(statSync(path).isDirectory()).toBe(true);
  expect(() => makeDataDir('/proc/x')).toThrow("/proc/x cannot hold a cluster's data: ENOENT");
});

// runc refuses a root that a link leads to, and mounts below one were not found: reset would have deleted through them.
test('a link to it is followed once and for all, and hints name what was given', () => {
  mkdirSync(join(root, 'real'));
  symlinkSync(join(root, 'real'), join(root, 'link'));
  for (const path of ['link', 'link/not/yet']) {
    const layout = layoutOf('x', join(root, path));
    expect(layout.dataDir).toBe(join(root, path.replace('link', 'real')));
    expect(layout.node('one')).toBe(join(layout.dataDir, 'nodes/one'));
    expect(layout.command('up')).toBe(`coracle up --name x --data-dir ${join(root, path)}`);
  }
});

test('hints name the cluster that they are about, quoted where a shell needs that', () => {
  expect(layoutOf('coracle').command('up')).toBe('coracle up');
  expect(layoutOf('test').command('logs server')).toBe('coracle logs server --name test');
  expect(layoutOf('coracle', "/a b/it's").command('reset')).toBe(`coracle reset --data-dir '/a b/it'\\''s'`);
});
