/** Attempts to be somebody else, or to get at more than one's own. Each must fail, in upstream's words. */
import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserInfo } from '../../src/apiserver/access.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { issueCertificate, type KeyPair } from '../../src/pki/certificate.ts';
import { guardedHarness, type Guarded } from './access-harness.ts';
import { collect, type Reply } from './harness.ts';

let guarded: Guarded;
const rbac = '/apis/rbac.authorization.k8s.io/v1';

const admin = (method: string, path: string, body?: object): Promise<Reply> => guarded.harness.call(method, path, body);
const nodeUser = (name: string): UserInfo => ({
  username: `system:node:${name}`,
  groups: ['system:nodes', 'system:authenticated'],
});
const plain: UserInfo = { username: 'mallory', groups: ['system:authenticated'] };

interface Answer {
  readonly status: number;
  readonly message: string;
}

async function as(user: UserInfo, method: string, path: string, body?: object): Promise<Answer> {
  const answer = await guarded.harness.api.local(user).request({
    method,
    path,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { message = '' } = JSON.parse(Buffer.from(answer.body).toString()) as { message?: string };
  return { status: answer.status, message };
}

/** Over the wire, with a certificate or none. */
async function wire(path: string, headers: Record<string, string>, pair?: KeyPair): Promise<Reply> {
  const { port, ca } = guarded.harness;
  const answer = await new Promise<Parameters<typeof collect>[0]>((resolve, reject) => {
    httpsRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        headers,
        agent: false,
        ca: ca.certificate,
        servername: 'localhost',
        ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
      },
      resolve,
    )
      .on('error', reject)
      .end();
  });
  return collect(answer);
}

const certificate = (authority: KeyPair, commonName: string, ...organizations: string[]): Promise<KeyPair> =>
  issueCertificate(
    authority,
    { commonName, organizations, usages: ['client'] },
    { from: systemClock.now() - 60_000, until: systemClock.now() + 3_600_000 },
    systemRandom,
  );

const pod = (name: string, nodeName: string, secret: string, extra: object = {}): object => ({
  metadata: { name, ...extra },
  spec: {
    nodeName,
    containers: [{ name: 'main', image: 'busybox', envFrom: [{ secretRef: { name: secret } }] }],
  },
});

beforeAll(async () => {
  guarded = await guardedHarness();
  await admin('POST', '/api/v1/namespaces', { metadata: { name: 'default' } });
  for (const name of ['mine', 'theirs', 'static']) {
    await admin('POST', '/api/v1/namespaces/default/secrets', { metadata: { name } });
  }
  await admin('POST', '/api/v1/namespaces/default/pods', pod('a', 'one', 'mine'));
  await admin('POST', '/api/v1/namespaces/default/pods', pod('b', 'two', 'theirs'));
  const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
  await admin('POST', '/api/v1/namespaces/default/pods', pod('m', 'one', 'static', mirror));
});
afterAll(() => guarded.harness.stop());

