import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLogger as logger } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { expiryOf } from '../pki/certificate.ts';
import { certificateReload, certificateRenewal } from './certificate-renewal.ts';
import { ensureCredentials, readKeyPair } from './credentials.ts';

const day = 24 * 3_600_000;

test('certificates are renewed before they end, while the process runs, and are taken up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coracle-renewal-'));
  const clock = new FakeClock();
  const request = { folder, clock, random: systemRandom, serverNames: { dnsNames: ['x'], addresses: [] }, nodes: [] };
  const stop = new AbortController();
  try {
    await ensureCredentials(request);
    const expiry = (): number => expiryOf(readKeyPair(folder, 'apiserver').certificate);
    const first = expiry();
    await clock.advance(300 * day);
    expect(await ensureCredentials(request)).toEqual([]);
    await clock.advance(10 * day);
    const renew = (): Promise<readonly string[]> => ensureCredentials(request);
    const running = certificateRenewal({ clock, logger, renew }).run(stop.signal);
    await clock.advance(3_600_000);
    await expect.poll(expiry).toBeGreaterThan(first);
    stop.abort();
    await running;
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a server takes a file that has changed, once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coracle-reload-'));
  const file = join(folder, 'a.crt');
  writeFileSync(file, 'old');
  const clock = new FakeClock();
  const stop = new AbortController();
  let taken = 0;
  const running = certificateReload({ clock, logger }, [file], () => void (taken += 1)).run(stop.signal);
  await clock.advance(3_600_000);
  expect(taken).toBe(0);
  utimesSync(file, 1, 1);
  await clock.advance(3_600_000);
  await clock.advance(3_600_000);
  expect(taken).toBe(1);
  stop.abort();
  await running;
  rmSync(folder, { recursive: true });
});
