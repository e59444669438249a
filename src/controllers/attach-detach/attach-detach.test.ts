/** Attaching and detaching, as upstream's pkg/controller/volume/attachdetach does it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Node } from '../../api/core/node.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { Pod } from '../../api/core/pod.ts';
import { CSIDriver } from '../../api/storage/csi-driver.ts';
import { VolumeAttachment } from '../../api/storage/volume-attachment.ts';
import { Simulation, type SimulationOptions } from '../testing/simulation.ts';
import { attachDetachController } from './controller.ts';
import { planAttachments } from './plan.ts';

const volumeInStatus = 'kubernetes.io/csi/disk.example.com^vol-1';
const second = 1000;
const minute = 60 * second;

let it: Simulation;
beforeEach(async () => {
  prepare();
  await it.run(0);
});
afterEach(() => it.stop());

function prepare(options: Partial<SimulationOptions> = {}): void {
  it = new Simulation({
    nodes: 0,
    controllers: (deps, events) => [attachDetachController(deps, events)],
    life: () => ({ start: second, stop: 5 * second }),
    ...options,
  });
  for (const name of ['a', 'b']) {
    it.client.seed(Node, {
      metadata: { name, annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  }
  it.put(PersistentVolume, {
    metadata: { name: 'pv' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      claimRef: { namespace: 'default', name: 'data' },
      csi: { driver: 'disk.example.com', volumeHandle: 'vol-1' },
    },
  });
  it.put(PersistentVolumeClaim, {
    metadata: { name: 'data', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], volumeName: 'pv' },
    status: { phase: 'Bound' },
  });
}

function user(name: string, nodeName: string): Pod {
  return it.put(Pod, {
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName,
      containers: [{ name: 'web', image: 'web' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
}

const attachments = (): readonly VolumeAttachment[] => it.client.all(VolumeAttachment);
const onNode = (name: string): readonly string[] =>
  (it.client.all(Node).find(({ metadata }) => metadata.name === name)?.status?.volumesAttached ?? []).map(
    (each) => each.name,
  );
const told = (reason: string): readonly string[] =>
  it.events.filter((each) => each.reason === reason).map(({ about, message }) => `${about}: ${message}`);

/** What the driver's attacher does. */
async function answer(status: VolumeAttachment['status']): Promise<void> {
  for (const { metadata } of attachments()) {
    await it.client.patch(VolumeAttachment, metadata, { status }, { type: 'merge', subresource: 'status' });
  }
  await it.run(0);
}

const nodeStatus = (name: string, status: Node['status']): Promise<Node> =>
  it.client.patch(Node, { name }, { status }, { type: 'merge', subresource: 'status' });

async function mountedOn(name: string): Promise<void> {
  user('web', name);
  await it.run(0);
  await answer({ attached: true });
  await nodeStatus(name, { volumesInUse: [volumeInStatus] });
}

test('a volume is asked for, and the node may mount it when the driver says that it is attached', async () => {
  user('web', 'a');
  await it.run(0);
  expect(attachments().map(({ spec }) => spec)).toEqual([
    { attacher: 'disk.example.com', nodeName: 'a', source: { persistentVolumeName: 'pv' } },
  ]);
  // echo -n vol-1disk.example.coma | sha256sum
  expect(attachments()[0]?.metadata.name).toBe('csi-479c49867bc657374421c782725624775f47c6db6e4e68eba4e4addf84b5de8e');
  expect(onNode('a')).toEqual([]);
  await answer({ attached: true });
  expect(onNode('a')).toEqual([volumeInStatus]);
  expect(told('SuccessfulAttachVolume')).toEqual(['Pod default/web: AttachVolume.Attach succeeded for volume "pv" ']);
  it.client.writes.length = 0;
  await it.run(10 * minute);
  expect(it.client.writes.filter(({ plural }) => plural !== 'pods')).toEqual([]);
});

test('a driver that does not attach is left alone', async () => {
  it.client.seed(CSIDriver, { metadata: { name: 'disk.example.com' }, spec: { attachRequired: false } });
  user('web', 'a');
  await it.run(minute);
  expect(attachments()).toEqual([]);
});

test('it is detached when its pod has gone and the node has unmounted it, not before', async () => {
  await mountedOn('a');
  await it.run(second);
  await it.client.delete(Pod, { namespace: 'default', name: 'web' });
  await it.run(minute);
  expect(it.client.all(Pod)).toEqual([]);
  expect(attachments()).toHaveLength(1);
  await nodeStatus('a', { volumesInUse: [] });
  await it.run(0);
  expect(attachments()).toEqual([]);
  expect(onNode('a')).toEqual([]);
});

test('the node hears that it may not mount it any more before the driver is asked to detach it', async () => {
  await mountedOn('a');
  await it.client.delete(Pod, { namespace: 'default', name: 'web' });
  await it.run(minute);
  it.client.writes.length = 0;
  await nodeStatus('a', { volumesInUse: [] });
  await it.run(0);
  expect(it.client.writes.map(({ verb, plural }) => `${verb} ${plural}`)).toEqual([
    'patch nodes',
    'patch nodes',
    'delete volumeattachments',
  ]);
});

