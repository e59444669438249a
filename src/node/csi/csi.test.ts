import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import { Secret } from '../../api/core/secret.ts';
import { CSIDriver } from '../../api/storage/csi-driver.ts';
import { attachmentName } from '../../api/storage/attachment-names.ts';
import { CSINode } from '../../api/storage/csi-node.ts';
import { VolumeAttachment } from '../../api/storage/volume-attachment.ts';
import { FakeClock, systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { Attachments, type AttachmentsOptions } from './attachments.ts';
import { CsiDrivers } from './drivers.ts';
import { startTestDriver, type TestDriver, type TestDriverOptions } from './testing/driver.ts';
import { CsiVolumes, ephemeralHandle, type CsiSource } from './volumes.ts';

let root: string;
let client: MemoryClient;
let drivers: CsiDrivers;
let volumes: CsiVolumes;
let stop: AbortController;
let running: Promise<void>;
const started: TestDriver[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'coracle-csi-'));
  client = new MemoryClient({ clock: systemClock });
  client.seed(Node, { metadata: { name: 'one' } });
  drivers = new CsiDrivers({ client, clock: systemClock, log: silentLogger, rootDirectory: root, nodeName: 'one' });
  volumes = new CsiVolumes({
    client,
    mounter: { below: () => Promise.resolve([]) },
    expansion: noExpansion,
    rootDirectory: root,
    driver: (name) => drivers.find(name),
    attachments: attachmentsOf(() => volumes.attached()),
    token: (_pod, audience) =>
      Promise.resolve({ token: `token for ${audience}`, expirationTimestamp: '2026-01-01T00:00:00Z' }),
  });
  stop = new AbortController();
  running = drivers.run(stop.signal);
});
afterEach(async () => {
  for (const each of started.splice(0)) each.stop();
  stop.abort();
  await running;
  rmSync(root, { recursive: true, force: true });
});

const noExpansion = { afterMount: unexpected, inUse: unexpected, forget: () => {} };

function unexpected(): never {
  throw new Error('no volume here is to grow');
}

let changes = 0;

function attachmentsOf(published: AttachmentsOptions['published']): Attachments {
  const onChange = (): void => void (changes += 1);
  return new Attachments({ client, clock: systemClock, nodeName: 'one', published, onChange });
}

async function start(changes: Partial<TestDriverOptions> = {}): Promise<TestDriver> {
  const driver = await startTestDriver({
    name: 'disk.example',
    rootDirectory: root,
    stages: true,
    mounts: false,
    ...changes,
  });
  started.push(driver);
  await until(() => driver.registrations.length > 0);
  return driver;
}

async function until(holds: () => boolean): Promise<void> {
  for (let left = 400; left > 0; left -= 1) {
    if (holds()) return;
    await systemClock.sleep(10);
  }
  throw new Error('it never came true');
}

const install = (spec: object = {}): unknown =>
  client.seed(CSIDriver, { metadata: { name: 'disk.example' }, spec: { attachRequired: false, ...spec } });
const pod = (name: string): Pod =>
  ({
    metadata: { name, namespace: 'default', uid: `uid-${name}` },
    spec: { containers: [], serviceAccountName: 'robot' },
  }) as unknown as Pod;
const source: CsiSource = {
  driver: 'disk.example',
  volumeHandle: 'vol-1',
  readonly: false,
  fsType: 'ext4',
  accessModes: ['ReadWriteOnce'],
  mountOptions: ['noatime'],
  attributes: { tier: 'fast' },
  ephemeral: false,
};

test('a driver that registers is in the CSINode object as long as its socket is there', async () => {
  const driver = await start();
  expect(driver.registrations).toEqual([{ pluginRegistered: true, error: '' }]);
  const entries = (): unknown => client.all(CSINode)[0]?.spec.drivers;
  await until(() => JSON.stringify(entries() ?? []) !== '[]');
  expect(entries()).toEqual([{ name: 'disk.example', nodeID: 'node-id', topologyKeys: [], allocatable: { count: 7 } }]);
  driver.stop();
  await until(() => JSON.stringify(entries()) === '[]');
  expect(drivers.find('disk.example')).toBeUndefined();
});

