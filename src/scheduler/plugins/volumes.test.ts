import { describe, expect, test } from 'vitest';
import type { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { StorageClass } from '../../api/storage/storage-class.ts';
import { decide, explain, type Decision } from '../decide.ts';
import { defaultPlugins } from '../profile.ts';
import type { World } from '../plugin.ts';
import { preempt } from '../preempt.ts';
import { node, pod, snapshotOf, world } from '../testing.ts';

const live = (name: string): { name: string; uid: string; resourceVersion: string; creationTimestamp: string } => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

function claim(
  name: string,
  spec: PersistentVolumeClaim['spec'],
  more: Partial<PersistentVolumeClaim['metadata']> = {},
) {
  return {
    metadata: { ...live(name), namespace: 'default', ...more },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Gi' } }, ...spec },
  } as PersistentVolumeClaim;
}

const bound = (name: string, volumeName: string): PersistentVolumeClaim =>
  claim(name, { volumeName }, { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } });

const volume = (name: string, spec: NonNullable<PersistentVolume['spec']>): PersistentVolume => ({
  metadata: live(name),
  spec,
});

const csi = (name: string, volumeHandle: string): PersistentVolume =>
  volume(name, { csi: { driver: 'disk.example.com', volumeHandle } });

const delayedClass = {
  metadata: live('delayed'),
  provisioner: 'disk.example.com',
  volumeBindingMode: 'WaitForFirstConsumer',
} as StorageClass;

const user = (name: string, ...claims: string[]): Pod =>
  pod(name, {
    volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
  });

interface Storage extends Partial<Pick<World, 'csiDriver' | 'csiNode' | 'storageCapacities' | 'attachments'>> {
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  readonly classes?: readonly StorageClass[];
}

type Placed = readonly (readonly [Pod, string])[];

function worldOf(
  { claims = [], volumes = [], classes = [], ...more }: Storage,
  nodes = [node('a'), node('b')],
  placed: Placed = [],
): World {
  const find =
    <T extends { readonly metadata: { readonly name: string } }>(all: readonly T[]) =>
    (name: string): T | undefined =>
      all.find(({ metadata }) => metadata.name === name);
  return world(snapshotOf(nodes, placed), {
    claim: (_, name) => find(claims)(name),
    volume: find(volumes),
    volumes: () => volumes,
    storageClass: find(classes),
    ...more,
  });
}

const decideWith = (target: Pod, ...where: Parameters<typeof worldOf>): Decision => decide(target, worldOf(...where));

const messageOf = (...args: Parameters<typeof decideWith>): string => explain(decideWith(...args), 2);

