import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger as logger } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { createAuthority, expiryOf } from '../../pki/certificate.ts';
import { certificateReload, certificateRenewal } from './certificate-renewal.ts';
import { adoptAuthority, checkAuthority, ensureCredentials, readKeyPair } from './credentials.ts';

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
    const running = certificateRenewal({ clock, logger, lifetime: 365 * day, renew }).run(stop.signal);
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
  const running = certificateReload({ clock, logger, lifetime: 365 * day }, [file], () => void (taken += 1)).run(
    stop.signal,
  );
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

test('what ends with its authority is not made anew again and again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coracle-renewal-'));
  const clock = new FakeClock();
  const brought = await createAuthority(
    'short',
    { from: clock.now() - day, until: clock.now() + 30 * day },
    systemRandom,
  );
  const [certificate, key] = [join(folder, 'brought.crt'), join(folder, 'brought.key')];
  writeFileSync(certificate, brought.certificate);
  writeFileSync(key, brought.key);
  const request = { folder, clock, random: systemRandom, serverNames: { dnsNames: ['x'], addresses: [] }, nodes: [] };
  try {
    expect(adoptAuthority(folder, { certificate, key }, clock.now())).toBe(true);
    expect(adoptAuthority(folder, { certificate, key }, clock.now())).toBe(false);
    expect(await ensureCredentials(request)).not.toContain('ca');
    await clock.advance(29 * day);
    expect(await ensureCredentials(request)).toEqual([]);
    expect(() => checkAuthority(folder, clock.now())).not.toThrow();
    expect(() => checkAuthority(folder, clock.now() + day)).toThrow(/certificate authority .*ca\.crt ended on/u);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('another authority makes all certificates anew but those of the front proxy', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coracle-renewal-'));
  const clock = new FakeClock();
  const request = { folder, clock, random: systemRandom, serverNames: { dnsNames: ['x'], addresses: [] }, nodes: [] };
  const first = await ensureCredentials(request);
  const other = await createAuthority(
    'other',
    { from: clock.now() - day, until: clock.now() + 900 * day },
    systemRandom,
  );
  writeFileSync(join(folder, 'o.crt'), other.certificate);
  writeFileSync(join(folder, 'o.key'), other.key);
  try {
    const files = { certificate: join(folder, 'o.crt'), key: join(folder, 'o.key') };
    expect(adoptAuthority(folder, files, clock.now())).toBe(true);
    const kept = ['ca', 'front-proxy-ca', 'front-proxy-client', 'sa'];
    expect(await ensureCredentials(request)).toEqual(first.filter((name) => !kept.includes(name)));
    expect(() => adoptAuthority(folder, { ...files, key: '/nowhere' }, clock.now())).toThrow('/nowhere');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
