/** Between the runtime's interface and CRI's messages. Pure. */
import type {
  ContainerConfig,
  ContainerResources,
  ContainerSecurity,
  ContainerStats,
  ContainerStatus,
  Mount,
  NamespaceOptions,
  SandboxConfig,
  SandboxStatus,
  SecurityProfile,
} from '../runtime.ts';
import type { Complete } from '../grpc/complete.ts';
import {
  containerStates,
  GroupsPolicy,
  NamespaceMode,
  ProfileType,
  Propagation,
  Protocol,
  type ContainerConfig as CriContainer,
  type ContainerSecurity as CriSecurity,
  type ContainerStats as CriStats,
  type ContainerStatus as CriContainerStatus,
  type LinuxResources,
  type Mount as CriMount,
  type NamespaceOption,
  type SandboxConfig as CriSandbox,
  type SandboxStatus as CriSandboxStatus,
} from './messages.ts';

const milliseconds = (nanoseconds: number): number => Math.round(nanoseconds / 1e6);

export function sandboxConfig(config: SandboxConfig): CriSandbox {
  const { metadata, hostname, logDirectory, dns, portMappings, labels, annotations } = config;
  return {
    metadata,
    hostname: config.namespaces.network === 'node' ? '' : hostname,
    logDirectory,
    ...(dns === undefined ? {} : { dnsConfig: dns }),
    portMappings: portMappings.map((mapping) => ({ ...mapping, protocol: Protocol[mapping.protocol] })),
    labels,
    annotations,
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: config.sysctls,
      securityContext: {
        namespaceOptions: namespaceOptions(config.namespaces),
        seccomp: { profileType: ProfileType.runtimeDefault },
      },
    },
  };
}

function namespaceOptions({ network, pid, ipc, targetId, user }: NamespaceOptions): NamespaceOption {
  return {
    network: NamespaceMode[network],
    pid: NamespaceMode[pid],
    ipc: NamespaceMode[ipc],
    ...(targetId === undefined ? {} : { targetId }),
    ...(user === undefined ? {} : { usernsOptions: { mode: NamespaceMode.pod, uids: [user], gids: [user] } }),
  };
}

export function sandboxStatus(
  status: Complete<CriSandboxStatus>,
  info: Readonly<Record<string, string>>,
): SandboxStatus {
  const { id, metadata = noMetadata, state, network, labels, annotations, runtimeHandler } = status;
  const networkNamespace = networkNamespaceOf(info);
  const ips = [network?.ip ?? '', ...(network?.additionalIps ?? []).map(({ ip }) => ip)];
  return {
    id,
    metadata,
    state: state === 0 ? 'ready' : 'notReady',
    createdAt: milliseconds(status.createdAt),
    ips: ips.filter((ip) => ip !== ''),
    ...(networkNamespace === undefined ? {} : { networkNamespace }),
    labels,
    annotations,
    handler: runtimeHandler,
  };
}

const noMetadata = { name: '', namespace: '', uid: '', attempt: 0 };

/** The verbose answer of containerd and CRI-O: JSON that holds the OCI specification. */
function networkNamespaceOf(info: Readonly<Record<string, string>>): string | undefined {
  const match = /"type":\s*"network",\s*"path":\s*"([^"]+)"/.exec(info['info'] ?? '');
  return match?.[1];
}

/** Remembers the pod's stop signal with the container. */
export const stopSignalAnnotation = 'coracle.dev/stop-signal';

export function containerConfig(config: ContainerConfig, namespaces: NamespaceOptions): CriContainer {
  const { name, attempt, image, userImage, env, mounts, devices, labels, annotations } = config;
  return {
    metadata: { name, attempt },
    image: { image, userSpecifiedImage: userImage },
    command: config.command,
    args: config.args,
    workingDir: config.workingDir,
    envs: env.map((each) => ({ key: each.name, value: Buffer.from(each.value).toString('base64') })),
    mounts: mounts.map(criMount),
    devices,
    labels,
    annotations:
      config.stopSignal === undefined ? annotations : { ...annotations, [stopSignalAnnotation]: config.stopSignal },
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: {
      resources: linuxResources(config.resources),
      securityContext: securityContext(config.security, namespaces),
    },
  };
}

function criMount({
  containerPath,
  hostPath,
  readonly,
  recursiveReadonly,
  propagation,
  image,
  imageSubPath,
}: Mount): CriMount {
  return {
    containerPath,
    hostPath,
    readonly,
    propagation: Propagation[propagation],
    ...(recursiveReadonly === undefined ? {} : { recursiveReadOnly: recursiveReadonly }),
    ...(image === undefined ? {} : { image: { image } }),
    ...(imageSubPath === undefined ? {} : { imageSubPath }),
  };
}

export function linuxResources(resources: ContainerResources): LinuxResources {
  const { memoryLimit, cpuPeriod, cpuQuota, cpuShares, oomScoreAdj, cpusetCpus, hugepageLimits, unified } = resources;
  return {
    ...(cpuPeriod === undefined ? {} : { cpuPeriod }),
    ...(cpuQuota === undefined ? {} : { cpuQuota }),
    ...(cpuShares === undefined ? {} : { cpuShares }),
    ...(memoryLimit === undefined ? {} : { memoryLimitInBytes: memoryLimit }),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
    ...(cpusetCpus === undefined ? {} : { cpusetCpus }),
    ...(hugepageLimits === undefined ? {} : { hugepageLimits }),
    ...(unified === undefined ? {} : { unified }),
  };
}