describe('VolumeBinding (upstream plugins/volumebinding/volume_binding.go and binder.go)', () => {
  test.each([
    ['a claim that is not there', [], 'persistentvolumeclaim "data" not found'],
    [
      'a claim that nobody has bound yet',
      [claim('data', { storageClassName: 'fast' })],
      'pod has unbound immediate PersistentVolumeClaims',
    ],
    [
      'a claim that is going',
      [claim('data', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
      'persistentvolumeclaim "data" is being deleted',
    ],
    [
      'a claim whose volume was lost',
      [{ ...claim('data', { volumeName: 'gone' }), status: { phase: 'Lost' } }],
      'persistentvolumeclaim "data" bound to non-existent persistentvolume "gone"',
    ],
    [
      'a claim that names its volume waits for the binder, not for its first user',
      [claim('data', { volumeName: 'mine', storageClassName: 'delayed' })],
      'pod has unbound immediate PersistentVolumeClaims',
    ],
  ] as const)('%s: said once', (_, claims, reason) => {
    expect(messageOf(user('p', 'data'), { claims, classes: [delayedClass] })).toBe(
      `0/2 nodes are available: ${reason}.`,
    );
  });

  test('the claim of a generic ephemeral volume is about to be made', () => {
    const target = pod('p', { volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: {} } } }] });
    expect(messageOf(target, {})).toBe(
      '0/2 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim "p-scratch".',
    );
  });

  test("the claim of that name that is not the pod's own is not its claim", () => {
    const target = pod('p', { volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: {} } } }] });
    const name = 'p-scratch';
    const foreign = { ...bound(name, 'pv') };
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true }];
    const own = { ...foreign, metadata: { ...foreign.metadata, ownerReferences } };
    const volumes = [volume('pv', {})];
    expect(messageOf(target, { claims: [foreign], volumes })).toBe(
      '0/2 nodes are available: PVC default/p-scratch was not created for pod default/p (pod is not owner).',
    );
    expect(decideWith(target, { claims: [own], volumes }).node).toBe('a');
  });

  test('a volume on another node', () => {
    const nodeSelectorTerms = [{ matchExpressions: [{ key: 'disk', operator: 'Exists' as const }] }];
    const volumes = [volume('pv', { nodeAffinity: { required: { nodeSelectorTerms } } })];
    expect(messageOf(user('p', 'data'), { claims: [bound('data', 'pv')], volumes })).toBe(
      "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
    );
  });

  test('a volume that is gone', () => {
    expect(messageOf(user('p', 'data'), { claims: [bound('data', 'pv')] })).toBe(
      '0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s).',
    );
  });

  test('no volume to bind, and one that is being made for another node', () => {
    const classes = [{ ...delayedClass, provisioner: 'kubernetes.io/no-provisioner' }];
    const claims = [claim('data', { storageClassName: 'delayed' })];
    const none = "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.";
    expect(messageOf(user('p', 'data'), { claims, classes })).toBe(none);
    const selected = claim(
      'data',
      { storageClassName: 'delayed' },
      {
        annotations: { 'volume.kubernetes.io/selected-node': 'c' },
      },
    );
    expect(messageOf(user('p', 'data'), { claims: [selected], classes: [delayedClass] })).toBe(none);
  });

  describe('volumes that are there (upstream volumebinding/binder_test.go)', () => {
    const classes = [{ ...delayedClass, provisioner: 'kubernetes.io/no-provisioner' }];
    const claims = [claim('data', { storageClassName: 'delayed' })];
    const on = (hostname: string): NonNullable<PersistentVolume['spec']> => ({
      storageClassName: 'delayed',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '10Gi' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [hostname] }] },
          ],
        },
      },
    });
    const available = (name: string, spec: NonNullable<PersistentVolume['spec']>): PersistentVolume => ({
      ...volume(name, spec),
      status: { phase: 'Available' },
    });
    const none = "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.";

    test('choose the node', () => {
      expect(decideWith(user('p', 'data'), { claims, classes, volumes: [available('pv', on('b'))] }).node).toBe('b');
    });

    test("do not when they are kept for another claim, though nobody's yet", () => {
      const claimRef = { namespace: 'default', name: 'other' };
      const volumes = [available('pv', { ...on('b'), claimRef })];
      expect(messageOf(user('p', 'data'), { claims, classes, volumes })).toBe(none);
    });

    test('that are kept for the claim are the only ones for it', () => {
      const claimRef = { namespace: 'default', name: 'data' };
      const volumes = [available('small', on('a')), available('kept', { ...on('b'), claimRef })];
      expect(decideWith(user('p', 'data'), { claims, classes, volumes }).node).toBe('b');
    });

    test('do for two claims when the smaller claim takes the smaller volume', () => {
      const both = [
        claim('large', { storageClassName: 'delayed', resources: { requests: { storage: '5Gi' } } }),
        claim('small', { storageClassName: 'delayed', resources: { requests: { storage: '1Gi' } } }),
      ];
      const volumes = [
        available('large', { ...on('b'), capacity: { storage: '5Gi' } }),
        available('small', { ...on('b'), capacity: { storage: '1Gi' } }),
      ];
      expect(decideWith(user('p', 'large', 'small'), { claims: both, classes, volumes }).node).toBe('b');
    });

    test('are not there any more when they are being deleted', () => {
      const pv = available('pv', on('b'));
      const going = { ...pv, metadata: { ...pv.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
      expect(messageOf(user('p', 'data'), { claims, classes, volumes: [going] })).toBe(none);
    });
  });

  test('a driver that tells its capacity has to have enough of it where the node is', () => {
    const nodes = [node('a', { labels: { zone: 'a' } }), node('b', { labels: { zone: 'b' } })];
    const room = (zone: string, capacity: string): ReturnType<World['storageCapacities']>[number] => ({
      metadata: { ...live(zone), namespace: 'kube-system' },
      storageClassName: 'delayed',
      nodeTopology: { matchLabels: { zone } },
      capacity,
    });
    const csiDriver = () => ({ metadata: live('disk.example.com'), spec: { storageCapacity: true } });
    const storage = { claims: [claim('data', { storageClassName: 'delayed' })], classes: [delayedClass], csiDriver };
    const little = { ...storage, storageCapacities: () => [room('a', '9Gi')] };
    expect(messageOf(user('p', 'data'), little, nodes)).toBe(
      '0/2 nodes are available: 2 node(s) did not have enough free storage.',
    );
    const enough = { ...storage, storageCapacities: () => [room('a', '9Gi'), room('b', '10Gi')] };
    expect(decideWith(user('p', 'data'), enough, nodes).node).toBe('b');
  });
});

