import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Secret } from '../../api/core/secret.ts';
import { layoutOf } from '../layout.ts';
import { addressOf } from './listeners.ts';
import { storeFacts } from './store-bytes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coracle-store-bytes-'));
  mkdirSync(join(folder, 'store'));
  mkdirSync(join(folder, 'pki'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const value = Buffer.from('a password that nobody may read').toString('base64');
const secret = {
  metadata: { name: 'db', namespace: 'team' },
  data: { password: value, short: 'eA==' },
} as unknown as Secret;
const sealed = Buffer.from([0, 0x73, 0x65, 1]);

it('finds a Secret that lies in the log in plain text, though two reads tear it apart', async () => {
  const before = Buffer.alloc((1 << 20) - 10, 0x20);
  writeFileSync(join(folder, 'store', 'state.db-wal'), Buffer.concat([before, Buffer.from(value)]));
  const facts = await storeFacts(layoutOf('x', folder), [secret]);
  expect(facts).toEqual({ searched: 1, inPlainText: ['team/db'], sealed: 0, keyBits: 0 });
});

it('counts sealed records once, though a mark lies on the seam of two reads', async () => {
  const before = Buffer.alloc((1 << 20) - 2, 0x20);
  writeFileSync(join(folder, 'store', 'state.db'), Buffer.concat([sealed, before, sealed, Buffer.alloc(50)]));
  const keys = [{ id: 'k', secret: Buffer.alloc(32).toString('base64') }];
  writeFileSync(join(folder, 'pki', 'secrets-keys.json'), JSON.stringify({ keys }));
  expect(await storeFacts(layoutOf('x', folder), [secret])).toEqual({
    searched: 1,
    inPlainText: [],
    sealed: 2,
    keyBits: 256,
  });
});

it.each([
  ['0100007F:1F90', { address: '127.0.0.1', port: 8080 }],
  ['00000000000000000000000000000000:192B', { address: '::', port: 6443 }],
  ['00000000000000000000000001000000:0050', { address: '::1', port: 80 }],
])('reads the kernel’s address %s', (local, address) => {
  expect(addressOf(local)).toEqual(address);
});
