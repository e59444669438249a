/** A small provider of our own: keys, a discovery document, and tokens as upstream's tests have them. */
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { oidcTokens, type OidcOptions } from './oidc.ts';
import type { TokenAuthenticator, TokenCheck } from './tokens.ts';

const issuer = 'https://id.example.com';

/** Generates keys, counts what is fetched, and signs. */
class Provider {
  fetched: string[] = [];
  readonly #keys = new Map<string, { readonly privateKey: CryptoKey; readonly jwk: object }>();

  async addKey(kid: string, alg = 'RS256'): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    this.#keys.set(kid, { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } });
  }

  withdraw(kid: string): void {
    this.#keys.delete(kid);
  }

  readonly fetchJson = (url: string): Promise<unknown> => {
    this.fetched.push(url);
    if (url === `${issuer}/.well-known/openid-configuration`) {
      return Promise.resolve({ issuer, jwks_uri: `${issuer}/keys` });
    }
    return Promise.resolve({ keys: [...this.#keys.values()].map(({ jwk }) => jwk) });
  };

  sign(kid: string, claims: JWTPayload, alg = 'RS256'): Promise<string> {
    const key = this.#keys.get(kid)?.privateKey;
    if (key === undefined) throw new Error(`no key ${kid}`);
    return new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key);
  }
}

let clock: FakeClock;
let provider: Provider;
const now = (): number => Math.floor(clock.now() / 1000);
const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: issuer,
  aud: 'kubernetes',
  sub: 'ann',
  exp: now() + 600,
  ...more,
});
const authenticator = (options: Partial<OidcOptions> = {}): TokenAuthenticator =>
  oidcTokens({ issuer, clientId: 'kubernetes', clock, fetchJson: provider.fetchJson, ...options });
const ask = (options: Partial<OidcOptions>, token: string): Promise<TokenCheck | undefined> =>
  authenticator(options).check(token, ['api']);

beforeEach(async () => {
  clock = new FakeClock();
  provider = new Provider();
  await provider.addKey('a');
});

describe('an ID token', () => {
  test.each<[Partial<OidcOptions>, JWTPayload, string, string[]]>([
    [{}, {}, `${issuer}#ann`, ['system:authenticated']],
    [{ usernamePrefix: '-' }, {}, 'ann', ['system:authenticated']],
    [{ usernamePrefix: 'oidc:' }, {}, 'oidc:ann', ['system:authenticated']],
    [{ usernameClaim: 'email' }, { email: 'a@b.c', email_verified: true }, 'a@b.c', ['system:authenticated']],
    [{ groupsClaim: 'groups' }, { groups: ['dev', 'ops'] }, `${issuer}#ann`, ['dev', 'ops', 'system:authenticated']],
    [
      { groupsClaim: 'groups', groupsPrefix: 'oidc:' },
      { groups: 'dev' },
      `${issuer}#ann`,
      ['oidc:dev', 'system:authenticated'],
    ],
  ])('with %j and %j names %s %j', async (options, more, username, groups) => {
    expect((await ask(options, await provider.sign('a', claims(more))))?.user).toEqual({ username, groups });
  });

  test.each<[string, Partial<OidcOptions>, JWTPayload, string]>([
    ['for another client', {}, { aud: 'other' }, 'aud'],
    ['that has ended', {}, { exp: 1 }, 'exp'],
    ['without an end', {}, { exp: undefined } as unknown as JWTPayload, 'exp'],
    ['of an unverified address', { usernameClaim: 'email' }, { email: 'a@b.c', email_verified: false }, 'not verified'],
    ['without the claim', { usernameClaim: 'name' }, {}, 'the claim name is missing'],
    ['without what is required', { requiredClaims: { hd: 'x' } }, {}, 'the claim hd is not x'],
    ['with odd groups', { groupsClaim: 'groups' }, { groups: [1] }, 'other things than names'],
    ['of another algorithm', { signingAlgorithms: ['ES256'] }, {}, 'alg'],
  ])('%s is refused', async (_, options, more, message) => {
    const token = await provider.sign('a', claims(more));
    await expect(ask(options, token)).rejects.toThrow(message);
  });

  test('of another issuer is left to others, without asking ours', async () => {
    expect(await ask({}, await provider.sign('a', claims({ iss: 'https://other' })))).toBeUndefined();
    expect(await ask({}, 'opaque')).toBeUndefined();
    expect(provider.fetched).toEqual([]);
  });
});

describe('keys', () => {
  test('are fetched once, and again when a token names a new one, but not at every nonsense', async () => {
    const tokens = authenticator();
    const check = async (kid: string): Promise<string | undefined> =>
      (await tokens.check(await provider.sign(kid, claims()), ['api']))?.user.username;
    await check('a');
    await check('a');
    expect(provider.fetched).toHaveLength(2);
    await provider.addKey('b');
    await expect(check('b')).rejects.toThrow('no applicable key');
    await clock.advance(11_000);
    expect(await check('b')).toBe(`${issuer}#ann`);
    expect(provider.fetched).toHaveLength(4);
  });

  test('that are withdrawn stop counting after an hour', async () => {
    const tokens = authenticator();
    const token = await provider.sign('a', claims({ exp: now() + 86_400 }));
    await tokens.check(token, []);
    provider.withdraw('a');
    await provider.addKey('b');
    await clock.advance(3_700_000);
    await expect(tokens.check(token, [])).rejects.toThrow('no applicable key');
  });
});
