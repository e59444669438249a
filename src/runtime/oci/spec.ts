/** The OCI runtime's config.json of a container. Pure: everything it needs is in its input. */
import type { ImageConfig } from '../../image/manifest.ts';
import type { ContainerConfig, ContainerResources, Mount, NamespaceOptions } from '../runtime.ts';
import { capabilitiesFor } from './capabilities.ts';
import type { Machine } from './machine.ts';
import { runtimeDefaultProfile } from './seccomp.ts';
import { baseMounts, bindMount, type SpecMount } from './spec-mounts.ts';
import type { ProcessUser } from './users.ts';

export interface DeviceNode {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
  /** Any of r, w, m. */
  readonly permissions: string;
}

export interface SpecInput {
  readonly config: ContainerConfig;
  readonly image: ImageConfig['config'];
  readonly rootfs: string;
  readonly hostname: string;
  readonly user: ProcessUser;
  readonly namespaces: NamespaceOptions;
  /** Namespaces to join, by path; of those not named, pid is new and the others are the node's. */
  readonly joined: { readonly network?: string; readonly ipc?: string; readonly uts?: string; readonly pid?: string };
  readonly cgroupPath: string;
  /** Files and folders of the sandbox: resolv.conf, hostname, /dev/shm. The container's own mounts win. */
  readonly sandboxMounts: readonly Mount[];
  readonly devices: readonly DeviceNode[];
  /** The content of a localhost profile. */
  readonly seccompProfile?: unknown;
  /** Name of the AppArmor profile; absent: none. */
  readonly appArmorProfile?: string;
  readonly machine: Machine;
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const defaultMaskedPaths = words(`
  /proc/asound /proc/acpi /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats
  /proc/sched_debug /proc/scsi /sys/firmware /sys/devices/virtual/powercap
`);
const defaultReadonlyPaths = words('/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger');

/** Throws RangeError for what cannot be run, in words for the user. */
export function containerSpec(input: SpecInput): object {
  const { config, machine, rootfs } = input;
  const { security } = config;
  const seccomp = seccompOf(input);
  return {
    ociVersion: '1.0.2',
    process: processOf(input),
    root: { path: rootfs, readonly: security.readonlyRootfs },
    mounts: mountsOf(input),
    linux: {
      namespaces: namespacesOf(input),
      resources: { devices: deviceRules(input), ...resourcesOf(config.resources, machine) },
      devices: input.devices.map(({ permissions: _permissions, ...device }) => device),
      cgroupsPath: input.cgroupPath,
      maskedPaths: security.maskedPaths ?? (security.privileged ? [] : defaultMaskedPaths),
      readonlyPaths: security.readonlyPaths ?? (security.privileged ? [] : defaultReadonlyPaths),
      ...(seccomp === undefined ? {} : { seccomp }),
      ...propagationOf(config.mounts),
      ...userMappings(input.namespaces),
    },
  };
}

/** What the container runs: the pod's command and args over the image's entrypoint and command. */
export function argumentsOf(
  config: Pick<ContainerConfig, 'command' | 'args'>,
  image: ImageConfig['config'],
): readonly string[] {
  const { command, args } = config;
  if (command.length > 0) return [...command, ...args];
  return [...(image.Entrypoint ?? []), ...(args.length > 0 ? args : (image.Cmd ?? []))];
}

export function environmentOf(
  config: ContainerConfig,
  image: ImageConfig['config'],
  hostname: string,
): readonly string[] {
  const variables = new Map<string, string>();
  const set = (pair: string): void => {
    const [name = '', ...value] = pair.split('=');
    variables.set(name, value.join('='));
  };
  set(defaultPath);
  set(`HOSTNAME=${hostname}`);
  if (config.tty) set('TERM=xterm');
  for (const pair of image.Env ?? []) set(pair);
  for (const { name, value } of config.env) variables.set(name, value);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

/** Limits in the runtime specification's words; what the machine can't do is left out. */
export function resourcesOf(resources: ContainerResources, machine: Machine): object {
  const { memoryLimit = 0, unified } = resources;
  const cpu = {
    ...positive('shares', resources.cpuShares),
    ...nonZero('quota', resources.cpuQuota),
    ...positive('period', resources.cpuPeriod),
    ...((resources.cpusetCpus ?? '') === '' ? {} : { cpus: resources.cpusetCpus }),
  };
  const memory = {
    ...positive('limit', memoryLimit),
    ...(memoryLimit > 0 && machine.swapAccounting ? { swap: memoryLimit } : {}),
    ...positive('reservation', resources.memoryReservation),
  };
  return {
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...(Object.keys(memory).length > 0 ? { memory } : {}),
    ...((resources.pidsLimit ?? 0) > 0 ? { pids: { limit: resources.pidsLimit } } : {}),
    hugepageLimits: hugepageLimitsOf(resources.hugepageLimits, machine),
    ...onVersion2(machine, unified),
  };
}

/** Who is to have some of one size gets none of the others. */
function hugepageLimitsOf(limits: ContainerResources['hugepageLimits'], { hugePageSizes }: Machine): readonly object[] {
  if (limits === undefined) return [];
  return hugePageSizes.map((pageSize) => {
    const found = limits.find((each) => each.pageSize === pageSize);
    return { pageSize, limit: found?.limit ?? 0 };
  });
}

const onVersion2 = (machine: Machine, unified: ContainerResources['unified']): object =>
  unified !== undefined && machine.cgroupVersion === 2 ? { unified } : {};

function processOf({ config, image, hostname, user, machine, appArmorProfile }: SpecInput): object {
  const args = argumentsOf(config, image);
  if (args.length === 0) throw new RangeError('no command specified');
  const { security } = config;
  const wishes = { privileged: security.privileged, add: security.addCapabilities, drop: security.dropCapabilities };
  const capabilities = capabilitiesFor(wishes, machine.capabilities);
  const wanted = config.resources.oomScoreAdj;
  return {
    terminal: config.tty,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.supplementalGroups },
    args,
    env: environmentOf(config, image, hostname),
    cwd: config.workingDir || image.WorkingDir || '/',
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: machine.maxOpenFiles, soft: machine.maxOpenFiles }],
    noNewPrivileges: security.noNewPrivileges,
    ...(wanted === undefined ? {} : { oomScoreAdj: Math.max(wanted, machine.lowestOomScoreAdj) }),
    ...(appArmorProfile === undefined ? {} : { apparmorProfile: appArmorProfile }),
  };
}

