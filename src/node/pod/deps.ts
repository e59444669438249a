/** What a pod's worker needs from the rest of the agent. */
import type { Pod } from '../../api/core/pod.ts';
import type { PodStatus } from '../../api/core/pod-status.ts';
import type { Secret } from '../../api/core/secret.ts';
import type { Service } from '../../api/core/service.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { ContainerStatus, NamespaceOptions, RuntimeService } from '../../runtime/runtime.ts';
import type { NodeConfig } from '../config.ts';
import type { ConfigurationReader } from '../container/environment.ts';
import type { PodFacts } from '../container/fields.ts';
import type { DnsInput } from '../container/network-files.ts';
import type { EventRecorder } from '../events.ts';
import type { Puller } from '../images/puller.ts';
import type { PodCgroups } from '../machine/cgroups.ts';
import type { Volumes } from '../volumes/manager.ts';
import type { ResizeVerdict } from './allocation.ts';
import type { Hooks } from './lifecycle.ts';
import type { Limiter } from './limiter.ts';
import type { ProbeView } from './plan.ts';
import type { ReadinessView, Verdict } from './status.ts';
import type { ResourceSettings } from './resources.ts';
import type { Timeline } from './timeline.ts';

/** Probes of all pods. */
export interface Probes extends ProbeView, ReadinessView {
  /** Starts and stops probing so that it fits what runs. */
  follow(pod: Pod, podIp: string, containers: readonly ContainerStatus[]): void;
  /** The pod is stopping: liveness and startup no longer matter. */
  stopLiveness(uid: string): void;
  forget(uid: string): void;
  counts(): readonly ProbeCounts[];
}

/** How often a probe of a container has ended in which way. */
export interface ProbeCounts {
  readonly pod: Pod;
  readonly container: string;
  /** Startup, Liveness or Readiness. */
  readonly type: string;
  readonly counts: Readonly<Record<'success' | 'failure' | 'unknown', number>>;
}

/** Where statuses go. */
export interface StatusSink {
  /** `over`: nothing of the pod is left on this node, so a pod that is being deleted may go. */
  publish(pod: Pod, status: PodStatus, over: boolean): void;
  /** What was published last, be it that the API has it or not. */
  last(uid: string): PodStatus | undefined;
  /** What was last said of the pod: by this agent, else what the API has from one before. */
  told(pod: Pod): PodStatus | undefined;
  forget(uid: string): void;
}

export interface PodDeps {
  readonly config: NodeConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly runtime: RuntimeService;
  readonly puller: Puller;
  readonly volumes: Volumes;
  readonly events: EventRecorder;
  readonly cgroups: PodCgroups;
  readonly hooks: Hooks;
  readonly probes: Probes;
  readonly statuses: StatusSink;
  readonly timeline: Timeline;
  readonly resources: ResourceSettings;
  readonly reader: Pick<ConfigurationReader, 'configMap' | 'secret'>;
  /** Bounds how many containers are being created and started. */
  readonly starts: Limiter;
  facts(pod: Pod, podIps: readonly string[]): PodFacts;
  dns(): DnsInput;
  /** Resolves once services have been read. */
  services(signal: AbortSignal): Promise<readonly Service[]>;
  pullSecrets(pod: Pod): Promise<readonly Secret[]>;
  /** Handler of the pod's RuntimeClass. Throws when there is no such class. */
  handler(pod: Pod): Promise<string>;
  userNamespace(pod: Pod): NamespaceOptions['user'];
  nodeHosts(): Promise<string>;
  /** Why a pod that runs cannot have the resources that it wants now. */
  checkResize(pod: Pod): ResizeVerdict | undefined;
  /** Why the node will not run the pod, if so. Asked once, before anything is made. */
  admit(pod: Pod): Promise<Verdict | undefined>;
}
