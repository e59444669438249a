/** What lint can't see: dynamic imports, folders that the map forgets, and a configuration that drifted. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, expect, test } from 'vitest';
import { layers } from './layers.ts';

const src = join(import.meta.dirname, '..', 'src');
const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name));

/** Every module that the file names: static, dynamic and type imports alike. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

const folderOf = (path: string): string => relative(src, path).split(sep)[0] ?? '';

describe('layers', () => {
  test('every folder has its place', () => {
    const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).toSorted()).toEqual(Object.keys(layers).toSorted());
  });

  test('nobody imports from a folder that is not below, not even at run time', () => {
    const offences = files.flatMap((file) => {
      const own = folderOf(file);
      const allowed = new Set([own, ...(layers[own] ?? [])]);
      return importsOf(file)
        .filter((name) => name.startsWith('.'))
        .map((name) => folderOf(join(dirname(file), name)))
        .filter((folder) => !allowed.has(folder))
        .map((folder) => `${relative(src, file)} imports ${folder}`);
    });
    expect(offences).toEqual([]);
  });

  test('only the clock may import timers or performance hooks', () => {
    const modules = new Set([
      'node:timers',
      'node:timers/promises',
      'timers',
      'timers/promises',
      'node:perf_hooks',
      'perf_hooks',
    ]);
    const offences = files
      .filter((file) => importsOf(file).some((name) => modules.has(name)))
      .map((file) => relative(src, file));
    expect(offences.filter((file) => file !== join('base', 'clock.ts'))).toEqual([]);
  });

  test('no cycles between folders', () => {
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
      (layers[from] ?? []).some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
    expect(Object.keys(layers).filter((folder) => reaches(folder, folder))).toEqual([]);
  });
});
