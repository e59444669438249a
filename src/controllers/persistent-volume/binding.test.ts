/** What claims are told, as upstream's pkg/controller/volume tells them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { Pod } from '../../api/core/pod.ts';
import { StorageClass } from '../../api/storage/storage-class.ts';
import { VolumeAttributesClass } from '../../api/storage/volume-attributes-class.ts';
import { ephemeralVolumeController } from '../ephemeral-volume/controller.ts';
import type { Kind } from '../../api/kind.ts';
import type { Dependencies } from '../dependencies.ts';
import { Simulation } from '../testing/simulation.ts';
import { attributesClassProtectionController, claimProtectionController } from '../volume-protection/controller.ts';
import { volumeExpandController } from '../volume-expand/controller.ts';
import { persistentVolumeControllers } from './controller.ts';

let it: Simulation;
beforeEach(() => {
  it = new Simulation({
    nodes: 0,
    controllers: (deps, events) => [
      ...persistentVolumeControllers(deps, events),
      volumeExpandController(deps, events, { ownProvisioner: 'own.example.com' }),
      ephemeralVolumeController(deps, events),
      attributesClassProtectionController(deps),
      claimProtectionController(deps),
    ],
  });
});
afterEach(() => it.stop());

const namespace = 'default';
const requests = (storage: string): object => ({
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage } },
});

function claim(name: string, spec: object = {}): PersistentVolumeClaim {
  return it.put(PersistentVolumeClaim, { metadata: { name, namespace }, spec: { ...requests('1Gi'), ...spec } });
}

function volume(name: string, spec: object = {}, annotations = {}): PersistentVolume {
  return it.put(PersistentVolume, {
    metadata: { name, annotations },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/tmp/x' }, ...spec },
  });
}

const storageClass = (
  provisioner: string,
  volumeBindingMode: NonNullable<StorageClass['volumeBindingMode']>,
): StorageClass => it.put(StorageClass, { metadata: { name: 'fast' }, provisioner, volumeBindingMode });

/** Said again, it is only counted. */
const told = (): readonly string[] => [
  ...new Set(it.events.map(({ type, reason, message }) => `${type} ${reason} ${message}`)),
];
const phaseOf = (name: string): string | undefined =>
  it.client.all(PersistentVolumeClaim).find(({ metadata }) => metadata.name === name)?.status?.phase;

// pkg/controller/volume/persistentvolume/pv_controller.go
test.each([
  ['too small', { capacity: { storage: '1Mi' } }, {}, 'requested PV is too small'],
  ['of another class', { storageClassName: 'slow' }, {}, 'storageClassName does not match'],
  [
    'of another attributes class',
    { volumeAttributesClassName: 'gold' },
    { volumeAttributesClassName: 'silver' },
    'VolumeAttributesClassName does not match',
  ],
  ['a block device', { volumeMode: 'Block' }, {}, 'incompatible volumeMode'],
  ['of another access mode', { accessModes: ['ReadOnlyMany'] }, {}, 'incompatible accessMode'],
])('a claim that names a volume that is %s', async (_, offered, wanted, why) => {
  volume('pv', offered);
  claim('data', { volumeName: 'pv', ...wanted });
  await it.run(1000);
  expect(told()).toEqual([`Warning VolumeMismatch Cannot bind to requested volume "pv": ${why}`]);
  expect(phaseOf('data')).toBe('Pending');
});

test('a claim without class or volume: nothing is wrong, and nothing comes', async () => {
  claim('data');
  await it.run(1000);
  expect(told()).toEqual([
    'Normal FailedBinding no persistent volumes available for this claim and no storage class is set',
  ]);
});

test('a class whose volumes are made by hand', async () => {
  storageClass('kubernetes.io/no-provisioner', 'Immediate');
  claim('data', { storageClassName: 'fast' });
  await it.run(1000);
  expect(told()).toEqual(['Warning ProvisioningFailed no volume plugin matched name: kubernetes.io/no-provisioner']);
});

test('a foreign provisioner is waited for', async () => {
  storageClass('disk.example.com', 'Immediate');
  claim('data', { storageClassName: 'fast' });
  await it.run(1000);
  expect(told()).toEqual([
    "Normal ExternalProvisioning Waiting for a volume to be created either by the external provisioner 'disk.example.com' " +
      'or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is ' +
      'running and correctly registered.',
  ]);
});