describe('one node at a time', () => {
  test('a second node waits, and its pod hears who has it', async () => {
    await mountedOn('a');
    user('other', 'b');
    await it.run(minute);
    expect(attachments()).toHaveLength(1);
    expect(told('FailedAttachVolume')).toEqual([
      'Pod default/other: Multi-Attach error for volume "pv" Volume is already used by pod(s) web',
    ]);
    await it.client.delete(Pod, { namespace: 'default', name: 'web' });
    await it.run(minute);
    expect(told('FailedAttachVolume')[1]).toBe(
      'Pod default/other: Multi-Attach error for volume "pv" ' +
        "Volume is already exclusively attached to one node and can't be attached to another",
    );
    await nodeStatus('a', { volumesInUse: [] });
    await it.run(0);
    expect(attachments().map(({ spec }) => spec.nodeName)).toEqual(['b']);
  });

  test('of two pods at once the older one gets it', () => {
    const pod = (name: string, creationTimestamp: string): Pod => ({
      metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp },
    });
    const plan = planAttachments({
      volume: { name: 'pv', driver: 'disk.example.com', handle: 'vol-1', exclusive: true },
      attachments: [],
      users: new Map([
        ['a', [pod('late', '2026-01-01T00:00:01Z')]],
        ['b', [pod('early', '2026-01-01T00:00:00Z')]],
      ]),
      node: () => undefined,
      unwantedSince: () => 0,
      now: 0,
    });
    expect(plan.attach).toEqual(['b']);
    expect(plan.complaints).toEqual([
      { node: 'a', message: 'Multi-Attach error for volume "pv" Volume is already used by pod(s) early' },
    ]);
  });

  test('a volume that may be on many nodes is', async () => {
    const spec = { accessModes: ['ReadOnlyMany'] };
    await it.client.patch(PersistentVolume, { name: 'pv' }, { spec }, { type: 'merge' });
    user('one', 'a');
    user('two', 'b');
    await it.run(minute);
    expect(
      attachments()
        .map(({ spec: { nodeName } }) => nodeName)
        .toSorted(),
    ).toEqual(['a', 'b']);
  });
});

describe('a node that does not answer', () => {
  beforeEach(async () => {
    await mountedOn('a');
    await nodeStatus('a', { conditions: [{ type: 'Ready', status: 'Unknown' }] });
    await it.client.delete(Pod, { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });
    user('other', 'b');
  });

  test('keeps its volume for six minutes', async () => {
    await it.run(6 * minute - second);
    expect(attachments().map(({ spec }) => spec.nodeName)).toEqual(['a']);
    await it.run(2 * second);
    expect(attachments().map(({ spec }) => spec.nodeName)).toEqual(['b']);
  });

  test('loses it at once when somebody says that it is out of service', async () => {
    const taints = [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }];
    await it.client.patch(Node, { name: 'a' }, { spec: { taints } }, { type: 'merge' });
    await it.run(second);
    expect(attachments().map(({ spec }) => spec.nodeName)).toEqual(['b']);
  });

  test('loses it when it is deleted', async () => {
    await it.client.delete(Node, { name: 'a' });
    await it.run(second);
    expect(attachments().map(({ spec }) => spec.nodeName)).toEqual(['b']);
  });
});

test('what the driver complains about is told, and so is that it says nothing', async () => {
  user('web', 'a');
  await it.run(3 * minute);
  const silent =
    'Pod default/web: AttachVolume.Attach failed for volume "pv" : ' +
    'timed out waiting for external-attacher of disk.example.com CSI driver to attach volume vol-1';
  expect(told('FailedAttachVolume')).toEqual([silent]);
  await answer({ attached: false, attachError: { message: 'rpc error: code = NotFound desc = no such disk' } });
  await it.run(minute);
  expect(told('FailedAttachVolume')).toEqual([
    silent,
    'Pod default/web: AttachVolume.Attach failed for volume "pv" : rpc error: code = NotFound desc = no such disk',
  ]);
});

test('controllers that begin anew go on where the others ended', async () => {
  await mountedOn('a');
  await it.client.delete(Pod, { namespace: 'default', name: 'web' });
  await it.run(minute);
  await it.restart();
  it.client.writes.length = 0;
  await it.run(minute);
  expect(it.client.writes).toEqual([]);
  await nodeStatus('a', { volumesInUse: [] });
  await it.run(0);
  expect(attachments()).toEqual([]);
});

test('an attachment that somebody deletes is made again, and the node hears of both', async () => {
  await mountedOn('a');
  await it.client.delete(VolumeAttachment, attachments()[0]!.metadata);
  await it.run(second);
  expect(attachments()).toHaveLength(1);
  expect(onNode('a')).toEqual([]);
  await answer({ attached: true });
  expect(onNode('a')).toEqual([volumeInStatus]);
});

test('an exclusive volume is never on two nodes, whatever goes wrong, and ends where it is wanted', async () => {
  const faults = {
    conflictEvery: 7,
    lostAnswers: 0.1,
    lostRequests: 0.1,
    duplicates: 0.1,
    brokenWatches: 0.05,
    delay: 400,
  };
  for (let seed = 1; seed <= 20; seed += 1) {
    await it.stop();
    prepare({ faults, seed });
    const look = (): void => expect(attachments().length, `seed ${seed}`).toBeLessThanOrEqual(1);
    await it.run(second);
    for (let turn = 0; turn < 12; turn += 1) {
      user(`web-${turn}`, turn % 2 === 0 ? 'a' : 'b');
      // Faster than news travels.
      await it.run((seed * 37 + turn * 101) % 300, look);
      await it.client.delete(Pod, { namespace: 'default', name: `web-${turn}` }, { gracePeriodSeconds: 0 });
    }
    await it.restart({});
    user('last', 'a');
    await it.run(minute, look);
    expect(attachments().map(({ spec }) => spec.nodeName)).toEqual(['a']);
  }
});
