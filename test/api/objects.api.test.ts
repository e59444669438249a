/** Verbs on objects, with the texts that clients print. Sources: Kubernetes' API concepts page and its error types. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHarness, type Harness } from './harness.ts';

let api: Harness;

beforeAll(async () => {
  api = await startHarness();
  await api.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
});
afterAll(() => api.stop());

const configMaps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const configMap = (name: string, data: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const pod = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'busybox:1' }], ...more },
});
const merge = { 'content-type': 'application/merge-patch+json' };
const apply = { 'content-type': 'application/apply-patch+yaml' };

test('a created object has an identity that the client did not choose', async () => {
  const sent = { ...configMap('identity'), metadata: { name: 'identity', uid: 'mine', generation: 9 } };
  const { status, json } = await api.call('POST', configMaps, sent);
  expect(status).toBe(201);
  expect(json.metadata.uid).toMatch(/^[0-9a-f]{8}-/);
  expect(json.metadata.creationTimestamp).toMatch(/Z$/);
  expect(json.metadata.generation).toBeUndefined();
  expect(Number(json.metadata.resourceVersion)).toBeGreaterThan(0);
});

test('a name that is taken is a conflict of its own kind', async () => {
  await api.call('POST', configMaps, configMap('taken'));
  const { status, json } = await api.call('POST', configMaps, configMap('taken'));
  expect(status).toBe(409);
  expect(json).toMatchObject({
    kind: 'Status',
    reason: 'AlreadyExists',
    message: 'configmaps "taken" already exists',
    details: { name: 'taken', kind: 'configmaps' },
  });
});

test('generateName appends five characters', async () => {
  const { json } = await api.call('POST', configMaps, { ...configMap(''), metadata: { generateName: 'run-' } });
  expect(json.metadata.name).toMatch(/^run-[a-z0-9]{5}$/);
});

test('what is wrong is told all at once, with its fields', async () => {
  const { status, json } = await api.call('POST', pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'Bad_Name', labels: { 'a b': 'c' } },
    spec: { containers: [] },
  });
  expect(status).toBe(422);
  expect(json.reason).toBe('Invalid');
  expect(json.message).toMatch(/^Pod "Bad_Name" is invalid: \[/);
  const fields = json.details.causes.map((cause: { field: string }) => cause.field);
  expect(fields).toContain('metadata.name');
  expect(fields).toContain('metadata.labels');
  expect(fields).toContain('spec.containers');
});

test('an object belongs to the namespace of its path', async () => {
  const sent = { ...configMap('elsewhere'), metadata: { name: 'elsewhere', namespace: 'other' } };
  const { status, json } = await api.call('POST', configMaps, sent);
  expect(status).toBe(400);
  expect(json.message).toBe('the namespace of the provided object does not match the namespace sent on the request');
});

test('field validation: refused, warned about or ignored', async () => {
  const sent = { ...pod('strict'), spec: { containers: [{ name: 'c', image: 'a:1', imagee: 'b' }] } };
  const strict = await api.call('POST', `${pods}?fieldValidation=Strict&dryRun=All`, sent);
  expect(strict.status).toBe(400);
  expect(strict.json.message).toBe(
    'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagee"',
  );
  const warned = await api.call('POST', `${pods}?dryRun=All`, sent);
  expect(warned.status).toBe(201);
  expect(warned.headers['warning']).toBe('299 - "unknown field \\"spec.containers[0].imagee\\""');
  const ignored = await api.call('POST', `${pods}?fieldValidation=Ignore&dryRun=All`, sent);
  expect(ignored.headers['warning']).toBeUndefined();
  const twice = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"1","a":"2"}}';
  const duplicate = await api.call('POST', `${configMaps}?fieldValidation=Strict`, twice, {
    'content-type': 'application/json',
  });
  expect(duplicate.json.message).toContain('strict decoding error: duplicate field "data.a"');
});

test('dry runs answer like the real thing and keep nothing', async () => {
  const { status, json } = await api.call('POST', `${configMaps}?dryRun=All`, configMap('dry'));
  expect(status).toBe(201);
  expect(json.metadata.uid).toBeDefined();
  expect(json.metadata.resourceVersion).toBeUndefined();
  expect((await api.call('GET', `${configMaps}/dry`)).status).toBe(404);
});

test('an update insists on the revision that it names, and on none if it names none', async () => {
  const created = (await api.call('POST', configMaps, configMap('upd', { a: '1' }))).json;
  const changed = { ...created, data: { a: '2' } };
  expect((await api.call('PUT', `${configMaps}/upd`, changed)).status).toBe(200);
  const stale = await api.call('PUT', `${configMaps}/upd`, { ...created, data: { a: '3' } });
  expect(stale.status).toBe(409);
  expect(stale.json.message).toBe(
    'Operation cannot be fulfilled on configmaps "upd": the object has been modified; ' +
      'please apply your changes to the latest version and try again',
  );
  expect((await api.call('PUT', `${configMaps}/upd`, configMap('upd', { a: '4' }))).json.data).toEqual({ a: '4' });
  const renamed = await api.call('PUT', `${configMaps}/upd`, configMap('other'));
  expect(renamed.json.message).toBe('the name of the object (other) does not match the name on the URL (upd)');
});

test('a write that changes nothing makes no revision', async () => {
  const before = (await api.call('POST', configMaps, configMap('same', { a: '1' }))).json.metadata.resourceVersion;
  const put = await api.call('PUT', `${configMaps}/same`, configMap('same', { a: '1' }));
  expect(put.json.metadata.resourceVersion).toBe(before);
  const patch = await api.call('PATCH', `${configMaps}/same`, { data: { a: '1' } }, merge);
  expect(patch.json.metadata.resourceVersion).toBe(before);
});

test('generation counts changes of the spec only, status goes through its own path', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments';
  const template = { metadata: { labels: { a: 'b' } }, spec: pod('').spec };
  const spec = { selector: { matchLabels: { a: 'b' } }, template };
  const created = await api.call('POST', path, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'gen' },
    spec,
    status: { replicas: 7 },
  });
  expect(created.json.metadata.generation).toBe(1);
  expect(created.json.status).toEqual({});
  const labelled = await api.call('PATCH', `${path}/gen`, { metadata: { labels: { x: 'y' } } }, merge);
  expect(labelled.json.metadata.generation).toBe(1);
  const scaled = await api.call('PATCH', `${path}/gen`, { spec: { replicas: 3 }, status: { replicas: 9 } }, merge);
  expect(scaled.json.metadata.generation).toBe(2);
  expect(scaled.json.status).toEqual({});
  const status = await api.call(
    'PATCH',
    `${path}/gen/status`,
    { spec: { replicas: 5 }, status: { replicas: 3 } },
    merge,
  );
  expect(status.json.spec.replicas).toBe(3);
  expect(status.json.status).toEqual({ replicas: 3 });
  expect(status.json.metadata.generation).toBe(2);
});

test('patches: JSON with its test, merge, strategic by key', async () => {
  await api.call('POST', configMaps, configMap('patched', { a: '1' }));
  const json = { 'content-type': 'application/json-patch+json' };
  const failed = await api.call('PATCH', `${configMaps}/patched`, [{ op: 'test', path: '/data/a', value: '2' }], json);
  expect(failed.status).toBe(422);
  expect(failed.json.message).toBe('the server rejected our request due to an error in our request');
  const replaced = await api.call(
    'PATCH',
    `${configMaps}/patched`,
    [{ op: 'replace', path: '/data/a', value: '2' }],
    json,
  );
  expect(replaced.json.data).toEqual({ a: '2' });
  await api.call('POST', pods, pod('patched'));
  const strategic = await api.call(
    'PATCH',
    `${pods}/patched`,
    { spec: { containers: [{ name: 'c', image: 'busybox:2' }] } },
    { 'content-type': 'application/strategic-merge-patch+json' },
  );
  expect(strategic.json.spec.containers).toHaveLength(1);
  expect(strategic.json.spec.containers[0]).toMatchObject({ name: 'c', image: 'busybox:2' });
  const unknown = await api.call('PATCH', `${pods}/patched`, {}, { 'content-type': 'text/plain' });
  expect(unknown.status).toBe(415);
  expect(unknown.json.reason).toBe('UnsupportedMediaType');
});

test('server-side apply: conflicts name the manager, force takes over, repetition changes nothing', async () => {
  const path = `${configMaps}/applied`;
  const first = await api.call('PATCH', `${path}?fieldManager=one`, configMap('applied', { a: '1', b: '1' }), apply);
  expect(first.status).toBe(201);
  const { resourceVersion } = first.json.metadata;
  const again = await api.call('PATCH', `${path}?fieldManager=one`, configMap('applied', { a: '1', b: '1' }), apply);
  expect(again.json.metadata.resourceVersion).toBe(resourceVersion);
  const rival = await api.call('PATCH', `${path}?fieldManager=two`, configMap('applied', { a: '2' }), apply);
  expect(rival.status).toBe(409);
  expect(rival.json.message).toBe('Apply failed with 1 conflict: conflict with "one": .data.a');
  expect(rival.json.details.causes).toEqual([
    { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
  ]);
  const forced = await api.call(
    'PATCH',
    `${path}?fieldManager=two&force=true`,
    configMap('applied', { a: '2' }),
    apply,
  );
  expect(forced.json.data).toEqual({ a: '2', b: '1' });
  const dropped = await api.call('PATCH', `${path}?fieldManager=one`, configMap('applied', {}), apply);
  expect(dropped.json.data).toEqual({ a: '2' });
  const anonymous = await api.call('PATCH', path, configMap('applied'), apply);
  expect(anonymous.status).toBe(422);
  expect(anonymous.json.message).toContain('fieldManager: Required value: is required for apply patch');
});

test('updates are recorded under the name of the client', async () => {
  const { json } = await api.call('POST', `${configMaps}?fieldManager=tester`, configMap('managed', { a: '1' }));
  expect(json.metadata.managedFields).toMatchObject([
    { manager: 'tester', operation: 'Update', apiVersion: 'v1', fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } } },
  ]);
  const { json: renamed } = await api.call(
    'PATCH',
    `${configMaps}/managed`,
    { data: { a: '2' } },
    {
      ...merge,
      'user-agent': 'kubectl/v1.35',
    },
  );
  const managers = renamed.metadata.managedFields.map(({ manager }: { manager: string }) => manager);
  // The map itself is still the first one's.
  expect(managers).toEqual(['kubectl', 'tester']);
});

test('deletion: preconditions, finalizers, answers', async () => {
  const created = (await api.call('POST', configMaps, configMap('gone'))).json;
  const wrong = await api.call('DELETE', `${configMaps}/gone`, { preconditions: { uid: 'other' } });
  expect(wrong.status).toBe(409);
  expect(wrong.json.message).toContain('the UID in the precondition (other) does not match the UID in record');
  const right = await api.call('DELETE', `${configMaps}/gone`, { preconditions: { uid: created.metadata.uid } });
  expect(right.json).toMatchObject({
    kind: 'Status',
    status: 'Success',
    details: { name: 'gone', kind: 'configmaps' },
  });
  expect((await api.call('DELETE', `${configMaps}/gone`)).status).toBe(404);

  const held = { ...configMap('held'), metadata: { name: 'held', finalizers: ['example.com/hold'] } };
  await api.call('POST', configMaps, held);
  const marked = await api.call('DELETE', `${configMaps}/held`);
  expect(marked.json.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, finalizers: ['example.com/hold'] });
  const more = await api.call(
    'PATCH',
    `${configMaps}/held`,
    { metadata: { finalizers: ['example.com/other'] } },
    merge,
  );
  expect(more.json.message).toContain('no new finalizers can be added if the object is being deleted');
  await api.call('PATCH', `${configMaps}/held`, { metadata: { finalizers: null } }, merge);
  expect((await api.call('GET', `${configMaps}/held`)).status).toBe(404);
});

test('propagation policies leave their finalizers', async () => {
  await api.call('POST', configMaps, configMap('foreground'));
  const { json } = await api.call('DELETE', `${configMaps}/foreground`, { propagationPolicy: 'Foreground' });
  expect(json.metadata.finalizers).toEqual(['foregroundDeletion']);
  await api.call('POST', configMaps, configMap('orphaned'));
  const orphaned = await api.call('DELETE', `${configMaps}/orphaned?propagationPolicy=Orphan`);
  expect(orphaned.json.metadata.finalizers).toEqual(['orphan']);
});

/** Source: DefaultGarbageCollectionPolicy of the kinds' strategies, and the warning of batch/job/storage. */
test('ReplicationControllers and Jobs leave their pods when nobody says otherwise', async () => {
  const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'a:1' }] } } };
  const jobs = '/apis/batch/v1/namespaces/default/jobs';
  const make = (name: string) =>
    api.call('POST', jobs, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec });
  await make('left');
  const left = await api.call('DELETE', `${jobs}/left`);
  expect(left.json.metadata.finalizers).toEqual(['orphan']);
  expect(left.headers['warning']).toContain('child pods are preserved by default when jobs are deleted');
  await make('taken');
  const taken = await api.call('DELETE', `${jobs}/taken`, { propagationPolicy: 'Background' });
  expect([taken.json.kind, taken.json.status, taken.headers['warning']]).toEqual(['Status', 'Success', undefined]);
});

