import { nodeWarnings } from './warnings/node-warnings.ts';
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

export const ConfigMapNodeConfigSource = struct(
  'io.k8s.api.core.v1.ConfigMapNodeConfigSource',
  "A ConfigMap with a kubelet's settings; no longer used.",
  {
    namespace: string(1).required().doc('Namespace of the object that is meant.'),
    name: string(2).required().doc('Name of the object that is meant.'),
    uid: string(3).doc('The unique id of the object that is meant.'),
    resourceVersion: string(4).doc('The stored version that is meant.'),
    kubeletConfigKey: string(5).required().doc('Key of the settings in the ConfigMap.'),
  },
);
export interface ConfigMapNodeConfigSource extends Infer<typeof ConfigMapNodeConfigSource> {}

export const NodeConfigSource = struct(
  'io.k8s.api.core.v1.NodeConfigSource',
  'Where a kubelet took its settings from; no longer used.',
  {
    configMap: of(2, ConfigMapNodeConfigSource).doc('The ConfigMap with the settings.'),
  },
);
export interface NodeConfigSource extends Infer<typeof NodeConfigSource> {}

export const NodeSpec = struct('io.k8s.api.core.v1.NodeSpec', 'What is wanted of a machine.', {
  podCIDR: string(1).doc('Range of addresses for its pods.'),
  podCIDRs: list(7, string()).listSet().merge().doc('Ranges of addresses for its pods, one per IP family.'),
  providerID: string(3).doc('Identifies the machine at its cloud provider.'),
  unschedulable: boolean(4).doc('Whether new pods are kept away.'),
  taints: list(5, Taint).doc('Marks that keep pods away which do not tolerate them.'),
  configSource: of(6, NodeConfigSource).doc('No longer used.'),
  externalID: string(2).doc('No longer used.'),
});
export interface NodeSpec extends Infer<typeof NodeSpec> {}

export const DaemonEndpoint = struct('io.k8s.api.core.v1.DaemonEndpoint', 'One port on a machine.', {
  Port: int32(1).present().doc('Number of the port.'),
});
export interface DaemonEndpoint extends Infer<typeof DaemonEndpoint> {}

export const NodeDaemonEndpoints = struct(
  'io.k8s.api.core.v1.NodeDaemonEndpoints',
  'Ports of the services that every machine runs.',
  {
    kubeletEndpoint: of(1, DaemonEndpoint).always().doc('Where the kubelet listens.'),
  },
);
export interface NodeDaemonEndpoints extends Infer<typeof NodeDaemonEndpoints> {}

export const NodeRuntimeHandlerFeatures = struct(
  'io.k8s.api.core.v1.NodeRuntimeHandlerFeatures',
  'What a handler can do.',
  {
    recursiveReadOnlyMounts: boolean(1).pointer().doc('Whether mounts below a read-only mount can be read-only too.'),
    userNamespaces: boolean(2).pointer().doc('Whether pods can have user ids of their own.'),
  },
);
export interface NodeRuntimeHandlerFeatures extends Infer<typeof NodeRuntimeHandlerFeatures> {}

export const NodeRuntimeHandler = struct(
  'io.k8s.api.core.v1.NodeRuntimeHandler',
  'A handler of the container runtime.',
  {
    name: string(1).always().doc('Its name; empty for the default one.'),
    features: of(2, NodeRuntimeHandlerFeatures).doc('What it can do.'),
  },
);
export interface NodeRuntimeHandler extends Infer<typeof NodeRuntimeHandler> {}

export const NodeFeatures = struct('io.k8s.api.core.v1.NodeFeatures', 'What a container runtime can do.', {
  supplementalGroupsPolicy: boolean(1).pointer().doc("Whether it follows a pod's `supplementalGroupsPolicy`."),
});
export interface NodeFeatures extends Infer<typeof NodeFeatures> {}

export const NodeSwapStatus = struct('io.k8s.api.core.v1.NodeSwapStatus', 'Swap space of a machine.', {
  capacity: int64(1).pointer().doc('Its size in bytes.'),
});
export interface NodeSwapStatus extends Infer<typeof NodeSwapStatus> {}

export const NodeSystemInfo = struct(
  'io.k8s.api.core.v1.NodeSystemInfo',
  'Ids and versions of a machine and its software.',
  {
    machineID: string(1).present().doc("The machine's id, as in /etc/machine-id."),
    systemUUID: string(2).present().doc("The hardware's id."),
    bootID: string(3).present().doc('Id of the current boot.'),
    kernelVersion: string(4).present().doc('Version of the kernel.'),
    osImage: string(5).present().doc("Name of the operating system's release."),
    containerRuntimeVersion: string(6).present().doc('Name and version of the container runtime.'),
    kubeletVersion: string(7).present().doc('Version of the kubelet.'),
    kubeProxyVersion: string(8).present().doc('No longer filled in.'),
    operatingSystem: string(9).present().doc('Such as `linux`.'),
    architecture: string(10).present().doc('Such as `amd64`.'),
    swap: of(11, NodeSwapStatus).doc("The machine's swap space."),
  },
);
export interface NodeSystemInfo extends Infer<typeof NodeSystemInfo> {}

