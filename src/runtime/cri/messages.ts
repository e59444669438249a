/**
 * CRI v1's messages, as far as they are used here: names and numbers of the protocol, in this project's form.
 * Enumerations are their numbers; int64 times are nanoseconds (exact to about a microsecond as doubles).
 */
import { boolean, bytes, int32, int64, list, map, of, string, struct, type Infer } from '../../schema/field.ts';

const message = <F extends Parameters<typeof struct>[2]>(name: string, fields: F) =>
  struct(`runtime.v1.${name}`, '', fields);

export const criService = (method: string): string =>
  /Image/.test(method) ? 'runtime.v1.ImageService' : 'runtime.v1.RuntimeService';

export const NamespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const;
export const Propagation = { private: 0, hostToContainer: 1, bidirectional: 2 } as const;
export const Protocol = { tcp: 0, udp: 1, sctp: 2 } as const;
export const ProfileType = { runtimeDefault: 0, unconfined: 1, localhost: 2 } as const;
export const GroupsPolicy = { Merge: 0, Strict: 1 } as const;
export const containerStates = ['created', 'running', 'exited', 'unknown'] as const;
export const eventTypes = ['created', 'started', 'stopped', 'deleted'] as const;

const Int64Value = message('Int64Value', { value: int64(1) });
const UInt64Value = message('UInt64Value', { value: int64(1) });
export const Empty = message('Empty', {});

export const VersionRequest = message('VersionRequest', { version: string(1) });
export const VersionResponse = message('VersionResponse', {
  version: string(1),
  runtimeName: string(2),
  runtimeVersion: string(3),
});

const RuntimeCondition = message('RuntimeCondition', {
  type: string(1),
  status: boolean(2),
  reason: string(3),
  message: string(4),
});
const RuntimeStatus = message('RuntimeStatus', { conditions: list(1, RuntimeCondition) });
export const StatusResponse = message('StatusResponse', { status: of(1, RuntimeStatus) });

export const SandboxMetadata = message('PodSandboxMetadata', {
  name: string(1),
  uid: string(2),
  namespace: string(3),
  attempt: int32(4),
});
const DnsConfig = message('DNSConfig', {
  servers: list(1, string()),
  searches: list(2, string()),
  options: list(3, string()),
});
const PortMapping = message('PortMapping', {
  protocol: int32(1),
  containerPort: int32(2),
  hostPort: int32(3),
  hostIp: string(4),
});
const IdMapping = message('IDMapping', { hostId: int64(1), containerId: int64(2), length: int64(3) });
const UserNamespace = message('UserNamespace', { mode: int32(1), uids: list(2, IdMapping), gids: list(3, IdMapping) });
export const NamespaceOption = message('NamespaceOption', {
  network: int32(1),
  pid: int32(2),
  ipc: int32(3),
  targetId: string(4),
  usernsOptions: of(5, UserNamespace),
});
export interface NamespaceOption extends Infer<typeof NamespaceOption> {}
const SecurityProfile = message('SecurityProfile', { profileType: int32(1), localhostRef: string(2) });
const SandboxSecurity = message('LinuxSandboxSecurityContext', {
  namespaceOptions: of(1, NamespaceOption),
  seccomp: of(9, SecurityProfile),
});
const LinuxSandbox = message('LinuxPodSandboxConfig', {
  cgroupParent: string(1),
  securityContext: of(2, SandboxSecurity),
  sysctls: map(3, string()),
});
export const SandboxConfig = message('PodSandboxConfig', {
  metadata: of(1, SandboxMetadata),
  hostname: string(2),
  logDirectory: string(3),
  dnsConfig: of(4, DnsConfig),
  portMappings: list(5, PortMapping),
  labels: map(6, string()),
  annotations: map(7, string()),
  linux: of(8, LinuxSandbox),
});
export interface SandboxConfig extends Infer<typeof SandboxConfig> {}
export const RunSandboxRequest = message('RunPodSandboxRequest', {
  config: of(1, SandboxConfig),
  runtimeHandler: string(2),
});
export const SandboxIdRequest = message('PodSandboxStatusRequest', { podSandboxId: string(1), verbose: boolean(2) });
export const SandboxIdResponse = message('RunPodSandboxResponse', { podSandboxId: string(1) });
const PodIp = message('PodIP', { ip: string(1) });
const SandboxNetwork = message('PodSandboxNetworkStatus', { ip: string(1), additionalIps: list(2, PodIp) });
export const SandboxStatus = message('PodSandboxStatus', {
  id: string(1),
  metadata: of(2, SandboxMetadata),
  state: int32(3),
  createdAt: int64(4),
  network: of(5, SandboxNetwork),
  labels: map(7, string()),
  annotations: map(8, string()),
  runtimeHandler: string(9),
});
export interface SandboxStatus extends Infer<typeof SandboxStatus> {}
export const SandboxStatusResponse = message('PodSandboxStatusResponse', {
  status: of(1, SandboxStatus),
  info: map(2, string()),
});
const Sandbox = message('PodSandbox', { id: string(1) });
export const ListSandboxesResponse = message('ListPodSandboxResponse', { items: list(1, Sandbox) });