test('one that speaks another version is told why it is not taken', async () => {
  const driver = await start({ versions: ['0.3.0'] });
  expect(driver.registrations).toEqual([
    { pluginRegistered: false, error: 'driver disk.example speaks CSI 0.3.0, and not 1' },
  ]);
});

test('a volume is staged once, published for each pod, and given back when the last one has gone', async () => {
  const driver = await start();
  install({ podInfoOnMount: true, tokenRequests: [{ audience: 'vault' }] });
  client.seed(Secret, { metadata: { name: 'key', namespace: 'keys' }, data: { pass: 'c2VzYW1l' } });
  const withSecret = { ...source, publishSecret: { name: 'key', namespace: 'keys' } };
  const { path, ownership } = await volumes.publish(pod('a'), 'pv-1', withSecret, stop.signal);
  expect([path, ownership]).toEqual([join(root, 'pods/uid-a/volumes/kubernetes.io~csi/pv-1/mount'), true]);
  await volumes.publish(pod('b'), 'pv-1', withSecret, stop.signal);
  expect(driver.calls.map(({ method }) => method)).toEqual(['stage', 'publish', 'publish']);
  const [stage, publish] = driver.calls.map(({ request }) => request);
  expect(stage).toMatchObject({
    volumeId: 'vol-1',
    volumeCapability: { mount: { fsType: 'ext4', mountFlags: ['noatime'] }, accessMode: { mode: 1 } },
    volumeContext: { tier: 'fast' },
  });
  expect(publish).toMatchObject({
    stagingTargetPath: stage?.['stagingTargetPath'],
    targetPath: path,
    readonly: false,
    secrets: { pass: 'sesame' },
    volumeContext: {
      tier: 'fast',
      'csi.storage.k8s.io/pod.name': 'a',
      'csi.storage.k8s.io/serviceAccount.name': 'robot',
      'csi.storage.k8s.io/ephemeral': 'false',
      'csi.storage.k8s.io/serviceAccount.tokens':
        '{"vault":{"token":"token for vault","expirationTimestamp":"2026-01-01T00:00:00Z"}}',
    },
  });
  await volumes.tearDown('uid-a');
  await volumes.tearDown('uid-b');
  await volumes.tearDown('uid-b');
  expect(driver.calls.slice(3).map(({ method }) => method)).toEqual(['unpublish', 'unpublish', 'unstage']);
  expect(existsSync(join(root, 'pods/uid-b/volumes/kubernetes.io~csi/pv-1'))).toBe(false);
});

test('pods that go at once leave no volume staged: each took the other for one that still has it', async () => {
  const driver = await start();
  install();
  for (const name of ['a', 'b']) await volumes.publish(pod(name), 'pv-1', source, stop.signal);
  await Promise.all([volumes.tearDown('uid-a'), volumes.tearDown('uid-b')]);
  expect(driver.calls.slice(3).map(({ method }) => method)).toEqual(['unpublish', 'unpublish', 'unstage']);
});

test('a volume that a pod has under two names is staged until the second is given back', async () => {
  const driver = await start();
  install();
  for (const name of ['first', 'second']) await volumes.publish(pod('a'), name, source, stop.signal);
  await volumes.tearDown('uid-a');
  expect(driver.calls.slice(3).map(({ method }) => method)).toEqual(['unpublish', 'unpublish', 'unstage']);
});

test('a publish that failed is given back all the same, by an agent that was not there when it was made', async () => {
  const driver = await start();
  install();
  driver.failOnce('publish', 'disk is on fire');
  await expect(volumes.publish(pod('a'), 'pv-1', source, stop.signal)).rejects.toThrow(
    'rpc error: code = Internal desc = disk is on fire',
  );
  const later = new CsiVolumes({
    client,
    mounter: { below: () => Promise.resolve([]) },
    expansion: noExpansion,
    rootDirectory: root,
    driver: (name) => drivers.find(name),
    attachments: attachmentsOf(() => later.attached()),
    token: () => Promise.reject(new Error('none')),
  });
  await later.tearDown('uid-a');
  expect(driver.calls.map(({ method }) => method)).toEqual(['stage', 'publish', 'unpublish', 'unstage']);
});

