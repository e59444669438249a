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

export const ContainerStateWaiting = struct(
  'io.k8s.api.core.v1.ContainerStateWaiting',
  'A container that has not started yet.',
  {
    reason: string(1).doc('One word in camel case for programs that says why.'),
    message: string(2).doc('Explanation for a human reader.'),
  },
);
export interface ContainerStateWaiting extends Infer<typeof ContainerStateWaiting> {}

export const ContainerStateRunning = struct('io.k8s.api.core.v1.ContainerStateRunning', 'A container that runs.', {
  startedAt: time(1).doc('When it was started.'),
});
export interface ContainerStateRunning extends Infer<typeof ContainerStateRunning> {}

export const ContainerStateTerminated = struct(
  'io.k8s.api.core.v1.ContainerStateTerminated',
  'A container that has ended.',
  {
    exitCode: int32(1).required().doc('Its exit code.'),
    signal: int32(2).doc('The signal that ended it.'),
    reason: string(3).doc('One word in camel case for programs that says why.'),
    message: string(4).doc('Explanation for a human reader.'),
    startedAt: time(5).doc('When it was started.'),
    finishedAt: time(6).doc('When it ended.'),
    containerID: string(7).doc('Its id at the container runtime.'),
  },
);
export interface ContainerStateTerminated extends Infer<typeof ContainerStateTerminated> {}

export const ContainerState = struct(
  'io.k8s.api.core.v1.ContainerState',
  'What a container does; one of them is set.',
  {
    waiting: of(1, ContainerStateWaiting).doc('It has not started yet, or not again.'),
    running: of(2, ContainerStateRunning).doc('It runs.'),
    terminated: of(3, ContainerStateTerminated).doc('It has ended.'),
  },
);
export interface ContainerState extends Infer<typeof ContainerState> {}

export const VolumeMountStatus = struct('io.k8s.api.core.v1.VolumeMountStatus', 'State of a mount.', {
  name: string(1).required().doc('Name of the volume.'),
  mountPath: string(2).required().doc('Where it appears.'),
  readOnly: boolean(3).doc('Whether nothing may be written.'),
  recursiveReadOnly: string(4).pointer().doc('Whether mounts below it are read-only too.'),
});
export interface VolumeMountStatus extends Infer<typeof VolumeMountStatus> {}

export const LinuxContainerUser = struct('io.k8s.api.core.v1.LinuxContainerUser', 'User and groups on Linux.', {
  uid: int64(1).required().doc('User id.'),
  gid: int64(2).required().doc('Group id.'),
  supplementalGroups: list(3, int64()).doc('Further group ids.'),
});
export interface LinuxContainerUser extends Infer<typeof LinuxContainerUser> {}

export const ContainerUser = struct('io.k8s.api.core.v1.ContainerUser', 'The user that a container began with.', {
  linux: of(1, LinuxContainerUser).doc('User and groups on Linux.'),
});
export interface ContainerUser extends Infer<typeof ContainerUser> {}

export const ResourceHealth = struct('io.k8s.api.core.v1.ResourceHealth', 'Health of one device.', {
  resourceID: string(1).required().doc('Id of the device.'),
  health: string(2).doc('`Healthy`, `Unhealthy` or `Unknown`.'),
});
export interface ResourceHealth extends Infer<typeof ResourceHealth> {}

export const ResourceStatus = struct('io.k8s.api.core.v1.ResourceStatus', "Health of a container's devices.", {
  name: string(1).required().doc('Name of the resource.'),
  resources: list(2, ResourceHealth).listMap('resourceID').doc('Health of each device.'),
});
export interface ResourceStatus extends Infer<typeof ResourceStatus> {}

export const ContainerStatus = struct('io.k8s.api.core.v1.ContainerStatus', 'What is known about a container.', {
  name: string(1).required().doc('Name of the container.'),
  state: of(2, ContainerState).always().doc('What it does now.'),
  lastState: of(3, ContainerState).always().doc('How it ended the last time.'),
  ready: boolean(4).required().doc('Whether it is ready for traffic.'),
  restartCount: int32(5).required().doc('How often it was started again.'),
  image: string(6).required().doc('The image it runs.'),
  imageID: string(7).required().doc("The image's exact id."),
  containerID: string(8).doc('Its id at the container runtime.'),
  started: boolean(9).pointer().doc('Whether it has started up.'),
  allocatedResources: map(10, quantity()).doc('Resources that are set aside for it.'),
  resources: of(11, ResourceRequirements).doc('Resources in force.'),
  volumeMounts: list(12, VolumeMountStatus).listMap('mountPath').merge('mountPath').doc('State of its mounts.'),
  user: of(13, ContainerUser).doc('The user it began with.'),
  allocatedResourcesStatus: list(14, ResourceStatus).listMap('name').merge('name').doc('Health of its devices.'),
  stopSignal: string(15).pointer().doc('The signal that asks it to stop.'),
});
export interface ContainerStatus extends Infer<typeof ContainerStatus> {}

