import {
  boolean,
  int32,
  int64,
  list,
  map,
  of,
  quantity,
  string,
  struct,
  time,
  type Infer,
} from '../../schema/field.ts';
import { ResourceRequirements } from './container.ts';

export const ContainerStateWaiting = struct('io.k8s.api.core.v1.ContainerStateWaiting', '', {
  reason: string(1),
  message: string(2),
});
export interface ContainerStateWaiting extends Infer<typeof ContainerStateWaiting> {}

export const ContainerStateRunning = struct('io.k8s.api.core.v1.ContainerStateRunning', '', {
  startedAt: time(1),
});
export interface ContainerStateRunning extends Infer<typeof ContainerStateRunning> {}

export const ContainerStateTerminated = struct('io.k8s.api.core.v1.ContainerStateTerminated', '', {
  exitCode: int32(1).required(),
  signal: int32(2),
  reason: string(3),
  message: string(4),
  startedAt: time(5),
  finishedAt: time(6),
  containerID: string(7),
});
export interface ContainerStateTerminated extends Infer<typeof ContainerStateTerminated> {}

export const ContainerState = struct('io.k8s.api.core.v1.ContainerState', '', {
  waiting: of(1, ContainerStateWaiting),
  running: of(2, ContainerStateRunning),
  terminated: of(3, ContainerStateTerminated),
});
export interface ContainerState extends Infer<typeof ContainerState> {}

export const VolumeMountStatus = struct('io.k8s.api.core.v1.VolumeMountStatus', '', {
  name: string(1).required(),
  mountPath: string(2).required(),
  readOnly: boolean(3),
  recursiveReadOnly: string(4).pointer(),
});
export interface VolumeMountStatus extends Infer<typeof VolumeMountStatus> {}

export const LinuxContainerUser = struct('io.k8s.api.core.v1.LinuxContainerUser', '', {
  uid: int64(1).required(),
  gid: int64(2).required(),
  supplementalGroups: list(3, int64()),
});
export interface LinuxContainerUser extends Infer<typeof LinuxContainerUser> {}

export const ContainerUser = struct('io.k8s.api.core.v1.ContainerUser', '', {
  linux: of(1, LinuxContainerUser),
});
export interface ContainerUser extends Infer<typeof ContainerUser> {}

export const ResourceHealth = struct('io.k8s.api.core.v1.ResourceHealth', '', {
  resourceID: string(1).required(),
  health: string(2),
});
export interface ResourceHealth extends Infer<typeof ResourceHealth> {}

export const ResourceStatus = struct('io.k8s.api.core.v1.ResourceStatus', '', {
  name: string(1).required(),
  resources: list(2, ResourceHealth).listMap('resourceID'),
});
export interface ResourceStatus extends Infer<typeof ResourceStatus> {}

export const ContainerStatus = struct('io.k8s.api.core.v1.ContainerStatus', '', {
  name: string(1).required(),
  state: of(2, ContainerState).always(),
  lastState: of(3, ContainerState).always(),
  ready: boolean(4).required(),
  restartCount: int32(5).required(),
  image: string(6).required(),
  imageID: string(7).required(),
  containerID: string(8),
  started: boolean(9).pointer(),
  allocatedResources: map(10, quantity()),
  resources: of(11, ResourceRequirements),
  volumeMounts: list(12, VolumeMountStatus).listMap('mountPath').merge('mountPath'),
  user: of(13, ContainerUser),
  allocatedResourcesStatus: list(14, ResourceStatus).listMap('name').merge('name'),
  stopSignal: string(15).pointer(),
});
export interface ContainerStatus extends Infer<typeof ContainerStatus> {}

export const PodCondition = struct('io.k8s.api.core.v1.PodCondition', '', {
  type: string(1).required(),
  observedGeneration: int64(7),
  status: string(2).required(),
  lastProbeTime: time(3),
  lastTransitionTime: time(4),
  reason: string(5),
  message: string(6),
});
export interface PodCondition extends Infer<typeof PodCondition> {}

export const PodResourceClaimStatus = struct('io.k8s.api.core.v1.PodResourceClaimStatus', '', {
  name: string(1).required(),
  resourceClaimName: string(2).pointer(),
});
export interface PodResourceClaimStatus extends Infer<typeof PodResourceClaimStatus> {}

export const ContainerExtendedResourceRequest = struct('io.k8s.api.core.v1.ContainerExtendedResourceRequest', '', {
  containerName: string(1).required(),
  resourceName: string(2).required(),
  requestName: string(3).required(),
});
export interface ContainerExtendedResourceRequest extends Infer<typeof ContainerExtendedResourceRequest> {}

export const PodExtendedResourceClaimStatus = struct('io.k8s.api.core.v1.PodExtendedResourceClaimStatus', '', {
  requestMappings: list(1, ContainerExtendedResourceRequest).required(),
  resourceClaimName: string(2).required(),
});
export interface PodExtendedResourceClaimStatus extends Infer<typeof PodExtendedResourceClaimStatus> {}

export const PodIP = struct('io.k8s.api.core.v1.PodIP', '', {
  ip: string(1).required(),
});
export interface PodIP extends Infer<typeof PodIP> {}

export const HostIP = struct('io.k8s.api.core.v1.HostIP', '', {
  ip: string(1).required(),
});
export interface HostIP extends Infer<typeof HostIP> {}

export const PodStatus = struct('io.k8s.api.core.v1.PodStatus', '', {
  observedGeneration: int64(17),
  phase: string(1).enum('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
  conditions: list(2, PodCondition).listMap('type').merge('type'),
  message: string(3),
  reason: string(4),
  nominatedNodeName: string(11),
  hostIP: string(5),
  hostIPs: list(16, HostIP).merge('ip'),
  podIP: string(6),
  podIPs: list(12, PodIP).listMap('ip').merge('ip'),
  startTime: time(7),
  initContainerStatuses: list(10, ContainerStatus),
  containerStatuses: list(8, ContainerStatus),
  qosClass: string(9).enum('Guaranteed', 'Burstable', 'BestEffort'),
  ephemeralContainerStatuses: list(13, ContainerStatus),
  resize: string(14),
  resourceClaimStatuses: list(15, PodResourceClaimStatus).listMap('name').merge('name').retainKeys(),
  extendedResourceClaimStatus: of(18, PodExtendedResourceClaimStatus),
  allocatedResources: map(19, quantity()),
  resources: of(20, ResourceRequirements),
});
export interface PodStatus extends Infer<typeof PodStatus> {}
