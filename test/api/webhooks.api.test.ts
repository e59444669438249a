/** Webhooks that say whose a token is and who may do what, over real TLS, as kubeconfigs name them. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import type { AccessSettings } from '../../src/cluster/settings/access-settings.ts';
import { guardedHarness } from './access-harness.ts';
import { certificates, type Harness } from './harness.ts';

type Review = { readonly apiVersion: string; readonly kind: string; readonly spec: Record<string, unknown> };
type Reply = { readonly code?: number; readonly status?: object; readonly text?: string };

let folder: string;
let webhook: Server;
let harness: Harness | undefined;
/** What the webhook was asked, and by whom. */
let asked: (Review & { readonly client: string; readonly path: string })[] = [];
let answer: (review: Review) => Reply;
/** Milliseconds by which time has gone on. */
let shift = 0;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + shift };

async function respond(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const review = JSON.parse(await text(incoming)) as Review;
  const client = String((incoming.socket as TLSSocket).getPeerCertificate().subject?.CN ?? '');
  asked.push({ ...review, client, path: incoming.url ?? '' });
  const { code = 200, status, text: body } = answer(review);
  outgoing.writeHead(code, { 'content-type': 'application/json' });
  outgoing.end(body ?? JSON.stringify({ apiVersion: review.apiVersion, kind: review.kind, status }));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coracle-webhooks-'));
  const { ca, server, admin } = await certificates();
  webhook = createServer(
    { key: server.key, cert: server.certificate, ca: ca.certificate, requestCert: true, rejectUnauthorized: false },
    (incoming, outgoing) => void respond(incoming, outgoing),
  );
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  const encode = (pem: string): string => Buffer.from(pem).toString('base64');
  const { port } = webhook.address() as AddressInfo;
  const config = (address: string): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'webhook',
      clusters: [{ name: 'w', cluster: { server: address, 'certificate-authority-data': encode(ca.certificate) } }],
      users: [
        {
          name: 'u',
          user: { 'client-certificate-data': encode(admin.certificate), 'client-key-data': encode(admin.key) },
        },
      ],
      contexts: [{ name: 'webhook', context: { cluster: 'w', user: 'u' } }],
    });
  writeFileSync(join(folder, 'webhook.kubeconfig'), config(`https://127.0.0.1:${port}/review`));
  writeFileSync(join(folder, 'nobody.kubeconfig'), config('https://127.0.0.1:1/review'));
});
afterAll(async () => {
  webhook.closeAllConnections();
  await new Promise((resolve) => webhook.close(resolve));
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  asked = [];
  shift = 0;
});
afterEach(() => harness?.stop());

async function start(settings: AccessSettings): Promise<Harness> {
  ({ harness } = await guardedHarness({ settings, dataDir: folder, clock }));
  return harness;
}

/** A GET with a bearer token and no certificate. */
async function get(path: string, token: string): Promise<{ code: number; message: string }> {
  const { ca } = await certificates();
  const outgoing = request({
    host: '127.0.0.1',
    port: harness!.port,
    path,
    ca: ca.certificate,
    headers: { authorization: `Bearer ${token}` },
  });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  const body = JSON.parse(await text(incoming)) as { message?: string };
  return { code: incoming.statusCode, message: body.message ?? '' };
}

const pods = '/api/v1/namespaces/default/pods';
const ann = { username: 'ann', uid: '7', groups: ['dev'], extra: { scope: ['all'] } };

describe('a webhook for tokens', () => {
  const settings: AccessSettings = { tokenWebhook: 'webhook.kubeconfig', authorization: { modes: ['AlwaysAllow'] } };

  test('is shown a client certificate and a TokenReview, and says who asks', async () => {
    await start(settings);
    answer = () => ({ status: { authenticated: true, user: ann } });
    expect(await get(pods, 'secret')).toMatchObject({ code: 200 });
    expect(asked).toEqual([
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: 'secret', audiences: ['https://test'] },
        client: 'admin',
        path: '/review',
      },
    ]);
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'secret' } };
    const { json } = await harness!.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review);
    expect(json.status).toEqual({
      authenticated: true,
      user: { ...ann, groups: ['dev', 'system:authenticated'] },
      audiences: ['https://test'],
    });
  });

  test('is asked again when its answer, yes or no, is two minutes old', async () => {
    await start(settings);
    answer = ({ spec }) => ({ status: { authenticated: spec['token'] === 'good', user: ann } });
    for (const expected of [2, 2, 4]) {
      expect(await get(pods, 'good')).toMatchObject({ code: 200 });
      expect(await get(pods, 'bad')).toMatchObject({ code: 401, message: 'Unauthorized' });
      expect(asked.length).toBe(expected);
      shift += expected === 2 && asked.length === 2 ? 61_000 : 0;
    }
  });

  test('is asked each time when its answers are not to be kept', async () => {
    await start({ ...settings, tokenWebhookCacheTtl: '0s' });
    answer = () => ({ status: { authenticated: true, user: ann } });
    await get(pods, 'secret');
    await get(pods, 'secret');
    expect(asked.length).toBe(2);
  });

  test('is asked once by many requests at once', async () => {
    await start(settings);
    answer = () => ({ status: { authenticated: true, user: ann } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(pods, 'secret')));
    expect(answers.every(({ code }) => code === 200)).toBe(true);
    expect(asked.length).toBe(1);
  });

  test.each([
    ['an error of its own, which is not kept', { status: { error: 'expired' } }, 2],
    ['what is no JSON', { text: '<html>' }, 2],
    ['403', { code: 403, status: {} }, 2],
    ['other audiences', { status: { authenticated: true, user: ann, audiences: ['https://elsewhere'] } }, 1],
  ])('lets nobody in with %s', async (_what, reply: Reply, questions) => {
    await start(settings);
    answer = () => reply;
    expect(await get(pods, 'secret')).toEqual({ code: 401, message: 'Unauthorized' });
    expect(await get(pods, 'secret')).toMatchObject({ code: 401 });
    expect(asked.length).toBe(questions);
  });

  test('is asked again when it stumbles', async () => {
    await start(settings);
    answer = () => (asked.length === 1 ? { code: 503, status: {} } : { status: { authenticated: true, user: ann } });
    expect(await get(pods, 'secret')).toMatchObject({ code: 200 });
    expect(asked.length).toBe(2);
  });

  test('that is not there keeps nobody else out', async () => {
    await start({ ...settings, tokenWebhook: 'nobody.kubeconfig' });
    expect(await get(pods, 'secret')).toEqual({ code: 401, message: 'Unauthorized' });
    expect((await harness!.call('GET', pods)).status).toBe(200);
  });
});