describe('a node', () => {
  const secret = (name: string): string => `/api/v1/namespaces/default/secrets/${name}`;

  test('reads the secrets of its own pods, and of no others', async () => {
    expect(await as(nodeUser('one'), 'GET', secret('mine'))).toMatchObject({ status: 200 });
    expect(await as(nodeUser('one'), 'GET', secret('theirs'))).toEqual({
      status: 403,
      message:
        'secrets "theirs" is forbidden: User "system:node:one" cannot get resource "secrets" in API group "" ' +
        `in the namespace "default": no relationship found between node 'one' and this object`,
    });
    expect(await as(nodeUser('one'), 'GET', '/api/v1/namespaces/default/secrets')).toMatchObject({ status: 403 });
    expect(await as(nodeUser('one'), 'GET', '/api/v1/secrets')).toMatchObject({ status: 403 });
    expect(await as(nodeUser('one'), 'PUT', secret('mine'), {})).toMatchObject({ status: 403 });
  });

  test('does not reach a secret by the mirror of a static pod', async () => {
    expect(await as(nodeUser('one'), 'GET', secret('static'))).toMatchObject({ status: 403 });
  });

  test('loses the secret with the pod', async () => {
    await admin('POST', '/api/v1/namespaces/default/pods', pod('c', 'three', 'theirs'));
    expect(await as(nodeUser('three'), 'GET', secret('theirs'))).toMatchObject({ status: 200 });
    await admin('DELETE', '/api/v1/namespaces/default/pods/c?gracePeriodSeconds=0');
    expect(await as(nodeUser('three'), 'GET', secret('theirs'))).toMatchObject({ status: 403 });
  });

  test('lists its own pods only, and reads its own Node only', async () => {
    const pods = (selector: string): Promise<Answer> =>
      as(nodeUser('one'), 'GET', `/api/v1/pods?fieldSelector=${selector}`);
    expect(await pods('spec.nodeName%3Done')).toMatchObject({ status: 200 });
    expect(await pods('spec.nodeName%3Dtwo')).toMatchObject({ status: 403 });
    expect(await pods('spec.nodeName%21%3Done')).toMatchObject({ status: 403 });
    expect(await as(nodeUser('one'), 'GET', '/api/v1/nodes/two')).toMatchObject({
      status: 403,
      message: expect.stringContaining(`node 'one' cannot read 'two', only its own Node object`) as string,
    });
  });

  test('is one only with its group', async () => {
    const user = { username: 'system:node:one', groups: ['system:authenticated'] };
    expect(await as(user, 'GET', secret('mine'))).toMatchObject({ status: 403 });
  });
});

describe('impersonation', () => {
  const asked = (headers: Record<string, string>): Promise<Answer> =>
    guarded.harness.api
      .local(plain)
      .request({ method: 'GET', path: '/api/v1/pods', headers })
      .then((answer) => ({
        status: answer.status,
        message: (JSON.parse(Buffer.from(answer.body).toString()) as { message: string }).message,
      }));

  test.each<[Record<string, string>, number, string]>([
    [
      { 'impersonate-user': 'root' },
      403,
      'users "root" is forbidden: User "mallory" cannot impersonate resource "users" in API group "" at the cluster scope',
    ],
    [
      { 'impersonate-user': 'system:serviceaccount:kube-system:generic-garbage-collector' },
      403,
      'serviceaccounts "generic-garbage-collector" is forbidden: User "mallory" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "kube-system"',
    ],
    [
      { 'impersonate-group': 'system:masters' },
      400,
      'requested [{Group  system:masters    }] without impersonating a user',
    ],
  ])('%j: %d', async (headers, status, message) => expect(await asked(headers)).toEqual({ status, message }));

  test('of a user whom one may impersonate does not bring any group along', async () => {
    const role = {
      metadata: { name: 'imp' },
      rules: [{ verbs: ['impersonate'], apiGroups: [''], resources: ['users'] }],
    };
    await admin('POST', `${rbac}/clusterroles`, role);
    await admin('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name: 'imp' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'imp' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'mallory' }],
    });
    expect(await asked({ 'impersonate-user': 'joe' })).toMatchObject({
      message: expect.stringContaining('User "joe" cannot list') as string,
    });
    expect(await asked({ 'impersonate-user': 'joe', 'impersonate-group': 'a, system:masters' })).toEqual({
      status: 403,
      message:
        'groups "a" is forbidden: User "mallory" cannot impersonate resource "groups" in API group "" at the cluster scope',
    });
    await admin('DELETE', `${rbac}/clusterrolebindings/imp`);
    expect(await asked({ 'impersonate-user': 'joe' })).toMatchObject({ status: 403 });
  });
});

