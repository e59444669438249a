/** Whatever is sent, the server answers with something other than a 500, and goes on. Seeded, so a failure repeats. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds } from '../../src/api/catalogue.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { startHarness, type Harness } from './harness.ts';

let api: Harness;
const random = seededRandom(Number(process.env['FUZZ_SEED'] ?? 20_261_123));
const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;

beforeAll(async () => {
  api = await startHarness({ log: silentLogger });
  await api.call('POST', '/api/v1/namespaces/default/pods', pod());
  await api.call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'p' }, data: { a: 'b' } });
});
afterAll(() => api.stop());

function pod(): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'a:1' }] },
  };
}

const odd: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  '',
  'x',
  '__proto__',
  '\u0000',
  [],
  {},
  [[]],
  [null],
  { a: null },
];

/** Replaces something inside a value by something else. */
function mutated(value: unknown, depth = 0): unknown {
  if (random.next() < 0.15 || depth > 6) return pick(odd);
  if (Array.isArray(value)) return value.map((each) => (random.next() < 0.4 ? mutated(each, depth + 1) : each));
  if (typeof value !== 'object' || value === null) return random.next() < 0.5 ? pick(odd) : value;
  const entries = Object.entries(value).map(([key, each]) => [
    random.next() < 0.05 ? pick(['__proto__', 'constructor', '', '$patch', 'a.b']) : key,
    random.next() < 0.4 ? mutated(each, depth + 1) : each,
  ]);
  return Object.fromEntries(entries) as unknown;
}

/** What went wrong, with all that is needed to repeat it. */
const failures: string[] = [];

async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<void> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const reply = await api.call(method, path, text, headers);
  // Upstream, too, has a 500 for configurations that don't fit their schema.
  const known = reply.status === 504 || /failed to create typed patch object/.test(reply.text);
  if (reply.status < 500 || known) return;
  failures.push(`${method} ${path} ${text ?? ''} ${JSON.stringify(headers)} -> ${reply.status} ${reply.text}`);
}

const object = '/api/v1/namespaces/default/pods/p';
const collection = '/api/v1/namespaces/default/pods';

test('bodies', async () => {
  for (let turn = 0; turn < 300; turn += 1) {
    await send('POST', `${collection}?dryRun=All`, mutated(pod()), { 'content-type': 'application/json' });
    await send('PUT', `${object}?dryRun=All`, mutated(pod()), { 'content-type': 'application/json' });
  }
  expect(failures).toEqual([]);
});

test('bodies of every kind', async () => {
  for (const { group, version, plural, scope, apiVersion, kind } of kinds) {
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const path = scope === 'Namespaced' ? `${root}/namespaces/default/${plural}` : `${root}/${plural}`;
    const bare = { apiVersion, kind, metadata: { name: 'x' } };
    for (const spec of [undefined, {}, [], 'x', { template: {} }, { selector: {} }, mutated(pod()['spec'])]) {
      await send('POST', `${path}?dryRun=All`, { ...bare, spec }, { 'content-type': 'application/json' });
    }
  }
  expect(failures).toEqual([]);
});

test('patches', async () => {
  const operations = [
    { op: 'test', path: '/spec', value: 1 },
    { op: 'remove', path: '/metadata' },
    { op: 'move', from: '/spec', path: '/spec/containers/-' },
    { op: 'add', path: '/spec/containers/99', value: {} },
    { op: 'copy', from: '/', path: '' },
    { op: 'replace', path: '', value: null },
  ];
  const directives = {
    spec: {
      $setElementOrder: [],
      '$setElementOrder/containers': [{ name: 'c' }],
      containers: [{ $patch: 'delete', name: 'c' }],
    },
    metadata: { '$deleteFromPrimitiveList/finalizers': ['x'], $retainKeys: ['name'], labels: null },
  };
  for (let turn = 0; turn < 150; turn += 1) {
    const query = '?dryRun=All&fieldManager=fuzz';
    await send('PATCH', object + query, mutated(operations), { 'content-type': 'application/json-patch+json' });
    await send('PATCH', object + query, mutated(pod()), { 'content-type': 'application/merge-patch+json' });
    await send('PATCH', object + query, mutated(directives), {
      'content-type': 'application/strategic-merge-patch+json',
    });
    await send('PATCH', object + query, mutated(pod()), { 'content-type': 'application/apply-patch+yaml' });
  }
  expect(failures).toEqual([]);
});

test('paths and queries', async () => {
  const parts = [
    'api',
    'apis',
    'v1',
    'apps',
    'namespaces',
    'default',
    'pods',
    'p',
    'log',
    'status',
    'watch',
    '..',
    '.',
    '%2e%2e',
    '%00',
    '%2F',
    'a%20b',
    '_',
    'proxy',
    'scale',
  ];
  const queries = [
    'limit=-1',
    'limit=x',
    'limit=1&continue=abc',
    'continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ',
    'resourceVersion=-1',
    'labelSelector=%28',
    'labelSelector=a%20in',
    'fieldSelector=a%3D%5C',
    'fieldSelector=metadata.name%3D',
    'dryRun=x',
    'fieldValidation=x',
    'timeoutSeconds=x',
    'includeObject=x',
    'force=true',
    'gracePeriodSeconds=x',
    'propagationPolicy=x',
  ];
  for (let turn = 0; turn < 500; turn += 1) {
    const path = `/${Array.from({ length: 1 + Math.floor(random.next() * 8) }, () => pick(parts)).join('/')}`;
    await send(pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']), path.replace('/watch/', '/w/'), undefined, {});
  }
  for (const query of queries) {
    for (const method of ['GET', 'POST', 'DELETE'])
      await send(method, `${collection}?${query}&dryRun=All`, undefined, {});
  }
  expect(failures).toEqual([]);
});

test('texts that are no JSON, no YAML, no protobuf', async () => {
  const texts = [
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '[[[[',
    '{"a":'.repeat(2_000),
    '['.repeat(100_000),
    '\ufeff{}',
    '&a [*a]',
    '!!js/function x',
    'k8s\0\xff',
  ];
  for (const text of texts) {
    for (const type of ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']) {
      await send('POST', `${collection}?dryRun=All`, text, { 'content-type': type });
      await send('DELETE', `${collection}/none`, text, { 'content-type': type });
    }
  }
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghij'.split('').map((each, at) => `${each}: &${each} [${`*${'abcdefghij'[at]},`.repeat(9)}]`),
  ].join('\n');
  await send('POST', `${collection}?dryRun=All`, bomb, { 'content-type': 'application/yaml' });
  expect(failures).toEqual([]);
});

test('it is still there afterwards', async () => {
  expect((await api.call('GET', object)).status).toBe(200);
  expect((await api.call('GET', '/readyz')).text).toBe('ok');
});
