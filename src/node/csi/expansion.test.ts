/** As upstream's node_expander.go and operation_generator.go have it. */
import { expect, test } from 'vitest';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { CsiCallError, grpcCode } from './call.ts';
import { Expansion, type Growth } from './expansion.ts';

type ClaimStatus = NonNullable<PersistentVolumeClaim['status']>;

const resizing = { type: 'Resizing', status: 'True' };
const waiting = { type: 'FileSystemResizePending', status: 'True' };
const bound = { type: 'Bound', status: 'True' };
/** What a resizer of today leaves when it has done its part. */
const pending: ClaimStatus = {
  capacity: { storage: '1Gi' },
  conditions: [bound, resizing, waiting],
  allocatedResources: { storage: '2Gi' },
  allocatedResourceStatuses: { storage: 'NodeResizePending' },
};

function setup(status: ClaimStatus, request = '2Gi') {
  const client = new MemoryClient({ clock: new FakeClock() });
  client.seed(PersistentVolumeClaim, {
    metadata: { name: 'data', namespace: 'default' },
    spec: { volumeName: 'pv', resources: { requests: { storage: request } } },
    status,
  });
  const told: string[] = [];
  const expansion = new Expansion({
    client,
    clock: new FakeClock(),
    log: silentLogger,
    nodeName: 'one',
    events: {
      pod: (_pod, type, reason, message) => told.push(`Pod ${type} ${reason} ${message}`),
      about: ({ kind }, type, reason, message) => told.push(`${kind} ${type} ${reason} ${message}`),
    },
  });
  const asked: string[] = [];
  let failure: CsiCallError | undefined;
  const growth = (changes: Partial<Growth> = {}): Growth => ({
    pod: {} as Pod,
    claim: client.all(PersistentVolumeClaim)[0] as PersistentVolumeClaim,
    volume: { metadata: { name: 'pv' }, spec: { capacity: { storage: '2Gi' } } } as unknown as PersistentVolume,
    readonly: false,
    key: 'disk^vol-1',
    call: (size) => {
      asked.push(size);
      return failure === undefined ? Promise.resolve() : Promise.reject(failure);
    },
    ...changes,
  });
  return {
    expansion,
    told,
    asked,
    growth,
    fail: (code: number | undefined) => {
      failure = code === undefined ? undefined : new CsiCallError('rpc error: no', code, undefined);
    },
    status: () => client.all(PersistentVolumeClaim)[0]?.status,
  };
}

const success = 'Normal FileSystemResizeSuccessful MountVolume.NodeExpandVolume succeeded for volume "pv" one';

test('what a resizer has made larger is grown and told, and what else is known of the claim stays', async () => {
  const { expansion, growth, asked, told, status } = setup(pending);
  await expansion.afterMount(growth());
  expect(asked).toEqual(['2Gi']);
  expect(told).toEqual([`Pod ${success}`, `PersistentVolumeClaim ${success}`]);
  expect(status()).toEqual({
    capacity: { storage: '2Gi' },
    conditions: [bound],
    allocatedResources: { storage: '2Gi' },
  });
  await expansion.inUse(growth());
  expect(asked).toHaveLength(1);
});

test('while it is being grown the claim says so', async () => {
  const { expansion, growth, status } = setup(pending);
  let seen: unknown;
  await expansion.inUse(growth({ call: () => Promise.resolve(void (seen = status()?.allocatedResourceStatuses)) }));
  expect(seen).toEqual({ storage: 'NodeResizeInProgress' });
});

test('an older resizer leaves no account: what is smaller than its volume is grown', async () => {
  const { expansion, growth, asked, status } = setup({ capacity: { storage: '1Gi' }, conditions: [waiting] });
  await expansion.inUse(growth());
  expect(asked).toEqual(['2Gi']);
  expect(status()).toEqual({ capacity: { storage: '2Gi' }, conditions: [] });
});

