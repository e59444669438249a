/** QEMU's command line. Pure. */

export interface Disk {
  /** A file, or what QEMU takes in its place: `nbd:unix:/path`. */
  readonly source: string;
  /**
   * `discard`: what the guest writes is gone when it ends. `read`: it cannot write. `keep`: writes stay, and may be
   * lost when the host itself dies. `honest`: a flush of the guest's is passed on.
   */
  readonly writes: 'discard' | 'read' | 'keep' | 'honest';
}

export interface QemuOptions {
  readonly kernel: string;
  /** In the order of their namespaces: /dev/nvme0n1 is the root. */
  readonly disks: readonly Disk[];
  readonly memoryMiB: number;
  readonly processors: number;
  /** Ports of 127.0.0.1 that lead to ports of the guest. */
  readonly forwards: readonly { readonly host: number; readonly guest: number }[];
  /** What its kernel says goes there. */
  readonly console: string;
  /** 2 MiB each. */
  readonly hugePages: number;
}

const diskOptions: Readonly<Record<Disk['writes'], string>> = {
  discard: 'snapshot=on,cache=unsafe',
  read: 'read-only=on',
  keep: 'cache=unsafe',
  honest: 'cache=writeback',
};

const isKept = (writes: Disk['writes']): boolean => writes === 'keep' || writes === 'honest';

const kernelOptions = (hugePages: number): string =>
  [
    'console=ttyS0',
    'root=/dev/nvme0n1',
    'rootfstype=ext4',
    'rw',
    'init=/sbin/init',
    'quiet',
    'panic=-1',
    'mitigations=off',
    'apparmor=1',
    'security=apparmor',
    'hugepagesz=2M',
    `hugepages=${hugePages}`,
  ].join(' ');

/** TCG in all cases: what runs is the same everywhere, and a KVM within a virtual machine may hang. */
export function qemuArguments(options: QemuOptions): readonly string[] {
  const forwards = options.forwards.map(({ host, guest }) => `,hostfwd=tcp:127.0.0.1:${host}-:${guest}`).join('');
  const machine = ['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max'];
  const size = ['-smp', `${options.processors}`, '-m', `${options.memoryMiB}`];
  const bare = ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'];
  const kernel = ['-kernel', options.kernel, '-append', kernelOptions(options.hugePages)];
  // NVMe is built into the kernel, other disks are modules: no initramfs is needed. One controller's namespaces
  // have the same names at every boot.
  const controller = ['-device', 'nvme,id=disks,serial=coracle'];
  const disks = options.disks.flatMap(({ source, writes }, index) => [
    '-drive',
    `id=disk${index},if=none,format=raw,file=${source},${diskOptions[writes]}`,
    '-device',
    // QEMU's NVMe takes no notice when a write is to go through the cache (FUA), as the last one of a commit of ext4
    // is. Virtio has no such writes: the kernel flushes after them.
    isKept(writes) ? `virtio-blk-pci,drive=disk${index}` : `nvme-ns,drive=disk${index},bus=disks,nsid=${index + 1}`,
  ]);
  const network = ['-netdev', `user,id=net${forwards}`, '-device', 'virtio-net-pci,netdev=net,romfile='];
  const rest = ['-serial', `file:${options.console}`, '-device', 'virtio-rng-pci'];
  return [machine, size, bare, kernel, controller, disks, network, rest].flat();
}