function securityContext(security: ContainerSecurity, namespaces: NamespaceOptions): CriSecurity {
  const { addCapabilities, dropCapabilities, maskedPaths, readonlyPaths, group } = security;
  return {
    capabilities: { addCapabilities, dropCapabilities },
    privileged: security.privileged,
    namespaceOptions: namespaceOptions(namespaces),
    ...userOf(security.user),
    ...(group === undefined ? {} : { runAsGroup: { value: group } }),
    readonlyRootfs: security.readonlyRootfs,
    supplementalGroups: security.supplementalGroups,
    supplementalGroupsPolicy: GroupsPolicy[security.supplementalGroupsPolicy],
    noNewPrivs: security.noNewPrivileges,
    maskedPaths: maskedPaths ?? defaultMaskedPaths,
    readonlyPaths: readonlyPaths ?? defaultReadonlyPaths,
    seccomp: profile(security.seccomp),
    // Absent is the runtime's default, too, and a machine without AppArmor takes it.
    ...(security.apparmor.type === 'runtimeDefault' ? {} : { apparmor: profile(security.apparmor) }),
  };
}

function userOf(user: string | undefined): Pick<CriSecurity, 'runAsUser' | 'runAsUsername'> {
  if (user === undefined) return {};
  return /^\d+$/.test(user) ? { runAsUser: { value: Number(user) } } : { runAsUsername: user };
}

/** What every runtime hides when nobody says otherwise; CRI wants to be told. */
const defaultMaskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const defaultReadonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

function profile({ type, localhost }: SecurityProfile): NonNullable<CriSecurity['seccomp']> {
  return { profileType: ProfileType[type], ...(localhost === undefined ? {} : { localhostRef: localhost }) };
}

/** `info`: the verbose answer, which holds the pid. */
export function containerStatus(
  status: Complete<CriContainerStatus>,
  owner: { readonly runtime: string; readonly sandboxId: string },
  info: Readonly<Record<string, string>>,
): ContainerStatus {
  const { metadata = { name: '', attempt: 0 }, image = noImage, user, resources } = status;
  return {
    id: status.id,
    ...owner,
    ...metadata,
    state: containerStates[status.state] ?? 'unknown',
    createdAt: milliseconds(status.createdAt),
    startedAt: milliseconds(status.startedAt),
    finishedAt: milliseconds(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    image: image.image,
    imageRef: status.imageRef,
    userImage: image.userSpecifiedImage === '' ? image.image : image.userSpecifiedImage,
    labels: status.labels,
    annotations: status.annotations,
    mounts: status.mounts.map(mountOf),
    logPath: status.logPath,
    pid: Number(/"pid":\s*(\d+)/.exec(info['info'] ?? '')?.[1] ?? 0),
    resources: resourcesOf(resources?.linux),
    ...(user?.linux === undefined ? {} : { user: user.linux }),
  };
}

const noImage = { image: '', annotations: {}, userSpecifiedImage: '' };

const propagations = ['private', 'hostToContainer', 'bidirectional'] as const;

function mountOf({ containerPath, hostPath, readonly, propagation }: Complete<CriMount>): Mount {
  return { containerPath, hostPath, readonly, propagation: propagations[propagation] ?? 'private' };
}

function resourcesOf(resources: Complete<LinuxResources> | undefined): ContainerResources {
  if (resources === undefined) return {};
  const { memoryLimitInBytes, cpuPeriod, cpuQuota, cpuShares, oomScoreAdj } = resources;
  return { cpuPeriod, cpuQuota, cpuShares, oomScoreAdj, memoryLimit: memoryLimitInBytes };
}

export function containerStats(
  id: string,
  { cpu, memory, writableLayer }: Complete<CriStats>,
  now: number,
): ContainerStats {
  return {
    id,
    timestamp: now,
    cpuNanoseconds: cpu?.usageCoreNanoSeconds?.value ?? 0,
    ...memoryOf(memory),
    // CRI does not tell.
    pids: 0,
    ...diskOf(writableLayer),
  };
}

function diskOf(usage: Complete<CriStats>['writableLayer']): Pick<ContainerStats, 'diskBytes' | 'diskInodes'> {
  return { diskBytes: usage?.usedBytes?.value ?? 0, diskInodes: usage?.inodesUsed?.value ?? 0 };
}

function memoryOf(
  usage: Complete<CriStats>['memory'],
): Pick<ContainerStats, 'memoryBytes' | 'memoryWorkingSetBytes' | 'memoryRssBytes'> {
  const workingSet = usage?.workingSetBytes?.value ?? 0;
  return {
    memoryBytes: usage?.usageBytes?.value ?? workingSet,
    memoryWorkingSetBytes: workingSet,
    memoryRssBytes: usage?.rssBytes?.value ?? 0,
  };
}
