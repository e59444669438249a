/** Messages: apiserver pkg/admission/plugin/resourcequota/controller.go, pkg/quota/v1/evaluator/core/pods.go. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ConfigMap } from '../../api/core/config-map.ts';
import { ResourceClaim } from '../../api/resource/resource-claim.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { Pod } from '../../api/core/pod.ts';
import { ResourceQuota } from '../../api/core/resource-quota.ts';
import { Service } from '../../api/core/service.ts';
import { PriorityClass } from '../../api/scheduling/priority-class.ts';
import { counterOf } from '../../api/quota/usage.ts';
import { formatQuantity } from '../../schema/quantity.ts';
import { podOf, refusalOf, startFixture, type Fixture } from './testing/fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await startFixture();
});

/** A quota whose limits are in force, as the controller leaves it. */
async function limit(hard: Readonly<Record<string, string>>, spec: object = {}, name = 'q'): Promise<void> {
  const quota = await fixture.api.create(ResourceQuota, {
    metadata: { name, namespace: 'a' },
    spec: { hard, ...spec },
  });
  const used = Object.fromEntries(Object.keys(hard).map((each) => [each, '0']));
  await fixture.api.update(ResourceQuota, { ...quota, status: { hard, used } }, { subresource: 'status' });
}

const used = async (name = 'q'): Promise<unknown> =>
  (await fixture.api.get(ResourceQuota, { namespace: 'a', name })).status?.used;

const withResources = (resources: object): object => podOf({ containers: [{ name: 'c', image: 'i', resources }] });

describe('refusals', () => {
  test.each<[string, Readonly<Record<string, string>>, object, string]>([
    ['count', { pods: '0' }, podOf(), 'exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0'],
    [
      'several at once',
      { 'requests.cpu': '1', 'limits.memory': '1Gi', pods: '5' },
      withResources({ requests: { cpu: '1500m', memory: '1Gi' }, limits: { memory: '2Gi' } }),
      'exceeded quota: q, requested: limits.memory=2Gi,requests.cpu=1500m, used: limits.memory=0,requests.cpu=0, limited: limits.memory=1Gi,requests.cpu=1',
    ],
    [
      'nothing said',
      { cpu: '1', 'limits.memory': '1Gi' },
      podOf(),
      'failed quota: q: must specify cpu for: c; limits.memory for: c',
    ],
    [
      'devices',
      { 'requests.example.com/gpu': '1' },
      withResources({ limits: { 'example.com/gpu': '2' } }),
      'exceeded quota: q, requested: requests.example.com/gpu=2, used: requests.example.com/gpu=0, limited: requests.example.com/gpu=1',
    ],
  ])('%s', async (_what, hard, pod, message) => {
    await limit(hard);
    expect(await refusalOf(fixture.api.create(Pod, pod))).toBe(`pods "p" is forbidden: ${message}`);
    expect(await used()).toEqual(Object.fromEntries(Object.keys(hard).map((name) => [name, '0'])));
  });

  test('a quota of which nobody knows what is used refuses', async () => {
    await limit({ pods: '1', configmaps: '1' });
    const quota = await fixture.api.get(ResourceQuota, { namespace: 'a', name: 'q' });
    const status = { hard: { pods: '1', configmaps: '1' }, used: { configmaps: '0' } };
    await fixture.api.update(ResourceQuota, { ...quota, status }, { subresource: 'status' });
    expect(await refusalOf(fixture.api.create(Pod, podOf()))).toBe(
      'pods "p" is forbidden: status unknown for quota: q, resources: pods',
    );
  });
});

test('what is created is counted at the same revision', async () => {
  await limit({ pods: '2', 'requests.cpu': '1', 'count/configmaps': '5' });
  const pod = await fixture.api.create(Pod, withResources({ requests: { cpu: '300m' } }));
  const quota = await fixture.api.get(ResourceQuota, { namespace: 'a', name: 'q' });
  expect(quota.metadata.resourceVersion).toBe(pod.metadata.resourceVersion);
  expect(quota.status?.used).toEqual({ pods: '1', 'requests.cpu': '300m', 'count/configmaps': '0' });
});

