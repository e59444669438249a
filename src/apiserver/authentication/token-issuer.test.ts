import { beforeEach, describe, expect, test } from 'vitest';
import { Pod } from '../../api/core/pod.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import type { UserInfo } from '../access.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { FakeClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { generateKeyPairSync } from 'node:crypto';
import { ServiceAccountTokens } from './service-account.ts';
import { createTokenIssuer, type TokenIssuer, type TokenKeys } from './token-issuer.ts';

const pemOf = (): { privateKey: string; publicKey: string } =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
const keys = pemOf();
const account = { name: 'default', uid: 'uid-sa' };
const live = (name: string, uid: string): KubernetesObject => ({
  metadata: { name, namespace: 'ns', uid, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
});

let clock: FakeClock;
interface Pair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** The first one signs. */
function keysOf(signing: Pair, ...older: readonly Pair[]): () => TokenKeys {
  const keys = { privateKey: signing.privateKey, publicKeys: [signing, ...older].map(({ publicKey }) => publicKey) };
  return () => keys;
}

let issuer: TokenIssuer;
let objects: Map<string, KubernetesObject>;
let tokens: ServiceAccountTokens;
const audience = 'https://kubernetes.default.svc';

beforeEach(() => {
  clock = new FakeClock();
  issuer = createTokenIssuer({
    issuer: audience,
    audiences: [audience],
    keys: keysOf(keys),
    clock,
    random: seededRandom(1),
  });
  objects = new Map([
    [`${ServiceAccount.plural}/default`, live('default', 'uid-sa')],
    [`${Pod.plural}/web`, live('web', 'uid-web')],
  ]);
  const get = <T extends KubernetesObject>(kind: Kind<T>, _: string, name: string): T | undefined =>
    objects.get(`${kind.plural}/${name}`) as T | undefined;
  tokens = new ServiceAccountTokens({ issuer, clock, reader: { get, list: () => [] } });
});

const order = {
  namespace: 'ns',
  serviceAccount: account,
  pod: { name: 'web', uid: 'uid-web' },
  audiences: [],
  seconds: 600,
};
const whoIs = async (token: string): Promise<UserInfo | undefined> => (await tokens.check(token, [audience]))?.user;

describe('a service account token', () => {
  test('says who its bearer is, with the pod in the extra fields', async () => {
    const { token } = await issuer.issue(order);
    expect(await whoIs(token)).toMatchObject({
      username: 'system:serviceaccount:ns:default',
      uid: 'uid-sa',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/pod-name': ['web'], 'authentication.kubernetes.io/pod-uid': ['uid-web'] },
    });
  });

  test('ends', async () => {
    const { token } = await issuer.issue(order);
    await whoIs(token);
    await clock.advance(601_000);
    await expect(whoIs(token)).rejects.toThrow('expired');
  });

  test('dies with its pod, and with its account', async () => {
    const { token } = await issuer.issue(order);
    objects.set(`${Pod.plural}/web`, live('web', 'another-uid'));
    await expect(whoIs(token)).rejects.toThrow('pod web is gone');
    objects.delete(`${ServiceAccount.plural}/default`);
    await expect(whoIs(token)).rejects.toThrow('service account default is gone');
  });

  test('for another audience is refused', async () => {
    const { token } = await issuer.issue({ ...order, audiences: ['vault'] });
    await expect(whoIs(token)).rejects.toThrow('meant for vault');
    expect(await tokens.check(token, ['vault'])).toMatchObject({ audiences: ['vault'] });
  });

  test('signed by another key is refused; what is no token of ours is left to others', async () => {
    const other = pemOf();
    const forger = createTokenIssuer({
      issuer: audience,
      audiences: [audience],
      keys: keysOf(other),
      clock,
      random: seededRandom(2),
    });
    await expect(whoIs((await forger.issue(order)).token)).rejects.toThrow('not valid');
    expect(await whoIs('opaque')).toBeUndefined();
  });

  test('made for a Secret does not end, but dies with the Secret', async () => {
    const token = await issuer.issueForSecret({
      namespace: 'ns',
      serviceAccount: account,
      secret: { name: 'legacy', uid: 'u' },
    });
    await expect(whoIs(token)).rejects.toThrow('secret legacy is gone');
    objects.set('secrets/legacy', live('legacy', 'u'));
    expect(await whoIs(token)).toMatchObject({ username: 'system:serviceaccount:ns:default' });
  });

  test('survives a rotation of keys while the old public key is kept', async () => {
    const { token } = await issuer.issue(order);
    const young = pemOf();
    const rotated = createTokenIssuer({
      issuer: audience,
      audiences: [audience],
      keys: keysOf(young, keys),
      clock,
      random: seededRandom(3),
    });
    expect((await rotated.verify(token))?.namespace).toBe('ns');
    expect((await rotated.verify((await rotated.issue(order)).token))?.namespace).toBe('ns');
    expect((await rotated.keys()).keys).toHaveLength(2);
  });
});
