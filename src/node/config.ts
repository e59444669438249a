/** What the operator decides about one node. Upstream's KubeletConfiguration, in the words of this project. */

export interface NodeTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface NodeConfig {
  readonly nodeName: string;
  /** Volumes, static-pod state and checkpoints live below it. */
  readonly rootDirectory: string;
  /** `<namespace>_<name>_<uid>/<container>/<n>.log` below it. */
  readonly podLogsDirectory: string;
  /** Addresses of the node, the primary one first. */
  readonly addresses: readonly string[];
  readonly hostname: string;
  readonly kubeletPort: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly NodeTaint[];
  readonly podCidr?: string;
  readonly providerId?: string;
  readonly maxPods: number;
  /** Processes that one pod may have; -1: no limit. */
  readonly podPidsLimit: number;
  /** Out of memory, one process of a container is killed, not all of them; always so on cgroup v1. */
  readonly singleProcessOomKill: boolean;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** The node's own resolver configuration, for dnsPolicy Default. '' for none. */
  readonly resolvConf: string;
  /**
   * Folder of the cgroup hierarchies that holds `kubepods`, such as `/coracle` (so that clusters side by side
   * do not meet); '' for the root. undefined: the agent makes no cgroups (simulated nodes).
   */
  readonly cgroupRoot?: string;
  /** Quantities kept back from pods. */
  readonly reserved: Readonly<Record<string, string>>;
  /** Signal to threshold, such as `memory.available` to `100Mi` or `nodefs.available` to `10%`. */
  readonly evictionHard: Readonly<Record<string, string>>;
  /** Likewise; passed for `evictionSoftGracePeriod` (seconds, by signal) before a pod is evicted. */
  readonly evictionSoft: Readonly<Record<string, string>>;
  readonly evictionSoftGracePeriod: Readonly<Record<string, number>>;
  /** By signal: how much more than its threshold has to be had again before a shortage is over. */
  readonly evictionMinimumReclaim: Readonly<Record<string, string>>;
  /** Most seconds that a pod gets to end when a soft threshold is passed. */
  readonly evictionMaxPodGracePeriod: number;
  /** Seconds for which a pressure condition stays after it was last seen. */
  readonly evictionPressureTransition: number;
  readonly imageGcHighPercent: number;
  readonly imageGcLowPercent: number;
  /** Seconds. */
  readonly imageMinimumAge: number;
  /** Seconds after which an image that nothing uses is removed though there is room; 0: never. */
  readonly imageMaximumAge: number;
  /** Bytes at which a container's log is rotated. */
  readonly containerLogMaxSize: number;
  readonly containerLogMaxFiles: number;
  /** Folder of static pod manifests; '' for none. */
  readonly staticPodPath: string;
  /** Seconds after which exec, attach and port-forward over which nothing went are cut off. */
  readonly streamingConnectionIdleTimeout: number;
  /** Longest crash-loop delay in seconds. */
  readonly maxCrashLoopBackOff: number;
  /** Image pulls and container starts at the same time. */
  readonly maxParallelImagePulls: number;
  readonly maxParallelStarts: number;
  readonly allowedUnsafeSysctls: readonly string[];
  /** Seccomp profiles of type Localhost are files below it. */
  readonly seccompProfileRoot: string;
  /** Whether containers that say nothing of seccomp run under the runtime's profile. */
  readonly seccompDefault: boolean;
  /** Whether the node makes its Node object when there is none; otherwise somebody else has to. */
  readonly registerNode: boolean;
}

/** Everything that has a sensible default; the rest says who and where the node is. */
export type NodeConfigInput = Partial<NodeConfig> &
  Pick<NodeConfig, 'nodeName' | 'rootDirectory' | 'addresses' | 'kubeletPort'>;

export function nodeConfig(input: NodeConfigInput): NodeConfig {
  return {
    podLogsDirectory: `${input.rootDirectory}/logs`,
    hostname: input.nodeName,
    labels: {},
    taints: [],
    maxPods: 110,
    podPidsLimit: -1,
    singleProcessOomKill: false,
    clusterDns: [],
    clusterDomain: 'cluster.local',
    resolvConf: '/etc/resolv.conf',
    reserved: {},
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '10%',
      'nodefs.inodesFree': '5%',
      'imagefs.available': '15%',
      'imagefs.inodesFree': '5%',
    },
    evictionSoft: {},
    evictionSoftGracePeriod: {},
    evictionMinimumReclaim: {},
    evictionMaxPodGracePeriod: 0,
    evictionPressureTransition: 300,
    imageGcHighPercent: 85,
    imageGcLowPercent: 80,
    imageMinimumAge: 120,
    imageMaximumAge: 0,
    containerLogMaxSize: 10 * 1024 * 1024,
    containerLogMaxFiles: 5,
    staticPodPath: '',
    streamingConnectionIdleTimeout: 4 * 3_600,
    maxCrashLoopBackOff: 300,
    maxParallelImagePulls: 5,
    maxParallelStarts: 8,
    allowedUnsafeSysctls: [],
    seccompProfileRoot: `${input.rootDirectory}/seccomp`,
    seccompDefault: false,
    registerNode: true,
    ...input,
  };
}
