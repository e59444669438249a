/** Claims that pods cannot have, as the pods' events tell it: in upstream's words. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Event } from '../api/core/event.ts';
import { Node } from '../api/core/node.ts';
import { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import { Pod } from '../api/core/pod.ts';
import { PersistentVolume } from '../api/core/persistent-volume.ts';
import type { Container } from '../api/core/container.ts';
import { Harness } from './testing/harness.ts';

let it: Harness;
let folder: string;
beforeEach(async () => {
  it = await Harness.start();
  folder = mkdtempSync(join(tmpdir(), 'coracle-claims-'));
});
afterEach(async () => {
  await it.stop();
  rmSync(folder, { recursive: true });
});

type VolumeSpec = NonNullable<PersistentVolume['spec']>;

function bound(name: string, spec: Partial<VolumeSpec>): void {
  const { metadata } = it.client.seed(PersistentVolumeClaim, {
    metadata: { name, namespace: 'default' },
    spec: { volumeName: `pv-${name}`, accessModes: spec.accessModes ?? ['ReadWriteOnce'] },
    status: { phase: 'Bound' },
  });
  it.client.seed(PersistentVolume, {
    metadata: { name: `pv-${name}` },
    spec: { claimRef: { namespace: 'default', name, uid: metadata.uid }, accessModes: ['ReadWriteOnce'], ...spec },
  });
}

const mounts: Partial<Container> = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
const maps: Partial<Container> = { volumeDevices: [{ name: 'data', devicePath: '/dev/data' }] };

function user(name: string, claimName: string, how: Partial<Container>): void {
  it.create(name, {
    containers: [{ name: 'box', image: 'busybox', ...how }],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
  });
}

/** The first warning that the pod hears. */
async function warning(name: string): Promise<string> {
  const warnings = (): readonly Event[] =>
    it.client.all(Event).filter(({ type, involvedObject }) => type === 'Warning' && involvedObject.name === name);
  await it.until('a warning', () => warnings().length > 0);
  const [first] = warnings();
  return `${first?.reason}: ${first?.message}`;
}

const unprocessed = (why: string): string =>
  `FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], ` +
  `failed to process volumes=[data]: ${why}`;

test.each<['Block' | 'Filesystem', Partial<Container>, string]>([
  ['Filesystem', maps, 'volume data has volumeMode Filesystem, but is specified in volumeDevices'],
  ['Block', mounts, 'volume data has volumeMode Block, but is specified in volumeMounts'],
])('a volume of mode %s that is wanted as the other', async (volumeMode, how, why) => {
  bound('data', { volumeMode, local: { path: '/nowhere' } });
  user('web', 'data', how);
  expect(await warning('web')).toBe(unprocessed(why));
});

test('a claim that is not there', async () => {
  user('web', 'data', mounts);
  expect(await warning('web')).toBe(
    unprocessed(
      'error processing PVC default/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found',
    ),
  );
});

test('a claim that is not bound, is being deleted, or whose volume is another claim’s', async () => {
  it.client.seed(PersistentVolumeClaim, {
    metadata: { name: 'loose', namespace: 'default' },
    status: { phase: 'Pending' },
  });
  user('loose', 'loose', mounts);
  expect(await warning('loose')).toBe(unprocessed('error processing PVC default/loose: PVC is not bound'));

  bound('going', { hostPath: { path: folder } });
  await it.client.patch(
    PersistentVolumeClaim,
    { namespace: 'default', name: 'going' },
    { metadata: { finalizers: ['kubernetes.io/pvc-protection'] } },
    { type: 'merge' },
  );
  await it.client.delete(PersistentVolumeClaim, { namespace: 'default', name: 'going' });
  user('going', 'going', mounts);
  expect(await warning('going')).toBe(unprocessed('error processing PVC default/going: PVC is being deleted'));

  bound('stolen', { claimRef: { namespace: 'default', name: 'other', uid: 'of-other' }, hostPath: { path: folder } });
  user('stolen', 'stolen', mounts);
  expect(await warning('stolen')).toContain(
    'found PV object pv-stolen but its pv.Spec.ClaimRef.UID of-other does not point to claim.UID ',
  );
});