export const PodCondition = struct('io.k8s.api.core.v1.PodCondition', 'One statement about the state of a pod.', {
  type: string(1).required().doc('What it is about, such as `Ready` or `PodScheduled`.'),
  observedGeneration: int64(7).doc('The generation of the object that this status is about.'),
  status: string(2).required().doc('`True`, `False` or `Unknown`.'),
  lastProbeTime: time(3).doc('When this was checked last.'),
  lastTransitionTime: time(4).doc('When the status of this condition changed last.'),
  reason: string(5).doc('One word in camel case for programs that says why.'),
  message: string(6).doc('Explanation for a human reader.'),
});
export interface PodCondition extends Infer<typeof PodCondition> {}

export const PodResourceClaimStatus = struct(
  'io.k8s.api.core.v1.PodResourceClaimStatus',
  'The claim that was made for a pod.',
  {
    name: string(1).required().doc('Name of the claim in the pod.'),
    resourceClaimName: string(2).pointer().doc('Name of the ResourceClaim.'),
  },
);
export interface PodResourceClaimStatus extends Infer<typeof PodResourceClaimStatus> {}

export const ContainerExtendedResourceRequest = struct(
  'io.k8s.api.core.v1.ContainerExtendedResourceRequest',
  "The request that serves a container's extended resource.",
  {
    containerName: string(1).required().doc('The container.'),
    resourceName: string(2).required().doc('The extended resource.'),
    requestName: string(3).required().doc('The request in the claim.'),
  },
);
export interface ContainerExtendedResourceRequest extends Infer<typeof ContainerExtendedResourceRequest> {}

export const PodExtendedResourceClaimStatus = struct(
  'io.k8s.api.core.v1.PodExtendedResourceClaimStatus',
  "The claim behind a pod's extended resources.",
  {
    requestMappings: list(1, ContainerExtendedResourceRequest).required().doc('Which request serves which container.'),
    resourceClaimName: string(2).required().doc('Name of the ResourceClaim.'),
  },
);
export interface PodExtendedResourceClaimStatus extends Infer<typeof PodExtendedResourceClaimStatus> {}

export const PodIP = struct('io.k8s.api.core.v1.PodIP', 'An address of a pod.', {
  ip: string(1).required().doc('The address.'),
});
export interface PodIP extends Infer<typeof PodIP> {}

export const HostIP = struct('io.k8s.api.core.v1.HostIP', 'An address of a node.', {
  ip: string(1).required().doc('The address.'),
});
export interface HostIP extends Infer<typeof HostIP> {}

export const PodStatus = struct('io.k8s.api.core.v1.PodStatus', 'What is known about a pod.', {
  observedGeneration: int64(17).doc('The generation of the object that this status is about.'),
  phase: string(1)
    .enum('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown')
    .doc('`Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.'),
  conditions: list(2, PodCondition).listMap('type').merge('type').doc('Statements about its state, one per type.'),
  message: string(3).doc('Explanation for a human reader.'),
  reason: string(4).doc('One word in camel case for programs that says why.'),
  nominatedNodeName: string(11).doc('Node on which room is being made for the pod.'),
  hostIP: string(5).doc('Address of its node.'),
  hostIPs: list(16, HostIP).merge('ip').doc('Addresses of its node.'),
  podIP: string(6).doc('Its address.'),
  podIPs: list(12, PodIP).listMap('ip').merge('ip').doc('Its addresses, at most one per IP family.'),
  startTime: time(7).doc('When the kubelet took it over.'),
  initContainerStatuses: list(10, ContainerStatus).doc('States of the init containers.'),
  containerStatuses: list(8, ContainerStatus).doc('States of the containers.'),
  qosClass: string(9)
    .enum('Guaranteed', 'Burstable', 'BestEffort')
    .doc('`Guaranteed`, `Burstable` or `BestEffort`: who has to go first when memory runs out.'),
  ephemeralContainerStatuses: list(13, ContainerStatus).doc('States of the containers for debugging.'),
  resize: string(14).doc('How far a change of resources has come; replaced by conditions.'),
  resourceClaimStatuses: list(15, PodResourceClaimStatus)
    .listMap('name')
    .merge('name')
    .retainKeys()
    .doc('State of its claims.'),
  extendedResourceClaimStatus: of(18, PodExtendedResourceClaimStatus).doc('The claim behind its extended resources.'),
  allocatedResources: map(19, quantity()).doc('Resources set aside for the pod as a whole.'),
  resources: of(20, ResourceRequirements).doc('Resources in force for the pod as a whole.'),
});
export interface PodStatus extends Infer<typeof PodStatus> {}
