/** NFS volumes through the kernel, from a server in the guest itself. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/cluster.ts';
import { guestBed, podOf } from './bed.ts';

const server = '10.0.2.15';
const volume = (source: object = {}): object => ({
  volumes: [{ name: 'shared', nfs: { server, path: '/srv/shared', ...source } }],
});
const mounted = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] };
const pod = (name: string, spec = volume()): object => podOf(name, undefined, { spec, container: mounted });

describe('NFS', () => {
  const bed = guestBed('nfs');
  const mounts = (): Promise<string> => bed.guest.ok('grep -c " nfs4 " /proc/mounts || true');
  const serve = (...threads: readonly string[]): Promise<string> =>
    bed.guest.ok(`rpc.nfsd --no-udp --no-nfs-version 3 --grace-time 10 --lease-time 10 ${threads.join(' ')}`);

  beforeAll(async () => {
    await bed.guest.ok(`set -e
      modprobe nfsd
      mkdir -p /var/lib/nfs/v4recovery /run/rpc_pipefs /var/lib/nfs/rpc_pipefs
      mkdir -p -m 777 /srv/shared
      mountpoint -q /proc/fs/nfsd || mount -t nfsd nfsd /proc/fs/nfsd
      touch /var/lib/nfs/etab /var/lib/nfs/rmtab
      echo '/srv/shared *(rw,fsid=1,no_root_squash,no_subtree_check,insecure)' > /etc/exports
      exportfs -ra
      pidof rpc.mountd > /dev/null || rpc.mountd --no-nfs-version 3`);
    await serve('4');
  });
  // Before the server ends, whatever a test has left.
  afterEach(async () => void (await bed.ok('delete', 'pods', '--all', '--grace-period=1', '--timeout=110s')));
  afterAll(async () => void (await serve('0')));

  test('two pods read and write one export, which is mounted for each and unmounted once', async () => {
    await bed.apply(pod('writer'), pod('reader', volume({ readOnly: true })));
    await bed.phase('writer', 'Running');
    await bed.phase('reader', 'Running');
    expect(await mounts()).toBe('2');
    await bed.exec('writer', 'echo hello > /shared/file');
    await eventually('the other sees it', async () => (await bed.exec('reader', 'cat /shared/file')) === 'hello');
    expect(await bed.exec('reader', 'echo no > /shared/file; echo $?')).toMatch(/1$/);
    expect(await bed.guest.ok('cat /srv/shared/file')).toBe('hello');
    await bed.delete('writer', 'reader');
    expect(await mounts()).toBe('0');
  });

  test('through a claim, with mount options', async () => {
    const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany'], storageClassName: '' };
    // It has no namespace to go with, should an earlier run have been interrupted.
    await bed.ok('delete', 'pv', 'guest-nfs', '--ignore-not-found', '--timeout=110s');
    await bed.apply(
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: 'guest-nfs' },
        spec: { ...spec, nfs: { server, path: '/srv/shared' }, mountOptions: ['hard', 'nfsvers=4.2', 'noatime'] },
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'claim' },
        spec: {
          accessModes: spec.accessModes,
          storageClassName: '',
          volumeName: 'guest-nfs',
          resources: { requests: { storage: '1Gi' } },
        },
      },
      pod('claims', { volumes: [{ name: 'shared', persistentVolumeClaim: { claimName: 'claim' } }] }),
    );
    await bed.phase('claims', 'Running');
    expect(await bed.exec('claims', 'grep " /shared " /proc/mounts')).toMatch(/nfs4 .*noatime,vers=4.2,.*hard/);
    await bed.delete('claims');
    await bed.ok('delete', 'pvc', 'claim');
    await bed.ok('delete', 'pv', 'guest-nfs');
    expect(await mounts()).toBe('0');
  });

  test('an export that is not there is an event that says so, in the words of mount', async () => {
    await bed.apply(pod('nowhere', volume({ path: '/srv/nowhere' })));
    expect(await bed.event('nowhere', 'FailedMount')).toMatch(
      /^MountVolume.SetUp failed for volume "shared" : .*No such file or directory/s,
    );
  });

  test('a server that goes away holds up its own pod alone, which can be deleted', async () => {
    // Soft: a write fails after a while, as with hard it never would.
    await bed.apply(pod('stuck'), podOf('bystander'));
    await bed.phase('stuck', 'Running');
    await bed.phase('bystander', 'Running');
    await serve('0');
    try {
      await bed.guest.ok(
        "nft add table ip away; nft 'add chain ip away in { type filter hook input priority 0; }'; nft add rule ip away in tcp dport 2049 drop",
      );
      const node = await bed.ok('get', 'pod', 'stuck', '-o', 'jsonpath={.spec.nodeName}');
      // What measures volumes must not be caught by the one that hangs.
      await bed.ok('get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`);
      await bed.apply(podOf('later'));
      await bed.phase('later', 'Running');
      expect(await bed.exec('bystander', 'echo alive')).toBe('alive');
      await bed.ok('delete', 'pod', 'stuck', '--grace-period=1', '--timeout=110s');
      expect(await mounts()).toBe('0');
    } finally {
      await bed.guest.ok('nft delete table ip away');
      await serve('4');
    }
  });

  test('a kernel without NFS is an event that says so', async () => {
    await bed.guest.ok('modprobe -r nfsv4 nfs && mv /lib/modules/$(uname -r)/kernel/fs/nfs /tmp/nfs-module');
    try {
      await bed.apply(pod('without'));
      expect(await bed.event('without', 'FailedMount')).toContain(
        `cannot mount ${server}:/srv/shared: this node's kernel has no NFS client`,
      );
    } finally {
      await bed.guest.ok('mv /tmp/nfs-module /lib/modules/$(uname -r)/kernel/fs/nfs');
    }
    // The module is back, and the pod needs nothing else.
    await bed.phase('without', 'Running');
  });
});
