import { afterEach, expect, test } from 'vitest';
import { ConfigMap } from '../../api/core/config-map.ts';
import { Secret } from '../../api/core/secret.ts';
import { timestamp } from '../../base/clock.ts';
import { Simulation } from '../testing/simulation.ts';
import { tokenCleaner } from './cleaner.ts';
import { bootstrapSigner } from './signer.ts';
import { clusterInfo, isSignatureOf, parseToken, signatureOf, tokenNamespace, tokenSecretName } from './token.ts';

const minute = 60_000;
let simulation: Simulation;
afterEach(() => simulation.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function start(): void {
  simulation = new Simulation({ nodes: 0, controllers: (deps) => [tokenCleaner(deps), bootstrapSigner(deps)] });
  const { namespace, name } = clusterInfo;
  simulation.client.seed(ConfigMap, { metadata: { namespace, name }, data: { kubeconfig: 'content' } });
}

function addToken(id: string, secret: string, more: Readonly<Record<string, string>> = {}): void {
  const data = {
    'token-id': id,
    'token-secret': secret,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    ...more,
  };
  simulation.client.seed(Secret, {
    metadata: { namespace: tokenNamespace, name: tokenSecretName(id) },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(data).map(([name, text]) => [name, base64(text)])),
  });
}

const signatures = (): Readonly<Record<string, string>> => {
  const { kubeconfig: _content, ...rest } = simulation.client.all(ConfigMap)[0]?.data ?? {};
  return rest;
};

test('the ConfigMap bears the signature of each token that may sign, and of no other', async () => {
  start();
  addToken('aaaaaa', '0123456789abcdef');
  addToken('bbbbbb', 'fedcba9876543210', { 'usage-bootstrap-signing': 'false' });
  await simulation.run(minute);
  const { [clusterInfo.signature('aaaaaa')]: signature = '', ...others } = signatures();
  expect(others).toEqual({});
  expect(isSignatureOf(signature, 'content', { id: 'aaaaaa', secret: '0123456789abcdef' })).toBe(true);
  expect(isSignatureOf(signature, 'content', { id: 'aaaaaa', secret: '0123456789abcdeX' })).toBe(false);
  expect(isSignatureOf(signature, 'other content', { id: 'aaaaaa', secret: '0123456789abcdef' })).toBe(false);
});

test('any secret signs, whatever its form, but not without an id of six', async () => {
  start();
  addToken('aaaaaa', 'tokenSecret');
  addToken('aaaaa', '0123456789abcdef');
  addToken('bbbbbb', '');
  await simulation.run(minute);
  expect(Object.keys(signatures())).toEqual([clusterInfo.signature('aaaaaa')]);
});

test('a token that has ended signs no more, and its Secret goes', async () => {
  start();
  addToken('aaaaaa', '0123456789abcdef', { expiration: timestamp(simulation.clock.now() + 5 * minute) });
  await simulation.run(minute);
  expect(Object.keys(signatures())).toEqual([clusterInfo.signature('aaaaaa')]);
  await simulation.run(5 * minute);
  expect(signatures()).toEqual({});
  expect(simulation.client.all(Secret)).toEqual([]);
});

test('a changed content is signed anew', async () => {
  start();
  addToken('aaaaaa', '0123456789abcdef');
  await simulation.run(minute);
  const [present] = simulation.client.all(ConfigMap);
  await simulation.client.update(ConfigMap, { ...present!, data: { ...present!.data, kubeconfig: 'moved' } });
  await simulation.run(minute);
  const signature = signatures()[clusterInfo.signature('aaaaaa')] ?? '';
  expect(isSignatureOf(signature, 'moved', { id: 'aaaaaa', secret: '0123456789abcdef' })).toBe(true);
});

test('a signature is a JWS whose content lies elsewhere', () => {
  const signature = signatureOf('content', { id: 'abcdef', secret: '0123456789abcdef' });
  const [header = '', middle, mac] = signature.split('.');
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', kid: 'abcdef' });
  expect(middle).toBe('');
  expect(mac).toMatch(/^[\w-]{43}$/);
});

test.each(['', 'abcdef', 'abcdef.0123', 'ABCDEF.0123456789abcdef', 'abcdef.0123456789abcdef0'])(
  '%j is no token',
  (text) => {
    simulation = new Simulation({ nodes: 0, controllers: () => [] });
    expect(parseToken(text)).toBeUndefined();
  },
);
