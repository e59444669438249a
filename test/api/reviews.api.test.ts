/** What is created without being stored: it goes through admission and into the audit log as everything else does. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AdmissionRequest } from '../../src/apiserver/access.ts';
import { refuse } from '../../src/apiserver/admission/request.ts';
import { createAudit } from '../../src/apiserver/audit/audit.ts';
import { readAuditPolicy } from '../../src/apiserver/audit/policy.ts';
import { SelfSubjectAccessReview } from '../../src/api/authorization/self-subject-access-review.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { systemRandom as random } from '../../src/base/random.ts';
import { guardedHarness, type Guarded } from './access-harness.ts';
import type { Harness, Reply } from './harness.ts';

interface Line {
  readonly requestURI: string;
  readonly responseStatus: { readonly code: number };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly requestObject?: { readonly kind?: string };
  readonly responseObject?: { readonly kind?: string; readonly status?: unknown };
}

let guarded: Guarded;
let api: Harness;
let lines: Line[] = [];
/** `admit` or `validate`, kind, subresource, name. */
let seen: string[] = [];
let refusing: 'admit' | 'validate' | undefined;

const told = (step: string, { kind, subresource, name, operation }: AdmissionRequest): string =>
  `${step} ${operation} ${[kind.plural, subresource].filter((part) => part !== '').join('/')} ${name}`.trim();

beforeAll(async () => {
  const policy = await readAuditPolicy('apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse}]');
  const step = (name: 'admit' | 'validate') => (request: AdmissionRequest) => {
    seen.push(told(name, request));
    if (refusing === name) throw refuse(request, `no by ${name}`);
  };
  guarded = await guardedHarness({
    admission: [{ name: 'Recorder', handles: () => true, admit: step('admit'), validate: step('validate') }],
    audit: createAudit({ policy, clock, random, write: (line) => void lines.push(JSON.parse(line) as Line) }),
  });
  api = guarded.harness;
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'a' } });
  await api.call('POST', '/api/v1/namespaces/a/serviceaccounts', { metadata: { name: 'default' } });
});
afterAll(() => api.stop());
beforeEach(async () => {
  refusing = undefined;
  await api.call('DELETE', '/api/v1/namespaces/a/pods/p?gracePeriodSeconds=0');
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  await api.call('POST', '/api/v1/namespaces/a/pods', { metadata: { name: 'p' }, spec });
  lines = [];
  seen = [];
});

const authorization = '/apis/authorization.k8s.io/v1';
const authentication = '/apis/authentication.k8s.io/v1';
const resourceAttributes = { verb: 'get', resource: 'pods', namespace: 'a' };
const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } };

/** Path, body, what admission sees of it. */
const questions: readonly (readonly [string, object, string])[] = [
  [
    `${authorization}/subjectaccessreviews`,
    { spec: { user: 'ann', resourceAttributes } },
    'CREATE subjectaccessreviews',
  ],
  [`${authorization}/selfsubjectaccessreviews`, { spec: { resourceAttributes } }, 'CREATE selfsubjectaccessreviews'],
  [`${authorization}/selfsubjectrulesreviews`, { spec: { namespace: 'a' } }, 'CREATE selfsubjectrulesreviews'],
  [
    `${authorization}/namespaces/a/localsubjectaccessreviews`,
    { spec: { user: 'ann', resourceAttributes } },
    'CREATE localsubjectaccessreviews',
  ],
  [`${authentication}/tokenreviews`, { spec: { token: 'x' } }, 'CREATE tokenreviews'],
  [`${authentication}/selfsubjectreviews`, {}, 'CREATE selfsubjectreviews'],
  ['/api/v1/namespaces/a/serviceaccounts/default/token', { spec: {} }, 'CREATE serviceaccounts/token default'],
  ['/api/v1/namespaces/a/pods/p/eviction', { metadata: { name: 'p' } }, 'CREATE pods/eviction p'],
  ['/api/v1/namespaces/a/pods/p/binding', binding, 'CREATE pods/binding p'],
  ['/api/v1/namespaces/a/bindings', binding, 'CREATE bindings p'],
];

describe.each(questions)('POST %s', (path, body, what) => {
  const post = (): Promise<Reply> => api.call('POST', path, body);

  test('is let in by admission, once', async () => {
    const { status, json } = await post();
    expect(status, json.message).toBe(201);
    expect(seen).toEqual([`admit ${what}`, `validate ${what}`]);
  });

  test.each(['admit', 'validate'] as const)('is refused when a plugin says so in %s', async (step) => {
    refusing = step;
    const { status, json } = await post();
    expect(status).toBe(403);
    expect(json.message).toContain(`no by ${step}`);
    const pod = (await api.call('GET', '/api/v1/namespaces/a/pods/p')).json;
    expect(pod.spec.nodeName).toBeUndefined();
    expect(pod.metadata.deletionTimestamp).toBeUndefined();
  });

  test('is in the audit log, with question and answer', async () => {
    await post();
    const line = lines.findLast(({ requestURI }) => requestURI === path);
    expect(line).toMatchObject({ responseStatus: { code: 201 } });
    expect(line?.requestObject).toMatchObject(body);
    expect(line?.responseObject?.kind).toBeDefined();
  });
});

test('the log says which token was issued, as it says later who used it', async () => {
  const path = '/api/v1/namespaces/a/serviceaccounts/default/token';
  const { json } = await api.call('POST', path, { spec: {} });
  const [, claims = ''] = (json.status.token as string).split('.');
  const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { jti: string };
  const line = lines.findLast(({ requestURI }) => requestURI === path);
  expect(line?.annotations?.['authentication.kubernetes.io/issued-credential-id']).toBe(`JTI=${jti}`);
});

test.each([
  ['/api/v1/namespaces/a/endpoints', { 'k8s.io/deprecated': 'true' }],
  ['/apis/batch/v1beta1/namespaces/a/cronjobs', { 'k8s.io/deprecated': 'true', 'k8s.io/removed-release': '1.25' }],
])('the log says that %s is deprecated', async (path, marks) => {
  expect((await api.call('GET', path)).status).toBe(200);
  const line = lines.findLast(({ requestURI }) => requestURI === path);
  const found = Object.entries(line?.annotations ?? {}).filter(([key]) => key.startsWith('k8s.io/'));
  expect(Object.fromEntries(found)).toEqual(marks);
});

test('components in the same process are asked likewise', async () => {
  const ask = (): Promise<SelfSubjectAccessReview> =>
    api.api
      .local({ username: 'ann', groups: ['system:authenticated'] })
      .create(SelfSubjectAccessReview, { spec: { resourceAttributes } });
  expect((await ask()).status).toMatchObject({ allowed: false });
  expect(seen).toEqual(['admit CREATE selfsubjectaccessreviews', 'validate CREATE selfsubjectaccessreviews']);
  refusing = 'validate';
  await expect(ask()).rejects.toThrow('no by validate');
});

test('a question that is not well-formed is told so, before plugins that only check are asked', async () => {
  const { status } = await api.call('POST', `${authorization}/subjectaccessreviews`, { spec: {} });
  expect(status).toBe(422);
  expect(seen).toEqual(['admit CREATE subjectaccessreviews']);
});
