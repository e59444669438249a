/**
 * Bytes, selectors and patches made at random from pieces that mean something: whatever comes, the server answers
 * with something other than a 500, soon, and goes on. Seeded, so a failure repeats.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds } from '../../src/api/catalogue.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { startHarness, type Harness } from './harness.ts';

let api: Harness;
const random = seededRandom(Number(process.env['FUZZ_SEED'] ?? 64_123));
const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
const upTo = (most: number): number => Math.floor(random.next() * (most + 1));
const many = <T>(most: number, make: () => T): T[] => Array.from({ length: upTo(most) }, make);

const namespace = '/api/v1/namespaces/default';
const protobuf = 'application/vnd.kubernetes.protobuf';
/** Nothing is so hard to answer that it may hold up other requests for this long (milliseconds). */
const patience = 2_000;
const failures: string[] = [];

beforeAll(async () => {
  api = await startHarness({ log: silentLogger });
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'default' } });
  await api.call('POST', `${namespace}/pods`, pod);
  await api.call('POST', '/apis/apps/v1/namespaces/default/deployments', deployment);
  for (const path of [`${namespace}/pods/p`, '/apis/apps/v1/namespaces/default/deployments/d']) {
    if ((await api.call('GET', path)).status !== 200) throw new Error(`${path} is not there to be fuzzed`);
  }
});
afterAll(() => api.stop());

const template = {
  metadata: { labels: { a: 'b' } },
  spec: { containers: [{ name: 'c', image: 'a:1', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: 'b' }] }] },
};
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { a: 'b' } }, spec: template.spec };
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: { selector: { matchLabels: { a: 'b' } }, template },
};