test('a volume for one pod alone has a handle of its own and is not staged', async () => {
  const driver = await start();
  install({ volumeLifecycleModes: ['Ephemeral'] });
  const handle = ephemeralHandle(pod('a'), 'scratch');
  await volumes.publish(pod('a'), 'scratch', { ...source, volumeHandle: handle, ephemeral: true }, stop.signal);
  expect(driver.calls.map(({ method, request }) => [method, request['volumeId']])).toEqual([['publish', handle]]);
  await expect(volumes.publish(pod('a'), 'pv-1', source, stop.signal)).rejects.toThrow(
    'volume mode "Persistent" not supported',
  );
});

test('what is missing is named: the driver, its object, the secret', async () => {
  await expect(volumes.publish(pod('a'), 'pv-1', source, stop.signal)).rejects.toThrow(
    'driver name disk.example not found in the list of registered CSI drivers',
  );
  await start();
  install();
  const withSecret = { ...source, stageSecret: { name: 'key', namespace: 'keys' } };
  await expect(volumes.publish(pod('a'), 'pv-1', withSecret, stop.signal)).rejects.toThrow(
    'fetching NodeStageSecretRef keys/key failed: secrets "key" not found',
  );
});

test('a volume of a driver that attaches is mounted when it is attached, and the node says that it is used', async () => {
  const driver = await start();
  // A driver without a CSIDriver object is taken to attach.
  const attachments = attachmentsOf(() => volumes.attached());
  volumes = new CsiVolumes({
    client,
    attachments,
    mounter: { below: () => Promise.resolve([]) },
    expansion: noExpansion,
    rootDirectory: root,
    driver: (name) => drivers.find(name),
    token: () => Promise.reject(new Error('none')),
  });
  changes = 0;
  const published = volumes.publish(pod('a'), 'pv-1', source, stop.signal);
  await until(() => changes === 1);
  const name = 'kubernetes.io/csi/disk.example^vol-1';
  expect(await attachments.inUse()).toEqual([name]);
  client.seed(VolumeAttachment, {
    metadata: { name: attachmentName('disk.example', 'vol-1', 'one') },
    spec: { attacher: 'disk.example', nodeName: 'one', source: { persistentVolumeName: 'pv-1' } },
    status: { attached: true, attachmentMetadata: { devicePath: '/dev/xvdba' } },
  });
  const say = (status: Node['status']): Promise<Node> =>
    client.patch(Node, { name: 'one' }, { status }, { type: 'merge', subresource: 'status' });
  await say({ volumesAttached: [{ name, devicePath: '' }] });
  await systemClock.sleep(200);
  // The controller might still take it away: the status does not say yet that it is used.
  expect(driver.calls).toEqual([]);
  await say({ volumesInUse: [name] });
  await published;
  expect(driver.calls.map(({ method, request }) => [method, request['publishContext']])).toEqual([
    ['stage', { devicePath: '/dev/xvdba' }],
    ['publish', { devicePath: '/dev/xvdba' }],
  ]);
  // An agent that comes later knows it from the disk.
  expect(await attachmentsOf(() => volumes.attached()).inUse()).toEqual([name]);
  await volumes.tearDown('uid-a');
  attachments.release('uid-a');
  expect(await attachments.inUse()).toEqual([]);
  expect(changes).toBe(2);
});

test('a pod that goes while its volume is being attached is not waited for', async () => {
  await start();
  const gone = new AbortController();
  const published = volumes.publish(pod('a'), 'pv-1', source, gone.signal);
  await systemClock.sleep(20);
  gone.abort(new Error('the pod is gone'));
  await expect(published).rejects.toThrow('the pod is gone');
});

test('an attachment that does not come is told with what the attacher says', async () => {
  const clock = new FakeClock();
  const attachments = new Attachments({
    client,
    clock,
    nodeName: 'one',
    published: () => Promise.resolve([]),
    onChange: () => {},
  });
  const waiting = attachments.attached('uid-a', source, stop.signal).catch((error: Error) => error.message);
  await clock.advance(60_000);
  client.seed(VolumeAttachment, {
    metadata: { name: attachmentName('disk.example', 'vol-1', 'one') },
    spec: { attacher: 'disk.example', nodeName: 'one', source: { persistentVolumeName: 'pv-1' } },
    status: { attached: false, attachError: { message: 'no such disk' } },
  });
  await clock.advance(65_000);
  expect(await waiting).toBe(
    'timed out waiting for volume vol-1 of driver disk.example to be attached to this node: no such disk',
  );
});
