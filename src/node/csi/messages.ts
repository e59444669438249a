/** Messages of CSI v1's node and identity services, and of plugin registration v1, as far as they are used here. */
import { boolean, int32, int64, list, map, of, string, struct, type Infer } from '../../schema/field.ts';

const message = <F extends Parameters<typeof struct>[2]>(name: string, fields: F) =>
  struct(`csi.v1.${name}`, '', fields);

export const registrationService = (): string => 'pluginregistration.Registration';
export const csiService = (): string => 'csi.v1.Node';

export const Empty = message('Empty', {});

export const PluginInfo = message('PluginInfo', {
  type: string(1),
  name: string(2),
  endpoint: string(3),
  supportedVersions: list(4, string()),
});
export const RegistrationStatus = message('RegistrationStatus', { pluginRegistered: boolean(1), error: string(2) });

const Topology = message('Topology', { segments: map(1, string()) });
export const NodeInfo = message('NodeGetInfoResponse', {
  nodeId: string(1),
  maxVolumesPerNode: int64(2),
  accessibleTopology: of(3, Topology),
});

const Rpc = message('NodeServiceCapability_RPC', { type: int32(1) });
const Capability = message('NodeServiceCapability', { rpc: of(1, Rpc) });
export const Capabilities = message('NodeGetCapabilitiesResponse', { capabilities: list(1, Capability) });
/** Numbers of NodeServiceCapability.RPC.Type. */
export const capability = { stage: 1, volumeStats: 2, expand: 3, singleNodeMultiWriter: 5, mountGroup: 6 } as const;

/** Numbers of VolumeCapability.AccessMode.Mode. */
export const accessMode = {
  unknown: 0,
  singleNodeWriter: 1,
  multiNodeReader: 3,
  multiNodeMultiWriter: 5,
  singleNodeSingleWriter: 6,
  singleNodeMultiWriter: 7,
} as const;

const MountVolume = message('VolumeCapability_MountVolume', {
  fsType: string(1),
  mountFlags: list(2, string()),
  volumeMountGroup: string(3),
});
/** That it is there says that the volume is a device. */
const BlockVolume = message('VolumeCapability_BlockVolume', {});
const AccessMode = message('VolumeCapability_AccessMode', { mode: int32(1) });
export const VolumeCapability = message('VolumeCapability', {
  block: of(1, BlockVolume),
  mount: of(2, MountVolume),
  accessMode: of(3, AccessMode),
});
export interface VolumeCapability extends Infer<typeof VolumeCapability> {}

export const StageRequest = message('NodeStageVolumeRequest', {
  volumeId: string(1),
  publishContext: map(2, string()),
  stagingTargetPath: string(3),
  volumeCapability: of(4, VolumeCapability),
  secrets: map(5, string()),
  volumeContext: map(6, string()),
});
export const UnstageRequest = message('NodeUnstageVolumeRequest', {
  volumeId: string(1),
  stagingTargetPath: string(2),
});
export const PublishRequest = message('NodePublishVolumeRequest', {
  volumeId: string(1),
  publishContext: map(2, string()),
  stagingTargetPath: string(3),
  targetPath: string(4),
  volumeCapability: of(5, VolumeCapability),
  readonly: boolean(6),
  secrets: map(7, string()),
  volumeContext: map(8, string()),
});
export const UnpublishRequest = message('NodeUnpublishVolumeRequest', { volumeId: string(1), targetPath: string(2) });

const CapacityRange = message('CapacityRange', { requiredBytes: int64(1), limitBytes: int64(2) });
export const ExpandRequest = message('NodeExpandVolumeRequest', {
  volumeId: string(1),
  volumePath: string(2),
  capacityRange: of(3, CapacityRange),
  stagingTargetPath: string(4),
  volumeCapability: of(5, VolumeCapability),
  secrets: map(6, string()),
});

/** Numbers of VolumeUsage.Unit. */
export const usageUnit = { bytes: 1, inodes: 2 } as const;

const VolumeUsage = message('VolumeUsage', { available: int64(1), total: int64(2), used: int64(3), unit: int32(4) });
export const StatsRequest = message('NodeGetVolumeStatsRequest', { volumeId: string(1), volumePath: string(2) });
export const VolumeStats = message('NodeGetVolumeStatsResponse', { usage: list(1, VolumeUsage) });
