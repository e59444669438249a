/** What becomes of a running pod's volumes, with a driver on a socket and a stepped clock. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Node } from '../../api/core/node.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import type { Volume } from '../../api/core/volume.ts';
import { CSIDriver } from '../../api/storage/csi-driver.ts';
import { FakeClock, systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { seededRandom } from '../../base/random.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { nodeConfig } from '../config.ts';
import { noMounts } from '../volumes/mounter.ts';
import { nodeVolumes, type NodeVolumes } from '../volumes/node-volumes.ts';
import { capability, usageUnit } from './messages.ts';
import { startTestDriver, type TestDriver, type TestDriverOptions } from './testing/driver.ts';

const name = 'disk.example';
let root: string;
let client: MemoryClient;
let clock: FakeClock;
let node: NodeVolumes;
let driver: TestDriver | undefined;
let stop: AbortController;
let running: Promise<void>;
let told: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'coracle-csi-'));
  client = new MemoryClient({ clock: systemClock });
  client.seed(Node, { metadata: { name: 'one' } });
  client.seed(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
  // Ahead of the machine's, by which the sockets keep their deadlines.
  clock = new FakeClock(systemClock.now() + 86_400_000);
  told = [];
  startNode();
});
afterEach(async () => {
  driver?.stop();
  driver = undefined;
  await stopNode();
  rmSync(root, { recursive: true, force: true });
});

function startNode(): void {
  node = nodeVolumes({
    client,
    clock,
    random: seededRandom(3),
    log: silentLogger,
    events: { pod: (_pod, _type, reason, message) => told.push(`${reason}: ${message}`), about: () => {} },
    config: nodeConfig({ nodeName: 'one', rootDirectory: root, addresses: ['192.0.2.1'], kubeletPort: 0 }),
    // The driver makes folders where it would mount.
    mounter: {
      ...noMounts,
      below: (path) =>
        Promise.resolve(path.endsWith('/mount') && existsSync(path) ? [{ path, type: 'ext4', source: 'disk' }] : []),
    },
    objects: undefined as never,
    puller: undefined as never,
    onVolumesInUse: () => {},
    onVolumeFree: () => {},
  });
  stop = new AbortController();
  running = node.drivers.run(stop.signal);
}

async function stopNode(): Promise<void> {
  stop.abort();
  await running;
}

async function start(options: Partial<TestDriverOptions> = {}, spec: object = {}): Promise<TestDriver> {
  client.seed(CSIDriver, { metadata: { name }, spec: { attachRequired: false, ...spec } });
  driver = await startTestDriver({ name, rootDirectory: root, stages: true, mounts: false, ...options });
  await until('it is registered', () => node.drivers.find(name) !== undefined);
  return driver;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let left = 400; left > 0; left -= 1) {
    if (holds()) return;
    await systemClock.sleep(10);
  }
  throw new Error(`never happened: ${what}`);
}

const methods = (of: TestDriver): readonly string[] => of.calls.map(({ method }) => method);

function seedClaim(claim: string, size = '1Gi'): void {
  client.seed(PersistentVolume, {
    metadata: { name: `pv-${claim}` },
    spec: {
      capacity: { storage: size },
      accessModes: ['ReadWriteOnce'],
      claimRef: { name: claim, namespace: 'default', uid: `uid-${claim}` },
      csi: { driver: name, volumeHandle: `vol-${claim}` },
    },
  });
  client.seed(PersistentVolumeClaim, {
    metadata: { name: claim, namespace: 'default', uid: `uid-${claim}` },
    spec: { volumeName: `pv-${claim}`, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } },
    status: { phase: 'Bound', capacity: { storage: '1Gi' } },
  });
}

/** Has each of the volumes mounted. */
const podWith = (podName: string, volumes: readonly Volume[]): Pod =>
  ({
    metadata: { name: podName, namespace: 'default', uid: `uid-${podName}` },
    spec: {
      containers: [{ name: 'box', volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/${name}` })) }],
      volumes,
    },
  }) as unknown as Pod;
const ofClaim = (claim: string): Volume => ({ name: claim, persistentVolumeClaim: { claimName: claim } });

function prepare(pod: Pod, signal: AbortSignal = new AbortController().signal): Promise<unknown> {
  const facts = { pod, podIps: [], hostIps: [], nodeName: 'one', allocatable: {} };
  return node.volumes.prepare(facts, signal, ({ message }) => told.push(`FailedMount: ${message}`));
}

test('a driver that does not answer holds its own volume alone, and nobody who has something else to do', async () => {
  const slow = await start();
  for (const claim of ['slow', 'quick']) seedClaim(claim);
  const release = slow.hang('stage');
  const leaving = new AbortController();
  const pod = podWith('a', [ofClaim('slow')]);
  const prepared = prepare(pod, leaving.signal);
  await until('it is asked', () => methods(slow).includes('stage'));
  // Another driver's, or none's: here one that is on the node's own disk.
  await prepare(podWith('b', [{ name: 'scratch', emptyDir: {} }]));
  leaving.abort(new Error('the pod is stopping'));
  await expect(prepared).rejects.toThrow('the pod is stopping');
  // What has been begun may still come to be mounted.
  let gone = false;
  const tornDown = node.volumes.tearDown(pod.metadata.uid).then(() => (gone = true));
  await systemClock.sleep(50);
  expect([gone, told]).toEqual([false, []]);
  release();
  await tornDown;
  expect(methods(slow)).toEqual(['stage', 'publish', 'unpublish', 'unstage']);
});

test('a pod whose volumes take too long is told which, and the driver is not asked twice', async () => {
  const slow = await start();
  seedClaim('slow');
  const release = slow.hang('publish');
  const pod = podWith('a', [ofClaim('slow'), { name: 'scratch', emptyDir: {} }]);
  const late = prepare(pod).catch((error: Error) => error.message);
  await until('it is asked', () => methods(slow).includes('publish'));
  await clock.advance(123_000);
  expect(await late).toContain('Unable to attach or mount volumes');
  expect(told).toEqual([
    'FailedMount: Unable to attach or mount volumes: unmounted volumes=[slow], unattached volumes=[], ' +
      'failed to process volumes=[]: context deadline exceeded',
  ]);
  const again = prepare(pod);
  release();
  await again;
  expect(methods(slow)).toEqual(['stage', 'publish']);
});

test('of two volumes that fail, users hear of both, by the names of their PersistentVolumes', async () => {
  const broken = await start({ stages: false });
  for (const claim of ['one', 'two']) seedClaim(claim);
  broken.failOnce('publish', 'no such disk');
  const pod = podWith('a', [ofClaim('one'), { name: 'lost', persistentVolumeClaim: { claimName: 'lost' } }]);
  await expect(prepare(pod)).rejects.toThrow('lost');
  await until('both are told', () => told.length === 2);
  expect(told.toSorted()[0]).toBe(
    'FailedMount: MountVolume.SetUp failed for volume "pv-one" : rpc error: code = Internal desc = no such disk',
  );
});

test('a driver that wants it publishes again every now and then, with the same token until that grows old', async () => {
  const vault = await start({ stages: false }, { requiresRepublish: true, tokenRequests: [{ audience: 'vault' }] });
  seedClaim('data');
  const pod = podWith('a', [ofClaim('data')]);
  await prepare(pod);
  node.volumes.follow(pod);
  node.volumes.follow(pod);
  await clock.advance(59_000);
  expect(methods(vault)).toEqual(['publish']);
  for (const times of [2, 3]) {
    await clock.advance(31_000);
    await until('it is published again', () => vault.calls.length === times);
    await clock.advance(29_000);
  }
  const tokens = (): number => client.writes.filter((each) => each.subresource === 'token').length;
  expect(tokens()).toBe(1);
  await clock.advance(3_600_000);
  await until('it is published again', () => vault.calls.length > 3);
  await until('with another token', () => tokens() === 2);
  node.volumes.unfollow(pod.metadata.uid);
  await systemClock.sleep(50);
  const before = vault.calls.length;
  await clock.advance(200_000);
  await systemClock.sleep(50);
  expect(vault.calls.length).toBe(before);
});

test('an agent that comes back publishes at once what is to be published now and then, and stages anew', async () => {
  const vault = await start({}, { requiresRepublish: true });
  seedClaim('data');
  const pod = podWith('a', [ofClaim('data')]);
  await prepare(pod);
  await stopNode();
  startNode();
  await until('it is registered', () => node.drivers.find(name) !== undefined);
  node.volumes.follow(pod);
  await clock.advance(0);
  await until('it is published again', () => vault.calls.length === 3);
  await prepare(podWith('b', [ofClaim('data')]));
  expect(methods(vault)).toEqual(['stage', 'publish', 'publish', 'stage', 'publish']);
});

test('what has been made larger is grown when it is mounted, and while it is', async () => {
  const disk = await start({ capabilities: [capability.expand] });
  seedClaim('data', '2Gi');
  const pod = podWith('a', [ofClaim('data')]);
  await prepare(pod);
  const claim = (): PersistentVolumeClaim['status'] => client.all(PersistentVolumeClaim)[0]?.status;
  expect(claim()?.capacity).toEqual({ storage: '2Gi' });
  node.volumes.follow(pod);
  const capacity = { storage: '3Gi' };
  await client.patch(PersistentVolume, { name: 'pv-data' }, { spec: { capacity } }, { type: 'merge' });
  disk.failOnce('expand', 'the disk is on fire');
  await clock.advance(90_000);
  await until('users hear of it', () => told.some((each) => each.startsWith('VolumeResizeFailed')));
  await systemClock.sleep(20);
  await clock.advance(500);
  await until('it is grown', () => claim()?.capacity?.['storage'] === '3Gi');
  const target = join(root, 'pods/uid-a/volumes/kubernetes.io~csi/data/mount');
  expect(disk.calls.filter(({ method }) => method === 'expand').map(({ request }) => request)).toMatchObject(
    [2, 3, 3].map((size) => ({
      volumeId: 'vol-data',
      volumePath: target,
      capacityRange: { requiredBytes: size * 1024 ** 3 },
      stagingTargetPath: disk.calls[0]?.request['stagingTargetPath'],
      volumeCapability: { accessMode: { mode: 1 } },
    })),
  );
  const success = 'FileSystemResizeSuccessful: MountVolume.NodeExpandVolume succeeded for volume "pv-data" one';
  expect(told).toEqual([
    success,
    'VolumeResizeFailed: NodeExpandVolume.NodeExpandVolume failed for volume "pv-data" : ' +
      'rpc error: code = Internal desc = the disk is on fire',
    success,
  ]);
});

test('a pod waits for a volume that cannot be grown, and the driver that cannot grow any is not asked', async () => {
  const disk = await start({ capabilities: [capability.expand] });
  seedClaim('data', '2Gi');
  disk.failOnce('expand', 'no');
  await expect(prepare(podWith('a', [ofClaim('data')]))).rejects.toThrow(
    'MountVolume.Setup failed while expanding volume for volume "pv-data" : rpc error: code = Internal desc = no',
  );
  driver?.stop();
  await until('it is gone', () => node.drivers.find(name) === undefined);
  const plain = await start();
  seedClaim('other', '2Gi');
  await prepare(podWith('b', [ofClaim('other')]));
  expect(methods(plain)).toEqual(['stage', 'publish']);
});

test('how full volumes are is asked when somebody wants to know, and not again at once', async () => {
  const usage = [
    { unit: usageUnit.bytes, total: 1000, available: 600, used: 400 },
    { unit: usageUnit.inodes, total: 50, available: 40, used: 10 },
  ];
  const disk = await start({ stages: false, capabilities: [capability.volumeStats], usage });
  seedClaim('data');
  const pod = podWith('a', [ofClaim('data'), { name: 'scratch', emptyDir: {} }]);
  await prepare(pod);
  const use = { capacityBytes: 1000, availableBytes: 600, usedBytes: 400, inodes: 50, inodesFree: 40, inodesUsed: 10 };
  const [data, scratch] = await node.volumeStatistics.of(pod);
  expect(data).toEqual({ name: 'data', claim: 'data', local: false, at: clock.now(), use });
  expect(scratch).toMatchObject({ name: 'scratch', local: true, use: { inodesUsed: 1 } });
  await node.volumeStatistics.of(pod);
  expect(methods(disk)).toEqual(['publish', 'stats']);
});

test('a driver that does not answer keeps nobody from hearing of the other volumes, and of what was known', async () => {
  const usage = [{ unit: usageUnit.bytes, total: 1000, available: 600, used: 400 }];
  const disk = await start({ stages: false, capabilities: [capability.volumeStats], usage });
  seedClaim('data');
  const pod = podWith('a', [ofClaim('data'), { name: 'scratch', emptyDir: {} }]);
  await prepare(pod);
  await node.volumeStatistics.of(pod);
  const before = clock.now();
  await clock.advance(60_000);
  const release = disk.hang('stats');
  const asked = node.volumeStatistics.of(pod);
  await until('it is asked', () => methods(disk).length === 3);
  await clock.advance(1000);
  expect((await asked).map(({ name, at }) => [name, at - before])).toEqual([
    ['data', 0],
    ['scratch', 60_000],
  ]);
  release();
});
