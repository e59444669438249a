/**
 * The container runtime's interface: CRI v1's calls and meanings, spelled in TypeScript. Implementations:
 * oci/ (conmon + runc), sim/ (tests, simulated nodes), containerd/ (CRI over gRPC). Knows no Kubernetes.
 * All calls are idempotent where CRI's are: stopping what is stopped and removing what is gone succeed.
 */

export { ImageError } from '../image/service.ts';
export type { ImageInfo, ImageService, PullResult, RegistryAuth } from '../image/service.ts';

export interface SandboxMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly attempt: number;
}

/** pod: shared by the sandbox; container: its own; node: the host's; target: another container's (pid only). */
export type NamespaceMode = 'pod' | 'container' | 'node' | 'target';

export interface NamespaceOptions {
  readonly network: 'pod' | 'node';
  readonly pid: NamespaceMode;
  readonly ipc: 'pod' | 'node';
  /** With pid 'target': the container whose pid namespace is joined. */
  readonly targetId?: string;
  /** A user namespace with this mapping of ids. */
  readonly user?: { readonly hostId: number; readonly containerId: number; readonly length: number };
}

export interface PortMapping {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface SandboxConfig {
  readonly metadata: SandboxMetadata;
  readonly hostname: string;
  /** Folder into which containers' log files go. */
  readonly logDirectory: string;
  readonly dns?: DnsConfig;
  readonly portMappings: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly namespaces: NamespaceOptions;
  /** Which handler runs it; '' is the default one, others are RuntimeClass handlers. */
  readonly handler: string;
}

export type SandboxState = 'ready' | 'notReady';

export interface SandboxStatus {
  readonly id: string;
  readonly metadata: SandboxMetadata;
  readonly state: SandboxState;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Empty with the node's own network. First the primary one. */
  readonly ips: readonly string[];
  /** Path of the network namespace, for port-forward and probes. */
  readonly networkNamespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly handler: string;
}

export type Propagation = 'private' | 'hostToContainer' | 'bidirectional';

export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readonly: boolean;
  readonly recursiveReadonly?: boolean;
  readonly propagation: Propagation;
  /** Mount this image's file system here instead of a host path. */
  readonly image?: string;
  readonly imageSubPath?: string;
}

export interface Device {
  readonly containerPath: string;
  readonly hostPath: string;
  /** Any of r, w, m. */
  readonly permissions: string;
}

export interface SecurityProfile {
  readonly type: 'runtimeDefault' | 'unconfined' | 'localhost';
  /** File (seccomp) or profile name (AppArmor) for localhost. */
  readonly localhost?: string;
}

export interface ContainerSecurity {
  readonly privileged: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  /** Numeric user, or a name that the image's /etc/passwd knows; the image's own when absent. */
  readonly user?: string;
  readonly group?: number;
  readonly supplementalGroups: readonly number[];
  /** Strict: only those listed; Merge: the image's groups too. */
  readonly supplementalGroupsPolicy: 'Merge' | 'Strict';
  readonly readonlyRootfs: boolean;
  readonly noNewPrivileges: boolean;
  readonly seccomp: SecurityProfile;
  readonly apparmor: SecurityProfile;
  /** undefined: the runtime's defaults; empty: none. */
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
}