test('a volume that fails is told by the name of its PersistentVolume', async () => {
  bound('data', { local: { path: join(folder, 'missing') } });
  user('web', 'data', mounts);
  expect(await warning('web')).toBe(
    `FailedMount: MountVolume.SetUp failed for volume "pv-data" : path "${join(folder, 'missing')}" does not exist`,
  );
});

test.each<['Block' | 'Filesystem', Partial<Container>, string]>([
  ['Filesystem', mounts, 'Mount'],
  ['Block', maps, 'Map'],
])('a volume of mode %s that is another node’s, of a pod that names this one', async (volumeMode, how, operation) => {
  const here = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In' as const, values: ['other'] }] };
  const nodeAffinity = { required: { nodeSelectorTerms: [here] } };
  await it.until('the node is there', () => it.client.all(Node).length > 0);
  bound('data', { volumeMode, local: { path: folder }, nodeAffinity });
  user('web', 'data', how);
  expect(await warning('web')).toBe(
    `FailedMount: ${operation}Volume.NodeAffinity check failed for volume "pv-data" : no matching NodeSelectorTerms`,
  );
});

describe('a device', () => {
  test('that is not there', async () => {
    bound('data', { volumeMode: 'Block', local: { path: '/dev/coracle-missing' } });
    user('web', 'data', maps);
    expect(await warning('web')).toBe(
      'FailedMapVolume: MapVolume.EvalHostSymlinks failed for volume "pv-data" : ' +
        'lstat /dev/coracle-missing: no such file or directory',
    );
  });

  test('that is none', async () => {
    bound('data', { volumeMode: 'Block', local: { path: folder } });
    user('web', 'data', maps);
    expect(await warning('web')).toBe(
      `FailedMapVolume: MapVolume.MapBlockVolume failed for volume "pv-data" : ${folder} is not a block device`,
    );
  });

  test('of a type that has none', async () => {
    bound('data', { volumeMode: 'Block', hostPath: { path: '/dev/loop0' } });
    user('web', 'data', maps);
    expect(await warning('web')).toBe(
      'FailedMapVolume: MapVolume.FindMapperPluginBySpec failed for volume "pv-data" : ' +
        'volumes of type hostPath cannot have volumeMode Block: use one of type local or csi',
    );
  });

  test('of a driver that is not there', async () => {
    bound('data', { volumeMode: 'Block', csi: { driver: 'disk.example', volumeHandle: 'vol-1' } });
    user('web', 'data', maps);
    expect(await warning('web')).toMatch(
      /^FailedMapVolume: MapVolume.SetUpDevice failed for volume "pv-data" : driver name disk.example not found/,
    );
  });
});

describe('a volume for one pod', () => {
  const refused =
    'FailedMount: MountVolume.SetUp failed for volume "pv-data" : ' +
    'volume uses the ReadWriteOncePod access mode and is already in use by another pod';

  test('is refused to a second one until the first has gone, also by an agent that came later', async () => {
    bound('data', { accessModes: ['ReadWriteOncePod'], hostPath: { path: folder } });
    user('first', 'data', mounts);
    await it.phase('first', 'Running');
    await it.stopAgent();
    await it.startAgent();
    user('second', 'data', mounts);
    expect(await warning('second')).toBe(refused);
    await it.client.delete(Pod, { namespace: 'default', name: 'first' });
    await it.gone('first');
    // At once, and not when it would be its turn to be tried again.
    await it.phase('second', 'Running');
  });

  test('that may be had in another way, too, is not', async () => {
    bound('data', { accessModes: ['ReadWriteOnce', 'ReadWriteOncePod'], hostPath: { path: folder } });
    user('first', 'data', mounts);
    user('second', 'data', mounts);
    for (const name of ['first', 'second']) expect((await it.phase(name, 'Running')).status?.phase).toBe('Running');
  });
});
