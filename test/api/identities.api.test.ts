/** Who somebody claims to be: every false claim ends as nobody, or as who it really is. */
import { createHmac } from 'node:crypto';
import { Agent, request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import { connect } from 'node:tls';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTokenIssuer } from '../../src/apiserver/authentication/token-issuer.ts';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import {
  createAuthority,
  createSigningKey,
  issueCertificate,
  type CertificateRequest,
  type KeyPair,
} from '../../src/pki/certificate.ts';
import { guardedHarness, type Guarded } from './access-harness.ts';
import { collect, type Harness, type Reply } from './harness.ts';

let guarded: Guarded;
let api: Harness;
/** Milliseconds by which time has gone on. */
let shift = 0;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + shift };
const validity = { from: systemClock.now() - 60_000, until: systemClock.now() + 86_400_000 };
const whoAmI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

beforeAll(async () => {
  guarded = await guardedHarness({ clock });
  api = guarded.harness;
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'a' } });
  await api.call('POST', '/api/v1/namespaces/a/serviceaccounts', { metadata: { name: 'default' } });
});
afterAll(() => api.stop());

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A request by whoever shows this certificate, or none. */
async function ask(pair: KeyPair | undefined, headers: Headers, path = whoAmI, method = 'POST'): Promise<Reply> {
  const shown = pair === undefined ? {} : { key: pair.key, cert: pair.certificate };
  const agent = new Agent({ ca: api.ca.certificate, ...shown });
  const body = method === 'POST' ? '{}' : undefined;
  const outgoing = httpsRequest({
    host: '127.0.0.1',
    port: api.port,
    path,
    method,
    agent,
    headers: { 'content-type': 'application/json', ...(headers as Record<string, string | string[]>) },
  });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const reply = await collect(answer);
  agent.destroy();
  return reply;
}

/** `USER [GROUPS]` as the server sees who asks; what it says when that is nobody. */
async function seenAs(pair: KeyPair | undefined, headers: Headers): Promise<string> {
  const { status, json } = await ask(pair, headers);
  if (status !== 201) return `${status} ${json.message}`;
  const { username, groups } = json.status.userInfo;
  return `${username} [${groups.join(' ')}]`;
}

const certificateOf = (request: Partial<CertificateRequest>, by: KeyPair = api.ca): Promise<KeyPair> =>
  issueCertificate(by, { commonName: 'ann', usages: ['client'], ...request }, validity, systemRandom);
const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
const unauthorized = '401 Unauthorized';
const anonymous =
  '403 selfsubjectreviews.authentication.k8s.io is forbidden: User "system:anonymous" cannot create resource "selfsubjectreviews" in API group "authentication.k8s.io" at the cluster scope';

describe('certificates', () => {
  test('name their user', async () => {
    expect(await seenAs(await certificateOf({ organizations: ['dev'] }), {})).toBe('ann [dev system:authenticated]');
  });

  test('of a server name nobody', async () => {
    const kubelet = await certificateOf({
      commonName: 'system:node:n',
      organizations: ['system:nodes'],
      usages: ['server'],
    });
    expect(await seenAs(kubelet, {})).toBe(unauthorized);
  });

  test('of another authority, even of the same name, name nobody', async () => {
    const other = await createAuthority('test-ca', validity, systemRandom);
    expect(await seenAs(await certificateOf({ organizations: ['system:masters'] }, other), {})).toBe(unauthorized);
  });

  test('signed by one that was not made for signing name nobody', async () => {
    const ann = await certificateOf({});
    const forged = await certificateOf({ commonName: 'root', organizations: ['system:masters'] }, ann);
    const chain = { ...forged, certificate: `${forged.certificate}\n${ann.certificate}` };
    expect(await seenAs(chain, {})).toBe(unauthorized);
  });

  test('without a name name nobody', async () => {
    expect(await seenAs(await certificateOf({ commonName: '', organizations: ['system:masters'] }), {})).toBe(
      unauthorized,
    );
  });
});