export const ImageSpec = message('ImageSpec', {
  image: string(1),
  annotations: map(2, string()),
  userSpecifiedImage: string(18),
});
const KeyValue = message('KeyValue', { key: string(1), value: bytes(2) });
const Mount = message('Mount', {
  containerPath: string(1),
  hostPath: string(2),
  readonly: boolean(3),
  propagation: int32(5),
  recursiveReadOnly: boolean(8),
  image: of(9, ImageSpec),
  imageSubPath: string(10),
});
export interface Mount extends Infer<typeof Mount> {}
const Device = message('Device', { containerPath: string(1), hostPath: string(2), permissions: string(3) });
const HugepageLimit = message('HugepageLimit', { pageSize: string(1), limit: int64(2) });
export const LinuxResources = message('LinuxContainerResources', {
  cpuPeriod: int64(1),
  cpuQuota: int64(2),
  cpuShares: int64(3),
  memoryLimitInBytes: int64(4),
  oomScoreAdj: int64(5),
  cpusetCpus: string(6),
  hugepageLimits: list(8, HugepageLimit),
  unified: map(9, string()),
});
export interface LinuxResources extends Infer<typeof LinuxResources> {}
const Capability = message('Capability', { addCapabilities: list(1, string()), dropCapabilities: list(2, string()) });
const ContainerSecurity = message('LinuxContainerSecurityContext', {
  capabilities: of(1, Capability),
  privileged: boolean(2),
  namespaceOptions: of(3, NamespaceOption),
  runAsUser: of(5, Int64Value),
  runAsUsername: string(6),
  readonlyRootfs: boolean(7),
  supplementalGroups: list(8, int64()),
  noNewPrivs: boolean(11),
  runAsGroup: of(12, Int64Value),
  maskedPaths: list(13, string()),
  readonlyPaths: list(14, string()),
  seccomp: of(15, SecurityProfile),
  apparmor: of(16, SecurityProfile),
  supplementalGroupsPolicy: int32(17),
});
export interface ContainerSecurity extends Infer<typeof ContainerSecurity> {}
const LinuxContainer = message('LinuxContainerConfig', {
  resources: of(1, LinuxResources),
  securityContext: of(2, ContainerSecurity),
});
export const ContainerMetadata = message('ContainerMetadata', { name: string(1), attempt: int32(2) });
export const ContainerConfig = message('ContainerConfig', {
  metadata: of(1, ContainerMetadata),
  image: of(2, ImageSpec),
  command: list(3, string()),
  args: list(4, string()),
  workingDir: string(5),
  envs: list(6, KeyValue),
  mounts: list(7, Mount),
  devices: list(8, Device),
  labels: map(9, string()),
  annotations: map(10, string()),
  logPath: string(11),
  stdin: boolean(12),
  stdinOnce: boolean(13),
  tty: boolean(14),
  linux: of(15, LinuxContainer),
});
export interface ContainerConfig extends Infer<typeof ContainerConfig> {}
export const CreateContainerRequest = message('CreateContainerRequest', {
  podSandboxId: string(1),
  config: of(2, ContainerConfig),
  sandboxConfig: of(3, SandboxConfig),
});
export const ContainerIdRequest = message('ContainerStatusRequest', { containerId: string(1), verbose: boolean(2) });
export const ContainerIdResponse = message('CreateContainerResponse', { containerId: string(1) });
export const StopContainerRequest = message('StopContainerRequest', { containerId: string(1), timeout: int64(2) });
const ContainerFilter = message('ContainerFilter', { podSandboxId: string(3) });
export const ListContainersRequest = message('ListContainersRequest', { filter: of(1, ContainerFilter) });
const Container = message('Container', { id: string(1), podSandboxId: string(2) });
export const ListContainersResponse = message('ListContainersResponse', { containers: list(1, Container) });
const ContainerResources = message('ContainerResources', { linux: of(1, LinuxResources) });
const LinuxUser = message('LinuxContainerUser', { uid: int64(1), gid: int64(2), supplementalGroups: list(3, int64()) });
const ContainerUser = message('ContainerUser', { linux: of(1, LinuxUser) });
export const ContainerStatus = message('ContainerStatus', {
  id: string(1),
  metadata: of(2, ContainerMetadata),
  state: int32(3),
  createdAt: int64(4),
  startedAt: int64(5),
  finishedAt: int64(6),
  exitCode: int32(7),
  image: of(8, ImageSpec),
  imageRef: string(9),
  reason: string(10),
  message: string(11),
  labels: map(12, string()),
  annotations: map(13, string()),
  mounts: list(14, Mount),
  logPath: string(15),
  resources: of(16, ContainerResources),
  imageId: string(17),
  user: of(18, ContainerUser),
});
export interface ContainerStatus extends Infer<typeof ContainerStatus> {}
export const ContainerStatusResponse = message('ContainerStatusResponse', {
  status: of(1, ContainerStatus),
  info: map(2, string()),
});
export const UpdateResourcesRequest = message('UpdateContainerResourcesRequest', {
  containerId: string(1),
  linux: of(2, LinuxResources),
});
export const ExecSyncRequest = message('ExecSyncRequest', {
  containerId: string(1),
  cmd: list(2, string()),
  timeout: int64(3),
});
export const ExecSyncResponse = message('ExecSyncResponse', { stdout: bytes(1), stderr: bytes(2), exitCode: int32(3) });
export const ExecRequest = message('ExecRequest', {
  containerId: string(1),
  cmd: list(2, string()),
  tty: boolean(3),
  stdin: boolean(4),
  stdout: boolean(5),
  stderr: boolean(6),
});
export const AttachRequest = message('AttachRequest', {
  containerId: string(1),
  stdin: boolean(2),
  tty: boolean(3),
  stdout: boolean(4),
  stderr: boolean(5),
});
export const StreamResponse = message('ExecResponse', { url: string(1) });
export const ContainerEvent = message('ContainerEventResponse', {
  containerId: string(1),
  containerEventType: int32(2),
  createdAt: int64(3),
  podSandboxStatus: of(4, SandboxStatus),
});
export interface ContainerEvent extends Infer<typeof ContainerEvent> {}