test('pods that run somewhere go gracefully, and only ever sooner', async () => {
  await api.call('POST', pods, pod('graceful'));
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'graceful' },
    target: { kind: 'Node', name: 'n' },
  };
  const nominate = { status: { nominatedNodeName: 'n' } };
  const waiting = await api.call('PATCH', `${pods}/graceful/status`, nominate, {
    'content-type': 'application/merge-patch+json',
  });
  expect(waiting.json.status.nominatedNodeName).toBe('n');
  expect((await api.call('POST', `${pods}/graceful/binding`, binding)).status).toBe(201);
  // v1.35 takes it back with the binding (pkg/registry/core/pod/storage/storage.go).
  expect((await api.call('GET', `${pods}/graceful`)).json.status.nominatedNodeName).toBeUndefined();
  const again = await api.call('POST', `${pods}/graceful/binding`, binding);
  expect(again.json.message).toBe(
    'Operation cannot be fulfilled on pods/binding "graceful": pod graceful is already assigned to node "n"',
  );
  const first = (await api.call('DELETE', `${pods}/graceful`)).json.metadata;
  expect(first.deletionGracePeriodSeconds).toBe(30);
  const longer = (await api.call('DELETE', `${pods}/graceful?gracePeriodSeconds=60`)).json.metadata;
  expect(longer.deletionGracePeriodSeconds).toBe(30);
  const sooner = (await api.call('DELETE', `${pods}/graceful?gracePeriodSeconds=5`)).json.metadata;
  expect(sooner.deletionGracePeriodSeconds).toBe(5);
  expect(Date.parse(sooner.deletionTimestamp)).toBeLessThan(Date.parse(first.deletionTimestamp));
  await api.call('DELETE', `${pods}/graceful?gracePeriodSeconds=0`);
  expect((await api.call('GET', `${pods}/graceful`)).status).toBe(404);
});

