/** Claims of mode Block, and of one pod at a time, on a real node: with kubectl, through killed processes. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestDriver, type TestDriver } from '../../src/node/csi/testing/driver.ts';
import { loopDevices } from '../../src/node/volumes/loop-devices.ts';
import { makeTestDevice, type TestDevice } from '../../src/runtime/testing/loop-device.ts';
import { clientProgram, run } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';

const cluster = testCluster('blocks');
const env = { KUBECONFIG: cluster.kubeconfig };
const driverName = 'disk.example.com';
let disk: TestDevice;
let node: string;
let driver: TestDriver;

async function kubectl(args: readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await run(clientProgram('kubectl'), args, {
    env,
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
  });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const apply = (...items: readonly object[]): Promise<string> =>
  kubectl(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });

const storage = '1Mi';

function volume(name: string, spec: object): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `pv-${name}` },
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'by-hand',
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace: 'default', name },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
      ...spec,
    },
  };
}

function claim(name: string, spec: object): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'by-hand',
      resources: { requests: { storage } },
      ...spec,
    },
  };
}

function pod(name: string, claimName: string, how: object, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'box', image: 'busybox', command: ['sleep', '100000'], ...how }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
      ...spec,
    },
  };
}

const device = { volumeDevices: [{ name: 'data', devicePath: '/dev/data' }] };
const folder = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
const ready = (name: string): Promise<string> =>
  kubectl(['wait', `pod/${name}`, '--for=condition=Ready', '--timeout=60s']);
const shell = async (name: string, command: string): Promise<string> =>
  (await kubectl(['exec', name, '--', 'sh', '-c', command])).trim();

const eventOf = (name: string, reason: string): Promise<string> =>
  eventually(`${reason} of ${name}`, async () => {
    const selector = `involvedObject.name=${name},reason=${reason}`;
    const text = await kubectl(['get', 'events', '--field-selector', selector, '-o', 'jsonpath={.items[0].message}']);
    return text !== '' && text;
  });

async function killAll(): Promise<void> {
  const { stdout } = await cluster.coracle('status', '--json');
  const { processes } = JSON.parse(stdout) as { processes: readonly { name: string; pid: number }[] };
  for (const { name, pid } of processes) if (/agent|server/.test(name)) process.kill(pid, 'SIGKILL');
  await eventually('the cluster is back', async () => (await cluster.coracle('status')).code === 0);
}

/** Loop devices by which this cluster's agent keeps devices open. */
const held = async (): Promise<number> =>
  (await loopDevices()).filter(({ file }) => file.startsWith(join(cluster.folder, 'data/nodes'))).length;

beforeAll(async () => {
  disk = makeTestDevice(join(cluster.folder, 'disk'), 'from outside');
  const { code, stderr } = await cluster.up();
  if (code !== 0) throw new Error(stderr);
  node = await kubectl(['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}']);
  const rootDirectory = join(cluster.folder, 'data', 'nodes', node);
  driver = await startTestDriver({ name: driverName, rootDirectory, stages: true, mounts: true });
});
afterAll(async () => {
  driver.stop();
  disk.remove();
  await cluster.destroy();
});

test('a local device in a pod, through killed processes and a stopped cluster', async () => {
  await apply(
    volume('local', { volumeMode: 'Block', local: { path: disk.path } }),
    claim('local', { volumeMode: 'Block' }),
    pod('local', 'local', device),
  );
  await ready('local');
  expect(await shell('local', 'head -c 12 /dev/data; printf "from inside " > /dev/data; sync')).toBe('from outside');
  expect(await held()).toBe(1);
  await killAll();
  expect(await shell('local', 'head -c 11 /dev/data')).toBe('from inside');
  expect(await held()).toBe(1);

  expect((await cluster.coracle('down')).code).toBe(0);
  expect(await held()).toBe(0);
  expect((await cluster.up()).code).toBe(0);
  await eventually('it runs again', async () => (await shell('local', 'head -c 11 /dev/data')) === 'from inside');
  expect(await held()).toBe(1);
  await kubectl(['delete', 'pod', 'local', '--now']);
  expect(await held()).toBe(0);
});

test('a device of a CSI driver that attaches is given back by killed processes, once', async () => {
  await apply(
    volume('remote', { volumeMode: 'Block', csi: { driver: driverName, volumeHandle: 'vol-1' } }),
    claim('remote', { volumeMode: 'Block' }),
    pod('remote', 'remote', device),
  );
  const attachment = await eventually('an attachment', async () => {
    const name = await kubectl(['get', 'volumeattachments', '-o', 'jsonpath={.items[0].metadata.name}']);
    return name !== '' && name;
  });
  const attached = JSON.stringify({ status: { attached: true } });
  await kubectl(['patch', 'volumeattachment', attachment, '--subresource=status', '--type=merge', '-p', attached]);
  await ready('remote');
  expect(await shell('remote', 'head -c 5 /dev/data')).toBe('vol-1');
  const inUse = ['get', 'nodes', '-o', 'jsonpath={.items[0].status.volumesInUse}'];
  expect(await kubectl(inUse)).toBe(`["kubernetes.io/csi/${driverName}^vol-1"]`);
  await kubectl(['delete', 'pod', 'remote', '--wait=false']);
  await killAll();
  await eventually('it is detached', async () => (await kubectl(['get', 'volumeattachments', '-o', 'name'])) === '');
  expect(driver.calls.map(({ method }) => method)).toEqual(['stage', 'publish', 'unpublish', 'unstage']);
  expect(await kubectl(inUse)).toBe('');
});

test('a claim of the class local-path for a device hears that there is none', async () => {
  await apply(claim('raw', { storageClassName: 'local-path', volumeMode: 'Block' }), pod('raw', 'raw', device));
  expect(await eventOf('raw', 'ProvisioningFailed')).toBe(
    'failed to provision volume with StorageClass "local-path": volumes of this class are directories and cannot ' +
      'have volumeMode Block; use volumeMode Filesystem, or a PersistentVolume of type local whose path is a block device',
  );
  await kubectl(['delete', 'pod/raw', 'pvc/raw', '--now']);
});

test('a volume for one pod at a time: the second waits for the scheduler, or for the node if it names one', async () => {
  const exclusive = { accessModes: ['ReadWriteOncePod'], storageClassName: 'local-path' };
  await apply(claim('mine', exclusive), pod('first', 'mine', folder));
  await ready('first');
  await apply(pod('scheduled', 'mine', folder), pod('forced', 'mine', folder, { nodeName: node }));
  expect(await eventOf('scheduled', 'FailedScheduling')).toContain(
    'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
  );
  expect(await eventOf('forced', 'FailedMount')).toMatch(
    /^MountVolume.SetUp failed for volume "pvc-.*" : volume uses the ReadWriteOncePod access mode and is already in use by another pod$/,
  );
  await killAll();
  await kubectl(['delete', 'pod', 'first', '--now']);
  await ready('forced');
  await kubectl(['delete', 'pod', 'forced', '--now']);
  await ready('scheduled');
  await kubectl(['delete', 'pod/scheduled', 'pvc/mine', '--now']);
});
