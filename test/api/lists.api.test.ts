/** Lists and watches: pages of one picture, selectors that objects enter and leave, every representation. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pod } from '../../src/api/core/pod.ts';
import { openEnvelope, decodeProtobuf } from '../../src/schema/protobuf.ts';
import { lines, startHarness, type Harness } from './harness.ts';

let api: Harness;

beforeAll(async () => {
  api = await startHarness();
});
afterAll(() => api.stop());

let count = 0;
/** A namespace of its own for each test. */
function place(resource: string): string {
  count += 1;
  return `/api/v1/namespaces/space-${count}/${resource}`;
}
const configMap = (name: string, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
});
const names = (json: { items: { metadata: { name: string } }[] }) => json.items.map(({ metadata }) => metadata.name);
const merge = { 'content-type': 'application/merge-patch+json' };

test('pages show one picture, whatever is written in between', async () => {
  const path = place('configmaps');
  for (const name of ['a', 'b', 'c', 'd', 'e']) await api.call('POST', path, configMap(name));
  const first = (await api.call('GET', `${path}?limit=2`)).json;
  expect(names(first)).toEqual(['a', 'b']);
  expect(first.metadata.remainingItemCount).toBe(3);
  await api.call('POST', path, configMap('cc'));
  await api.call('DELETE', `${path}/d`);
  const token = encodeURIComponent(first.metadata.continue);
  const second = (await api.call('GET', `${path}?limit=2&continue=${token}`)).json;
  expect(names(second)).toEqual(['c', 'd']);
  expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  const last = (await api.call('GET', `${path}?continue=${encodeURIComponent(second.metadata.continue)}`)).json;
  expect(names(last)).toEqual(['e']);
  expect(last.metadata.continue).toBeUndefined();
});

test('a token whose revision is compacted goes on from the present, saying so', async () => {
  const path = place('configmaps');
  for (const name of ['a', 'b', 'c']) await api.call('POST', path, configMap(name));
  const first = (await api.call('GET', `${path}?limit=1`)).json;
  await api.call('DELETE', `${path}/b`);
  await api.store.compact(api.store.revision);
  const expired = await api.call('GET', `${path}?limit=5&continue=${encodeURIComponent(first.metadata.continue)}`);
  expect([expired.status, expired.json.reason]).toEqual([410, 'Expired']);
  const rest = (await api.call('GET', `${path}?continue=${encodeURIComponent(expired.json.metadata.continue)}`)).json;
  expect(names(rest)).toEqual(['c']);
});

test('resourceVersion and resourceVersionMatch', async () => {
  const path = place('configmaps');
  const { resourceVersion } = (await api.call('POST', path, configMap('a'))).json.metadata;
  await api.call('POST', path, configMap('b'));
  const at = async (query: string) => api.call('GET', `${path}?${query}`);
  expect(names((await at(`resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`)).json)).toEqual(['a']);
  expect(names((await at(`resourceVersion=${resourceVersion}&resourceVersionMatch=NotOlderThan`)).json)).toEqual([
    'a',
    'b',
  ]);
  expect(names((await at('resourceVersion=0&limit=1')).json)).toEqual(['a', 'b']);
  const unset = await at('resourceVersionMatch=Exact');
  expect(unset.status).toBe(422);
  expect(unset.json.message).toContain('resourceVersionMatch is forbidden unless resourceVersion is provided');
  expect((await at('resourceVersion=99999999')).status).toBe(504);
  expect((await at('resourceVersion=x')).status).toBe(400);
});

test('selectors by label and by field', async () => {
  const path = place('configmaps');
  await api.call('POST', path, configMap('one', { app: 'web' }));
  await api.call('POST', path, configMap('two', { app: 'db', old: 'yes' }));
  const select = async (query: string) => names((await api.call('GET', `${path}?${query}`)).json);
  expect(await select('labelSelector=app%3Dweb')).toEqual(['one']);
  expect(await select(`labelSelector=${encodeURIComponent('app in (web,db),!old')}`)).toEqual(['one']);
  expect(await select('fieldSelector=metadata.name%3Dtwo')).toEqual(['two']);
  expect(await select('fieldSelector=metadata.name!%3Dtwo')).toEqual(['one']);
});

test('a watch sends what is there, then every change, in order', async () => {
  const path = place('configmaps');
  await api.call('POST', path, configMap('a'));
  const stream = await api.stream(`${path}?watch=true`);
  const events = lines(stream);
  const next = async () => {
    const { type, object } = (await events.next()).value;
    return `${type} ${object.metadata.name}`;
  };
  expect(await next()).toBe('ADDED a');
  await api.call('POST', path, configMap('b'));
  await api.call('PATCH', `${path}/a`, { data: { k: 'v' } }, merge);
  await api.call('DELETE', `${path}/b`);
  expect([await next(), await next(), await next()]).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
  stream.destroy();
});

