/** The audit log as clients and components make it: over TLS and in process, with what admission adds. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ConfigMap } from '../../src/api/core/config-map.ts';
import { Namespace } from '../../src/api/core/namespace.ts';
import { Pod } from '../../src/api/core/pod.ts';
import type { UserInfo } from '../../src/apiserver/access.ts';
import { podSecurity } from '../../src/apiserver/admission/pod-security/pod-security.ts';
import { createAudit } from '../../src/apiserver/audit/audit.ts';
import { readAuditPolicy } from '../../src/apiserver/audit/policy.ts';
import { objectReader } from '../../src/apiserver/object-reader.ts';
import { Resources } from '../../src/apiserver/registry/resources.ts';
import { kinds } from '../../src/api/catalogue.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { systemRandom as random } from '../../src/base/random.ts';
import { MemoryJournal } from '../../src/store/journal/memory.ts';
import { openStore } from '../../src/store/open-store.ts';
import { startHarness, type Harness } from './harness.ts';

interface Line {
  readonly stage: string;
  readonly auditID: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: UserInfo;
  readonly userAgent: string;
  readonly sourceIPs: readonly string[];
  readonly responseStatus?: { readonly code: number };
  readonly requestObject?: Record<string, unknown>;
  readonly responseObject?: Record<string, unknown>;
  readonly annotations?: Record<string, string>;
}

let api: Harness;
let lines: Line[] = [];

beforeAll(async () => {
  const policy = await readAuditPolicy(`
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- {level: None, users: [silent]}
- {level: RequestResponse, resources: [{group: '', resources: [configmaps]}]}
- {level: Metadata}
`);
  const store = await openStore({ journal: new MemoryJournal(), clock });
  const reader = objectReader(store, new Resources(kinds));
  const exemptions = { usernames: ['root'], namespaces: ['free'], runtimeClasses: ['sandbox'] };
  api = await startHarness({
    store,
    audit: createAudit({ policy, clock, random, write: (line) => void lines.push(JSON.parse(line) as Line) }),
    admission: [podSecurity(reader, { exemptions })],
  });
  const labels = { enforce: 'baseline', audit: 'restricted' };
  const marks = Object.entries(labels).map(([mode, level]) => [`pod-security.kubernetes.io/${mode}`, level]);
  for (const name of ['strict', 'free']) {
    await api.call('POST', '/api/v1/namespaces', { metadata: { name, labels: Object.fromEntries(marks) } });
  }
});
afterAll(() => api.stop());
beforeEach(() => {
  lines = [];
});

const last = (): Line => lines.at(-1)!;

test('every answer names its request as the log does', async () => {
  for (const path of ['/api/v1/namespaces', '/api/v1/namespaces/none', '/nowhere', '/version']) {
    const { headers } = await api.call('GET', path);
    expect(headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/u);
    expect(last()).toMatchObject({ stage: 'ResponseComplete', auditID: headers['audit-id'], requestURI: path });
  }
});

test('the client may choose the name, but not at length, nor one that is none', async () => {
  const asked = async (id: string): Promise<string | undefined> =>
    String((await api.call('GET', '/version', undefined, { 'audit-id': id })).headers['audit-id']);
  expect(await asked('trace-7')).toBe('trace-7');
  expect(last().auditID).toBe('trace-7');
  expect(await asked('x'.repeat(200))).toBe('x'.repeat(64));
  expect(await asked('"a" b')).toMatch(/^[0-9a-f-]{36}$/u);
});

const controller = { username: 'system:serviceaccount:kube-system:job-controller', groups: ['system:masters'] };

test('what components do in process is in the log as if they had called over the network', async () => {
  const local = api.api.local(controller);
  const ref = { namespace: 'strict', name: 'c' };
  await local.create(ConfigMap, { metadata: ref, data: { a: 'b' } });
  expect(lines.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseComplete']);
  expect(last()).toMatchObject({
    verb: 'create',
    requestURI: '/api/v1/namespaces/strict/configmaps',
    user: { username: controller.username },
    userAgent: 'job-controller',
    sourceIPs: ['127.0.0.1'],
    objectRef: { resource: 'configmaps', namespace: 'strict', apiVersion: 'v1' },
    responseStatus: { code: 201 },
    requestObject: { data: { a: 'b' } },
    responseObject: { metadata: { name: 'c' }, data: { a: 'b' } },
  });
  await local.patch(ConfigMap, ref, { data: { a: 'c' } }, { type: 'merge' });
  expect(last()).toMatchObject({ verb: 'patch', requestURI: '/api/v1/namespaces/strict/configmaps/c' });
  await local.list(Namespace);
  expect(last()).toMatchObject({ verb: 'list', requestURI: '/api/v1/namespaces' });
  expect(last()).not.toHaveProperty('responseObject');
  await expect(local.get(ConfigMap, { namespace: 'strict', name: 'none' })).rejects.toThrow('not found');
  expect(last()).toMatchObject({ verb: 'get', responseStatus: { code: 404, reason: 'NotFound' } });
  await local.delete(ConfigMap, ref);
  expect(last()).toMatchObject({ verb: 'delete', responseStatus: { code: 200 } });
});

test('a watch in process is told when it begins and when it ends', async () => {
  const stop = new AbortController();
  const events = api.api.local(controller).watch(ConfigMap, { resourceVersion: '', signal: stop.signal });
  const next = events.next();
  await expect.poll(() => lines.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted']);
  stop.abort();
  await next;
  await events.return(undefined);
  expect(last()).toMatchObject({ stage: 'ResponseComplete', verb: 'watch' });
});

test('a component that may not is told so, and the log, too', async () => {
  const stranger = api.api.local({ username: 'stranger', groups: [] });
  await expect(stranger.list(Namespace)).rejects.toThrow('cannot list');
  expect(last()).toMatchObject({
    responseStatus: { code: 403 },
    annotations: { 'authorization.k8s.io/decision': 'forbid' },
  });
});

test('whom the policy leaves out is not in it', async () => {
  await api.api.local({ username: 'silent', groups: ['system:masters'] }).list(Namespace);
  expect(lines).toEqual([]);
});

const spec = { containers: [{ name: 'a', image: 'i' }] };
const pods = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;
const pod = (name: string, more: object = {}): object => ({ metadata: { name }, spec: { ...spec, ...more } });

test('the log says by which level pods were judged, and what breaks the level of the audit', async () => {
  expect((await api.call('POST', pods('strict'), pod('p'))).status).toBe(201);
  expect(last().annotations).toEqual({
    'authorization.k8s.io/decision': 'allow',
    'authorization.k8s.io/reason': 'system:masters',
    'pod-security.kubernetes.io/enforce-policy': 'baseline:latest',
    'pod-security.kubernetes.io/audit-violations': expect.stringMatching(
      /^would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false /u,
    ) as string,
  });
  expect((await api.call('POST', pods('strict'), pod('q', { hostNetwork: true }))).status).toBe(403);
  expect(last().annotations).toMatchObject({
    // It was admission that refused.
    'authorization.k8s.io/decision': 'allow',
    'pod-security.kubernetes.io/enforce-policy': 'baseline:latest',
  });
  const template = { metadata: {}, spec };
  const deployment = {
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: { a: 'b' } }, template: { ...template, metadata: { labels: { a: 'b' } } } },
  };
  expect((await api.call('POST', '/apis/apps/v1/namespaces/strict/deployments', deployment)).status).toBe(201);
  expect(last().annotations).toHaveProperty(['pod-security.kubernetes.io/audit-violations']);
});

test('what is exempt is let in, and the log says why', async () => {
  const exempt = async (reason: string, make: () => Promise<unknown>): Promise<void> => {
    await make();
    expect(last().annotations).toMatchObject({ 'pod-security.kubernetes.io/exempt': reason });
    expect(last().annotations).not.toHaveProperty(['pod-security.kubernetes.io/enforce-policy']);
    expect(last().responseStatus?.code).toBe(201);
  };
  const bad = { hostNetwork: true };
  await exempt('namespace', () => api.call('POST', pods('free'), pod('a', bad)));
  await exempt('runtimeClass', () =>
    api.call('POST', pods('strict'), pod('b', { ...bad, runtimeClassName: 'sandbox' })),
  );
  const root = api.api.local({ username: 'root', groups: ['system:masters'] });
  await exempt('user', () =>
    root.create(Pod, { metadata: { name: 'c', namespace: 'strict' }, spec: { ...spec, ...bad } }),
  );
});