test.each([
  ['the resizer is still at it', { ...pending, allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' } }],
  ['it was found to be impossible', { ...pending, allocatedResourceStatuses: { storage: 'NodeResizeInfeasible' } }],
  ['it has been said by nobody yet', { capacity: { storage: '1Gi' }, allocatedResources: { storage: '2Gi' } }],
  ['it is large enough', { capacity: { storage: '2Gi' } }],
])('nothing is grown when %s', async (_why, status) => {
  const it = setup(status);
  await it.expansion.afterMount(it.growth());
  await it.expansion.inUse(it.growth());
  expect([it.asked, it.told, it.status()]).toEqual([[], [], status]);
});

test('a volume that another node has grown and told of is grown here, too', async () => {
  const it = setup(pending);
  await it.expansion.afterMount(it.growth({ volume: volumeOf('1Gi') }));
  const elsewhere = { ...it.growth().claim, status: { capacity: { storage: '2Gi' } } };
  await it.expansion.inUse(it.growth({ claim: elsewhere }));
  await it.expansion.inUse(it.growth({ claim: elsewhere }));
  expect(it.asked).toEqual(['2Gi']);
  // The claim has it already.
  expect(it.status()).toEqual(pending);
});

const volumeOf = (storage: string): PersistentVolume =>
  ({ metadata: { name: 'pv' }, spec: { capacity: { storage } } }) as unknown as PersistentVolume;

const failed = { type: 'NodeResizeError', status: 'True', message: 'failed to expand pvc with rpc error: no' };

test.each([
  ['an argument that will never do', grpcCode.outOfRange, 'NodeResizeInfeasible'],
  ['what may go better', 13, 'NodeResizeInProgress'],
])('a driver that refuses is told of: %s', async (_what, code, state) => {
  const it = setup(pending);
  it.fail(code);
  await expect(it.expansion.inUse(it.growth())).rejects.toThrow('rpc error: no');
  expect(it.status()).toMatchObject({
    capacity: { storage: '1Gi' },
    conditions: [bound, resizing, waiting, failed],
    allocatedResourceStatuses: { storage: state },
  });
  it.fail(undefined);
  await it.expansion.inUse(it.growth());
  expect(it.status()?.capacity).toEqual({ storage: state === 'NodeResizeInfeasible' ? '1Gi' : '2Gi' });
});

test('a driver that refused is not asked for good when the claim has come to want something else', async () => {
  const it = setup(pending, '1500Mi');
  it.fail(13);
  for (let time = 0; time < 2; time += 1) await expect(it.expansion.inUse(it.growth())).rejects.toThrow('rpc error');
  expect(it.status()?.allocatedResourceStatuses).toEqual({ storage: 'NodeResizeInfeasible' });
});

test('a driver that did not answer in time may still be at it: the claim hears nothing', async () => {
  const it = setup(pending);
  it.fail(grpcCode.deadlineExceeded);
  await expect(it.expansion.inUse(it.growth())).rejects.toThrow('rpc error: no');
  expect(it.status()?.conditions).toEqual([bound, resizing, waiting]);
});

test('a driver that grows nothing in use is asked again when the volume is mounted again, and keeps no pod', async () => {
  const it = setup(pending);
  it.fail(grpcCode.failedPrecondition);
  await it.expansion.afterMount(it.growth());
  await it.expansion.inUse(it.growth());
  expect(it.asked).toHaveLength(1);
  it.fail(undefined);
  it.expansion.forget('disk^vol-1');
  await it.expansion.afterMount(it.growth());
  expect(it.status()?.capacity).toEqual({ storage: '2Gi' });
});

test('what a pod only reads is not grown, and it is told why', async () => {
  const it = setup(pending);
  await it.expansion.afterMount(it.growth({ readonly: true }));
  await it.expansion.inUse(it.growth({ readonly: true }));
  const message = 'MountVolume.NodeExpandVolume failed for volume "pv" requested read-only file system';
  expect([it.asked, it.told]).toEqual([
    [],
    ['Pod', 'PersistentVolumeClaim'].map((kind) => `${kind} Warning FileSystemResizeFailed ${message}`),
  ]);
});

test('a claim that has changed meanwhile is looked at again first', async () => {
  const it = setup(pending);
  const { claim } = it.growth();
  const stale = { ...claim, metadata: { ...claim.metadata, resourceVersion: '999' } };
  await expect(it.expansion.inUse(it.growth({ claim: stale }))).rejects.toThrow('modified');
  expect(it.asked).toEqual([]);
});