function seccompOf({ config, machine, seccompProfile }: SpecInput): unknown {
  const { security } = config;
  if (!machine.seccomp || security.privileged || security.seccomp.type === 'unconfined') return undefined;
  if (security.seccomp.type === 'localhost') return seccompProfile;
  const wishes = { privileged: false, add: security.addCapabilities, drop: security.dropCapabilities };
  return runtimeDefaultProfile(capabilitiesFor(wishes, machine.capabilities));
}

function mountsOf({ config, sandboxMounts, machine, namespaces }: SpecInput): readonly SpecMount[] {
  const own = new Set(config.mounts.map((mount) => mount.containerPath));
  const shared = sandboxMounts.filter((mount) => !own.has(mount.containerPath));
  const base = baseMounts({
    privileged: config.security.privileged,
    cgroupVersion: machine.cgroupVersion,
    userNamespace: namespaces.user !== undefined,
    network: namespaces.network,
  });
  const covered = new Set([...own, ...shared.map((mount) => mount.containerPath)]);
  const binds = [...shared, ...config.mounts].toSorted((a, b) => depth(a.containerPath) - depth(b.containerPath));
  return [...base.filter((mount) => !covered.has(mount.destination)), ...binds.map(bindMount)];
}

function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}

function namespacesOf({ joined, namespaces, machine }: SpecInput): readonly object[] {
  const at = (type: string, path: string | undefined): object[] => (path === undefined ? [] : [{ type, path }]);
  return [
    { type: 'mount' },
    ...at('network', joined.network),
    ...at('ipc', joined.ipc),
    ...at('uts', joined.uts),
    ...(joined.pid !== undefined ? at('pid', joined.pid) : namespaces.pid === 'node' ? [] : [{ type: 'pid' }]),
    ...(machine.cgroupVersion === 2 ? [{ type: 'cgroup' }] : []),
    ...(namespaces.user === undefined ? [] : [{ type: 'user' }]),
  ];
}

function deviceRules({ config, devices }: SpecInput): readonly object[] {
  if (config.security.privileged) return [{ allow: true, access: 'rwm' }];
  const allowed = devices.map(({ type, major, minor, permissions }) => ({
    allow: true,
    type,
    major,
    minor,
    access: permissions,
  }));
  return [{ allow: false, access: 'rwm' }, ...allowed];
}

/** Mounts propagate only if the container's root does. */
function propagationOf(mounts: readonly Mount[]): { readonly rootfsPropagation?: string } {
  if (mounts.some((mount) => mount.propagation === 'bidirectional')) return { rootfsPropagation: 'rshared' };
  if (mounts.some((mount) => mount.propagation === 'hostToContainer')) return { rootfsPropagation: 'rslave' };
  return {};
}

function userMappings({ user }: NamespaceOptions): object {
  if (user === undefined) return {};
  const mapping = [{ containerID: user.containerId, hostID: user.hostId, size: user.length }];
  return { uidMappings: mapping, gidMappings: mapping };
}

/** Negative: no limit. */
function nonZero(name: string, value: number | undefined): object {
  return value === undefined || value === 0 ? {} : { [name]: value };
}

function positive(name: string, value: number | undefined): object {
  return value === undefined || value <= 0 ? {} : { [name]: value };
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