describe('a front proxy', () => {
  const headers = { 'x-remote-user': 'ann', 'x-remote-group': 'dev' };

  test('speaks for others with its own certificate, and nobody does without', async () => {
    const proxy = await certificate(guarded.frontProxyCa, 'front-proxy-client');
    const other = await certificate(guarded.frontProxyCa, 'somebody');
    const client = await certificate(guarded.harness.ca, 'front-proxy-client');
    const path = '/api/v1/pods';
    expect((await wire(path, headers, proxy)).json.message).toContain('User "ann" cannot list');
    expect((await wire(path, headers, other)).status).toBe(401);
    expect((await wire(path, headers, client)).json.message).toContain('User "front-proxy-client" cannot list');
    expect((await wire(path, headers)).json.message).toContain('User "system:anonymous" cannot list');
  });

  test('certificates of its authority name no users, whatever they say', async () => {
    const forged = await certificate(guarded.frontProxyCa, 'root', 'system:masters');
    expect((await wire('/api/v1/pods', {}, forged)).json.message).toContain('User "system:anonymous" cannot list');
  });
});

describe('over the wire', () => {
  test.each([
    ['Basic YTpi', 401, 'Unauthorized: HTTP basic authentication is not supported'],
    ['Bearer nonsense', 401, 'Unauthorized'],
    ['Bearer a.b.c', 401, 'Unauthorized'],
    ['Bearer abcdef.0123456789abcdef', 401, 'Unauthorized'],
    ['Negotiate x', 401, 'Unauthorized'],
  ])('%s gets %d', async (authorization, status, message) => {
    const reply = await wire('/version', { authorization });
    expect([reply.status, reply.json.message]).toEqual([status, expect.stringContaining(message) as string]);
  });

  test('a token of a pod that is gone is worth nothing', async () => {
    const { harness, issuer } = guarded;
    const account = (await admin('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'bot' } }))
      .json;
    const made = (await admin('POST', '/api/v1/namespaces/default/pods', pod('t', 'one', 'mine'))).json;
    const { token } = await issuer.issue({
      namespace: 'default',
      serviceAccount: { name: 'bot', uid: account.metadata.uid },
      pod: { name: 't', uid: made.metadata.uid },
      audiences: [],
      seconds: 600,
    });
    const authorization = `Bearer ${token}`;
    expect((await wire('/api', { authorization })).status).toBe(200);
    await harness.call('DELETE', '/api/v1/namespaces/default/pods/t?gracePeriodSeconds=0');
    expect((await wire('/api', { authorization })).status).toBe(401);
  });
});

describe('rights', () => {
  test('are not given by those who do not have them', async () => {
    await admin('POST', '/api/v1/namespaces', { metadata: { name: 'team' } });
    await admin('POST', `${rbac}/namespaces/team/rolebindings`, {
      metadata: { name: 'eve' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
    });
    const eve: UserInfo = { username: 'eve', groups: ['g', 'system:authenticated'] };
    const rules = (resources: string[], verbs: string[]): object => ({
      rules: [{ apiGroups: [''], resources, verbs }],
    });
    const roles = `${rbac}/namespaces/team/roles`;
    expect(
      await as(eve, 'POST', roles, { metadata: { name: 'ok' }, ...rules(['pods'], ['get', 'list']) }),
    ).toMatchObject({ status: 201 });
    expect(
      await as(eve, 'POST', roles, { metadata: { name: 'no' }, ...rules(['nodes', 'pods'], ['get', 'list']) }),
    ).toEqual({
      status: 403,
      message:
        'roles.rbac.authorization.k8s.io "no" is forbidden: user "eve" (groups=["g" "system:authenticated"]) ' +
        'is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get" "list"]}',
    });
    const binding = (kind: string, name: string): object => ({
      metadata: { name: `to-${name}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
    });
    const bind = (kind: string, name: string): Promise<Answer> =>
      as(eve, 'POST', `${rbac}/namespaces/team/rolebindings`, binding(kind, name));
    expect(await bind('ClusterRole', 'view')).toMatchObject({ status: 201 });
    expect(await bind('ClusterRole', 'cluster-admin')).toMatchObject({ status: 403 });
    expect(await bind('Role', 'nope')).toMatchObject({ status: 404 });
  });
});
