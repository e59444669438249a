/** Every kind of the catalogue answers in every form; versions of one kind show the same objects. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds } from '../../src/api/catalogue.ts';
import type { Kind } from '../../src/api/kind.ts';
import { lines, startHarness, type Harness } from './harness.ts';

let api: Harness;

beforeAll(async () => {
  api = await startHarness();
});
afterAll(() => api.stop());

const rootOf = ({ group, version }: Kind) => (group === '' ? `/api/${version}` : `/apis/${group}/${version}`);
const listed = kinds.filter((kind) => kind.virtual !== true && (kind.verbs?.includes('list') ?? true));

test.each(listed.map((kind) => [`${kind.apiVersion} ${kind.plural}`, kind] as const))(
  '%s is listed in every form',
  async (_, kind) => {
    const path = `${rootOf(kind)}/${kind.plural}`;
    const plain = await api.call('GET', path);
    expect([plain.status, plain.json.kind, plain.json.apiVersion]).toEqual([200, kind.listKind, kind.apiVersion]);
    const table = await api.call('GET', path, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    expect([table.status, table.json.kind]).toEqual([200, 'Table']);
    const partial = await api.call('GET', path, undefined, {
      accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    });
    expect([partial.status, partial.json.kind]).toEqual([200, 'PartialObjectMetadataList']);
    const protobuf = await api.call('GET', path, undefined, { accept: 'application/vnd.kubernetes.protobuf' });
    expect(protobuf.text.startsWith('k8s\0')).toBe(true);
  },
);

test('discovery, old and new, names every kind', async () => {
  const aggregated = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' };
  const found = new Set<string>();
  for (const path of ['/api', '/apis']) {
    const { json, headers } = await api.call('GET', path, undefined, aggregated);
    expect(headers['content-type']).toBe(aggregated.accept);
    for (const group of json.items) {
      for (const { version, resources } of group.versions) {
        for (const { resource } of resources) found.add(`${group.metadata.name ?? ''}/${version}/${resource}`);
      }
    }
  }
  expect(found).toEqual(new Set(kinds.map((kind) => `${kind.group}/${kind.version}/${kind.plural}`)));
  const { json } = await api.call('GET', '/apis/apps/v1');
  const names = json.resources.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(['deployments', 'deployments/status', 'deployments/scale']));
  expect((await api.call('GET', '/api')).json.versions).toEqual(['v1']);
});

test('a retired version is another view of the same object, with a warning', async () => {
  const labels = { app: 'old' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'a:1' }] } };
  const old = '/apis/apps/v1beta1/namespaces/default/deployments';
  const stream = await api.stream(`${old}?watch=true`);
  const created = await api.call('POST', old, {
    apiVersion: 'apps/v1beta1',
    kind: 'Deployment',
    metadata: { name: 'old' },
    spec: { template },
  });
  expect(created.status).toBe(201);
  expect(created.headers['warning']).toMatch(/^299 - "apps\/v1beta1 Deployment is deprecated/);
  const now = await api.call('GET', '/apis/apps/v1/namespaces/default/deployments/old');
  expect(now.json).toMatchObject({ apiVersion: 'apps/v1', spec: { selector: { matchLabels: labels } } });
  const event = (await lines(stream).next()).value;
  expect(event).toMatchObject({ type: 'ADDED', object: { apiVersion: 'apps/v1beta1', metadata: { name: 'old' } } });
  stream.destroy();
});

test('events are the same ones in both of their groups', async () => {
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'p' };
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e' },
    involvedObject,
    reason: 'Why',
    message: 'Because',
  };
  await api.call('POST', '/api/v1/namespaces/default/events', event);
  const { json } = await api.call('GET', '/apis/events.k8s.io/v1/namespaces/default/events/e');
  expect(json).toMatchObject({
    apiVersion: 'events.k8s.io/v1',
    regarding: involvedObject,
    reason: 'Why',
    note: 'Because',
  });
  const selected = await api.call('GET', '/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dp');
  expect(selected.json.items).toHaveLength(1);
});

test('OpenAPI names the operations that kubectl looks for', async () => {
  const { json: index } = await api.call('GET', '/openapi/v3');
  const { serverRelativeURL } = index.paths['api/v1'];
  const { json, headers } = await api.call('GET', serverRelativeURL);
  expect(headers['cache-control']).toBe('public, immutable');
  const { patch } = json.paths['/api/v1/namespaces/{namespace}/pods/{name}'];
  expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: '', version: 'v1', kind: 'Pod' });
  expect(patch.parameters.map(({ name }: { name: string }) => name)).toContain('fieldValidation');
  expect(Object.keys(patch.requestBody.content)).toContain('application/strategic-merge-patch+json');
  const again = await api.call('GET', serverRelativeURL, undefined, { 'if-none-match': String(headers['etag']) });
  expect(again.status).toBe(304);
});

test('an eviction takes from the budget, and is put off when there is nothing left', async () => {
  const pods = '/api/v1/namespaces/evict/pods';
  const budgets = '/apis/policy/v1/namespaces/evict/poddisruptionbudgets';
  const merge = { 'content-type': 'application/merge-patch+json' };
  for (const name of ['a', 'b']) {
    const metadata = { name, labels: { app: 'x' } };
    await api.call('POST', pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { containers: [{ name: 'c', image: 'a:1' }] },
    });
    const conditions = [{ type: 'Ready', status: 'True' }];
    await api.call('PATCH', `${pods}/${name}/status`, { status: { phase: 'Running', conditions } }, merge);
  }
  const spec = { minAvailable: 1, selector: { matchLabels: { app: 'x' } } };
  await api.call('POST', budgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'pdb' },
    spec,
  });
  const evict = (name: string) =>
    api.call('POST', `${pods}/${name}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } });
  const early = await evict('a');
  expect(early.status).toBe(429);
  expect(early.json.details.causes[0].message).toBe(
    'The disruption budget pdb is still being processed by the server.',
  );
  const status = {
    observedGeneration: 1,
    disruptionsAllowed: 1,
    currentHealthy: 2,
    desiredHealthy: 1,
    expectedPods: 2,
  };
  await api.call('PATCH', `${budgets}/pdb/status`, { status }, merge);
  expect((await evict('a')).status).toBe(201);
  const late = await evict('b');
  expect(late.json).toMatchObject({
    code: 429,
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: {
      causes: [
        { reason: 'DisruptionBudget', message: 'The disruption budget pdb needs 1 healthy pods and has 2 currently' },
      ],
    },
  });
  expect((await api.call('GET', `${budgets}/pdb`)).json.status).toMatchObject({
    disruptionsAllowed: 0,
    disruptedPods: { a: expect.any(String) },
  });
});