export interface ContainerResources {
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  /** Bytes. */
  readonly memoryLimit?: number;
  readonly memoryReservation?: number;
  readonly oomScoreAdj?: number;
  readonly pidsLimit?: number;
  readonly cpusetCpus?: string;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[];
  /** Files of the container's cgroup v2 and what to write into them; nothing on v1. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface ContainerConfig {
  readonly name: string;
  readonly attempt: number;
  /** The image's id as `pullImage` returned it. */
  readonly image: string;
  /** What the user wrote, for status. */
  readonly userImage: string;
  /** Replaces the image's entrypoint; empty: the image's. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: ContainerResources;
  readonly security: ContainerSecurity;
  readonly stopSignal?: string;
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface ContainerStatus {
  readonly id: string;
  /** Name of the runtime that has it, such as `containerd`. */
  readonly runtime: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerState;
  /** Milliseconds since the epoch; 0 when it has not happened. */
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  /** '', 'Completed', 'Error', 'OOMKilled', 'ContainerCannotRun', 'StartError', 'Unknown' (it ended unseen; exitCode is 255). */
  readonly reason: string;
  readonly message: string;
  readonly image: string;
  readonly imageRef: string;
  readonly userImage: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly logPath: string;
  readonly pid: number;
  readonly resources: ContainerResources;
  /** Uid and groups that the process runs with, when known. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] };
}

/** `usage` leaves out what takes a walk over the writable layer: disk figures may be 0 then. */
export type WantedStats = 'all' | 'usage';

export interface ContainerStats {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
  readonly pids: number;
  /** The writable layer. */
  readonly diskBytes: number;
  readonly diskInodes: number;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** A running exec or attach: plain byte streams, no protocol. */
export interface StreamSession {
  readonly stdin: NodeJS.WritableStream | undefined;
  readonly stdout: NodeJS.ReadableStream | undefined;
  /** Absent with a tty. */
  readonly stderr: NodeJS.ReadableStream | undefined;
  resize(size: TerminalSize): void;
  /** Exec: the command's exit code, once all output has been read. Attach: resolves when detached or exited. */
  readonly finished: Promise<{ readonly exitCode: number }>;
  /** Ends it: kills an exec's process, detaches an attach. */
  close(): void;
}

export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  /** Of the terminal at the start, when it is known. */
  readonly size?: TerminalSize;
}

export interface RuntimeEvent {
  readonly type: 'created' | 'started' | 'stopped' | 'deleted' | 'oom';
  readonly sandboxId: string;
  /** Absent for events of the sandbox itself. */
  readonly containerId?: string;
}

export interface RuntimeService {
  version(): Promise<{ readonly name: string; readonly version: string }>;
  /** What is wrong with runtime or network, if anything; empty when ready. */
  problems(): Promise<readonly string[]>;
  runPodSandbox(config: SandboxConfig): Promise<string>;
  stopPodSandbox(id: string): Promise<void>;
  removePodSandbox(id: string): Promise<void>;
  podSandboxStatus(id: string): Promise<SandboxStatus | undefined>;
  listPodSandboxes(): Promise<readonly SandboxStatus[]>;
  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>;
  /** Resolves when the process runs. A command that cannot be started leaves an exited container with code 128 or 127 and rejects with StartError. */
  startContainer(id: string): Promise<void>;
  /** Sends the stop signal, waits `timeoutSeconds`, then kills. Resolves when it has exited. */
  stopContainer(id: string, timeoutSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  containerStatus(id: string): Promise<ContainerStatus | undefined>;
  listContainers(sandboxId?: string): Promise<readonly ContainerStatus[]>;
  updateContainerResources(id: string, resources: ContainerResources): Promise<void>;
  /** After the log file was renamed: open a new one under the old name. */
  reopenContainerLog(id: string): Promise<void>;
  containerStats(id: string, wanted?: WantedStats): Promise<ContainerStats | undefined>;
  /** Rejects with ExecTimeoutError after `timeoutSeconds` (0: never). */
  execSync(
    id: string,
    command: readonly string[],
    timeoutSeconds: number,
  ): Promise<{ readonly stdout: Uint8Array; readonly stderr: Uint8Array; readonly exitCode: number }>;
  exec(id: string, command: readonly string[], options: StreamOptions): Promise<StreamSession>;
  attach(id: string, options: StreamOptions): Promise<StreamSession>;
  /** A connection to a port inside the sandbox's network namespace (127.0.0.1). */
  portForward(sandboxId: string, port: number): Promise<NodeJS.ReadWriteStream>;
  /** Changes of containers and sandboxes, from now on; announces, never carries state. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
}

/** The command could not be started; the message is runc's own, such as `exec: "x": executable file not found in $PATH`. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** An exec took longer than its timeout; its process has been killed. */
export class ExecTimeoutError extends Error {
  override readonly name = 'ExecTimeoutError';
}