describe('headers of a front proxy', () => {
  const remote = { 'x-remote-user': 'root', 'x-remote-group': 'system:masters', 'x-remote-extra-scopes': 'all' };

  test('are believed of the front proxy', async () => {
    const proxy = await certificateOf({ commonName: 'front-proxy-client' }, guarded.frontProxyCa);
    expect(await seenAs(proxy, remote)).toBe('root [system:masters system:authenticated]');
  });

  test('are not believed of anybody else', async () => {
    expect(await seenAs(undefined, remote)).toBe(anonymous);
    expect(await seenAs(await certificateOf({}), remote)).toBe('ann [system:authenticated]');
    // The right name, by the authority of ordinary clients.
    const pretender = await certificateOf({ commonName: 'front-proxy-client' });
    expect(await seenAs(pretender, remote)).toBe('front-proxy-client [system:authenticated]');
    // The right authority, another name.
    expect(await seenAs(await certificateOf({ commonName: 'other' }, guarded.frontProxyCa), remote)).toBe(unauthorized);
  });

  test('without which the front proxy itself is nobody', async () => {
    const proxy = await certificateOf({ commonName: 'front-proxy-client' }, guarded.frontProxyCa);
    expect(await seenAs(proxy, {})).toBe(anonymous);
  });

  test('that are no headers of it by a trick of spelling are nothing', async () => {
    expect(await seenAs(undefined, { x_remote_user: 'root', 'X-Remote-User ': 'root' }).catch(() => 'refused')).toBe(
      'refused',
    );
    expect(await seenAs(undefined, { x_remote_user: 'root', x_remote_group: 'system:masters' })).toBe(anonymous);
  });

  test('with a broken escape are taken as they are', async () => {
    const proxy = await certificateOf({ commonName: 'front-proxy-client' }, guarded.frontProxyCa);
    expect(await seenAs(proxy, { ...remote, 'x-remote-extra-%zz': 'x' })).toBe(
      'root [system:masters system:authenticated]',
    );
  });
});