test('many at the same time never exceed the quota, whoever else writes its status', async () => {
  await limit({ pods: '7' });
  const create = (index: number): Promise<string> =>
    refusalOf(fixture.api.create(Pod, podOf({}, { name: `p${index}` })));
  const disturb = async (): Promise<void> => {
    const annotations = { touched: 'yes' };
    await fixture.api.patch(
      ResourceQuota,
      { namespace: 'a', name: 'q' },
      { metadata: { annotations } },
      { type: 'merge' },
    );
  };
  const answers = await Promise.all([...Array.from({ length: 40 }, (_, index) => create(index)), disturb()]);
  expect(answers.filter((answer) => answer === '')).toHaveLength(7);
  expect((await fixture.api.list(Pod, { namespace: 'a' })).items).toHaveLength(7);
  expect(await used()).toEqual({ pods: '7' });
});

test('a dry run is refused as the write would be, and counts nothing', async () => {
  await limit({ pods: '1' });
  await fixture.api.create(Pod, podOf({}, { name: 'dry' }), { dryRun: true });
  expect(await used()).toEqual({ pods: '0' });
  await fixture.api.create(Pod, podOf());
  expect(await refusalOf(fixture.api.create(Pod, podOf({}, { name: 'dry' }), { dryRun: true }))).toContain('exceeded');
});

test('what validation refuses is not counted', async () => {
  await limit({ pods: '1' });
  expect(await refusalOf(fixture.api.create(Pod, podOf({ restartPolicy: 'Sometimes' })))).toContain('restartPolicy');
  expect(await used()).toEqual({ pods: '0' });
  expect(await refusalOf(fixture.api.create(Pod, podOf()))).toBe('');
});

describe('scopes', () => {
  test.each<[string, object, object, boolean]>([
    ['BestEffort', { scopes: ['BestEffort'] }, podOf(), true],
    ['BestEffort', { scopes: ['BestEffort'] }, withResources({ requests: { cpu: '1' } }), false],
    ['NotTerminating', { scopes: ['NotTerminating'] }, podOf({ activeDeadlineSeconds: 5 }), false],
    ['Terminating', { scopes: ['Terminating'] }, podOf({ activeDeadlineSeconds: 5 }), true],
    [
      'PriorityClass',
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } },
      podOf({ priorityClassName: 'high' }),
      true,
    ],
    [
      'PriorityClass',
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } },
      podOf(),
      false,
    ],
  ])('%s', async (_scope, spec, pod, counted) => {
    await fixture.api.create(PriorityClass, { metadata: { name: 'high' }, value: 9 });
    await limit({ pods: '1' }, spec);
    await fixture.api.create(Pod, pod);
    expect(await used()).toEqual({ pods: counted ? '1' : '0' });
  });
});

