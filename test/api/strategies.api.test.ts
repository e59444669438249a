/**
 * What upstream's strategies do beside validation (pkg/registry/*\/strategy.go): what a status may change, which kinds
 * insist on a revision, which ones a PUT creates, and the warnings that come with a write.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds } from '../../src/api/catalogue.ts';
import { startHarness, type Harness } from './harness.ts';

let api: Harness;

beforeAll(async () => {
  api = await startHarness();
});
afterAll(() => api.stop());

const own = kinds.filter(({ conversion, virtual }) => conversion === undefined && virtual !== true);
const pluralsOf = (condition: (kind: (typeof kinds)[number]) => boolean): string[] =>
  own
    .filter((kind) => condition(kind))
    .map(({ plural }) => plural)
    .toSorted();

// AllowUnconditionalUpdate() false
test('kinds that insist on a revision', () => {
  expect(pluralsOf(({ unconditionalUpdate }) => unconditionalUpdate === false)).toEqual([
    'apiservices',
    'csidrivers',
    'csinodes',
    'csistoragecapacities',
    'customresourcedefinitions',
    'leases',
    'mutatingwebhookconfigurations',
    'poddisruptionbudgets',
    'runtimeclasses',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
    'validatingwebhookconfigurations',
    'volumeattachments',
  ]);
});

// AllowCreateOnUpdate() true
test('kinds that a PUT creates', () => {
  expect(pluralsOf(({ createOnUpdate }) => createOnUpdate === true)).toEqual([
    'clusterrolebindings',
    'clusterroles',
    'endpoints',
    'events',
    'leases',
    'limitranges',
    'rolebindings',
    'roles',
    'services',
  ]);
});

const namespaced = '/api/v1/namespaces/default';
const merge = { 'content-type': 'application/merge-patch+json' };
const template = {
  metadata: { labels: { a: 'b' } },
  spec: { containers: [{ name: 'c', image: 'a:1' }], nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
};
const told =
  '299 - "spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \\"kubernetes.io/os\\" instead"';
const warning = ({ headers }: Awaited<ReturnType<Harness['call']>>): unknown => headers['warning'];

describe('warnings of a Deployment', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments';

  test('come with a new one', async () => {
    const deployment = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
    expect(warning(await api.call('POST', deployments, deployment))).toBe(told);
  });

  test('come with what changes the specification', async () => {
    expect(warning(await api.call('PATCH', `${deployments}/d`, { spec: { minReadySeconds: 1 } }, merge))).toBe(told);
    expect(warning(await api.call('PATCH', `${deployments}/d/scale`, { spec: { replicas: 3 } }, merge))).toBe(told);
  });

  test('do not come with labels or a status', async () => {
    const labels = { metadata: { labels: { x: 'y' } } };
    expect(warning(await api.call('PATCH', `${deployments}/d`, labels, merge))).toBeUndefined();
    expect(
      warning(await api.call('PATCH', `${deployments}/d/status`, { status: { replicas: 1 } }, merge)),
    ).toBeUndefined();
  });

  test('do not come with a refusal', async () => {
    const answer = await api.call('PATCH', `${deployments}/d`, { spec: { minReadySeconds: -1 } }, merge);
    expect([answer.status, warning(answer)]).toEqual([422, undefined]);
  });
});

test('a pod with an AppArmor profile in the old form is told so, though it has both forms once it is made', async () => {
  const annotations = { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' };
  const spec = { containers: [{ name: 'c', image: 'a:1' }] };
  const answer = await api.call('POST', `${namespaced}/pods`, { metadata: { name: 'armoured', annotations }, spec });
  expect(warning(answer)).toBe(
    '299 - "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the \\"appArmorProfile\\" field instead"',
  );
});

// PrepareForUpdate of status strategies: ResetObjectMetaForStatus, and field by field
describe('an update through /status', () => {
  const flows = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
  const flow = {
    metadata: { name: 'f', labels: { a: 'b' } },
    spec: { priorityLevelConfiguration: { name: 'exempt' } },
  };
  const change = {
    metadata: { labels: { a: 'c' }, annotations: { x: 'y' }, finalizers: ['e.x/y'] },
    status: { conditions: [{ type: 'Dangling', status: 'True' }] },
  };

  test('leaves the metadata of a FlowSchema alone, and its caller owns none of it', async () => {
    const { json: made } = await api.call('POST', flows, flow);
    const { json } = await api.call('PATCH', `${flows}/f/status?fieldManager=reporter`, change, merge);
    expect(json.status.conditions).toHaveLength(1);
    expect(json.metadata).toMatchObject({ labels: { a: 'b' }, generation: made.metadata.generation });
    expect(json.metadata).not.toHaveProperty('annotations');
    expect(json.metadata).not.toHaveProperty('finalizers');
    const [reporter] = json.metadata.managedFields.filter(({ manager }: { manager: string }) => manager === 'reporter');
    expect(Object.keys(reporter.fieldsV1)).toEqual(['f:status']);
  });

  test('leaves the labels of a Deployment alone, and not its annotations', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    const spec = { selector: { matchLabels: { a: 'b' } }, template };
    await api.call('POST', deployments, { metadata: { name: 'labelled', labels: { a: 'b' } }, spec });
    const { json } = await api.call('PATCH', `${deployments}/labelled/status`, { ...change, status: {} }, merge);
    expect(json.metadata).toMatchObject({ labels: { a: 'b' }, annotations: { x: 'y' } });
  });

  test('leaves the owners of a pod alone', async () => {
    const pod = { metadata: { name: 'owned' }, spec: { containers: [{ name: 'c', image: 'a:1' }] } };
    await api.call('POST', `${namespaced}/pods`, pod);
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'm', uid: 'u' }];
    const patch = { metadata: { ownerReferences, labels: { a: 'b' } } };
    const { json } = await api.call('PATCH', `${namespaced}/pods/owned/status`, patch, merge);
    expect(json.metadata).not.toHaveProperty('ownerReferences');
    expect(json.metadata.labels).toEqual({ a: 'b' });
  });
});

// pkg/registry/core/persistentvolume/strategy.go
test('a PersistentVolume knows when its phase changed', async () => {
  const volumes = '/api/v1/persistentvolumes';
  const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } };
  const { json: made } = await api.call('POST', volumes, { metadata: { name: 'v' }, spec });
  expect(made.status).toEqual({ phase: 'Pending', lastPhaseTransitionTime: made.metadata.creationTimestamp });
  const put = async (status: object): Promise<{ phase: string; lastPhaseTransitionTime: string }> =>
    (await api.call('PUT', `${volumes}/v/status`, { ...made, metadata: { name: 'v' }, status })).json.status;
  const then = '2001-01-01T00:00:00Z';
  expect(await put({ phase: 'Pending' })).toEqual(made.status);
  expect(await put({ phase: 'Available', lastPhaseTransitionTime: then })).toEqual({
    phase: 'Available',
    lastPhaseTransitionTime: then,
  });
  const { lastPhaseTransitionTime } = await put({ phase: 'Released', lastPhaseTransitionTime: then });
  expect(Date.parse(lastPhaseTransitionTime)).toBeGreaterThan(Date.parse(then));
});

test('the first generation of a CSIDriver is that of its first change', async () => {
  const drivers = '/apis/storage.k8s.io/v1/csidrivers';
  const { json: made } = await api.call('POST', drivers, { metadata: { name: 'd' }, spec: {} });
  expect(made.metadata).not.toHaveProperty('generation');
  const { json } = await api.call('PATCH', `${drivers}/d`, { spec: { podInfoOnMount: true } }, merge);
  expect(json.metadata.generation).toBe(1);
});

// Found by fuzzing; upstream's FieldManager.UpdateNoErrors goes on without managedFields, too.
test('items that can not be told apart are no reason for a 500', async () => {
  const levels = '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations';
  const level = {
    metadata: { name: 'l' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
    status: { conditions: [{}] },
  };
  const answer = await api.call('POST', levels, level);
  expect(answer.status).toBe(201);
  expect(answer.json.metadata).not.toHaveProperty('managedFields');
});

// pkg/registry/core/pod/strategy.go, preserveOldObservedGeneration
test('what was observed of a pod outlives reports of those who do not know of it', async () => {
  const pod = { metadata: { name: 'observed' }, spec: { containers: [{ name: 'c', image: 'a:1' }] } };
  const { json: made } = await api.call('POST', `${namespaced}/pods`, pod);
  const report = async (status: object): Promise<object> =>
    (await api.call('PUT', `${namespaced}/pods/observed/status`, { ...made, metadata: { name: 'observed' }, status }))
      .json.status;
  const ready = { type: 'Ready', status: 'True' };
  await report({ phase: 'Running', observedGeneration: 1, conditions: [{ ...ready, observedGeneration: 1 }] });
  expect(await report({ phase: 'Running', conditions: [ready, { ...ready, type: 'Other' }] })).toMatchObject({
    observedGeneration: 1,
    conditions: [{ ...ready, observedGeneration: 1 }, { type: 'Other' }],
  });
});

// pkg/registry/core/node/strategy.go, dropDisabledFields
test('a Node does not get settings of the kubelet that were removed', async () => {
  const spec = {
    configSource: { configMap: { name: 'a', namespace: 'b', kubeletConfigKey: 'c' } },
    unschedulable: true,
  };
  const answer = await api.call('POST', '/api/v1/nodes', { metadata: { name: 'n' }, spec, status: { config: {} } });
  expect([answer.status, warning(answer)]).toEqual([201, undefined]);
  expect(answer.json.spec).not.toHaveProperty('configSource');
  expect(answer.json.status).not.toHaveProperty('config');
  const { json } = await api.call('PATCH', '/api/v1/nodes/n/status', { status: { config: { error: 'x' } } }, merge);
  expect(json.status).not.toHaveProperty('config');
});

// pkg/registry/discovery/endpointslice/strategy.go, PrepareForUpdate
test('the labels of an EndpointSlice count as changes of it, and its annotations do not', async () => {
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
  const slice = { metadata: { name: 's' }, addressType: 'FQDN', endpoints: [] };
  const created = await api.call('POST', slices, slice);
  expect(warning(created)).toBe('299 - "spec.addressType: FQDN endpoints are deprecated"');
  const change = async (metadata: object): Promise<number> =>
    (await api.call('PATCH', `${slices}/s`, { metadata }, merge)).json.metadata.generation;
  expect(await change({ labels: { a: 'b' } })).toBe(2);
  expect(await change({ annotations: { a: 'b' } })).toBe(2);
});

// pkg/api/persistentvolumeclaim/util.go, EnforceDataSourceBackwardsCompatibility
test('a claim keeps only the data sources that could always be said the old way', async () => {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const source = async (name: string, content: object): Promise<unknown> => {
    const claim = { metadata: { name }, spec: { ...spec, ...content } };
    return (await api.call('POST', `${namespaced}/persistentvolumeclaims`, claim)).json.spec.dataSource;
  };
  const custom = { apiGroup: 'example.com', kind: 'Backup', name: 'b' };
  const other = { kind: 'PersistentVolumeClaim', name: 'b' };
  expect(await source('custom', { dataSource: custom })).toBeUndefined();
  expect(await source('custom-ref', { dataSourceRef: custom })).toEqual(custom);
  expect(await source('clone', { dataSource: other })).toEqual(other);
});