describe('impersonation', () => {
  const as = (user: string, rest: Headers = {}): Headers => ({ 'impersonate-user': user, ...rest });
  let ann: KeyPair;

  beforeAll(async () => {
    ann = await certificateOf({});
    const root = '/apis/rbac.authorization.k8s.io/v1';
    const rule = (group: string, resource: string, ...resourceNames: readonly string[]): object => ({
      verbs: ['impersonate'],
      apiGroups: [group],
      resources: [resource],
      ...(resourceNames.length === 0 ? {} : { resourceNames }),
    });
    await api.call('POST', `${root}/clusterroles`, {
      metadata: { name: 'helpers' },
      rules: [
        rule('', 'users', 'bob'),
        rule('', 'groups', 'dev'),
        rule('authentication.k8s.io', 'userextras/scopes', 'view'),
      ],
    });
    await api.call('POST', `${root}/clusterrolebindings`, {
      metadata: { name: 'helpers' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'helpers' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
    });
    await api.call('POST', `${root}/namespaces/a/rolebindings`, {
      metadata: { name: 'edit' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
    });
  });

  test.each<[string, Headers, string]>([
    ['a user that was granted', as('bob'), 'bob [system:authenticated]'],
    ['with a group that was granted', as('bob', { 'impersonate-group': 'dev' }), 'bob [dev system:authenticated]'],
    [
      'an account of the namespace of which one is editor',
      as('system:serviceaccount:a:default'),
      'system:serviceaccount:a:default [system:serviceaccounts system:serviceaccounts:a system:authenticated]',
    ],
  ])('%s', async (_what, headers, seen) => {
    expect(await seenAs(ann, headers)).toBe(seen);
  });

  const refused = (what: string, name: string, group = '', where = 'at the cluster scope'): string => {
    const [resource = ''] = what.split('/');
    return `403 ${resource}${group === '' ? '' : `.${group}`} "${name}" is forbidden: User "ann" cannot impersonate resource "${what}" in API group "${group}" ${where}`;
  };

  test.each<[string, Headers, string]>([
    ['another user', as('root'), refused('users', 'root')],
    [
      'the group of administrators',
      as('bob', { 'impersonate-group': 'system:masters' }),
      refused('groups', 'system:masters'),
    ],
    [
      'the group of administrators beside one that was granted',
      as('bob', { 'impersonate-group': ['dev', 'system:masters'] }),
      refused('groups', 'system:masters'),
    ],
    [
      'the group of administrators behind a comma',
      as('bob', { 'impersonate-group': 'dev, system:masters' }),
      refused('groups', 'system:masters'),
    ],
    [
      'an account of another namespace',
      as('system:serviceaccount:kube-system:generic-garbage-collector'),
      refused('serviceaccounts', 'generic-garbage-collector', '', 'in the namespace "kube-system"'),
    ],
    ['a uid', as('bob', { 'impersonate-uid': '1' }), refused('uids', '1', 'authentication.k8s.io')],
    [
      'another value of an extra field',
      as('bob', { 'impersonate-extra-scopes': ['view', 'admin'] }),
      refused('userextras/scopes', 'admin', 'authentication.k8s.io'),
    ],
    [
      'another extra field, escaped',
      as('bob', { 'impersonate-extra-%73ecret': 'view' }),
      refused('userextras/secret', 'view', 'authentication.k8s.io'),
    ],
    [
      'a group without a user',
      { 'impersonate-group': 'dev' },
      '400 requested [{Group  dev    }] without impersonating a user',
    ],
  ])('not %s', async (_what, headers, message) => {
    expect(await seenAs(ann, headers)).toBe(message);
  });

  test('nobody impersonates as nobody, or as somebody who is impersonated', async () => {
    expect(await seenAs(undefined, as('bob'))).toContain('User "system:anonymous" cannot impersonate resource "users"');
  });
});

describe('tokens', () => {
  const issue = async (options: object = {}): Promise<string> => {
    const { json } = await api.call('POST', '/api/v1/namespaces/a/serviceaccounts/default/token', { spec: options });
    return json.status.token as string;
  };
  const account =
    'system:serviceaccount:a:default [system:serviceaccounts system:serviceaccounts:a system:authenticated]';
  const parts = (token: string): [string, string, string] => token.split('.') as [string, string, string];
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const decoded = (text: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;

  test('are good until they end', async () => {
    const token = await issue({ expirationSeconds: 600 });
    expect(await seenAs(undefined, bearer(token))).toBe(account);
    shift = 601_000;
    expect(await seenAs(undefined, bearer(token))).toBe(unauthorized);
    shift = 0;
  });

  test('for another audience are refused', async () => {
    expect(await seenAs(undefined, bearer(await issue({ audiences: ['vault'] })))).toBe(unauthorized);
  });

  test('that are forged are refused', async () => {
    const [head, claims, signature] = parts(await issue());
    const other = { ...decoded(claims), sub: 'system:serviceaccount:kube-system:generic-garbage-collector' };
    const secret = createHmac('sha256', 'public').update(`${encoded({ alg: 'HS256' })}.${claims}`);
    const { privateKey, publicKey } = await createSigningKey();
    const stranger = createTokenIssuer({
      issuer: 'https://test',
      audiences: ['https://test'],
      keys: () => ({ privateKey, publicKeys: [publicKey] }),
      clock,
      random: systemRandom,
    });
    const { token: foreign } = await stranger.issue({
      namespace: 'a',
      serviceAccount: { name: 'default', uid: '' },
      audiences: ['https://test'],
      seconds: 600,
    });
    for (const forged of [
      `${head}.${encoded(other)}.${signature}`,
      `${encoded({ ...decoded(head), alg: 'none' })}.${claims}.`,
      `${encoded({ alg: 'HS256' })}.${claims}.${secret.digest('base64url')}`,
      `${head}.${claims}.`,
      `${head}.${claims}`,
      `${head}.${claims}.${signature}x.y`,
      foreign,
    ]) {
      expect(await seenAs(undefined, bearer(forged)), forged).toBe(unauthorized);
    }
  });

  test('die with their pod, also when another of its name follows', async () => {
    const make = (): Promise<Reply> =>
      api.call('POST', '/api/v1/namespaces/a/pods', {
        metadata: { name: 'p' },
        spec: { serviceAccountName: 'default', containers: [{ name: 'c', image: 'i' }] },
      });
    const { uid } = (await make()).json.metadata;
    const token = await issue({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid } });
    expect(await seenAs(undefined, bearer(token))).toBe(account);
    await api.call('DELETE', '/api/v1/namespaces/a/pods/p?gracePeriodSeconds=0');
    expect(await seenAs(undefined, bearer(token))).toBe(unauthorized);
    await make();
    expect(await seenAs(undefined, bearer(token))).toBe(unauthorized);
  });

  test.each([
    ['a password', { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }],
    ['nothing', { authorization: '' }],
    ['a scheme without a token', { authorization: 'Bearer' }],
    ['an unknown scheme', { authorization: 'Negotiate abc' }],
  ])('that are %s are wrong credentials, not none', async (_what, headers) => {
    expect(await seenAs(undefined, headers)).toMatch(/^401 Unauthorized/u);
  });
});

test('requests of one identity whose bodies trickle in leave room for others', async () => {
  const [slow, calm] = [await certificateOf({ commonName: 'slow' }), await certificateOf({ commonName: 'calm' })];
  const sockets = await Promise.all(
    Array.from({ length: 250 }, async () => {
      const socket = connect({
        host: '127.0.0.1',
        port: api.port,
        ca: api.ca.certificate,
        key: slow.key,
        cert: slow.certificate,
        ALPNProtocols: ['http/1.1'],
      });
      socket.on('error', () => {});
      await once(socket, 'secureConnect');
      socket.write(
        `POST ${whoAmI} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
      );
      return socket;
    }),
  );
  const began = systemClock.monotonic();
  for (let count = 0; count < 20; count += 1) expect(await seenAs(calm, {})).toBe('calm [system:authenticated]');
  expect(systemClock.monotonic() - began).toBeLessThan(10_000);
  for (const socket of sockets) socket.destroy();
});
