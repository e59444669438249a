import { afterEach, expect, test } from 'vitest';
import { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../api/core/persistent-volume.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { MemoryClient } from '../client/testing/memory-client.ts';
import { selectedNodeAnnotation } from '../api/core/volume-matching.ts';
import { StorageClass } from '../api/storage/storage-class.ts';
import { localPathProvisioner, localPathService, realDirectories } from './local-path.ts';

let stop: () => Promise<void> = () => Promise.resolve();
afterEach(() => stop());

const folder = '/var/lib/test/local-path';

function run() {
  const clock = new FakeClock();
  const client = new MemoryClient({ clock });
  const told: string[] = [];
  const events = {
    normal: (_kind: unknown, _object: unknown, reason: string) => void told.push(reason),
    warning: (_kind: unknown, _object: unknown, reason: string, message: string) =>
      void told.push(`${reason}: ${message}`),
    record: () => {},
  };
  const abort = new AbortController();
  const service = localPathService({
    client,
    clock,
    logger: silentLogger,
    events,
    isOurs: (nodeName) => nodeName === 'one',
    folder,
    directories: realDirectories,
  });
  const running = service.run(abort.signal);
  stop = () => {
    abort.abort();
    return running;
  };
  return { clock, client, told };
}

function bound(client: MemoryClient, name: string, path: string, provisioner = localPathProvisioner): void {
  client.seed(PersistentVolumeClaim, {
    metadata: { name, namespace: 'default' },
    spec: { volumeName: `pv-${name}`, resources: { requests: { storage: '1Gi' } } },
    status: { phase: 'Bound', capacity: { storage: '1Gi' } },
  });
  client.seed(PersistentVolume, {
    metadata: { name: `pv-${name}`, annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } },
    spec: { capacity: { storage: '1Gi' }, hostPath: { path }, claimRef: { namespace: 'default', name } },
    status: { phase: 'Bound' },
  });
}

const sizes = (client: MemoryClient, name: string): readonly (string | undefined)[] => [
  client.all(PersistentVolume).find(({ metadata }) => metadata.name === `pv-${name}`)?.spec?.capacity?.['storage'],
  client.all(PersistentVolumeClaim).find(({ metadata }) => metadata.name === name)?.status?.capacity?.['storage'],
];

test('a claim that grows has a larger volume, once, if the volume is a directory of this node', async () => {
  const { client, clock, told } = run();
  bound(client, 'here', `${folder}/pvc-1`);
  bound(client, 'elsewhere', '/var/lib/other/local-path/pvc-2');
  bound(client, 'foreign', `${folder}/pvc-3`, 'example.com/disks');
  await clock.advance(10);
  for (const name of ['here', 'elsewhere', 'foreign']) {
    const larger = { spec: { resources: { requests: { storage: '2Gi' } } } };
    await client.patch(PersistentVolumeClaim, { namespace: 'default', name }, larger, { type: 'merge' });
  }
  await clock.advance(60_000);
  expect(sizes(client, 'here')).toEqual(['2Gi', '2Gi']);
  expect(sizes(client, 'elsewhere')).toEqual(['1Gi', '1Gi']);
  expect(sizes(client, 'foreign')).toEqual(['1Gi', '1Gi']);
  expect(told).toEqual(['Resizing', 'VolumeResizeSuccessful']);
});

test('a claim for a block device hears that there are directories only, and gets none', async () => {
  const { client, clock, told } = run();
  client.seed(StorageClass, { metadata: { name: 'local-path' }, provisioner: localPathProvisioner });
  client.seed(PersistentVolumeClaim, {
    metadata: { name: 'raw', namespace: 'default', annotations: { [selectedNodeAnnotation]: 'one' } },
    spec: { storageClassName: 'local-path', volumeMode: 'Block', resources: { requests: { storage: '1Gi' } } },
  });
  await clock.advance(60_000);
  expect(client.all(PersistentVolume)).toEqual([]);
  expect(told).toEqual([
    'ProvisioningFailed: failed to provision volume with StorageClass "local-path": volumes of this class are ' +
      'directories and cannot have volumeMode Block; use volumeMode Filesystem, or a PersistentVolume of type local ' +
      'whose path is a block device',
  ]);
});