async function send(
  method: string,
  path: string,
  body?: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<void> {
  const begun = performance.now();
  const reply = await api.call(method, path, body, headers);
  const took = performance.now() - begun;
  // Upstream, too, has a 500 for configurations that don't fit their schema and for directives it doesn't know.
  const known = reply.status === 504 || /failed to create typed patch object|unknown patch type/.test(reply.text);
  if ((reply.status < 500 || known) && took < patience) return;
  const shown =
    body === undefined ? '' : Buffer.from(body).toString(headers['content-type'] === protobuf ? 'base64' : 'utf8');
  failures.push(`${method} ${path} ${shown} -> ${reply.status} in ${Math.round(took)} ms: ${reply.text}`);
}

test('protobuf with bytes changed, cut off and repeated', async () => {
  const bodies = new Map<string, Buffer>();
  for (const path of [`${namespace}/pods/p`, '/apis/apps/v1/namespaces/default/deployments/d']) {
    const { body } = await bytesOf(path);
    bodies.set(path, body);
  }
  for (let turn = 0; turn < 300; turn += 1) {
    const [path, whole] = pick([...bodies]);
    const bytes = Buffer.from(whole);
    for (let change = upTo(4); change >= 0; change -= 1) bytes[upTo(bytes.length - 1)] = upTo(255);
    const cut = pick([bytes, bytes.subarray(0, upTo(bytes.length)), Buffer.concat([bytes, bytes.subarray(upTo(50))])]);
    await send('PUT', `${path}?dryRun=All`, cut, { 'content-type': protobuf });
  }
  expect(failures).toEqual([]);
});

async function bytesOf(path: string): Promise<{ body: Buffer }> {
  const answer = await api.stream(path, { accept: protobuf });
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { body: Buffer.concat(chunks) };
}

test('selectors', async () => {
  const pieces = [
    'a',
    'b',
    'x/y',
    '=',
    '==',
    '!=',
    '!',
    ',',
    ' in ',
    ' notin ',
    '(',
    ')',
    '>',
    '<',
    '1',
    ' ',
    '\\',
    '"',
    'é',
    'metadata.name',
  ];
  for (let turn = 0; turn < 400; turn += 1) {
    const text = encodeURIComponent(many(10, () => pick(pieces)).join(''));
    await send('GET', `${namespace}/pods?${pick(['labelSelector', 'fieldSelector'])}=${text}`);
  }
  const long = encodeURIComponent(`a in (${'b,'.repeat(1_000)}b)`);
  await send('GET', `${namespace}/pods?labelSelector=${long}`);
  expect(failures).toEqual([]);
});

test('JSON patches', async () => {
  const parts = [
    'spec',
    'metadata',
    'labels',
    'containers',
    '0',
    '1',
    '-',
    '-1',
    '01',
    'a~1b',
    'a~',
    '',
    'image',
    'ports',
    '__proto__',
    'constructor',
  ];
  const path = (): string => many(5, () => `/${pick(parts)}`).join('');
  const values = [null, 1, 'x', [], {}, { a: null }, [{ name: 'c' }]];
  for (let turn = 0; turn < 400; turn += 1) {
    const patch = many(4, () => ({
      op: pick(['add', 'remove', 'replace', 'move', 'copy', 'test', 'nothing']),
      path: path(),
      from: path(),
      value: pick(values),
    }));
    await send('PATCH', `${namespace}/pods/p?dryRun=All`, JSON.stringify(patch), {
      'content-type': 'application/json-patch+json',
    });
  }
  expect(failures).toEqual([]);
});

test('strategic patches and configurations', async () => {
  const scalars = [null, 1, -1, 'x', true, '', 1e20, '1Gi'];
  const keys = [
    'spec',
    'template',
    'containers',
    'name',
    'image',
    'ports',
    'env',
    'metadata',
    'labels',
    'finalizers',
    'replicas',
    'strategy',
    'type',
    '$patch',
    '$retainKeys',
    '$setElementOrder/containers',
    '$setElementOrder/finalizers',
    '$deleteFromPrimitiveList/finalizers',
    '__proto__',
    'volumes',
  ];
  const tree = (depth: number): unknown => {
    if (depth === 0 || random.next() < 0.2) return pick(scalars);
    if (random.next() < 0.3) return many(3, () => tree(depth - 1));
    return Object.fromEntries(many(4, () => [pick(keys), tree(depth - 1)] as const));
  };
  for (let turn = 0; turn < 400; turn += 1) {
    const spec = { spec: { template: { spec: tree(4) }, strategy: tree(2) }, metadata: tree(2) };
    const body = JSON.stringify(pick<unknown>([tree(5), spec]));
    const target = pick([`${namespace}/pods/p`, '/apis/apps/v1/namespaces/default/deployments/d']);
    const query = '?dryRun=All&fieldManager=fuzz';
    await send('PATCH', target + query, body, { 'content-type': 'application/strategic-merge-patch+json' });
    const configuration = {
      ...(JSON.parse(body) as object),
      ...(target.endsWith('/p') ? { apiVersion: 'v1', kind: 'Pod' } : { apiVersion: 'apps/v1', kind: 'Deployment' }),
    };
    await send('PATCH', target + query, JSON.stringify(configuration), {
      'content-type': 'application/apply-patch+yaml',
    });
  }
  expect(failures).toEqual([]);
});

test('every kind, with a status and a specification of anything', async () => {
  const odd = [
    null,
    [],
    {},
    'x',
    1,
    { conditions: [{}] },
    { conditions: 'x' },
    { template: { spec: { containers: [{}] } } },
    { rules: [null] },
    { ports: [{}] },
  ];
  for (const { group, version, plural, scope, apiVersion, kind } of kinds) {
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const path = scope === 'Namespaced' ? `${root}/namespaces/default/${plural}` : `${root}/${plural}`;
    for (let turn = 0; turn < 4; turn += 1) {
      const body = {
        apiVersion,
        kind,
        metadata: { name: 'x' },
        spec: pick(odd),
        status: pick(odd),
        data: pick(odd),
        rules: pick(odd),
        subsets: pick(odd),
        webhooks: pick(odd),
      };
      await send('POST', `${path}?dryRun=All`, JSON.stringify(body), { 'content-type': 'application/json' });
    }
    await send('PATCH', `${path}/x?dryRun=All&fieldManager=f`, JSON.stringify({ apiVersion, kind, spec: pick(odd) }), {
      'content-type': 'application/apply-patch+yaml',
    });
  }
  expect(failures).toEqual([]);
});
