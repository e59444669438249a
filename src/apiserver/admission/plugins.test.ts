import { beforeEach, describe, expect, test } from 'vitest';
import { Service } from '../../api/core/service.ts';
import { ConfigMap } from '../../api/core/config-map.ts';
import { Event } from '../../api/core/event.ts';
import { Namespace } from '../../api/core/namespace.ts';
import { Node } from '../../api/core/node.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { Pod } from '../../api/core/pod.ts';
import { Lease } from '../../api/coordination/lease.ts';
import { IngressClass } from '../../api/networking/ingress-class.ts';
import { Ingress } from '../../api/networking/ingress.ts';
// oxlint-disable-next-line no-restricted-imports -- a group of the catalogue, not the floor of that name
import { RuntimeClass } from '../../api/node/runtime-class.ts';
import { PriorityClass } from '../../api/scheduling/priority-class.ts';
import { VolumeAttributesClass } from '../../api/storage/volume-attributes-class.ts';
import { StorageClass } from '../../api/storage/storage-class.ts';
import { isPluginEnabled, pluginComplaint, pluginNames } from './names.ts';
import { nodeUser, podOf, refusalOf, startFixture, type Fixture } from './testing/fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await startFixture();
});

describe('switches', () => {
  test.each([
    ['NamespaceLifecycle', {}, true],
    ['AlwaysPullImages', {}, false],
    ['AlwaysPullImages', { enable: ['AlwaysPullImages'] }, true],
    ['PodSecurity', { disable: ['PodSecurity'] }, false],
  ])('%s with %j runs: %s', (name, switches, runs) => {
    expect(isPluginEnabled(name, switches)).toBe(runs);
  });

  test('names that no plugin has are told, and those that are both on and off', () => {
    expect(pluginComplaint({ enable: ['Nope'] })).toBe('admission plugin "Nope" is unknown');
    expect(pluginComplaint({ enable: ['Priority'], disable: ['Priority'] })).toBe(
      'admission plugin "Priority" is both enabled and disabled',
    );
    expect(pluginComplaint({ enable: [...pluginNames] })).toBeUndefined();
  });
});