test('with a selector, objects enter and leave', async () => {
  const path = place('configmaps');
  const created = (await api.call('POST', path, configMap('a', { on: 'no' }))).json;
  const version = created.metadata.resourceVersion;
  const stream = await api.stream(`${path}?watch=true&labelSelector=on%3Dyes&resourceVersion=${version}`);
  const events = lines(stream);
  await api.call('PATCH', `${path}/a`, { metadata: { labels: { on: 'yes' } } }, merge);
  await api.call('PATCH', `${path}/a`, { data: { k: 'v' } }, merge);
  const { json: left } = await api.call('PATCH', `${path}/a`, { metadata: { labels: { on: 'no' } } }, merge);
  const [first, second, third] = [
    (await events.next()).value,
    (await events.next()).value,
    (await events.next()).value,
  ];
  expect([first.type, second.type, third.type]).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  // What is sent of one that left is its last matching state, at the revision of its leaving.
  expect(third.object.metadata.labels).toEqual({ on: 'yes' });
  expect(third.object.metadata.resourceVersion).toBe(left.metadata.resourceVersion);
  stream.destroy();
});

test('initial events end with a bookmark that says so', async () => {
  const path = place('configmaps');
  await api.call('POST', path, configMap('a'));
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const stream = await api.stream(`${path}?${query}`);
  const events = lines(stream);
  expect((await events.next()).value.type).toBe('ADDED');
  const bookmark = (await events.next()).value;
  expect(bookmark).toMatchObject({
    type: 'BOOKMARK',
    object: { kind: 'ConfigMap', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
  });
  stream.destroy();
  const wrong = await api.call('GET', `${path}?watch=true&sendInitialEvents=true`);
  expect(wrong.status).toBe(422);
});

test('a watch from a compacted revision ends with one event that says 410', async () => {
  const path = place('configmaps');
  for (const name of ['a', 'b']) await api.call('POST', path, configMap(name));
  await api.store.compact(api.store.revision);
  const stream = await api.stream(`${path}?watch=true&resourceVersion=1`);
  const seen = [];
  for await (const event of lines(stream)) seen.push(event);
  expect(seen).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
});

test('a watch ends when its time is over', async () => {
  const stream = await api.stream(`${place('configmaps')}?watch=true&timeoutSeconds=1`);
  const seen = [];
  for await (const event of lines(stream)) seen.push(event);
  expect(seen).toEqual([]);
});

test('tables, whole and watched: columns come once', async () => {
  const path = place('pods');
  const accept = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'a:1' }] },
  };
  await api.call('POST', path, pod);
  const { json } = await api.call('GET', path, undefined, accept);
  expect(json.kind).toBe('Table');
  expect(json.columnDefinitions[0]).toMatchObject({ name: 'Name', format: 'name' });
  expect(json.rows[0].cells.slice(0, 3)).toEqual(['p', '0/1', 'Pending']);
  expect(json.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'p' } });
  const objects = await api.call('GET', `${path}?includeObject=Object`, undefined, accept);
  expect(objects.json.rows[0].object).toMatchObject({ kind: 'Pod', spec: {} });
  const stream = await api.stream(`${path}?watch=true`, accept);
  const events = lines(stream);
  await api.call('DELETE', `${path}/p`);
  const [added, deleted] = [(await events.next()).value, (await events.next()).value];
  expect(added.object.columnDefinitions).not.toBeNull();
  expect(deleted).toMatchObject({ type: 'DELETED', object: { kind: 'Table', columnDefinitions: null } });
  stream.destroy();
});

test('metadata only, alone and in lists', async () => {
  const path = place('configmaps');
  const odd = { ...configMap('meta', { 'a/b': 'c' }), data: { key: '{' } };
  Object.assign(odd.metadata, { annotations: { odd: '"}\\' } });
  await api.call('POST', path, odd);
  const one = await api.call('GET', `${path}/meta`, undefined, {
    accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  });
  expect(one.json).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'meta', labels: { 'a/b': 'c' } } });
  expect(one.json.data).toBeUndefined();
  const list = await api.call('GET', path, undefined, {
    accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  });
  expect(list.json.kind).toBe('PartialObjectMetadataList');
  expect(names(list.json)).toEqual(['meta']);
});

test('protobuf answers say what JSON says', async () => {
  const path = place('pods');
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'a:1' }] },
  };
  const { json } = await api.call('POST', path, pod);
  const accept = { accept: 'application/vnd.kubernetes.protobuf' };
  const answer = await api.stream(`${path}/p`, accept);
  expect(answer.headers['content-type']).toBe('application/vnd.kubernetes.protobuf');
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const envelope = openEnvelope(Buffer.concat(chunks));
  expect(envelope).toMatchObject({ apiVersion: 'v1', kind: 'Pod' });
  const read = decodeProtobuf(Pod.schema, envelope) as { metadata: object; spec: object };
  expect(read.metadata).toMatchObject({ name: 'p', uid: json.metadata.uid });
  expect(read.spec).toMatchObject({ containers: [{ name: 'c', image: 'a:1' }] });
});

test('YAML in and out', async () => {
  const path = place('configmaps');
  const yaml = { 'content-type': 'application/yaml', accept: 'application/yaml' };
  const { status, text } = await api.call(
    'POST',
    path,
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: doc\n',
    yaml,
  );
  expect(status).toBe(201);
  expect(text).toContain('kind: ConfigMap\n');
  expect(text).toContain('  name: doc\n');
});
