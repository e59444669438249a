/** Volumes of a CSI driver that attaches them, on a real node: driver and attacher are the test's own. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestDriver, type TestDriver } from '../../src/node/csi/testing/driver.ts';
import { clientProgram, run } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';

const cluster = testCluster('attach');
const env = { KUBECONFIG: cluster.kubeconfig };
const driverName = 'disk.example.com';
const volumeInStatus = `kubernetes.io/csi/${driverName}^vol-1`;
let driver: TestDriver;

async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await run(clientProgram('kubectl'), args, {
    env,
    ...(input === undefined ? {} : { input }),
  });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const get = async <T>(...args: readonly string[]): Promise<T> =>
  JSON.parse(await kubectl(['get', ...args, '-o', 'json'])) as T;

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: {
      readonly volumesAttached?: readonly { readonly name: string }[];
      readonly volumesInUse?: readonly string[];
    };
  }[];
}
interface Attachments {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

const attachments = async (): Promise<readonly string[]> =>
  (await get<Attachments>('volumeattachments')).items.map(({ metadata }) => metadata.name);

/** What the driver's attacher does. */
async function attach(): Promise<void> {
  const [name = ''] = await eventually('a VolumeAttachment', async () => {
    const names = await attachments();
    return names.length > 0 && names;
  });
  const status = { attached: true, attachmentMetadata: { devicePath: '/dev/xvdba' } };
  await kubectl([
    'patch',
    'volumeattachment',
    name,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status }),
  ]);
}

const manifest = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        storageClassName: 'by-hand',
        csi: { driver: driverName, volumeHandle: 'vol-1' },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'by-hand',
        resources: { requests: { storage: '1Gi' } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web' },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'web',
            image: 'busybox',
            command: ['sleep', '1000'],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          },
        ],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
      },
    },
  ],
};

beforeAll(async () => {
  const { code, stderr } = await cluster.up();
  if (code !== 0) throw new Error(stderr);
  const { items } = await get<NodeList>('nodes');
  const rootDirectory = join(cluster.folder, 'data', 'nodes', items[0]?.metadata.name ?? '');
  driver = await startTestDriver({ name: driverName, rootDirectory, stages: true, mounts: true });
});
afterAll(async () => {
  driver.stop();
  await cluster.destroy();
});

test('a volume is attached, mounted, kept by a killed agent, and detached when it is unmounted', async () => {
  await kubectl(['apply', '-f', '-'], JSON.stringify(manifest));
  await attach();
  await kubectl(['wait', 'pod/web', '--for=condition=Ready', '--timeout=30s']);
  expect(driver.calls.map(({ method, request }) => [method, request['publishContext']])).toEqual([
    ['stage', { devicePath: '/dev/xvdba' }],
    ['publish', { devicePath: '/dev/xvdba' }],
  ]);
  const status = async (): Promise<unknown> => {
    const { volumesAttached, volumesInUse } = (await get<NodeList>('nodes')).items[0]?.status ?? {};
    return { volumesAttached, volumesInUse };
  };
  const mounted = { volumesAttached: [{ name: volumeInStatus, devicePath: '' }], volumesInUse: [volumeInStatus] };
  expect(await status()).toEqual(mounted);
  const events = await kubectl(['get', 'events', '-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}']);
  expect(events).toContain('SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "pv" \n');

  const { stdout } = await cluster.coracle('status', '--json');
  const { processes } = JSON.parse(stdout) as { processes: readonly { name: string; pid: number }[] };
  for (const { name, pid } of processes) if (/agent|server/.test(name)) process.kill(pid, 'SIGKILL');
  await eventually('the cluster is back', async () => (await cluster.coracle('status')).code === 0);
  await kubectl(['annotate', 'node', '--all', 'coracle.dev/test=seen', '--overwrite']);
  expect(await status()).toEqual(mounted);
  expect(await attachments()).toHaveLength(1);

  await kubectl(['delete', 'pod', 'web']);
  await eventually('the volume is detached', async () => (await attachments()).length === 0);
  expect(await status()).toEqual({});
  expect(driver.calls.slice(2).map(({ method }) => method)).toEqual(['unpublish', 'unstage']);
});
