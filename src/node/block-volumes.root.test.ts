/** Claims of mode Block in real containers. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Event } from '../api/core/event.ts';
import { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../api/core/persistent-volume.ts';
import { Pod } from '../api/core/pod.ts';
import { ServiceAccount } from '../api/core/service-account.ts';
import { CSIDriver } from '../api/storage/csi-driver.ts';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { MemoryClient } from '../client/testing/memory-client.ts';
import { canRunContainers, openTestBed, type TestBed } from '../runtime/oci/testing/test-bed.ts';
import { makeTestDevice, type TestDevice } from '../runtime/testing/loop-device.ts';
import { createNodeAgent, type NodeAgent } from './agent.ts';
import { nodeConfig } from './config.ts';
import { startTestDriver } from './csi/testing/driver.ts';
import { loopDevices } from './volumes/loop-devices.ts';
import { parseMountInfo } from './volumes/mounter.ts';

const prefix = 'coracle-test-block';

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 10) {
    if (await holds()) return;
    await systemClock.sleep(10);
  }
  throw new Error(`never happened: ${what}`);
}

describe.skipIf(!canRunContainers)('block volumes on this machine', { timeout: 60_000 }, () => {
  let bed: TestBed;
  let client: MemoryClient;
  let agent: NodeAgent;
  let root: string;
  let stop: AbortController;
  let running: Promise<void>;
  let disk: TestDevice;
  let original: TestDevice;

  async function startAgent(): Promise<void> {
    stop = new AbortController();
    const config = nodeConfig({
      nodeName: 'one',
      rootDirectory: root,
      addresses: ['127.0.0.1'],
      kubeletPort: 0,
      clusterDns: ['10.96.0.10'],
      cgroupRoot: `/${prefix}`,
    });
    const common = { clock: systemClock, random: systemRandom, log: silentLogger };
    agent = await createNodeAgent({ client, runtime: bed.runtime, images: bed.images, config, ...common });
    running = agent.run(stop.signal);
  }

  async function stopAgent(): Promise<void> {
    stop.abort(new Error('stopped'));
    await running;
  }

  beforeAll(async () => {
    bed = await openTestBed({ name: 'block', podCidr: '10.97.29.0/24' });
    root = join(bed.folder, 'node');
    mkdirSync(root, { recursive: true });
    disk = makeTestDevice(join(bed.folder, 'disk'), 'the disk');
    original = makeTestDevice(join(bed.folder, 'original'), 'the original');
    client = new MemoryClient({ clock: systemClock });
    client.seed(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
    await startAgent();
  });
  afterAll(async () => {
    await stopAgent();
    disk.remove();
    original.remove();
    const { systemMounter } = await import('./volumes/mounter.ts');
    for (const { path } of await systemMounter.below(root)) await systemMounter.unmount(path);
    const leaks = bed.leaks();
    await bed.destroy();
    if (leaks.length > 0) throw new Error(`left behind: ${JSON.stringify(leaks)}`);
  });
  afterEach(async () => {
    const left = await traces();
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
  });

  /** What is there of devices for pods: mounts, loop devices, files. */
  async function traces(): Promise<readonly string[]> {
    const mounts = parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')).map(({ path }) => path);
    const loops = (await loopDevices()).map(({ file }) => file);
    const files = ['kubernetes.io~local-volume', 'kubernetes.io/csi'].flatMap((plugin) => {
      const folder = join(root, 'plugins', plugin);
      const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
      return entries.filter((each) => !each.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
    });
    return [...mounts, ...loops, ...files].filter((path) => path.startsWith(`${root}/p`));
  }

  function bound(name: string, spec: Partial<NonNullable<PersistentVolume['spec']>>): void {
    const { metadata } = client.seed(PersistentVolumeClaim, {
      metadata: { name, namespace: 'default' },
      spec: { volumeName: `pv-${name}`, accessModes: ['ReadWriteOnce'], volumeMode: 'Block' },
      status: { phase: 'Bound' },
    });
    const claimRef = { namespace: 'default', name, uid: metadata.uid };
    client.seed(PersistentVolume, {
      metadata: { name: `pv-${name}` },
      spec: { claimRef, accessModes: ['ReadWriteOnce'], volumeMode: 'Block', ...spec },
    });
  }

  function create(name: string, claims: readonly { readonly claimName: string; readonly readOnly?: boolean }[]): void {
    client.seed(Pod, {
      metadata: { name, namespace: 'default' },
      spec: {
        nodeName: 'one',
        serviceAccountName: 'default',
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'box',
            image: 'busybox',
            imagePullPolicy: 'IfNotPresent',
            command: ['sleep', '1000'],
            volumeDevices: claims.map(({ claimName }) => ({ name: claimName, devicePath: `/dev/${claimName}` })),
          },
        ],
        volumes: claims.map((claim) => ({ name: claim.claimName, persistentVolumeClaim: claim })),
      },
    });
  }

  const statusOf = (name: string) => client.all(Pod).find(({ metadata }) => metadata.name === name)?.status;
  const isRunning = (name: string): Promise<void> =>
    until(`${name} is running`, () => statusOf(name)?.phase === 'Running').catch((error: unknown) => {
      const heard = client.all(Event).map(({ reason, message }) => `${reason}: ${message}`);
      throw new Error(heard.join('\n'), { cause: error });
    });

  async function remove(name: string): Promise<void> {
    await client.delete(Pod, { namespace: 'default', name });
    await until(`${name} is gone`, () => agent.pods.find('default', name) === undefined);
  }

  async function shell(name: string, command: string): Promise<string> {
    const containers = agent.pods.find('default', name)?.runtime.containers ?? [];
    const id = containers.find(({ state }) => state === 'running')?.id ?? '';
    const { stdout, stderr } = await bed.runtime.execSync(id, ['sh', '-c', command], 10);
    return `${Buffer.from(stdout).toString()}${Buffer.from(stderr).toString()}`.trim();
  }

  test('local devices, one for reading only, through a restart of the agent and of the container', async () => {
    bound('disk', { local: { path: disk.path } });
    bound('original', { local: { path: original.path } });
    create('local', [{ claimName: 'disk' }, { claimName: 'original', readOnly: true }]);
    await isRunning('local');
    const look = 'head -c 8 /dev/disk; head -c 12 /dev/original; echo x > /dev/original';
    const seen = /^the diskthe original.*Operation not permitted/s;
    expect(await shell('local', look)).toMatch(seen);
    const minor = Number(disk.number.split(':')[1]).toString(16);
    expect(await shell('local', 'stat -c %t:%T /dev/disk')).toBe(`7:${minor}`);
    const told = client.all(Event).filter(({ reason }) => reason === 'SuccessfulMountVolume');
    expect(told.map(({ message }) => message)).toContain(
      `MapVolume.MapPodDevice succeeded for volume "pv-disk" globalMapPath "${join(root, 'plugins/kubernetes.io~local-volume/volumeDevices/pv-disk')}"`,
    );
    expect(told).toHaveLength(4);
    const before = await traces();
    expect(before.filter((path) => path.includes('/volumeDevices/')).length).toBeGreaterThanOrEqual(4);

    await stopAgent();
    await startAgent();
    await until('the pod is known', () => (agent.pods.find('default', 'local')?.runtime.containers.length ?? 0) > 0);
    const [container] = agent.pods.find('default', 'local')?.runtime.containers ?? [];
    await bed.runtime.stopContainer(container?.id ?? '', 0);
    await until('it has begun anew', () => statusOf('local')?.containerStatuses?.[0]?.restartCount === 1);
    await isRunning('local');
    await until('it answers', async () => seen.test(await shell('local', look)));
    expect(await traces()).toEqual(before);
    // The second agent found them mapped.
    expect(client.all(Event).filter(({ reason }) => reason === 'SuccessfulMountVolume')).toHaveLength(4);
    expect(await shell('local', 'printf changed > /dev/disk')).toBe('');
    await remove('local');
    expect(readFileSync(disk.path).subarray(0, 7).toString()).toBe('changed');
  });

  test('a file system on a local device: made, given to the group of the pod, and unmounted', async () => {
    const empty = makeTestDevice(join(bed.folder, 'empty'));
    try {
      bound('files', { volumeMode: 'Filesystem', local: { path: empty.path } });
      client.seed(Pod, {
        metadata: { name: 'files', namespace: 'default' },
        spec: {
          nodeName: 'one',
          serviceAccountName: 'default',
          terminationGracePeriodSeconds: 1,
          securityContext: { fsGroup: 1234 },
          containers: [
            {
              name: 'box',
              image: 'busybox',
              imagePullPolicy: 'IfNotPresent',
              command: ['sleep', '1000'],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'files' } }],
        },
      });
      await isRunning('files');
      expect(await shell('files', 'stat -c %g /data; grep -o " /data ext4 rw" /proc/mounts')).toBe(
        '1234\n /data ext4 rw',
      );
      await remove('files');
      expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(`${empty.path} `);
    } finally {
      empty.remove();
    }
  });

  test('a device of a CSI driver, of a pod that was deleted while the agent was away', async () => {
    const name = 'disk.example';
    const driver = await startTestDriver({ name, rootDirectory: root, stages: true, mounts: true });
    client.seed(CSIDriver, { metadata: { name }, spec: { attachRequired: false } });
    bound('remote', { csi: { driver: name, volumeHandle: 'vol-1' } });
    create('remote', [{ claimName: 'remote' }]);
    await isRunning('remote');
    expect(await shell('remote', 'head -c 5 /dev/remote; printf other > /dev/remote; head -c 5 /dev/remote')).toBe(
      'vol-1other',
    );
    await stopAgent();
    client.remove(Pod, { namespace: 'default', name: 'remote' });
    await startAgent();
    await until('nothing is left', () => readdirSync(join(root, 'pods')).length === 0);
    expect(driver.calls.map(({ method }) => method)).toEqual(['stage', 'publish', 'unpublish', 'unstage']);
    driver.stop();
  });

  test('two pods share a device, and the last one gives it back', async () => {
    const name = 'shared.example';
    const driver = await startTestDriver({ name, rootDirectory: root, stages: true, mounts: true });
    client.seed(CSIDriver, { metadata: { name }, spec: { attachRequired: false } });
    bound('shared', { csi: { driver: name, volumeHandle: 'vol-2' } });
    create('one', [{ claimName: 'shared' }]);
    create('two', [{ claimName: 'shared' }]);
    await Promise.all([isRunning('one'), isRunning('two')]);
    expect(await shell('one', 'printf hello > /dev/shared; sync')).toBe('');
    expect(await shell('two', 'head -c 5 /dev/shared')).toBe('hello');
    await Promise.all([remove('one'), remove('two')]);
    expect(driver.calls.map(({ method }) => method)).toEqual([
      'stage',
      'publish',
      'publish',
      'unpublish',
      'unpublish',
      'unstage',
    ]);
    driver.stop();
  });
});
