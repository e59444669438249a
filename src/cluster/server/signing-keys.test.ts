import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ServiceAccount } from '../../api/core/service-account.ts';
import type { ObjectReader } from '../../apiserver/access.ts';
import { ServiceAccountTokens } from '../../apiserver/authentication/service-account.ts';
import { createTokenIssuer, type TokenIssuer } from '../../apiserver/authentication/token-issuer.ts';
import { systemClock as clock } from '../../base/clock.ts';
import { systemRandom as random } from '../../base/random.ts';
import { createSigningKey } from '../../pki/certificate.ts';
import { readTokenKeys, SigningKeys } from './signing-keys.ts';

let pki: string;
let keys: SigningKeys;
let issuer: TokenIssuer;
let tokens: ServiceAccountTokens;

const account = { metadata: { name: 'robot', namespace: 'team', uid: 'u' } };
const reader = {
  get: (kind: unknown) => (kind === ServiceAccount ? account : undefined),
  list: () => [],
} as unknown as ObjectReader;

beforeEach(async () => {
  pki = mkdtempSync(join(tmpdir(), 'coracle-signing-'));
  const { privateKey, publicKey } = await createSigningKey();
  writeFileSync(join(pki, 'sa.key'), privateKey);
  writeFileSync(join(pki, 'sa.pub'), publicKey);
  keys = new SigningKeys({ pki, clock });
  issuer = createTokenIssuer({ issuer: 'i', audiences: ['i'], keys: () => keys.current, clock, random });
  tokens = new ServiceAccountTokens({ issuer, reader, clock });
});
afterEach(() => rmSync(pki, { recursive: true }));

const order = { namespace: 'team', serviceAccount: { name: 'robot', uid: 'u' }, audiences: [], seconds: 600 };
const make = async (): Promise<string> => (await issuer.issue(order)).token;
const isKnown = async (token: string): Promise<boolean> =>
  (await tokens.check(token, ['i']).catch(() => undefined)) !== undefined;

it('tokens of the older key count until it is retired, though they were checked before', async () => {
  const old = await make();
  expect(await isKnown(old)).toBe(true);
  await keys.rotate();
  const young = await make();
  expect([await isKnown(old), await isKnown(young)]).toEqual([true, true]);
  const { keys: listed, settledAt } = await keys.list();
  expect(listed.map(({ signs }) => signs)).toEqual([true, false]);
  expect((await issuer.keys()).keys.map(({ kid }) => kid)).toEqual(listed.map(({ id }) => id));
  expect(settledAt).toBeDefined();
  await keys.retire();
  expect([await isKnown(old), await isKnown(young)]).toEqual([false, true]);
  expect((await keys.list()).keys).toHaveLength(1);
});

it('an hour later nothing keeps the older key from being retired', async () => {
  await keys.rotate();
  const before = clock.now() / 1000 - 3_700;
  utimesSync(join(pki, 'sa.key'), before, before);
  expect((await keys.list()).settledAt).toBeUndefined();
});

it('a rotation that was cut short after its first file breaks no token', async () => {
  const { publicKey } = await createSigningKey();
  const present = readTokenKeys(pki);
  writeFileSync(join(pki, 'sa.pub'), [publicKey, ...present.publicKeys].join(''));
  keys = new SigningKeys({ pki, clock });
  expect(await isKnown(await make())).toBe(true);
  expect((await keys.list()).keys.map(({ signs }) => signs)).toEqual([false, true]);
  await keys.rotate();
  await keys.retire();
  expect((await keys.list()).keys.map(({ signs }) => signs)).toEqual([true]);
  expect(await isKnown(await make())).toBe(true);
});
