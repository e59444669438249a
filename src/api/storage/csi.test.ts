import { expect, test } from 'vitest';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { CSIDriver } from './csi-driver.ts';
import { CSINode } from './csi-node.ts';
import { CSIStorageCapacity } from './csi-storage-capacity.ts';
import { VolumeAttachment } from './volume-attachment.ts';
import { VolumeAttributesClass } from './volume-attributes-class.ts';

/** Texts: kubernetes pkg/apis/storage/validation/validation.go; defaults: pkg/apis/storage/v1/defaults.go. */
test('CSIDriver', () => {
  expect(made(CSIDriver, {})['spec']).toEqual({
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    volumeLifecycleModes: ['Persistent'],
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    requiresRepublish: false,
    seLinuxMount: false,
  });
  expect(
    complaints(CSIDriver, {
      spec: { tokenRequests: [{ audience: 'a' }, { audience: 'a' }], nodeAllocatableUpdatePeriodSeconds: 9 },
    }),
  ).toEqual([
    'spec.tokenRequests[1].audience: Duplicate value: "a"',
    'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
  ]);
  expect(updateComplaints(CSIDriver, {}, { spec: { attachRequired: false } })).toEqual([
    'spec.attachedRequired: Invalid value: false: field is immutable',
  ]);
  expect(cells(CSIDriver, {})).toEqual({
    Name: 'it',
    AttachRequired: true,
    PodInfoOnMount: false,
    StorageCapacity: false,
    TokenRequests: '<unset>',
    RequiresRepublish: false,
    Modes: 'Persistent',
    Age: '60m',
  });
});

test('CSINode', () => {
  const driver = { name: 'd.example.com', nodeID: 'n' };
  expect(complaints(CSINode, { spec: { drivers: [driver, { ...driver, nodeID: '' }] } })).toEqual([
    'spec.drivers[1].nodeID: Required value',
    'spec.drivers[1].name: Duplicate value: "d.example.com"',
  ]);
  const limit = (count: number): object => ({ spec: { drivers: [{ ...driver, allocatable: { count } }] } });
  expect(updateComplaints(CSINode, limit(1) as Record<string, unknown>, limit(2) as Record<string, unknown>)).toEqual(
    [],
  );
  expect(cells(CSINode, { spec: { drivers: [driver] } })).toEqual({ Name: 'it', Drivers: 1, Age: '60m' });
});

test('VolumeAttachment', () => {
  expect(complaints(VolumeAttachment, { spec: { attacher: 'd.example.com', nodeName: 'n' } })).toEqual([
    'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
  ]);
  const spec = { attacher: 'd.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } };
  expect(cells(VolumeAttachment, { spec, status: { attached: true } })).toEqual({
    Name: 'it',
    Attacher: 'd.example.com',
    PV: 'pv',
    Node: 'n',
    Attached: true,
    Age: '60m',
  });
});

test('VolumeAttributesClass and CSIStorageCapacity', () => {
  expect(complaints(VolumeAttributesClass, { driverName: 'd.example.com' })).toEqual([
    'parameters: Required value: must contain at least one key/value pair',
  ]);
  expect(complaints(CSIStorageCapacity, { storageClassName: 'fast', capacity: '-1' })).toEqual([
    'capacity: Invalid value: "-1": must be greater than or equal to 0',
  ]);
  expect(cells(CSIStorageCapacity, { storageClassName: 'fast' })).toEqual({
    Name: 'it',
    StorageClassName: 'fast',
    Capacity: '<unset>',
  });
});
