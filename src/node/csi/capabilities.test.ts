/** As upstream's csi_client.go and csi_mounter.go have it. */
import { expect, test } from 'vitest';
import type { CSIDriver } from '../../api/storage/csi-driver.ts';
import { blockCapability, changesOwnership, mountCapability } from './capabilities.ts';
import { accessMode, capability } from './messages.ts';
import type { CsiSource } from './volumes.ts';

const source: CsiSource = {
  driver: 'disk.example',
  volumeHandle: 'vol-1',
  readonly: false,
  fsType: 'ext4',
  accessModes: ['ReadWriteOnce'],
  mountOptions: ['noatime'],
  attributes: {},
  ephemeral: false,
};
const driver = (...capabilities: readonly number[]) => ({ capabilities: new Set(capabilities) });
const finer = driver(capability.singleNodeMultiWriter);

test.each([
  [['ReadWriteOnce'], accessMode.singleNodeWriter, accessMode.singleNodeMultiWriter],
  [['ReadWriteOncePod'], accessMode.singleNodeWriter, accessMode.singleNodeSingleWriter],
  [['ReadOnlyMany'], accessMode.multiNodeReader, accessMode.multiNodeReader],
  [['ReadWriteMany'], accessMode.multiNodeMultiWriter, accessMode.multiNodeMultiWriter],
  [['ReadOnlyMany', 'ReadWriteMany'], accessMode.multiNodeReader, accessMode.multiNodeReader],
  [['ReadWriteOnce', 'ReadWriteMany'], accessMode.singleNodeWriter, accessMode.singleNodeMultiWriter],
  [[], accessMode.singleNodeWriter, accessMode.singleNodeMultiWriter],
  [['Newer'], accessMode.unknown, accessMode.unknown],
])('the first of %j is told, the finer way to drivers that tell writers apart', (accessModes, coarse, fine) => {
  const wanted = { ...source, accessModes };
  expect(mountCapability(driver(), wanted, undefined).accessMode).toEqual({ mode: coarse });
  expect(mountCapability(finer, wanted, undefined).accessMode).toEqual({ mode: fine });
  expect(blockCapability(driver(), wanted)).toEqual({ block: {}, accessMode: { mode: coarse } });
});

test('a driver that can is told the group', () => {
  const mount = { fsType: 'ext4', mountFlags: ['noatime'] };
  expect(mountCapability(driver(), source, 2000).mount).toEqual(mount);
  expect(mountCapability(driver(capability.mountGroup), source, 2000).mount).toEqual({
    ...mount,
    volumeMountGroup: '2000',
  });
});

const policy = (fsGroupPolicy: string): CSIDriver => ({ spec: { fsGroupPolicy } }) as CSIDriver;
const standard = policy('ReadWriteOnceWithFSType');

test.each([
  ['one writer and a file system', {}, standard, true],
  ['one pod and a file system', { accessModes: ['ReadWriteOncePod'] }, standard, true],
  ['one writer among others', { accessModes: ['ReadOnlyMany', 'ReadWriteOnce'] }, standard, true],
  ['many writers', { accessModes: ['ReadWriteMany'] }, standard, false],
  ['no file system named', { fsType: '' }, standard, false],
  ['no driver object', {}, undefined, true],
  ['many writers, always', { accessModes: ['ReadWriteMany'], fsType: '' }, policy('File'), true],
  ['never', {}, policy('None'), false],
  ['for reading only', { readonly: true }, policy('File'), false],
])('the agent applies fsGroup: %s', (_what, changes, installed, applied) => {
  expect(changesOwnership(driver(), { ...source, ...changes }, installed)).toBe(applied);
  expect(changesOwnership(driver(capability.mountGroup), { ...source, ...changes }, installed)).toBe(false);
});