test('a claim that waits for its first user tells which pods have no node yet', async () => {
  storageClass('disk.example.com', 'WaitForFirstConsumer');
  claim('data', { storageClassName: 'fast' });
  await it.run(1000);
  expect(told()).toEqual(['Normal WaitForFirstConsumer waiting for first consumer to be created before binding']);
  it.put(Pod, {
    metadata: { name: 'web', namespace },
    spec: {
      containers: [{ name: 'web', image: 'web' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
  await it.run(20_000);
  expect(told().slice(1)).toEqual(['Normal WaitForPodScheduled waiting for pod web to be scheduled']);
});

test("a claim whose volume is gone, and one whose volume has become another claim's", async () => {
  const pv = volume('pv');
  claim('data');
  await it.run(1000);
  expect(phaseOf('data')).toBe('Bound');
  const claimRef = { kind: 'PersistentVolumeClaim', namespace, name: 'other', uid: 'other' };
  await it.client.patch(PersistentVolume, pv.metadata, { spec: { claimRef } }, { type: 'merge' });
  await it.run(1000);
  expect(told()).toEqual([
    'Warning ClaimMisbound Two claims are bound to the same volume, this one is bound incorrectly',
  ]);
  expect(phaseOf('data')).toBe('Lost');
  volume('pv-2');
  claim('more');
  await it.run(1000);
  await it.client.delete(PersistentVolume, { name: 'pv-2' });
  await it.run(1000);
  expect(told().slice(1)).toEqual([
    'Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!',
  ]);
});

// pkg/controller/storage/vacprotection
test('an attributes class that is deleted stays until no claim and no volume has it', async () => {
  it.put(VolumeAttributesClass, {
    metadata: { name: 'gold', finalizers: ['kubernetes.io/vac-protection'] },
    driverName: 'disk.example.com',
    parameters: { iops: '100' },
  });
  volume('pv', { volumeAttributesClassName: 'gold' });
  claim('data', { volumeAttributesClassName: 'gold' });
  await it.run(1000);
  await it.client.delete(VolumeAttributesClass, { name: 'gold' });
  await it.run(1000);
  await it.client.delete(PersistentVolumeClaim, { namespace, name: 'data' });
  await it.run(1000);
  expect(it.client.all(VolumeAttributesClass)).toHaveLength(1);
  await it.client.delete(PersistentVolume, { name: 'pv' });
  await it.run(1000);
  expect(it.client.all(VolumeAttributesClass)).toEqual([]);
});

test('the attributes class of a volume is in the status of its claim', async () => {
  volume('pv', { volumeAttributesClassName: 'gold' });
  claim('data', { volumeAttributesClassName: 'gold' });
  await it.run(1000);
  expect(it.client.all(PersistentVolumeClaim)[0]?.status?.currentVolumeAttributesClassName).toBe('gold');
});

test('a released volume that nobody can delete has failed, and says why', async () => {
  volume('by-hand', { persistentVolumeReclaimPolicy: 'Delete' });
  volume(
    'made',
    { persistentVolumeReclaimPolicy: 'Delete' },
    { 'pv.kubernetes.io/provisioned-by': 'disk.example.com' },
  );
  claim('data', { volumeName: 'by-hand' });
  claim('more', { volumeName: 'made' });
  await it.run(1000);
  for (const name of ['data', 'more']) await it.client.delete(PersistentVolumeClaim, { namespace, name });
  await it.run(1000);
  const why = 'error getting deleter volume plugin for volume "by-hand": no deletable volume plugin matched';
  expect(it.client.all(PersistentVolume).map(({ status }) => [status?.phase, status?.message])).toEqual([
    ['Failed', why],
    ['Released', undefined],
  ]);
  expect(it.events.map(({ about, type, reason, message }) => [about, type, reason, message])).toEqual([
    ['PersistentVolume by-hand', 'Warning', 'VolumeFailedDelete', why],
  ]);
});

// pkg/controller/volume/persistentvolume/recycle_test.go
test('a volume that is emptied is free again, but stays reserved where a user reserved it', async () => {
  const recycled = { persistentVolumeReclaimPolicy: 'Recycle' };
  volume('bound', recycled);
  claim('data');
  await it.run(1000);
  volume('reserved', { ...recycled, claimRef: { kind: 'PersistentVolumeClaim', namespace, name: 'more' } });
  claim('more');
  await it.run(1000);
  for (const name of ['data', 'more']) await it.client.delete(PersistentVolumeClaim, { namespace, name });
  await it.run(1000);
  for (const { metadata } of it.client.all(Pod)) {
    await it.client.patch(Pod, metadata, { status: { phase: 'Succeeded' } }, { type: 'merge', subresource: 'status' });
  }
  await it.run(1000);
  const [bound, reserved] = it.client.all(PersistentVolume);
  expect(bound?.spec?.claimRef).toBeUndefined();
  expect(bound?.metadata.annotations).not.toHaveProperty('pv.kubernetes.io/bound-by-controller');
  expect(reserved?.spec?.claimRef).toEqual({
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    namespace,
    name: 'more',
  });
  expect([bound, reserved].map((each) => each?.status?.phase)).toEqual(['Available', 'Available']);
});

// pkg/controller/volume/expand/expand_controller.go
test('a claim that is to grow waits for the resizer of its driver, and not where there is none', async () => {
  volume('foreign');
  volume('own', {}, { 'pv.kubernetes.io/provisioned-by': 'own.example.com' });
  claim('data', { volumeName: 'foreign' });
  claim('more', { volumeName: 'own' });
  await it.run(1000);
  expect(told()).toEqual([]);
  for (const name of ['data', 'more']) {
    await it.client.patch(PersistentVolumeClaim, { namespace, name }, { spec: requests('2Gi') }, { type: 'merge' });
  }
  await it.run(60_000);
  expect(it.events.map(({ type, reason, message, about }) => [about, type, reason, message])).toEqual([
    [
      'PersistentVolumeClaim default/data',
      'Warning',
      'ExternalExpanding',
      'waiting for an external controller to expand this PVC',
    ],
  ]);
});

// pkg/controller/volume/ephemeral/controller.go
test('a generic ephemeral volume gets its claim, which belongs to the pod', async () => {
  const pod = it.put(Pod, {
    metadata: { name: 'web', namespace },
    spec: {
      containers: [{ name: 'web', image: 'web' }],
      volumes: [
        {
          name: 'scratch',
          ephemeral: {
            volumeClaimTemplate: { metadata: { labels: { app: 'web' } }, spec: requests('1Gi') },
          },
        },
      ],
    },
  });
  await it.run(1000);
  const [made] = it.client.all(PersistentVolumeClaim);
  expect(made?.metadata).toMatchObject({ name: 'web-scratch', namespace, labels: { app: 'web' } });
  expect(made?.metadata.ownerReferences).toEqual([
    { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: pod.metadata.uid, controller: true, blockOwnerDeletion: true },
  ]);
  await it.client.delete(PersistentVolumeClaim, { namespace, name: 'web-scratch' });
  await it.run(1000);
  expect(it.client.all(PersistentVolumeClaim)).toHaveLength(1);
});

test("somebody else's claim of that name is not taken", async () => {
  claim('web-scratch');
  it.put(Pod, {
    metadata: { name: 'web', namespace },
    spec: {
      containers: [{ name: 'web', image: 'web' }],
      volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: requests('1Gi') } } }],
    },
  });
  await it.run(0);
  expect(told()).toContain(
    'Warning FailedBinding ephemeral volume scratch: PVC default/web-scratch was not created for pod default/web (pod is not owner)',
  );
});

describe('which volume a claim gets (upstream pkg/controller/volume/persistentvolume/index_test.go and binder_test.go)', () => {
  const [once, read, many] = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'];
  const volumeOf = (name: string): string | undefined =>
    it.client.all(PersistentVolumeClaim).find(({ metadata }) => metadata.name === name)?.spec?.volumeName;
  const refOf = (name: string): object | undefined =>
    it.client.all(PersistentVolume).find(({ metadata }) => metadata.name === name)?.spec?.claimRef;
  const reserved = (name: string, more: object = {}): object => ({
    claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, ...more },
  });

  test('the one whose access modes are closest to those asked for, before the smaller one', async () => {
    volume('three', { accessModes: [once, read, many], capacity: { storage: '1Gi' } });
    volume('two', { accessModes: [once, read], capacity: { storage: '5Gi' } });
    volume('one', { accessModes: [once], capacity: { storage: '9Gi' } });
    await it.run(1000);
    for (const name of ['a', 'b', 'c']) {
      claim(name);
      await it.run(1000);
    }
    expect(['a', 'b', 'c'].map(volumeOf)).toEqual(['one', 'two', 'three']);
  });

  test('of equal modes the smallest', async () => {
    volume('large', { capacity: { storage: '10Gi' } });
    volume('small');
    await it.run(1000);
    claim('data');
    await it.run(1000);
    expect(volumeOf('data')).toBe('small');
  });

  test('the one that names it, though a smaller one is there', async () => {
    volume('large', { capacity: { storage: '10Gi' }, ...reserved('data') });
    volume('small');
    await it.run(1000);
    claim('data');
    await it.run(1000);
    expect(volumeOf('data')).toBe('large');
  });

  test.each([
    ['is too small', { capacity: { storage: '1Mi' } }],
    ['is a block device', { volumeMode: 'Block' }],
    ['has other access modes', { accessModes: [read] }],
    ['names another claim of that name', { ...reserved('data', { uid: 'former' }) }],
  ])('not one that names it but %s', async (_, spec) => {
    volume('kept', { ...reserved('data'), ...spec });
    volume('other');
    await it.run(1000);
    claim('data');
    await it.run(1000);
    expect(volumeOf('data')).toBe('other');
  });

  test('not one that happens to be there, when its class waits for the first user: that one may run elsewhere', async () => {
    storageClass('kubernetes.io/no-provisioner', 'WaitForFirstConsumer');
    volume('there', { storageClassName: 'fast' });
    volume('chosen', { storageClassName: 'fast' });
    await it.run(1000);
    claim('data', { storageClassName: 'fast' });
    await it.run(1000);
    expect(volumeOf('data')).toBeUndefined();
    const { uid } = it.client.all(PersistentVolumeClaim)[0]?.metadata ?? {};
    await it.client.patch(PersistentVolume, { name: 'chosen' }, { spec: reserved('data', { uid }) }, { type: 'merge' });
    await it.run(1000);
    expect(volumeOf('data')).toBe('chosen');
  });

  test('a volume of a claim that has another one is let go, but kept for a name that a user wrote', async () => {
    claim('data');
    await it.run(0);
    const { uid } = it.client.all(PersistentVolumeClaim)[0]?.metadata ?? {};
    volume('first');
    await it.run(1000);
    expect(volumeOf('data')).toBe('first');
    volume('raced', reserved('data', { uid }), { 'pv.kubernetes.io/bound-by-controller': 'yes' });
    volume('by-user', reserved('data', { uid }));
    await it.run(1000);
    expect(refOf('raced')).toBeUndefined();
    expect(refOf('by-user')).toMatchObject({ name: 'data', namespace });
    expect(refOf('by-user')).not.toHaveProperty('uid');
    const phases = it.client.all(PersistentVolume).map(({ metadata, status }) => [metadata.name, status?.phase]);
    expect(Object.fromEntries(phases)).toEqual({ first: 'Bound', raced: 'Available', 'by-user': 'Available' });
  });

  test('a claim that says it is bound, but was never, is pending again', async () => {
    it.put(PersistentVolumeClaim, {
      metadata: { name: 'data', namespace },
      spec: requests('10Gi'),
      status: { phase: 'Bound' },
    });
    await it.run(1000);
    expect(phaseOf('data')).toBe('Pending');
  });
});

