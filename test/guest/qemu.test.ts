import { expect, test } from 'vitest';
import { qemuArguments } from './qemu.ts';

const args = qemuArguments({
  kernel: '/k',
  disks: [
    { source: '/root.ext4', writes: 'discard' },
    { source: '/checkout.ext4', writes: 'read' },
    { source: 'nbd:unix:/disk', writes: 'honest' },
  ],
  memoryMiB: 3072,
  processors: 2,
  forwards: [
    { host: 2000, guest: 22 },
    { host: 2001, guest: 6443 },
  ],
  console: '/c',
  hugePages: 16,
});

/** What follows an option, each time that it is given. */
const valuesOf = (option: string): readonly (string | undefined)[] =>
  args.flatMap((each, index) => (each === option ? [args[index + 1]] : []));

test('disks keep their names, and each its way with writes', () => {
  expect(valuesOf('-drive')).toEqual([
    'id=disk0,if=none,format=raw,file=/root.ext4,snapshot=on,cache=unsafe',
    'id=disk1,if=none,format=raw,file=/checkout.ext4,read-only=on',
    'id=disk2,if=none,format=raw,file=nbd:unix:/disk,cache=writeback',
  ]);
  expect(valuesOf('-device').filter((each) => each?.startsWith('nvme-ns'))).toEqual([
    'nvme-ns,drive=disk0,bus=disks,nsid=1',
    'nvme-ns,drive=disk1,bus=disks,nsid=2',
  ]);
  expect(valuesOf('-device')).toContain('virtio-blk-pci,drive=disk2');
});

test('only this machine reaches the guest, and never by KVM', () => {
  expect(valuesOf('-netdev')).toEqual(['user,id=net,hostfwd=tcp:127.0.0.1:2000-:22,hostfwd=tcp:127.0.0.1:2001-:6443']);
  expect(valuesOf('-accel')).toEqual(['tcg,thread=multi']);
});