describe('NodeVolumeLimits (upstream plugins/nodevolumelimits/csi.go)', () => {
  const csiNode = (name: string): ReturnType<World['csiNode']> => ({
    metadata: live(name),
    spec: { drivers: [{ name: 'disk.example.com', nodeID: name, topologyKeys: [], allocatable: { count: 1 } }] },
  });
  const claims = [bound('one', 'pv1'), bound('two', 'pv2')];
  const volumes = [csi('pv1', 'h1'), csi('pv2', 'h2')];

  test('a node that is full of the volumes of a driver takes no further one, but the same again', () => {
    const placed = [[user('q', 'one'), 'a']] as const;
    const nodes = [node('a')];
    expect(explain(decideWith(user('p', 'two'), { claims, volumes, csiNode }, nodes, placed), 1)).toBe(
      '0/1 nodes are available: 1 node(s) exceed max volume count.',
    );
    expect(decideWith(user('p', 'one'), { claims, volumes, csiNode }, nodes, placed).node).toBe('a');
  });

  test('claims count by their class while their volume is not there, and not without a class', () => {
    const pending = claim('pending', { storageClassName: 'delayed' });
    const dangling = claim('dangling', { storageClassName: 'delayed', volumeName: 'gone' });
    const storage = { claims: [...claims, pending, dangling], volumes, classes: [delayedClass], csiNode };
    const nodes = [node('a')];
    const withUser = (name: string): string | undefined =>
      decideWith(user('p', 'two'), storage, nodes, [[user('q', name), 'a']]).node;
    expect(withUser('pending')).toBeUndefined();
    expect(withUser('dangling')).toBeUndefined();
    expect(decideWith(user('p', 'two'), { ...storage, classes: [] }, nodes, [[user('q', 'pending'), 'a']]).node).toBe(
      'a',
    );
  });

  test('a driver that names no limit has none, and the volumes of another do not count', () => {
    const unlimited = (name: string): ReturnType<World['csiNode']> => ({
      metadata: live(name),
      spec: { drivers: [{ name: 'disk.example.com', nodeID: name, topologyKeys: [] }] },
    });
    const placed = [[user('q', 'one'), 'a']] as const;
    const nodes = [node('a')];
    expect(decideWith(user('p', 'two'), { claims, volumes, csiNode: unlimited }, nodes, placed).node).toBe('a');
    const other = [volume('pv1', { csi: { driver: 'other.example.com', volumeHandle: 'h1' } }), csi('pv2', 'h2')];
    expect(decideWith(user('p', 'two'), { claims, volumes: other, csiNode }, nodes, placed).node).toBe('a');
  });

  test('volumes that are still attached count though their pod is gone', () => {
    const attachments = (on: string): ReturnType<World['attachments']> =>
      on === 'a'
        ? [
            {
              metadata: live('x'),
              spec: { attacher: 'disk.example.com', nodeName: on, source: { persistentVolumeName: 'pv1' } },
            },
          ]
        : [];
    expect(decideWith(user('p', 'two'), { claims, volumes, csiNode, attachments }).node).toBe('b');
  });
});

describe('VolumeZone (upstream plugins/volumezone/volume_zone_test.go)', () => {
  const zoned = (labels: Readonly<Record<string, string>>): PersistentVolume => {
    const pv = volume('pv', {});
    return { ...pv, metadata: { ...pv.metadata, labels } };
  };
  const [ga, beta] = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'];
  const decideZone = (
    ofVolume: Readonly<Record<string, string>>,
    ofNode: Readonly<Record<string, string>>,
  ): string | undefined =>
    decideWith(user('p', 'data'), { claims: [bound('data', 'pv')], volumes: [zoned(ofVolume)] }, [
      node('a', { labels: ofNode }),
    ]).node;

  test.each([
    ['the same zone', { [ga]: 'z1' }, { [ga]: 'z1' }, 'a'],
    ['another zone', { [ga]: 'z1' }, { [ga]: 'z2' }, undefined],
    ['one of several zones', { [ga]: 'z1__z2' }, { [ga]: 'z2' }, 'a'],
    ['a node without any zone', { [ga]: 'z1' }, {}, 'a'],
    ['a node with a region only', { [ga]: 'z1' }, { 'topology.kubernetes.io/region': 'r' }, undefined],
    ['the old label of a volume, the new one of a node', { [beta]: 'z1' }, { [ga]: 'z1' }, 'a'],
    ['the old label of a volume, another zone of a node', { [beta]: 'z1' }, { [ga]: 'z2' }, undefined],
  ])('%s', (_, ofVolume, ofNode, expected) => {
    expect(decideZone(ofVolume, ofNode)).toBe(expected);
  });
});