const FilesystemIdentifier = message('FilesystemIdentifier', { mountpoint: string(1) });
const FilesystemUsage = message('FilesystemUsage', {
  timestamp: int64(1),
  fsId: of(2, FilesystemIdentifier),
  usedBytes: of(3, UInt64Value),
  inodesUsed: of(4, UInt64Value),
});
const CpuUsage = message('CpuUsage', { timestamp: int64(1), usageCoreNanoSeconds: of(2, UInt64Value) });
const MemoryUsage = message('MemoryUsage', {
  timestamp: int64(1),
  workingSetBytes: of(2, UInt64Value),
  usageBytes: of(4, UInt64Value),
  rssBytes: of(5, UInt64Value),
});
export const ContainerStats = message('ContainerStats', {
  cpu: of(2, CpuUsage),
  memory: of(3, MemoryUsage),
  writableLayer: of(4, FilesystemUsage),
});
export interface ContainerStats extends Infer<typeof ContainerStats> {}
export const ContainerStatsResponse = message('ContainerStatsResponse', { stats: of(1, ContainerStats) });

export const ImageRequest = message('ImageStatusRequest', { image: of(1, ImageSpec), verbose: boolean(2) });
const Image = message('Image', {
  id: string(1),
  repoTags: list(2, string()),
  repoDigests: list(3, string()),
  size: int64(4),
  uid: of(5, Int64Value),
  username: string(6),
  pinned: boolean(8),
});
export interface Image extends Infer<typeof Image> {}
export const ListImagesResponse = message('ListImagesResponse', { images: list(1, Image) });
export const ImageStatusResponse = message('ImageStatusResponse', { image: of(1, Image), info: map(2, string()) });
const AuthConfig = message('AuthConfig', {
  username: string(1),
  password: string(2),
  identityToken: string(5),
  registryToken: string(6),
});
export const PullImageRequest = message('PullImageRequest', { image: of(1, ImageSpec), auth: of(2, AuthConfig) });
export const PullImageResponse = message('PullImageResponse', { imageRef: string(1) });
export const ImageFsInfoResponse = message('ImageFsInfoResponse', { imageFilesystems: list(1, FilesystemUsage) });