export const NodeConfigStatus = struct(
  'io.k8s.api.core.v1.NodeConfigStatus',
  "State of a kubelet's settings; no longer used.",
  {
    assigned: of(1, NodeConfigSource).doc('The settings it should use.'),
    active: of(2, NodeConfigSource).doc('The settings it uses.'),
    lastKnownGood: of(3, NodeConfigSource).doc('The settings it falls back to.'),
    error: string(4).doc('What is wrong with the assigned settings.'),
  },
);
export interface NodeConfigStatus extends Infer<typeof NodeConfigStatus> {}

export const NodeCondition = struct('io.k8s.api.core.v1.NodeCondition', 'One statement about the state of a machine.', {
  type: string(1).present().doc('What it is about, such as `Ready` or `MemoryPressure`.'),
  status: string(2).present().doc('`True`, `False` or `Unknown`.'),
  lastHeartbeatTime: time(3).doc('When this condition was reported last.'),
  lastTransitionTime: time(4).doc('When the status of this condition changed last.'),
  reason: string(5).doc('One word in camel case for programs that says why.'),
  message: string(6).doc('Explanation for a human reader.'),
});
export interface NodeCondition extends Infer<typeof NodeCondition> {}

export const NodeAddress = struct('io.k8s.api.core.v1.NodeAddress', 'An address or a name of a machine.', {
  type: string(1).present().doc('`Hostname`, `InternalIP`, `ExternalIP`, `InternalDNS` or `ExternalDNS`.'),
  address: string(2).present().doc('The address itself.'),
});
export interface NodeAddress extends Infer<typeof NodeAddress> {}

export const ContainerImage = struct('io.k8s.api.core.v1.ContainerImage', 'An image on a machine.', {
  names: list(1, string()).always().doc('Names under which it is known.'),
  sizeBytes: int64(2).doc('Its size in bytes.'),
});
export interface ContainerImage extends Infer<typeof ContainerImage> {}

export const AttachedVolume = struct('io.k8s.api.core.v1.AttachedVolume', 'A volume that is attached to a machine.', {
  name: string(1).present().doc('Name of the volume.'),
  devicePath: string(2).present().doc('Where the device appears.'),
});
export interface AttachedVolume extends Infer<typeof AttachedVolume> {}

/** A node that does not say what it keeps for itself gives everything away. */
function allocatableFromCapacity(draft: Record<string, unknown>): void {
  if (draft['capacity'] !== undefined) fillAbsent(draft, 'allocatable', draft['capacity']);
}

export const NodeStatus = struct(
  'io.k8s.api.core.v1.NodeStatus',
  'What a machine reports about itself.',
  {
    capacity: map(1, quantity()).doc('All its resources.'),
    allocatable: map(2, quantity()).doc('The resources that pods may use.'),
    phase: string(3).known<'Pending' | 'Running' | 'Terminated'>().doc('No longer filled in.'),
    conditions: list(4, NodeCondition).listMap('type').merge('type').doc('Statements about its state, one per type.'),
    addresses: list(5, NodeAddress).listMap('type').merge('type').doc('Addresses and names under which it is reached.'),
    daemonEndpoints: of(6, NodeDaemonEndpoints).always().doc("Ports of the node's own services."),
    nodeInfo: of(7, NodeSystemInfo).always().doc('Versions and ids of the machine and its software.'),
    images: list(8, ContainerImage).doc('Images that are on the machine.'),
    volumesInUse: list(9, string()).doc('Volumes that pods here use.'),
    volumesAttached: list(10, AttachedVolume).doc('Volumes that are attached to the machine.'),
    config: of(11, NodeConfigStatus).doc("State of the kubelet's settings; no longer used."),
    runtimeHandlers: list(12, NodeRuntimeHandler).doc('Handlers that the container runtime offers.'),
    features: of(13, NodeFeatures).doc('Abilities of the container runtime as a whole.'),
    declaredFeatures: list(14, string()).doc('Kubelet features that the node says it has.'),
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
  doc: 'A machine that runs pods.',
  fields: {
    spec: of(2, NodeSpec).always().doc('What is wanted.'),
    status: of(3, NodeStatus).always().doc('What was observed last.'),
  },
  generation: false,
  subresources: {
    status: true,
    others: { proxy: { kind: 'NodeProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] } },
  },
  columns: nodeColumns,
  selectable: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) },
  prepareCreate: (draft) => {
    joinPodCidrs(draft);
    dropRemoved(draft, {}, {});
  },
  prepareUpdate: (draft, old) => {
    joinPodCidrs(draft);
    dropRemoved(draft, old.spec ?? {}, old.status ?? {});
  },
  prepareStatusUpdate: (draft, old) => dropRemoved(draft, { configSource: {} }, old.status ?? {}),
  validate: (node) => nodeFaults(node),
  validateUpdate: (node, old) => nodeUpdateFaults(node, old),
  validateStatusUpdate: (node) => nodeStatusFaults(node),
  warnings: (node) => nodeWarnings(node),
});
export interface Node extends ObjectOf<typeof Node> {}

/** Settings of the kubelet by object are no longer a feature: they stay where they are stored, and come nowhere new. */
function dropRemoved(draft: Record<string, unknown>, spec: NodeSpec, status: Partial<NodeStatus>): void {
  if (spec.configSource === undefined) delete (draft['spec'] as Record<string, unknown> | undefined)?.['configSource'];
  if (status.config === undefined) delete (draft['status'] as Record<string, unknown> | undefined)?.['config'];
}