test('a namespace goes when its finalizer has been taken off', async () => {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'leaving' } };
  await api.call('POST', '/api/v1/namespaces', body);
  const { json } = await api.call('DELETE', '/api/v1/namespaces/leaving');
  expect(json.status.phase).toBe('Terminating');
  const finalized = { ...json, spec: { finalizers: [] } };
  expect((await api.call('PUT', '/api/v1/namespaces/leaving/finalize', finalized)).status).toBe(200);
  expect((await api.call('GET', '/api/v1/namespaces/leaving')).status).toBe(404);
});

test('bad requests get a Status, whatever they are', async () => {
  const broken = await api.call('POST', configMaps, '{"apiVersion":"v1",', { 'content-type': 'application/json' });
  expect([broken.status, broken.json.reason]).toEqual([400, 'BadRequest']);
  expect(broken.json.message).toBe(
    'the object provided is unrecognized (must be of type ConfigMap): ' +
      'couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"apiVersion":"v1",)',
  );
  const version = await api.call('POST', configMaps, { ...configMap('v'), apiVersion: 'v2' });
  expect(version.json.message).toBe('the API version in the data (v2) does not match the expected API version (v1)');
  const other = await api.call('POST', configMaps, pod('other'));
  expect(other.json.message).toBe(
    'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
  );
  const huge = await api.call('POST', configMaps, 'x'.repeat(4 * 1024 * 1024), { 'content-type': 'application/json' });
  expect([huge.status, huge.json.reason]).toEqual([413, 'RequestEntityTooLarge']);
  expect((await api.call('GET', '/api/v1/nothings')).json.reason).toBe('NotFound');
  expect((await api.call('POST', `${configMaps}/name`, configMap('name'))).status).toBe(405);
  expect((await api.call('GET', configMaps, undefined, { accept: 'text/html' })).status).toBe(406);
  expect((await api.call('POST', configMaps, 'a', { 'content-type': 'text/plain' })).status).toBe(415);
  expect((await api.call('GET', `${configMaps}?labelSelector=a%20b%20c`)).status).toBe(400);
  expect((await api.call('GET', `${configMaps}?fieldSelector=spec.x=1`)).status).toBe(400);
  expect((await api.call('GET', '/api/v1/namespaces/default/configmaps/%zz')).status).toBe(400);
});

test('people behind curl get indented JSON, programs a line, and ?pretty chooses', async () => {
  const curl = { 'user-agent': 'curl/8.5.0' };
  await api.call('POST', configMaps, configMap('readable', { big: '9007199254740993' }));
  for (const path of [`${configMaps}/readable`, configMaps, `${configMaps}/absent`, '/api/v1', '/apis']) {
    const { text } = await api.call('GET', path, undefined, curl);
    const value: unknown = JSON.parse(text);
    expect(text, path).toBe(JSON.stringify(value, null, 2));
    expect((await api.call('GET', `${path}?pretty=0`, undefined, curl)).text, path).toBe(`${JSON.stringify(value)}\n`);
    expect((await api.call('GET', `${path}?pretty=1`)).text, path).toBe(text);
  }
});
