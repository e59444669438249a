import { defineKind, type ObjectOf } from '../kind.ts';
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
import { fillAbsent } from '../rules/draft.ts';
import { nodeColumns } from './node-columns.ts';
import { Taint } from './taint.ts';
import { joinPodCidrs, nodeFaults, nodeStatusFaults, nodeUpdateFaults } from './validate-node.ts';

export const ConfigMapNodeConfigSource = struct('io.k8s.api.core.v1.ConfigMapNodeConfigSource', '', {
  namespace: string(1).required(),
  name: string(2).required(),
  uid: string(3),
  resourceVersion: string(4),
  kubeletConfigKey: string(5).required(),
});
export interface ConfigMapNodeConfigSource extends Infer<typeof ConfigMapNodeConfigSource> {}

export const NodeConfigSource = struct('io.k8s.api.core.v1.NodeConfigSource', '', {
  configMap: of(2, ConfigMapNodeConfigSource),
});
export interface NodeConfigSource extends Infer<typeof NodeConfigSource> {}

export const NodeSpec = struct('io.k8s.api.core.v1.NodeSpec', '', {
  podCIDR: string(1),
  podCIDRs: list(7, string()).listSet().merge(),
  providerID: string(3),
  unschedulable: boolean(4),
  taints: list(5, Taint),
  configSource: of(6, NodeConfigSource),
  externalID: string(2),
});
export interface NodeSpec extends Infer<typeof NodeSpec> {}

export const DaemonEndpoint = struct('io.k8s.api.core.v1.DaemonEndpoint', '', {
  Port: int32(1).present(),
});
export interface DaemonEndpoint extends Infer<typeof DaemonEndpoint> {}

export const NodeDaemonEndpoints = struct('io.k8s.api.core.v1.NodeDaemonEndpoints', '', {
  kubeletEndpoint: of(1, DaemonEndpoint).always(),
});
export interface NodeDaemonEndpoints extends Infer<typeof NodeDaemonEndpoints> {}

export const NodeRuntimeHandlerFeatures = struct('io.k8s.api.core.v1.NodeRuntimeHandlerFeatures', '', {
  recursiveReadOnlyMounts: boolean(1).pointer(),
  userNamespaces: boolean(2).pointer(),
});
export interface NodeRuntimeHandlerFeatures extends Infer<typeof NodeRuntimeHandlerFeatures> {}

export const NodeRuntimeHandler = struct('io.k8s.api.core.v1.NodeRuntimeHandler', '', {
  name: string(1).always(),
  features: of(2, NodeRuntimeHandlerFeatures),
});
export interface NodeRuntimeHandler extends Infer<typeof NodeRuntimeHandler> {}

export const NodeFeatures = struct('io.k8s.api.core.v1.NodeFeatures', '', {
  supplementalGroupsPolicy: boolean(1).pointer(),
});
export interface NodeFeatures extends Infer<typeof NodeFeatures> {}

export const NodeSwapStatus = struct('io.k8s.api.core.v1.NodeSwapStatus', '', {
  capacity: int64(1).pointer(),
});
export interface NodeSwapStatus extends Infer<typeof NodeSwapStatus> {}

export const NodeSystemInfo = struct('io.k8s.api.core.v1.NodeSystemInfo', '', {
  machineID: string(1).present(),
  systemUUID: string(2).present(),
  bootID: string(3).present(),
  kernelVersion: string(4).present(),
  osImage: string(5).present(),
  containerRuntimeVersion: string(6).present(),
  kubeletVersion: string(7).present(),
  kubeProxyVersion: string(8).present(),
  operatingSystem: string(9).present(),
  architecture: string(10).present(),
  swap: of(11, NodeSwapStatus),
});
export interface NodeSystemInfo extends Infer<typeof NodeSystemInfo> {}

export const NodeConfigStatus = struct('io.k8s.api.core.v1.NodeConfigStatus', '', {
  assigned: of(1, NodeConfigSource),
  active: of(2, NodeConfigSource),
  lastKnownGood: of(3, NodeConfigSource),
  error: string(4),
});
export interface NodeConfigStatus extends Infer<typeof NodeConfigStatus> {}

export const NodeCondition = struct('io.k8s.api.core.v1.NodeCondition', '', {
  type: string(1).present(),
  status: string(2).present(),
  lastHeartbeatTime: time(3),
  lastTransitionTime: time(4),
  reason: string(5),
  message: string(6),
});
export interface NodeCondition extends Infer<typeof NodeCondition> {}

export const NodeAddress = struct('io.k8s.api.core.v1.NodeAddress', '', {
  type: string(1).present(),
  address: string(2).present(),
});
export interface NodeAddress extends Infer<typeof NodeAddress> {}

export const ContainerImage = struct('io.k8s.api.core.v1.ContainerImage', '', {
  names: list(1, string()).always(),
  sizeBytes: int64(2),
});
export interface ContainerImage extends Infer<typeof ContainerImage> {}

export const AttachedVolume = struct('io.k8s.api.core.v1.AttachedVolume', '', {
  name: string(1).present(),
  devicePath: string(2).present(),
});
export interface AttachedVolume extends Infer<typeof AttachedVolume> {}

/** A node that does not say what it keeps for itself gives everything away. */
function allocatableFromCapacity(draft: Record<string, unknown>): void {
  if (draft['capacity'] !== undefined) fillAbsent(draft, 'allocatable', draft['capacity']);
}

export const NodeStatus = struct(
  'io.k8s.api.core.v1.NodeStatus',
  '',
  {
    capacity: map(1, quantity()),
    allocatable: map(2, quantity()),
    phase: string(3).known<'Pending' | 'Running' | 'Terminated'>(),
    conditions: list(4, NodeCondition).listMap('type').merge('type'),
    addresses: list(5, NodeAddress).listMap('type').merge('type'),
    daemonEndpoints: of(6, NodeDaemonEndpoints).always(),
    nodeInfo: of(7, NodeSystemInfo).always(),
    images: list(8, ContainerImage),
    volumesInUse: list(9, string()),
    volumesAttached: list(10, AttachedVolume),
    config: of(11, NodeConfigStatus),
    runtimeHandlers: list(12, NodeRuntimeHandler),
    features: of(13, NodeFeatures),
    declaredFeatures: list(14, string()),
  },
  { defaults: allocatableFromCapacity },
);
export interface NodeStatus extends Infer<typeof NodeStatus> {}

export const Node = defineKind({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  scope: 'Cluster',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    spec: of(2, NodeSpec).always(),
    status: of(3, NodeStatus).always(),
  },
  generation: false,
  subresources: {
    status: true,
    others: { proxy: { kind: 'NodeProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] } },
  },
  columns: nodeColumns,
  selectable: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) },
  prepareCreate: joinPodCidrs,
  prepareUpdate: joinPodCidrs,
  validate: (node) => nodeFaults(node),
  validateUpdate: (node, old) => nodeUpdateFaults(node, old),
  validateStatusUpdate: (node) => nodeStatusFaults(node),
});
export interface Node extends ObjectOf<typeof Node> {}
