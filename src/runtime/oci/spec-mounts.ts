/** Mounts of a container, in the runtime specification's words. Pure. */
import type { Mount } from '../runtime.ts';

export interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface BaseMountsInput {
  readonly privileged: boolean;
  readonly cgroupVersion: 1 | 2;
  readonly userNamespace: boolean;
  readonly network: 'pod' | 'node';
}

/** What every container has. */
export function baseMounts({ privileged, userNamespace, network }: BaseMountsInput): readonly SpecMount[] {
  const access = privileged ? 'rw' : 'ro';
  // The kernel lets a user namespace mount sysfs only with a network namespace of its own.
  const sys: SpecMount =
    userNamespace && network === 'node'
      ? { destination: '/sys', type: 'none', source: '/sys', options: ['rbind', 'nosuid', 'noexec', 'nodev', 'ro'] }
      : { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', access] };
  const ptsGroup = userNamespace ? [] : ['gid=5'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', ...ptsGroup],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    sys,
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['nosuid', 'noexec', 'nodev', 'relatime', access],
    },
  ];
}

export function bindMount(mount: Mount): SpecMount {
  const propagation = { private: 'rprivate', hostToContainer: 'rslave', bidirectional: 'rshared' }[mount.propagation];
  const access = mount.readonly ? (mount.recursiveReadonly === true ? 'rro' : 'ro') : 'rw';
  return {
    destination: mount.containerPath,
    type: 'bind',
    source: mount.hostPath,
    options: ['rbind', propagation, access],
  };
}
