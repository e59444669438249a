/** Volumes of CSI drivers that are devices: what the driver is asked, and what is left. Devices themselves: root tests. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Node } from '../../api/core/node.ts';
import type { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import { Secret } from '../../api/core/secret.ts';
import { CSIDriver } from '../../api/storage/csi-driver.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { blockMaps, type BlockMaps } from '../volumes/block-maps.ts';
import { noMounts } from '../volumes/mounter.ts';
import { CsiBlocks } from './blocks.ts';
import { CsiDrivers } from './drivers.ts';
import { accessMode, capability } from './messages.ts';
import { startTestDriver, type TestDriver, type TestDriverOptions } from './testing/driver.ts';
import type { Claimed, CsiSource } from './volumes.ts';

let root: string;
let client: MemoryClient;
let drivers: CsiDrivers;
let driver: TestDriver;
let blocks: CsiBlocks;
let stop: AbortController;
let running: Promise<void>;
/** What has been mapped, by the pod; kept when an agent is begun anew, as the kernel does. */
const mapped = new Map<string, string>();

/** Real but for the devices. */
function testMaps(): BlockMaps {
  const real = blockMaps(noMounts);
  return {
    ...real,
    isMapped: ({ uid }) => Promise.resolve(mapped.has(uid)),
    map: (device, { uid }) => Promise.resolve(void mapped.set(uid, device)),
    unmap: ({ uid }) => Promise.resolve(void mapped.delete(uid)),
  };
}

const attachments: { uids: string[]; attached: (uid: string) => Promise<Record<string, string>> } = {
  uids: [],
  attached(uid) {
    this.uids.push(uid);
    return Promise.resolve({ devicePath: '/dev/xvdba' });
  },
};

const forgotten: string[] = [];

function newBlocks(): CsiBlocks {
  return new CsiBlocks({
    client,
    attachments,
    expansion: {
      afterMount: (growth) => growth.call('2Mi'),
      inUse: (growth) => growth.call('3Mi'),
      forget: (key) => void forgotten.push(key),
    },
    mounter: noMounts,
    maps: testMaps(),
    rootDirectory: root,
    driver: (name) => drivers.find(name),
  });
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'coracle-blocks-'));
  client = new MemoryClient({ clock: systemClock });
  client.seed(Node, { metadata: { name: 'one' } });
  drivers = new CsiDrivers({ client, clock: systemClock, log: silentLogger, rootDirectory: root, nodeName: 'one' });
  blocks = newBlocks();
  mapped.clear();
  forgotten.length = 0;
  attachments.uids = [];
  stop = new AbortController();
  running = drivers.run(stop.signal);
});
afterEach(async () => {
  driver.stop();
  stop.abort();
  await running;
  rmSync(root, { recursive: true, force: true });
});

async function start(changes: Partial<TestDriverOptions> = {}): Promise<void> {
  driver = await startTestDriver({
    name: 'disk.example',
    rootDirectory: root,
    stages: true,
    mounts: false,
    ...changes,
  });
  client.seed(CSIDriver, { metadata: { name: 'disk.example' }, spec: { attachRequired: false } });
  for (let left = 400; driver.registrations.length === 0; left -= 1) {
    if (left === 0) throw new Error('the driver never registered');
    await systemClock.sleep(10);
  }
}

const source: CsiSource = {
  driver: 'disk.example',
  volumeHandle: 'vol-1',
  readonly: false,
  fsType: '',
  accessModes: ['ReadWriteOnce'],
  mountOptions: [],
  attributes: { tier: 'fast' },
  ephemeral: false,
};
const podOf = (uid: string): Pod => ({ metadata: { name: uid, uid, resourceVersion: '1', creationTimestamp: '' } });
const publish = async (uid: string, changes: Partial<CsiSource> = {}, claimed?: Claimed): Promise<string> =>
  (await blocks.publish(podOf(uid), 'pv', { ...source, ...changes }, stop.signal, claimed)).link;
const methods = (): readonly string[] => driver.calls.map(({ method }) => method);
const devices = (): string => join(root, 'plugins/kubernetes.io/csi/volumeDevices');
/** Folders that are not empty. */
const left = (): readonly string[] =>
  readdirSync(devices(), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path !== 'staging' && path !== 'publish',
  );

test('it is staged and published with the capability of a block device, at the places that upstream has', async () => {
  await start();
  client.seed(Secret, { metadata: { name: 'key', namespace: 'keys' }, data: { pass: 'c2VzYW1l' } });
  const key = { name: 'key', namespace: 'keys' };
  expect(await publish('a', { readonly: true, stageSecret: key, publishSecret: key })).toBe(
    join(root, 'pods/a/volumeDevices/kubernetes.io~csi/pv'),
  );
  const volumeCapability = { block: {}, accessMode: { mode: accessMode.singleNodeWriter } };
  const common = { volumeId: 'vol-1', volumeCapability, volumeContext: { tier: 'fast' }, secrets: { pass: 'sesame' } };
  expect(driver.calls).toMatchObject([
    { method: 'stage', request: { ...common, stagingTargetPath: join(devices(), 'staging/pv') } },
    {
      method: 'publish',
      request: {
        ...common,
        stagingTargetPath: join(devices(), 'staging/pv'),
        targetPath: join(devices(), 'publish/pv/a'),
        readonly: true,
      },
    },
  ]);
  expect(driver.calls[0]?.request['volumeCapability']).not.toHaveProperty('mount.fsType');
  expect(mapped.get('a')).toBe(join(devices(), 'publish/pv/a'));
});

