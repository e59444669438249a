import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { writeContext } from './kubeconfig.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coracle-kubeconfig-'));
  path = join(folder, 'sub', 'config');
  for (const name of ['ca', 'admin']) {
    writeFileSync(join(folder, `${name}.crt`), `certificate of ${name}`);
    writeFileSync(join(folder, `${name}.key`), `key of ${name}`);
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (server = 'https://127.0.0.1:6443'): Promise<void> =>
  writeContext({ path, context: 'coracle', server, pki: folder });
const read = (): Record<string, unknown> => parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

describe('the context in a kubeconfig', () => {
  test('is made with its folder, current, for the owner only', async () => {
    await write();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(read()).toMatchObject({ 'current-context': 'coracle', contexts: [{ name: 'coracle' }] });
  });

  test('leaves other contexts, users, clusters and unknown fields as they are', async () => {
    mkdirSync(join(folder, 'sub'));
    const other = {
      contexts: [{ name: 'prod', context: { cluster: 'prod', user: 'me' } }],
      clusters: [{ name: 'prod', cluster: { server: 'x' } }],
      users: [{ name: 'me', user: { token: 't' } }],
      extensions: [{ name: 'kept' }],
      'current-context': 'prod',
    };
    writeFileSync(path, JSON.stringify(other), { mode: 0o644 });
    await write();
    const after = read();
    expect(after['contexts']).toEqual([...other.contexts, expect.objectContaining({ name: 'coracle' })]);
    expect(after['clusters']).toEqual([...other.clusters, expect.objectContaining({ name: 'coracle' })]);
    expect(after).toMatchObject({ extensions: other.extensions, 'current-context': 'coracle' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('follows the server to another port, without a second entry', async () => {
    await write();
    await write('https://127.0.0.1:7443');
    expect(read()['clusters']).toEqual([
      expect.objectContaining({ cluster: expect.objectContaining({ server: 'https://127.0.0.1:7443' }) }),
    ]);
  });

  test('becomes current again after the user has switched away', async () => {
    await write();
    writeFileSync(path, readFileSync(path, 'utf8').replace('current-context: coracle', 'current-context: other'));
    await write();
    expect(read()['current-context']).toBe('coracle');
  });

  test('a place where no file can be is said, and how to name another', async () => {
    const file = join(folder, 'ca.crt');
    for (const place of [folder, join(file, 'config'), '/proc/x/config']) {
      const written = writeContext({ path: place, context: 'coracle', server: 'https://x', pki: folder });
      await expect(written).rejects.toMatchObject({ remedy: expect.stringContaining('--kubeconfig FILE') });
    }
  });

  test('a broken file is left as it is, with a sentence', async () => {
    mkdirSync(join(folder, 'sub'));
    writeFileSync(path, 'a: [');
    await expect(write()).rejects.toThrow(/not valid YAML/);
    expect(readFileSync(path, 'utf8')).toBe('a: [');
  });
});
