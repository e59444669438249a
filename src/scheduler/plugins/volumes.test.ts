import { describe, expect, test } from 'vitest';
import type { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { StorageClass } from '../../api/storage/storage-class.ts';
import { decide, defaultPlugins, explain, type Decision } from '../decide.ts';
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

describe('VolumeRestrictions (upstream plugins/volumerestrictions/volume_restrictions.go)', () => {
  const mine = (mode: 'ReadWriteOnce' | 'ReadWriteOncePod'): Storage => ({
    claims: [{ ...bound('data', 'pv'), spec: { volumeName: 'pv', accessModes: [mode] } }],
    volumes: [volume('pv', {})],
  });
  const exclusive = mine('ReadWriteOncePod');
  const conflict = 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';
  const important = (priority: number): Pod =>
    pod('second', { priority, volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] });
  const nodes = [node('a'), node('b')];

  test('a claim for one pod at a time keeps a second pod from every node', () => {
    expect(messageOf(user('second', 'data'), exclusive, nodes, [[user('first', 'data'), 'a']])).toBe(
      `0/2 nodes are available: 2 ${conflict}.`,
    );
    expect(decideWith(user('first', 'data'), exclusive).node).toBeDefined();
  });

  test('one for a node at a time, or of the same name in another namespace, does not', () => {
    expect(
      decideWith(user('second', 'data'), mine('ReadWriteOnce'), nodes, [[user('first', 'data'), 'a']]).node,
    ).toBeDefined();
    const { metadata, spec } = user('first', 'data');
    const foreign: Pod = { metadata: { ...metadata, namespace: 'other' }, ...(spec && { spec }) };
    expect(decideWith(user('second', 'data'), exclusive, nodes, [[foreign, 'a']]).node).toBeDefined();
  });

  test('a pod that is more important takes it from the one that has it, on its node', () => {
    const first = user('first', 'data');
    const placed = [
      [first, 'a'],
      [user('bystander'), 'a'],
      [user('other'), 'b'],
    ] as const;
    const target = important(10);
    const decision = decideWith(target, exclusive, nodes, placed);
    const found = worldOf(exclusive, nodes, placed);
    const { preemption } = preempt(target, { decision, world: found, budgets: [], plugins: defaultPlugins });
    expect([preemption?.node, preemption?.victims.map(({ metadata }) => metadata.name)]).toEqual(['a', ['first']]);
    const { explanation } = preempt(important(0), { decision, world: found, budgets: [], plugins: defaultPlugins });
    expect(explanation).toBe('0/2 nodes are available: 2 No preemption victims found for incoming pod.');
  });
});
