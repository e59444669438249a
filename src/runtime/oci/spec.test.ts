import { describe, expect, test } from 'vitest';
import type { ContainerConfig } from '../runtime.ts';
import { capabilitiesFor, capabilitiesOfMask, capabilityNames } from './capabilities.ts';
import type { Machine } from './machine.ts';
import { runtimeDefaultProfile } from './seccomp.ts';
import { signalNumber } from './signals.ts';
import { argumentsOf, containerSpec, environmentOf, resourcesOf, type SpecInput } from './spec.ts';
import { resolveUser } from './users.ts';
import { plainSecurity as security } from '../testing/configs.ts';

const everything = new Set(capabilityNames);
const machine: Machine = {
  capabilities: everything,
  maxOpenFiles: 1024,
  lowestOomScoreAdj: 0,
  cgroupVersion: 2,
  swapAccounting: true,
  apparmor: false,
  seccomp: true,
  hugePageSizes: ['2MB'],
};

const config: ContainerConfig = {
  name: 'c',
  attempt: 0,
  image: 'sha256:x',
  userImage: 'x',
  command: [],
  args: [],
  workingDir: '',
  env: [],
  mounts: [],
  devices: [],
  labels: {},
  annotations: {},
  logPath: '',
  stdin: false,
  stdinOnce: false,
  tty: false,
  resources: {},
  security,
};

interface Spec {
  readonly process: Record<string, unknown> & { readonly capabilities: { readonly bounding: readonly string[] } };
  readonly mounts: readonly { readonly destination: string; readonly options: readonly string[] }[];
  readonly linux: Record<string, unknown> & { readonly namespaces: readonly object[] };
}

const specOf = (changes: Partial<ContainerConfig>, input: Partial<SpecInput> = {}): Spec =>
  containerSpec({
    config: { ...config, ...changes },
    image: { Cmd: ['/kuard'] },
    rootfs: '/root',
    hostname: 'h',
    user: { uid: 0, gid: 0, supplementalGroups: [0] },
    namespaces: { network: 'pod', pid: 'container', ipc: 'pod' },
    joined: { network: '/ns/net', ipc: '/ns/ipc', uts: '/ns/uts' },
    cgroupPath: '/pods/c',
    sandboxMounts: [],
    devices: [],
    machine,
    ...input,
  }) as Spec;

describe('what a container runs', () => {
  const image = { Entrypoint: ['/entry'], Cmd: ['default'] };
  test.each([
    [[], [], image, ['/entry', 'default']],
    [[], ['a'], image, ['/entry', 'a']],
    [['c'], [], image, ['c']],
    [['c'], ['a'], image, ['c', 'a']],
    [[], ['--keygen-enable'], { Cmd: ['/kuard'] }, ['--keygen-enable']],
  ])('command %j and args %j over the image %j give %j', (command, args, of, expected) => {
    expect(argumentsOf({ command, args }, of)).toEqual(expected);
  });

  test('nothing to run is refused', () => {
    expect(() => specOf({}, { image: {} })).toThrow('no command specified');
  });

  test('the pod wins over the image, the image over the defaults', () => {
    const env = environmentOf(
      { ...config, env: [{ name: 'A', value: 'pod=1' }] },
      { Env: ['A=image', 'PATH=/x'] },
      'host',
    );
    expect(env).toEqual(['PATH=/x', 'HOSTNAME=host', 'A=pod=1']);
  });
});

describe('capabilities', () => {
  test('the usual set allows ping, and neither mounts nor modules', () => {
    const usual = capabilitiesFor({ privileged: false, add: [], drop: [] }, everything);
    expect(usual).toContain('CAP_NET_RAW');
    expect(usual).not.toContain('CAP_SYS_ADMIN');
  });

  test.each([
    [{ add: ['NET_ADMIN'], drop: ['ALL'] }, ['CAP_NET_ADMIN']],
    [{ add: ['cap_sys_time'], drop: ['ALL'] }, ['CAP_SYS_TIME']],
    [{ add: ['ALL'], drop: ['CHOWN'] }, capabilityNames.filter((name) => name !== 'CAP_CHOWN')],
  ])('%j', (wishes, expected) => {
    expect(capabilitiesFor({ privileged: false, ...wishes }, everything)).toEqual(expected);
  });

  test('what this process has not got is left out, also for privileged containers', () => {
    const available = capabilitiesOfMask('000001fffeffffff');
    expect(available.has('CAP_SYS_RESOURCE')).toBe(false);
    expect(capabilitiesFor({ privileged: true, add: [], drop: [] }, available)).toEqual(
      capabilityNames.filter((name) => name !== 'CAP_SYS_RESOURCE'),
    );
  });

  test('unknown ones are named', () => {
    expect(() => capabilitiesFor({ privileged: false, add: ['FLY'], drop: [] }, everything)).toThrow(
      'unknown capability "CAP_FLY"',
    );
  });
});

