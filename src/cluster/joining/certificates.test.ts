import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger as logger } from '../../base/log.ts';
import { seededRandom, systemRandom } from '../../base/random.ts';
import { createAuthority, expiryOf, issueCertificate, type KeyPair } from '../../pki/certificate.ts';
import { certificateRotation, type RotationOptions } from './certificates.ts';

const day = 24 * 3_600_000;
let folder: string;
let clock: FakeClock;
let authority: KeyPair;
let stop: AbortController;
let running: Promise<void>;
let changes: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coracle-rotation-'));
  clock = new FakeClock();
  authority = await createAuthority('ca', { from: clock.now(), until: clock.now() + 3_650 * day }, systemRandom);
  stop = new AbortController();
  changes = 0;
});
afterEach(async () => {
  stop.abort();
  await running;
  rmSync(folder, { recursive: true });
});

const path = (): string => join(folder, 'kubelet-two.pem');

/** As the signer does it: a year, from five minutes before. */
async function issue(names: RotationOptions['names']): Promise<string> {
  const validity = { from: clock.now() - 300_000, until: clock.now() + 365 * day };
  const { certificate, key } = await issueCertificate(
    authority,
    { commonName: 'system:node:two', ...names, usages: ['server'] },
    validity,
    systemRandom,
  );
  return `${certificate}${key}`;
}

function rotate(change: Partial<RotationOptions> = {}): void {
  const names = { dnsNames: ['two'], addresses: ['192.0.2.2'] };
  const options = { clock, random: seededRandom(1), logger, path: path(), kind: 'serving' as const, names };
  const request = (): Promise<string> => issue(names);
  running = certificateRotation({ ...options, request, changed: () => void (changes += 1), ...change }).run(
    stop.signal,
  );
}

test('a certificate is asked for at once, and again when most of its life is over', async () => {
  rotate();
  await expect.poll(() => changes).toBe(1);
  const first = expiryOf(readFileSync(path(), 'utf8'));
  await clock.advance(250 * day);
  expect(changes).toBe(1);
  await clock.advance(80 * day);
  await expect.poll(() => changes).toBe(2);
  expect(expiryOf(readFileSync(path(), 'utf8'))).toBeGreaterThan(first);
});

test('key and certificate are one file, and fit', async () => {
  rotate();
  await expect.poll(() => changes).toBe(1);
  const text = readFileSync(path(), 'utf8');
  expect(text).toMatch(/BEGIN CERTIFICATE[^]+BEGIN PRIVATE KEY/);
});

test('a request that fails is repeated, and an old certificate serves meanwhile', async () => {
  let attempts = 0;
  rotate();
  await expect.poll(() => changes).toBe(1);
  stop.abort();
  await running;
  stop = new AbortController();
  await clock.advance(350 * day);
  rotate({ request: () => Promise.reject(new Error(`attempt ${(attempts += 1)}`)) });
  await expect.poll(() => changes).toBe(2);
  for (let at = 0; at < 5; at += 1) await clock.advance(300_000);
  expect(attempts).toBeGreaterThan(3);
  expect(changes).toBe(2);
});

test('a node with another address asks for another certificate', async () => {
  rotate();
  await expect.poll(() => changes).toBe(1);
  stop.abort();
  await running;
  stop = new AbortController();
  const names = { dnsNames: ['two'], addresses: ['192.0.2.3'] };
  let asked = 0;
  rotate({ names, request: () => ((asked += 1), issue(names)) });
  await expect.poll(() => changes).toBe(2);
  expect(asked).toBe(1);
});