describe('a webhook for access', () => {
  const authorization = { modes: ['RBAC', 'Webhook'], webhook: 'webhook.kubeconfig' } as const;
  const settings: AccessSettings = { tokenFile: 'tokens.csv', authorization };

  beforeAll(() => writeFileSync(join(folder, 'tokens.csv'), 'secret,ann,7,"dev,ops"\n'));

  test('is asked what RBAC has no opinion on, with all that is known of the request', async () => {
    await start(settings);
    answer = () => ({ status: { allowed: true } });
    expect(await get(`${pods}?labelSelector=app%3Dweb`, 'secret')).toMatchObject({ code: 200 });
    expect(asked[0]).toMatchObject({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: 'ann',
        uid: '7',
        groups: ['dev', 'ops', 'system:authenticated'],
        resourceAttributes: { verb: 'list', version: 'v1', resource: 'pods', namespace: 'default' },
      },
    });
    expect(await get('/metrics', 'secret').catch(() => ({ code: 200 }))).toMatchObject({ code: 200 });
    expect(asked.at(-1)?.spec).toMatchObject({ nonResourceAttributes: { path: '/metrics', verb: 'get' } });
    await get('/version', 'secret');
    expect(asked.length).toBe(2);
  });

  test('is asked again after five minutes for a yes, after half a minute for a no', async () => {
    await start(settings);
    answer = ({ spec }) => ({
      status: {
        allowed: (spec['resourceAttributes'] as { resource: string }).resource === 'pods',
        reason: 'not today',
      },
    });
    const questions = async (): Promise<number> => {
      asked = [];
      expect(await get(pods, 'secret')).toMatchObject({ code: 200 });
      expect(await get('/api/v1/nodes', 'secret')).toEqual({
        code: 403,
        message:
          'nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" at the cluster scope: not today',
      });
      return asked.length;
    };
    expect(await questions()).toBe(2);
    expect(await questions()).toBe(0);
    shift += 31_000;
    expect(await questions()).toBe(1);
    shift += 300_000;
    expect(await questions()).toBe(2);
  });

  test('keeps its answers for as long as is set', async () => {
    await start({ ...settings, authorization: { ...authorization, webhookCacheAuthorizedTtl: '1s' } });
    answer = () => ({ status: { allowed: true } });
    await get(pods, 'secret');
    shift += 1_001;
    await get(pods, 'secret');
    expect(asked.length).toBe(2);
  });

  test('that denies ends the matter, whoever would come after it', async () => {
    const modes = ['Webhook', 'AlwaysAllow'] as const;
    await start({ ...settings, authorization: { ...authorization, modes } });
    answer = () => ({ status: { denied: true, reason: 'never' } });
    expect(await get(pods, 'secret')).toMatchObject({
      code: 403,
      message: expect.stringMatching(/: never$/u) as string,
    });
  });

  test.each([
    ['NoOpinion', 500, /^Internal Server Error: "\/api\/v1\/namespaces\/default\/pods": /u],
    ['Deny', 500, /^Internal Server Error/u],
  ] as const)('that is not there lets nobody in: %s', async (webhookFailurePolicy, code, message) => {
    const nobody = { ...authorization, webhook: 'nobody.kubeconfig', webhookFailurePolicy };
    await start({ ...settings, authorization: nobody });
    expect(await get(pods, 'secret')).toEqual({ code, message: expect.stringMatching(message) as string });
  });

  test.each([
    ['NoOpinion', 200],
    ['Deny', 500],
  ] as const)('that is not there leaves it to others, or not: %s', async (webhookFailurePolicy, code) => {
    const modes = ['Webhook', 'AlwaysAllow'] as const;
    await start({ ...settings, authorization: { modes, webhook: 'nobody.kubeconfig', webhookFailurePolicy } });
    expect(await get(pods, 'secret')).toMatchObject({ code });
  });

  test('that contradicts itself is no answer, and reviews say what went wrong', async () => {
    await start(settings);
    answer = () => ({ status: { allowed: true, denied: true } });
    const spec = { user: 'ann', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } };
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const { json } = await harness!.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
    expect(json.status).toEqual({
      allowed: false,
      evaluationError: 'webhook subject access review returned both allow and deny response',
    });
  });
});