describe('users', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nweb:x:33:44::/:/bin/false\n';
  const group = 'root:x:0:\nwww:x:44:\nextra:x:55:web,other\n';
  const merge = { supplementalGroups: [7], supplementalGroupsPolicy: 'Merge' } as const;
  test.each([
    [{ ...merge }, '', { uid: 0, gid: 0, supplementalGroups: [0, 7] }],
    [{ ...merge }, 'web', { uid: 33, gid: 44, supplementalGroups: [7, 44, 55] }],
    [
      { ...merge, supplementalGroupsPolicy: 'Strict' as const },
      'web',
      { uid: 33, gid: 44, supplementalGroups: [7, 44] },
    ],
    [{ ...merge }, 'web:extra', { uid: 33, gid: 55, supplementalGroups: [7, 55] }],
    [{ ...merge, user: '1000' }, 'web:extra', { uid: 1000, gid: 0, supplementalGroups: [0, 7] }],
    [{ ...merge, user: '33', group: 9 }, '', { uid: 33, gid: 9, supplementalGroups: [7, 9, 55] }],
  ])('%j over the image user %j', (of, imageUser, expected) => {
    expect(resolveUser(of, imageUser, passwd, group)).toEqual(expected);
  });
});

describe('the runtime specification', () => {
  test('namespaces: the pod is joined, processes are its own unless shared or of the node', () => {
    expect(specOf({}).linux.namespaces).toContainEqual({ type: 'pid' });
    expect(specOf({}).linux.namespaces).toContainEqual({ type: 'network', path: '/ns/net' });
    const node = specOf({}, { namespaces: { network: 'node', pid: 'node', ipc: 'node' }, joined: {} });
    expect(node.linux.namespaces).toEqual([{ type: 'mount' }, { type: 'cgroup' }]);
    const target = specOf(
      {},
      { namespaces: { network: 'pod', pid: 'target', ipc: 'pod' }, joined: { pid: '/proc/9/ns/pid' } },
    );
    expect(target.linux.namespaces).toContainEqual({ type: 'pid', path: '/proc/9/ns/pid' });
  });

  test('a container that brings a mount of its own does not get the default one', () => {
    const own = {
      containerPath: '/dev/shm',
      hostPath: '/mine',
      readonly: true,
      recursiveReadonly: true,
      propagation: 'hostToContainer',
    } as const;
    const { mounts, linux } = specOf({ mounts: [own] }, { sandboxMounts: [{ ...own, hostPath: '/shared' }] });
    expect(mounts.filter((mount) => mount.destination === '/dev/shm')).toEqual([
      { destination: '/dev/shm', type: 'bind', source: '/mine', options: ['rbind', 'rslave', 'rro'] },
    ]);
    expect(linux['rootfsPropagation']).toBe('rslave');
  });

  test('privileged: all capabilities and devices, nothing masked, no seccomp, writable /sys', () => {
    const { linux, mounts, process } = specOf({ security: { ...security, privileged: true } });
    expect(process.capabilities.bounding).toEqual(capabilityNames);
    expect(linux).toMatchObject({
      maskedPaths: [],
      readonlyPaths: [],
      resources: { devices: [{ allow: true, access: 'rwm' }] },
    });
    expect(linux['seccomp']).toBeUndefined();
    expect(mounts.find((mount) => mount.destination === '/sys')?.options).toContain('rw');
  });

  test('what the machine cannot do is clamped or left out', () => {
    expect(specOf({ resources: { oomScoreAdj: -997 } }).process['oomScoreAdj']).toBe(0);
    const limits = {
      memoryLimit: 5,
      cpuShares: 100,
      cpuQuota: -1,
      cpuPeriod: 100_000,
      hugepageLimits: [{ pageSize: '1GB', limit: 1 }],
    };
    const unified = { 'memory.oom.group': '1' };
    expect(resourcesOf({ unified }, machine)).toEqual({ unified, hugepageLimits: [] });
    expect(resourcesOf({ unified }, { ...machine, cgroupVersion: 1 })).toEqual({ hugepageLimits: [] });
    expect(resourcesOf(limits, { ...machine, swapAccounting: false })).toEqual({
      cpu: { shares: 100, quota: -1, period: 100_000 },
      memory: { limit: 5 },
      hugepageLimits: [{ pageSize: '2MB', limit: 0 }],
    });
  });
});

describe('the default seccomp profile', () => {
  const allowed = (capabilities: readonly string[]): Set<string> => {
    const { syscalls } = runtimeDefaultProfile(capabilities, 'x64');
    return new Set(
      syscalls
        .filter((rule) => rule.action === 'SCMP_ACT_ALLOW' && rule.args === undefined)
        .flatMap((rule) => rule.names),
    );
  };

  test('ordinary calls are allowed, dangerous ones come with their capability', () => {
    const usual = allowed([]);
    for (const name of ['read', 'openat', 'execve', 'futex', 'epoll_wait', 'statx', 'close_range', 'rseq'])
      expect(usual).toContain(name);
    for (const name of [
      'mount',
      'kexec_load',
      'bpf',
      'add_key',
      'keyctl',
      'init_module',
      'unshare',
      'setns',
      'userfaultfd',
      'io_uring_setup',
    ]) {
      expect(usual).not.toContain(name);
    }
    expect(allowed(['CAP_SYS_ADMIN'])).toContain('mount');
    expect(allowed(['CAP_SYS_BOOT'])).toContain('reboot');
  });

  test('clone3 looks unimplemented, so that programs fall back to clone, whose flags can be judged', () => {
    const rule = runtimeDefaultProfile([], 'x64').syscalls.find((each) => each.names.includes('clone3'));
    expect(rule).toMatchObject({ action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
  });
});

test.each([
  ['SIGTERM', 15],
  ['KILL', 9],
  ['10', 10],
  ['SIGRTMIN+3', 37],
])('signal %s is %i', (text, number) => {
  expect(signalNumber(text)).toBe(number);
});

test('what is no signal is refused', () => {
  expect(() => signalNumber('SIGNONE')).toThrow('unknown signal "SIGNONE"');
});