test('Services are counted by type, and an update by what it adds', async () => {
  await limit({ services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' });
  const metadata = { name: 's', namespace: 'a' };
  const spec = { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ports: [{ port: 80 }] };
  await fixture.api.create(Service, { metadata, spec });
  const place = { namespace: 'a', name: 's' };
  const become = (type: string, ports: object[]): Promise<unknown> =>
    fixture.api.patch(Service, place, { spec: { type, ports } }, { type: 'merge' });
  const two = [
    { name: 'a', port: 80 },
    { name: 'b', port: 81 },
  ];
  expect(await refusalOf(become('NodePort', two))).toContain(
    'exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1',
  );
  expect(await used()).toEqual({ services: '1', 'services.nodeports': '0', 'services.loadbalancers': '0' });
});

test('claims are counted by size and class', async () => {
  await limit({
    'requests.storage': '10Gi',
    persistentvolumeclaims: '5',
    'gold.storageclass.storage.k8s.io/requests.storage': '2Gi',
  });
  const claim = (name: string, storage: string): object => ({
    metadata: { name, namespace: 'a' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'gold', resources: { requests: { storage } } },
  });
  await fixture.api.create(PersistentVolumeClaim, claim('one', '1Gi'));
  expect(await refusalOf(fixture.api.create(PersistentVolumeClaim, claim('two', '1500Mi')))).toBe(
    'persistentvolumeclaims "two" is forbidden: exceeded quota: q, ' +
      'requested: gold.storageclass.storage.k8s.io/requests.storage=1500Mi, ' +
      'used: gold.storageclass.storage.k8s.io/requests.storage=1Gi, ' +
      'limited: gold.storageclass.storage.k8s.io/requests.storage=2Gi',
  );
});

test('claims are counted in whole bytes, and by what is being made ready while a growth is taken back', async () => {
  // upstream pkg/quota/v1/evaluator/core/persistent_volume_claims_test.go
  const counter = counterOf(PersistentVolumeClaim);
  const claim = (storage: string, allocated?: string): PersistentVolumeClaim =>
    ({
      metadata: { name: 'c', namespace: 'a' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
      ...(allocated !== undefined && { status: { allocatedResources: { storage: allocated } } }),
    }) as unknown as PersistentVolumeClaim;
  const storageOf = (object: PersistentVolumeClaim): string =>
    formatQuantity(counter.usage(object, 0)['requests.storage'] ?? '0');
  expect(storageOf(claim('10Gi'))).toBe('10Gi');
  expect(storageOf(claim('1000m'))).toBe('1');
  expect(storageOf(claim('1500m'))).toBe('2');
  expect(storageOf(claim('10Gi', '20Gi'))).toBe('20Gi');
  expect(storageOf(claim('30Gi', '20Gi'))).toBe('30Gi');
});

test('devices are counted by class: all that a claim may get, and of alternatives the most', async () => {
  const gpus = 'gpu.example.com.deviceclass.resource.k8s.io/devices';
  await limit({ [gpus]: '40', 'count/resourceclaims.resource.k8s.io': '5' });
  const claim = (name: string, ...requests: readonly object[]): Promise<unknown> =>
    fixture.api.create(ResourceClaim, { metadata: { name, namespace: 'a' }, spec: { devices: { requests } } });
  const of = (deviceClassName: string, rest: object = {}): object => ({ deviceClassName, ...rest });
  await claim('one', { name: 'r', exactly: of('gpu.example.com') }, { name: 's', exactly: of('net.example.com') });
  await claim('two', {
    name: 'r',
    firstAvailable: [
      { name: 'big', ...of('gpu.example.com') },
      { name: 'many', ...of('gpu.example.com', { count: 4 }) },
      { name: 'other', ...of('net.example.com', { count: 9 }) },
    ],
  });
  expect(await used()).toEqual({ [gpus]: '5', 'count/resourceclaims.resource.k8s.io': '2' });
  await claim('all', { name: 'r', exactly: of('gpu.example.com', { allocationMode: 'All' }) });
  expect(await refusalOf(claim('more', { name: 'r', exactly: of('gpu.example.com', { count: 4 }) }))).toBe(
    `resourceclaims.resource.k8s.io "more" is forbidden: exceeded quota: q, requested: ${gpus}=4, used: ${gpus}=37, limited: ${gpus}=40`,
  );
});

test('objects of any kind can be counted, and every quota of the namespace holds', async () => {
  await limit({ 'count/configmaps': '1' });
  await limit({ configmaps: '3' }, {}, 'r');
  const configMap = (name: string): object => ({ metadata: { name, namespace: 'a' } });
  await fixture.api.create(ConfigMap, configMap('one'));
  expect(await refusalOf(fixture.api.create(ConfigMap, configMap('two')))).toContain(
    'exceeded quota: q, requested: count/configmaps=1',
  );
  expect(await used('r')).toEqual({ configmaps: '1' });
});