describe('a claim that is deleted (upstream pkg/controller/volume/pvcprotection)', () => {
  const user = (more: object, status: object = {}): Pod =>
    it.put(Pod, {
      metadata: { name: 'web', namespace, finalizers: ['example.com/kept'] },
      spec: {
        containers: [{ name: 'web', image: 'web' }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
        ...more,
      },
      status,
    });

  test('stays for a pod of which the cache has not heard yet', async () => {
    await it.stop();
    const late = (deps: Dependencies): Dependencies => {
      const nothing = { kind: Pod, list: () => [], subscribe: () => () => {}, whenSynced: () => Promise.resolve() };
      const of = (kind: Kind): unknown => (kind === Pod ? nothing : deps.informers.of(kind));
      return { ...deps, informers: { of } as unknown as Dependencies['informers'] };
    };
    it = new Simulation({ nodes: 0, controllers: (deps) => [claimProtectionController(late(deps))] });
    claim('data');
    user({ nodeName: 'node-1' });
    await it.run(1000);
    await it.client.delete(PersistentVolumeClaim, { namespace, name: 'data' });
    await it.run(1000);
    expect(it.client.all(PersistentVolumeClaim)).toHaveLength(1);
  });

  test.each([
    ['goes while its only user has no node', {}, {}, false],
    ['stays for a pod on a node', { nodeName: 'node-1' }, { phase: 'Running' }, true],
    ['stays for a pod that has ended and is still there', { nodeName: 'node-1' }, { phase: 'Succeeded' }, true],
  ])('%s', async (_, spec, status, stays) => {
    claim('data');
    user(spec, status);
    await it.run(1000);
    await it.client.delete(PersistentVolumeClaim, { namespace, name: 'data' });
    await it.run(1000);
    expect(it.client.all(PersistentVolumeClaim)).toHaveLength(stays ? 1 : 0);
  });
});