/** apiserver pkg/admission/plugin/namespace/lifecycle/admission.go */
describe('NamespaceLifecycle', () => {
  const configMap = (namespace: string): object => ({ metadata: { name: 'c', namespace } });

  test('nothing is created in a namespace that is absent', async () => {
    expect(await refusalOf(fixture.api.create(ConfigMap, configMap('nope')))).toBe('namespaces "nope" not found');
  });

  test('nothing new is created in one that goes away, and the answer says so to clients', async () => {
    await fixture.api.create(ConfigMap, { metadata: { name: 'held', namespace: 'a', finalizers: ['x.test/hold'] } });
    await fixture.api.delete(Namespace, { name: 'a' });
    const error = await fixture.api.create(ConfigMap, configMap('a')).catch((each: unknown) => each);
    expect(error).toMatchObject({
      code: 403,
      message:
        'configmaps "c" is forbidden: unable to create new content in namespace a because it is being terminated',
      details: {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace a is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    });
  });

  test.each(['default', 'kube-system'])('%s stays for ever', async (name) => {
    expect(await refusalOf(fixture.api.delete(Namespace, { name }))).toBe(
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    );
  });

  test('autoprovision makes the namespace, but not on a dry run', async () => {
    fixture = await startFixture({ enable: ['NamespaceAutoProvision'] });
    expect(await refusalOf(fixture.api.create(ConfigMap, configMap('b'), { dryRun: true }))).toContain('not found');
    await fixture.api.create(ConfigMap, configMap('b'));
    expect((await fixture.api.get(Namespace, { name: 'b' })).metadata.name).toBe('b');
  });
});

/** plugin/pkg/admission/priority/admission.go */
describe('Priority', () => {
  test('the class becomes a number; without one, the default class or zero counts', async () => {
    await fixture.api.create(PriorityClass, { metadata: { name: 'high' }, value: 9, preemptionPolicy: 'Never' });
    const pod = await fixture.api.create(Pod, podOf({ priorityClassName: 'high' }));
    expect(pod.spec).toMatchObject({ priority: 9, preemptionPolicy: 'Never' });
    const plain = await fixture.api.create(Pod, podOf({}, { name: 'plain' }));
    expect(plain.spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
    await fixture.api.create(PriorityClass, { metadata: { name: 'usual' }, value: 3, globalDefault: true });
    const later = await fixture.api.create(Pod, podOf({}, { name: 'later' }));
    expect(later.spec).toMatchObject({ priority: 3, priorityClassName: 'usual' });
  });

  test.each([
    [{ priorityClassName: 'nope' }, 'no PriorityClass with name nope was found'],
    [
      { priority: 5 },
      'the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    ],
    [
      { preemptionPolicy: 'Never' },
      'the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name',
    ],
  ])('%j: %s', async (spec, message) => {
    expect(await refusalOf(fixture.api.create(Pod, podOf(spec)))).toBe(`pods "p" is forbidden: ${message}`);
  });

  test('one class at most is the default', async () => {
    await fixture.api.create(PriorityClass, { metadata: { name: 'one' }, value: 1, globalDefault: true });
    const other = { metadata: { name: 'two' }, value: 2, globalDefault: true };
    expect(await refusalOf(fixture.api.create(PriorityClass, other))).toBe(
      'priorityclasses.scheduling.k8s.io "two" is forbidden: PriorityClass one is already marked as default. Only one default can exist',
    );
  });
});

/** plugin/pkg/admission/runtimeclass/admission.go */
describe('RuntimeClass', () => {
  beforeEach(async () => {
    await fixture.api.create(RuntimeClass, {
      metadata: { name: 'vm' },
      handler: 'vm',
      overhead: { podFixed: { cpu: '250m' } },
      scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
    });
  });

  test("what the class costs and where it can be had becomes the pod's", async () => {
    const { spec } = await fixture.api.create(Pod, podOf({ runtimeClassName: 'vm', nodeSelector: { disk: 'ssd' } }));
    expect(spec).toMatchObject({ overhead: { cpu: '250m' }, nodeSelector: { disk: 'ssd', vm: 'yes' } });
    expect(spec?.tolerations).toContainEqual({ key: 'vm', operator: 'Exists' });
  });

  test.each([
    [{ runtimeClassName: 'nope' }, 'pod rejected: RuntimeClass "nope" not found'],
    [{ overhead: { cpu: '1' } }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
    [
      { runtimeClassName: 'vm', overhead: { cpu: '1' } },
      "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    ],
    [
      { runtimeClassName: 'vm', nodeSelector: { vm: 'no' } },
      'conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no',
    ],
  ])('%j: %s', async (spec, message) => {
    expect(await refusalOf(fixture.api.create(Pod, podOf(spec)))).toBe(`pods "p" is forbidden: ${message}`);
  });
});

/** plugin/pkg/admission/defaulttolerationseconds/admission.go */
test('pods stay five minutes on a node that fails, unless they say otherwise', async () => {
  const { spec } = await fixture.api.create(
    Pod,
    podOf({ tolerations: [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' }] }),
  );
  expect(spec?.tolerations).toEqual([
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  ]);
});

test('a new node takes no pods yet, unless TaintNodesByCondition is switched off', async () => {
  fixture = await startFixture({});
  const node = await fixture.api.create(Node, { metadata: { name: 'n' } });
  expect(node.spec?.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
});

test('with AlwaysPullImages every container asks the registry', async () => {
  fixture = await startFixture({ enable: ['AlwaysPullImages'] });
  const pod = await fixture.api.create(
    Pod,
    podOf({
      containers: [{ name: 'c', image: 'i:1', imagePullPolicy: 'Never' }],
      volumes: [{ name: 'v', image: { reference: 'i:2', pullPolicy: 'IfNotPresent' } }],
    }),
  );
  expect(pod.spec?.containers[0]?.imagePullPolicy).toBe('Always');
  expect(pod.spec?.volumes?.find(({ name }) => name === 'v')?.image?.pullPolicy).toBe('Always');
});

test('with ExtendedResourceToleration pods may go to the nodes that have their device', async () => {
  fixture = await startFixture({ enable: ['ExtendedResourceToleration'] });
  const resources = { limits: { 'example.com/gpu': '1', cpu: '1' } };
  const pod = await fixture.api.create(Pod, podOf({ containers: [{ name: 'c', image: 'i', resources }] }));
  expect(pod.spec?.tolerations).toContainEqual({ key: 'example.com/gpu', operator: 'Exists' });
});

/** plugin/pkg/admission/podnodeselector/admission.go */
test('with PodNodeSelector the namespace says where its pods run', async () => {
  fixture = await startFixture({ enable: ['PodNodeSelector'] });
  const annotations = { 'scheduler.alpha.kubernetes.io/node-selector': 'disk=ssd' };
  await fixture.api.create(Namespace, { metadata: { name: 'b', annotations } });
  await fixture.api.patch(Namespace, { name: 'a' }, { metadata: { annotations } }, { type: 'merge' });
  expect((await fixture.api.create(Pod, podOf())).spec?.nodeSelector).toEqual({ disk: 'ssd' });
  expect(await refusalOf(fixture.api.create(Pod, podOf({ nodeSelector: { disk: 'hdd' } }, { name: 'q' })))).toBe(
    'pods "q" is forbidden: pod node label selector conflicts with its namespace node label selector',
  );
});

/** plugin/pkg/admission/storage/ */
describe('storage', () => {
  const claim = (spec: object = {}, storage = '1Gi'): object => ({
    metadata: { name: 'c', namespace: 'a' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...spec },
  });
  const mark = { 'storageclass.kubernetes.io/is-default-class': 'true' };

  test('a claim without a class gets the default one, and a finalizer; one that asks for none gets none', async () => {
    await fixture.api.create(StorageClass, { metadata: { name: 'usual', annotations: mark }, provisioner: 'x/y' });
    const made = await fixture.api.create(PersistentVolumeClaim, claim());
    expect(made.spec?.storageClassName).toBe('usual');
    expect(made.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    const without = { ...claim({ storageClassName: '' }), metadata: { name: 'd', namespace: 'a' } };
    expect((await fixture.api.create(PersistentVolumeClaim, without)).spec?.storageClassName).toBe('');
  });

  test('volumes and attributes classes get a finalizer', async () => {
    const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } };
    const volume = await fixture.api.create(PersistentVolume, { metadata: { name: 'v' }, spec });
    expect(volume.metadata.finalizers).toEqual(['kubernetes.io/pv-protection']);
    const attributes = { metadata: { name: 'gold' }, driverName: 'disk.example.com', parameters: { iops: '100' } };
    const made = await fixture.api.create(VolumeAttributesClass, attributes);
    expect(made.metadata.finalizers).toEqual(['kubernetes.io/vac-protection']);
  });

  const grow = (): Promise<unknown> =>
    fixture.api.patch(
      PersistentVolumeClaim,
      { namespace: 'a', name: 'c' },
      { spec: { resources: { requests: { storage: '2Gi' } } } },
      { type: 'merge' },
    );

  test('a claim grows when it is bound and its class allows it', async () => {
    await fixture.api.create(StorageClass, { metadata: { name: 'fixed' }, provisioner: 'x/y' });
    const made = await fixture.api.create(PersistentVolumeClaim, claim({ storageClassName: 'fixed' }));
    const head = 'persistentvolumeclaims "c" is forbidden:';
    // Validation has the first word about claims that are not bound.
    expect(await refusalOf(grow())).toContain('spec is immutable after creation');
    await fixture.api.update(PersistentVolumeClaim, { ...made, status: { phase: 'Bound' } }, { subresource: 'status' });
    expect(await refusalOf(grow())).toBe(
      `${head} only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize`,
    );
    await fixture.api.patch(StorageClass, { name: 'fixed' }, { allowVolumeExpansion: true }, { type: 'merge' });
    expect(await refusalOf(grow())).toBe('');
  });
});

/** plugin/pkg/admission/network/ */
describe('network', () => {
  test('an Ingress without a class gets the default one', async () => {
    const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
    await fixture.api.create(IngressClass, { metadata: { name: 'usual', annotations }, spec: { controller: 'x/y' } });
    const spec = { defaultBackend: { service: { name: 's', port: { number: 80 } } } };
    const ingress = await fixture.api.create(Ingress, { metadata: { name: 'i', namespace: 'a' }, spec });
    expect(ingress.spec?.ingressClassName).toBe('usual');
  });

  test('with DenyServiceExternalIPs nobody draws traffic to a Service', async () => {
    fixture = await startFixture({ enable: ['DenyServiceExternalIPs'] });
    const spec = { ports: [{ port: 80 }], clusterIP: 'None', externalIPs: ['192.0.2.1'] };
    expect(await refusalOf(fixture.api.create(Service, { metadata: { name: 's', namespace: 'a' }, spec }))).toBe(
      'services "s" is forbidden: Use of external IPs is denied by admission control.',
    );
  });
});

/** plugin/pkg/admission/eventratelimit/admission.go */
test('with EventRateLimit a namespace has so many Events', async () => {
  fixture = await startFixture({ enable: ['EventRateLimit'] });
  const event = (name: string): object => ({
    metadata: { name, namespace: 'a' },
    involvedObject: { namespace: 'a' },
  });
  const answers = new Set<string>();
  for (let count = 0; count <= 100; count += 1) {
    answers.add(await refusalOf(fixture.api.create(Event, event(`e${count}`))));
  }
  expect([...answers]).toEqual(['', 'Too many requests: limit reached on type Namespace for key a']);
});

/** plugin/pkg/admission/noderestriction/admission.go */
describe('NodeRestriction', () => {
  const node = (metadata: object): object => ({ metadata: { name: 'n', ...metadata } });

  test.each<[string, () => Promise<unknown>, string]>([
    [
      'another node',
      () => fixture.as(nodeUser('m')).create(Node, node({})),
      'nodes "n" is forbidden: node "m" is not allowed to modify node "n"',
    ],
    [
      'labels that keep work from others',
      () => fixture.as(nodeUser('n')).create(Node, node({ labels: { 'node-restriction.kubernetes.io/x': 'y' } })),
      'nodes "n" is forbidden: node "n" is not allowed to set the following labels: node-restriction.kubernetes.io/x',
    ],
    [
      'labels of Kubernetes that it does not report',
      () => fixture.as(nodeUser('n')).create(Node, node({ labels: { 'foo.kubernetes.io/x': 'y' } })),
      'nodes "n" is forbidden: node "n" is not allowed to set the following labels: foo.kubernetes.io/x',
    ],
    [
      'a pod that is no mirror',
      () => fixture.as(nodeUser('n')).create(Pod, podOf({ nodeName: 'n' })),
      'pods "p" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n" can only create mirror pods',
    ],
    [
      'a lease of another node',
      () => fixture.as(nodeUser('n')).create(Lease, { metadata: { name: 'm', namespace: 'kube-node-lease' } }),
      'leases.coordination.k8s.io "m" is forbidden: can only access node lease with the same name as the requesting node',
    ],
    [
      'a lease elsewhere',
      () => fixture.as(nodeUser('n')).create(Lease, { metadata: { name: 'n', namespace: 'a' } }),
      'leases.coordination.k8s.io "n" is forbidden: can only access leases in the "kube-node-lease" system namespace',
    ],
    [
      'a claim',
      () =>
        fixture.as(nodeUser('n')).create(PersistentVolumeClaim, {
          metadata: { name: 'c', namespace: 'a' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        }),
      'persistentvolumeclaims "c" is forbidden: may only update PVC status',
    ],
  ])('a node may not write %s', async (_what, attempt, message) => {
    expect(await refusalOf(attempt())).toBe(message);
  });

  test('a node writes its own Node, but not its taints', async () => {
    const own = fixture.as(nodeUser('n'));
    await own.create(Node, node({ labels: { 'kubernetes.io/os': 'linux', 'example.com/x': 'y' } }));
    const taints = [{ key: 'mine', effect: 'NoSchedule' }];
    expect(await refusalOf(own.patch(Node, { name: 'n' }, { spec: { taints } }, { type: 'merge' }))).toBe(
      'nodes "n" is forbidden: node "n" is not allowed to modify taints',
    );
    const labels = { 'foo.kubernetes.io/x': 'y' };
    expect(await refusalOf(own.patch(Node, { name: 'n' }, { metadata: { labels } }, { type: 'merge' }))).toBe(
      'nodes "n" is forbidden: is not allowed to modify labels: foo.kubernetes.io/x',
    );
  });

  test('a node tells the status of its own pods, and deletes them', async () => {
    await fixture.api.create(Pod, podOf({ nodeName: 'n' }));
    const phase = { status: { phase: 'Running' } };
    const place = { namespace: 'a', name: 'p' };
    const write = (name: string): Promise<unknown> =>
      fixture.as(nodeUser(name)).patch(Pod, place, phase, { type: 'merge', subresource: 'status' });
    expect(await refusalOf(write('m'))).toBe(
      'pods "p" is forbidden: node "m" can only update pod status for pods with spec.nodeName set to itself',
    );
    expect(await refusalOf(write('n'))).toBe('');
    expect(await refusalOf(fixture.as(nodeUser('m')).delete(Pod, place))).toBe(
      'pods "p" is forbidden: node "m" can only delete pods with spec.nodeName set to itself',
    );
    expect(await refusalOf(fixture.as(nodeUser('n')).delete(Pod, place))).toBe('');
  });
});