test('it is given back once for each pod, and unstaged with the last', async () => {
  await start();
  await publish('a');
  await publish('b');
  await publish('b');
  expect(methods()).toEqual(['stage', 'publish', 'publish']);
  await Promise.all([blocks.tearDown('a'), blocks.tearDown('b')]);
  await blocks.tearDown('b');
  expect(methods().slice(3)).toEqual(['unpublish', 'unpublish', 'unstage']);
  expect(left()).toEqual([]);
  await publish('c');
  expect(methods().slice(6)).toEqual(['stage', 'publish']);
});

test('an agent that comes later stages it again: the one before may not have got far', async () => {
  await start();
  await publish('a');
  blocks = newBlocks();
  await publish('b');
  expect(methods()).toEqual(['stage', 'publish', 'stage', 'publish']);
});

test('the driver of a claim that grows hears of it, as of a device, when it is mapped and while it is in use', async () => {
  await start({ capabilities: [capability.expand] });
  const both = { claim: {} as PersistentVolumeClaim, volume: {} as PersistentVolume };
  const claimed: Claimed = { readonly: false, load: () => Promise.resolve(both) };
  await publish('a', {}, claimed);
  await blocks.grow(podOf('a'), 'pv', source, claimed, stop.signal);
  // It does not have it.
  await blocks.grow(podOf('b'), 'pv', source, claimed, stop.signal);
  const expands = driver.calls.filter(({ method }) => method === 'expand').map(({ request }) => request);
  const common = {
    volumeId: 'vol-1',
    volumePath: join(devices(), 'publish/pv/a'),
    stagingTargetPath: join(devices(), 'staging/pv'),
    volumeCapability: { block: {}, accessMode: { mode: accessMode.singleNodeWriter } },
  };
  expect(expands).toMatchObject([
    { ...common, capacityRange: { requiredBytes: 2 << 20 } },
    { ...common, capacityRange: { requiredBytes: 3 << 20 } },
  ]);
  await blocks.tearDown('a');
  expect(forgotten).toEqual(['disk.example^vol-1']);
});

test('a pod that has it by two names has it once', async () => {
  await start();
  const [one, two] = await Promise.all([publish('a'), publish('a')]);
  expect(one).toBe(two);
  await blocks.tearDown('a');
  expect(methods()).toEqual(['stage', 'publish', 'unpublish', 'unstage']);
});

test('a driver that does not stage is not asked to', async () => {
  await start({ stages: false });
  await publish('a');
  await blocks.tearDown('a');
  expect(methods()).toEqual(['publish', 'unpublish']);
  expect(driver.calls[0]?.request['stagingTargetPath']).toBe('');
  expect(left()).toEqual([]);
});

test.each([
  ['stage', 'MapVolume.SetUpDevice failed', ['stage', 'unpublish', 'unstage']],
  ['publish', 'MapVolume.MapPodDevice failed', ['stage', 'publish', 'unpublish', 'unstage']],
])(
  'what failed at %s is given back by an agent that was not there when it was begun',
  async (method, operation, all) => {
    await start();
    driver.failOnce(method, 'disk is on fire');
    await expect(publish('a')).rejects.toMatchObject({
      operation,
      message: 'rpc error: code = Internal desc = disk is on fire',
    });
    blocks = newBlocks();
    await blocks.tearDown('a');
    expect(methods()).toEqual(all);
    expect(left()).toEqual([]);
  },
);

test.each(['unpublish', 'unstage'])('a driver that cannot %s is asked again', async (method) => {
  await start();
  await publish('a');
  driver.failOnce(method, 'device is busy');
  await expect(blocks.tearDown('a')).rejects.toThrow('rpc error: code = Internal desc = device is busy');
  blocks = newBlocks();
  await blocks.tearDown('a');
  expect(methods().slice(2)).toEqual(
    method === 'unpublish' ? ['unpublish', 'unpublish', 'unstage'] : ['unpublish', 'unstage', 'unpublish', 'unstage'],
  );
  expect(left()).toEqual([]);
});

test('a volume that is attached is in use until it is given back, also for an agent that comes later', async () => {
  await start();
  client.seed(CSIDriver, { metadata: { name: 'disk.example' }, spec: { attachRequired: true } });
  await publish('a');
  expect(attachments.uids).toEqual(['a']);
  expect(driver.calls.map(({ request }) => request['publishContext'])).toEqual([
    { devicePath: '/dev/xvdba' },
    { devicePath: '/dev/xvdba' },
  ]);
  blocks = newBlocks();
  expect(await blocks.attached()).toMatchObject([
    { uid: 'a', volume: { driver: 'disk.example', volumeHandle: 'vol-1' } },
  ]);
  await blocks.tearDown('a');
  expect(await blocks.attached()).toEqual([]);
});

test('a driver that is not there is named, and nothing is begun', async () => {
  await start();
  await expect(publish('a', { driver: 'other.example' })).rejects.toMatchObject({
    operation: 'MapVolume.SetUpDevice failed',
    message: expect.stringContaining('driver name other.example not found in the list of registered CSI drivers'),
  });
  expect(existsSync(devices())).toBe(false);
});
