/** What the guest's Debian is told besides its packages: a boot that takes seconds, and a way in. Pure. */

/** Its packages, without those that they need. No Debian script of theirs is run: what matters of them is in `boot`. */
export const packages: readonly string[] = [
  'base-files',
  'base-passwd',
  'bash',
  'coreutils',
  'findutils',
  'diffutils',
  'grep',
  'sed',
  'gawk',
  'util-linux',
  'mount',
  'procps',
  'kmod',
  'libc-bin',
  'tar',
  'gzip',
  'zstd',
  'hostname',
  // Node's own libraries.
  'libstdc++6',
  'libatomic1',
  // What `coracle up` would install, so that it finds it.
  'runc',
  'conmon',
  'nftables',
  'iproute2',
  'socat',
  'conntrack',
  'busybox-static',
  // What tests are about.
  'crun',
  'apparmor',
  'nfs-kernel-server',
  'nfs-common',
  'e2fsprogs',
  'lksctp-tools',
  // The way in.
  'dropbear-bin',
];

export const kernelPackage = 'linux-image-cloud-amd64';

/** Ports of the guest that the host reaches. */
export const sshPort = 22;
export const apiPort = 6443;

export const dataFolder = '/var/lib/coracle';
export const checkout = '/opt/coracle';

const boot = `#!/bin/sh
# The first program of the guest, once: file systems, the network, disks. docs/decisions/guest.md.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t securityfs securityfs /sys/kernel/security
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
mkdir -p /run/lock
hostname guest
modprobe -a virtio_pci virtio_blk virtio_net virtio_rng
# The modules probe their devices on their own time.
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e /sys/class/net/eth0 ] && [ -e /dev/vda ] && break; sleep 0.2; done
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
mount -o ro /dev/nvme0n2 ${checkout}
mount /dev/vda ${dataFolder}
echo "coracle guest: booted"
`;

/**
 * What the guest's own node is told: a pressure that is over is over soon, for the tests that come after. Thresholds are
 * the defaults, and one for processes, which has none.
 */
export const kubeletConfig = '/etc/guest/kubelet.yaml';
const kubelet = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionPressureTransitionPeriod: 5s
evictionHard:
  memory.available: 100Mi
  nodefs.available: 10%
  nodefs.inodesFree: 5%
  imagefs.available: 15%
  imagefs.inodesFree: 5%
  pid.available: '500'
`;

const inittab = `::sysinit:/etc/guest/boot
::respawn:/usr/sbin/dropbear -F -E -m -s -r /etc/dropbear/key
::shutdown:/bin/umount -a -r
`;

export interface GuestFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** `authorizedKey`: who may come in as root. */
export function rootFiles(authorizedKey: string): readonly GuestFile[] {
  const file = (path: string, content: string, mode = 0o644): GuestFile => ({ path, content, mode });
  return [
    file('/etc/guest/boot', boot, 0o755),
    file(kubeletConfig, kubelet),
    file('/etc/inittab', inittab),
    file('/etc/hostname', 'guest\n'),
    file('/etc/hosts', '127.0.0.1 localhost guest\n::1 localhost\n'),
    file('/etc/resolv.conf', 'nameserver 10.0.2.3\n'),
    file('/etc/shells', '/bin/sh\n/bin/bash\n'),
    file('/root/.ssh/authorized_keys', `${authorizedKey.trim()}\n`, 0o600),
    file('/root/.bashrc', `PS1='guest:\\w# '\nexport KUBECONFIG=/root/.kube/config\n`),
    file('/usr/local/bin/coracle', `#!/bin/sh\nexec ${checkout}/coracle "$@"\n`, 0o755),
  ];
}