describe('VolumeRestrictions (upstream plugins/volumerestrictions/volume_restrictions_test.go)', () => {
  const withDisk = (name: string, volumeSource: object): Pod =>
    pod(name, { volumes: [{ name: 'disk', ...volumeSource }] });
  const rbd = (image: string, ...monitors: readonly string[]): object => ({ rbd: { image, monitors, pool: 'foo' } });
  test.each<[string, object, object, boolean]>([
    ['a GCE disk', { gcePersistentDisk: { pdName: 'foo' } }, { gcePersistentDisk: { pdName: 'foo' } }, false],
    ['another GCE disk', { gcePersistentDisk: { pdName: 'foo' } }, { gcePersistentDisk: { pdName: 'bar' } }, true],
    [
      'a GCE disk that both only read',
      { gcePersistentDisk: { pdName: 'foo', readOnly: true } },
      { gcePersistentDisk: { pdName: 'foo', readOnly: true } },
      true,
    ],
    [
      'a GCE disk that one only reads',
      { gcePersistentDisk: { pdName: 'foo', readOnly: true } },
      { gcePersistentDisk: { pdName: 'foo' } },
      false,
    ],
    [
      'an AWS disk, though both only read',
      { awsElasticBlockStore: { volumeID: 'foo', readOnly: true } },
      { awsElasticBlockStore: { volumeID: 'foo', readOnly: true } },
      false,
    ],
    [
      'another kind of disk',
      { awsElasticBlockStore: { volumeID: 'foo' } },
      { gcePersistentDisk: { pdName: 'foo' } },
      true,
    ],
    [
      'an iSCSI target',
      { iscsi: { iqn: 'iqn.2016-12.com.example:1' } },
      { iscsi: { iqn: 'iqn.2016-12.com.example:1' } },
      false,
    ],
    [
      'another iSCSI target',
      { iscsi: { iqn: 'iqn.2016-12.com.example:1' } },
      { iscsi: { iqn: 'iqn.2016-12.com.example:2' } },
      true,
    ],
    ['an image of one Ceph', rbd('bar', 'a', 'b'), rbd('bar', 'b', 'c'), false],
    ['an image of another Ceph', rbd('bar', 'a', 'b'), rbd('bar', 'c', 'd'), true],
    ['another image', rbd('bar', 'a'), rbd('baz', 'a'), true],
  ])('%s', (_, wanted, used, fits) => {
    const decision = decideWith(withDisk('p', wanted), {}, [node('a')], [[withDisk('q', used), 'a']]);
    expect(decision.rejected.get('a')).toEqual(
      fits
        ? undefined
        : { plugin: 'VolumeRestrictions', reasons: ['node(s) had no available disk'], unresolvable: false },
    );
  });

  test('a claim that one pod alone may use', () => {
    const claims = [{ ...bound('data', 'pv'), spec: { volumeName: 'pv', accessModes: ['ReadWriteOncePod'] } }] as never;
    const storage: Storage = { claims, volumes: [csi('pv', 'h')] };
    const message = (placed: readonly (readonly [Pod, string])[]): string =>
      explain(decideWith(user('p', 'data'), storage, [node('a'), node('b')], placed), 2);
    expect(message([[user('q', 'data'), 'a']])).toBe(
      '0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.',
    );
    const elsewhere = user('q', 'data');
    const foreign: Pod = { ...elsewhere, metadata: { ...elsewhere.metadata, namespace: 'other' } };
    expect(decideWith(user('p', 'data'), storage, [node('a')], [[foreign, 'a']]).node).toBe('a');
  });

  test('a pod that is more important takes it from the one that has it, on its node', () => {
    const first = user('first', 'data');
    const placed = [
      [first, 'a'],
      [user('bystander'), 'a'],
      [user('other'), 'b'],
    ] as const;
    const exclusive: Storage = {
      claims: [{ ...bound('data', 'pv'), spec: { volumeName: 'pv', accessModes: ['ReadWriteOncePod'] } }],
      volumes: [csi('pv', 'h')],
    };
    const nodes = [node('a'), node('b')];
    const important = (priority: number): Pod =>
      pod('second', { priority, volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] });
    const target = important(10);
    const decision = decideWith(target, exclusive, nodes, placed);
    const found = worldOf(exclusive, nodes, placed);
    const { preemption } = preempt(target, { decision, world: found, budgets: [], plugins: defaultPlugins });
    expect([preemption?.node, preemption?.victims.map(({ metadata }) => metadata.name)]).toEqual(['a', ['first']]);
    const { explanation } = preempt(important(0), { decision, world: found, budgets: [], plugins: defaultPlugins });
    expect(explanation).toBe('0/2 nodes are available: 2 No preemption victims found for incoming pod.');
  });
});
