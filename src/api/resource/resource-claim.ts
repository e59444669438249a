import { allMetadata, defineKind, type ObjectOf } from '../kind.ts';
import {
  boolean,
  inline,
  int64,
  list,
  map,
  of,
  quantity,
  rawExtension,
  string,
  struct,
  time,
  type Infer,
} from '../../schema/field.ts';
import { NodeSelector } from '../core/affinity.ts';
import { Condition } from '../meta/condition.ts';
import { fillEmpty } from '../rules/draft.ts';
import { immutableFaults } from '../rules/faults.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { claimFaults } from './claim-faults.ts';

export const CELDeviceSelector = struct('io.k8s.api.resource.v1.CELDeviceSelector', '', {
  expression: string(1).required(),
});
export interface CELDeviceSelector extends Infer<typeof CELDeviceSelector> {}

export const DeviceSelector = struct('io.k8s.api.resource.v1.DeviceSelector', '', {
  cel: of(1, CELDeviceSelector),
});
export interface DeviceSelector extends Infer<typeof DeviceSelector> {}

export const DeviceToleration = struct('io.k8s.api.resource.v1.DeviceToleration', '', {
  key: string(1),
  operator: string(2).enum('Exists', 'Equal').default('Equal'),
  value: string(3),
  effect: string(4).enum('None', 'NoSchedule', 'NoExecute'),
  tolerationSeconds: int64(5).pointer(),
});
export interface DeviceToleration extends Infer<typeof DeviceToleration> {}

export const CapacityRequirements = struct('io.k8s.api.resource.v1.CapacityRequirements', '', {
  requests: map(1, quantity()),
});
export interface CapacityRequirements extends Infer<typeof CapacityRequirements> {}

/** One device, unless the request says how many or all. */
function fillCount(draft: Record<string, unknown>): void {
  fillEmpty(draft, 'allocationMode', 'ExactCount');
  if (draft['allocationMode'] === 'ExactCount') fillEmpty(draft, 'count', 1);
}

export const ExactDeviceRequest = struct(
  'io.k8s.api.resource.v1.ExactDeviceRequest',
  '',
  {
    deviceClassName: string(1).required(),
    selectors: list(2, DeviceSelector),
    allocationMode: string(3),
    count: int64(4),
    adminAccess: boolean(5).pointer(),
    tolerations: list(6, DeviceToleration),
    capacity: of(7, CapacityRequirements),
  },
  { defaults: fillCount },
);
export interface ExactDeviceRequest extends Infer<typeof ExactDeviceRequest> {}

export const DeviceSubRequest = struct(
  'io.k8s.api.resource.v1.DeviceSubRequest',
  '',
  {
    name: string(1).required(),
    deviceClassName: string(2).required(),
    selectors: list(3, DeviceSelector),
    allocationMode: string(4),
    count: int64(5),
    tolerations: list(6, DeviceToleration),
    capacity: of(7, CapacityRequirements),
  },
  { defaults: fillCount },
);
export interface DeviceSubRequest extends Infer<typeof DeviceSubRequest> {}

export const DeviceRequest = struct('io.k8s.api.resource.v1.DeviceRequest', '', {
  name: string(1).required(),
  exactly: of(2, ExactDeviceRequest),
  firstAvailable: list(3, DeviceSubRequest),
});
export interface DeviceRequest extends Infer<typeof DeviceRequest> {}

export const DeviceConstraint = struct('io.k8s.api.resource.v1.DeviceConstraint', '', {
  requests: list(1, string()),
  matchAttribute: string(2).pointer(),
  distinctAttribute: string(3).pointer(),
});
export interface DeviceConstraint extends Infer<typeof DeviceConstraint> {}

export const OpaqueDeviceConfiguration = struct('io.k8s.api.resource.v1.OpaqueDeviceConfiguration', '', {
  driver: string(1).required(),
  parameters: rawExtension(2).required(),
});
export interface OpaqueDeviceConfiguration extends Infer<typeof OpaqueDeviceConfiguration> {}

export const DeviceConfiguration = struct('io.k8s.api.resource.v1.DeviceConfiguration', '', {
  opaque: of(1, OpaqueDeviceConfiguration),
});
export interface DeviceConfiguration extends Infer<typeof DeviceConfiguration> {}

export const DeviceClaimConfiguration = struct('io.k8s.api.resource.v1.DeviceClaimConfiguration', '', {
  requests: list(1, string()),
  ...inline(2, DeviceConfiguration),
});
export interface DeviceClaimConfiguration extends Infer<typeof DeviceClaimConfiguration> {}

export const DeviceClaim = struct('io.k8s.api.resource.v1.DeviceClaim', '', {
  requests: list(1, DeviceRequest).always(),
  constraints: list(2, DeviceConstraint),
  config: list(3, DeviceClaimConfiguration),
});
export interface DeviceClaim extends Infer<typeof DeviceClaim> {}

export const ResourceClaimSpec = struct('io.k8s.api.resource.v1.ResourceClaimSpec', '', {
  devices: of(1, DeviceClaim).always(),
});
export interface ResourceClaimSpec extends Infer<typeof ResourceClaimSpec> {}

export const DeviceRequestAllocationResult = struct('io.k8s.api.resource.v1.DeviceRequestAllocationResult', '', {
  request: string(1).required(),
  driver: string(2).required(),
  pool: string(3).required(),
  device: string(4).required(),
  adminAccess: boolean(5).pointer(),
  tolerations: list(6, DeviceToleration),
  bindingConditions: list(7, string()),
  bindingFailureConditions: list(8, string()),
  shareID: string(9).pointer(),
  consumedCapacity: map(10, quantity()),
});
export interface DeviceRequestAllocationResult extends Infer<typeof DeviceRequestAllocationResult> {}

export const DeviceAllocationConfiguration = struct('io.k8s.api.resource.v1.DeviceAllocationConfiguration', '', {
  source: string(1).enum('FromClass', 'FromClaim').required(),
  requests: list(2, string()),
  ...inline(3, DeviceConfiguration),
});
export interface DeviceAllocationConfiguration extends Infer<typeof DeviceAllocationConfiguration> {}

export const DeviceAllocationResult = struct('io.k8s.api.resource.v1.DeviceAllocationResult', '', {
  results: list(1, DeviceRequestAllocationResult),
  config: list(2, DeviceAllocationConfiguration),
});
export interface DeviceAllocationResult extends Infer<typeof DeviceAllocationResult> {}

export const AllocationResult = struct('io.k8s.api.resource.v1.AllocationResult', '', {
  devices: of(1, DeviceAllocationResult).always(),
  nodeSelector: of(3, NodeSelector),
  allocationTimestamp: time(5),
});
export interface AllocationResult extends Infer<typeof AllocationResult> {}

export const ResourceClaimConsumerReference = struct('io.k8s.api.resource.v1.ResourceClaimConsumerReference', '', {
  apiGroup: string(1),
  resource: string(3).required(),
  name: string(4).required(),
  uid: string(5).required(),
});
export interface ResourceClaimConsumerReference extends Infer<typeof ResourceClaimConsumerReference> {}

export const NetworkDeviceData = struct('io.k8s.api.resource.v1.NetworkDeviceData', '', {
  interfaceName: string(1),
  ips: list(2, string()),
  hardwareAddress: string(3),
});
export interface NetworkDeviceData extends Infer<typeof NetworkDeviceData> {}

export const AllocatedDeviceStatus = struct('io.k8s.api.resource.v1.AllocatedDeviceStatus', '', {
  driver: string(1).required(),
  pool: string(2).required(),
  device: string(3).required(),
  shareID: string(7).pointer(),
  conditions: list(4, Condition).listMap('type').always(),
  data: rawExtension(5),
  networkData: of(6, NetworkDeviceData),
});
export interface AllocatedDeviceStatus extends Infer<typeof AllocatedDeviceStatus> {}

export const ResourceClaimStatus = struct('io.k8s.api.resource.v1.ResourceClaimStatus', '', {
  allocation: of(1, AllocationResult),
  reservedFor: list(2, ResourceClaimConsumerReference).listMap('uid').merge('uid'),
  devices: list(4, AllocatedDeviceStatus).listMap('driver', 'device', 'pool', 'shareID'),
});
export interface ResourceClaimStatus extends Infer<typeof ResourceClaimStatus> {}

export const ResourceClaim = defineKind({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  scope: 'Namespaced',
  package: 'io.k8s.api.resource.v1',
  doc: 'Asks for devices for pods to use.',
  fields: {
    spec: of(2, ResourceClaimSpec).present().doc('What is claimed; never changes.'),
    status: of(3, ResourceClaimStatus).always().doc('What was given, and to whom.'),
  },
  generation: false,
  columns: [
    nameColumn,
    {
      name: 'State',
      type: 'string',
      doc: 'Whether devices were given, and are in use.',
      value: ({ metadata, status }) => formatState(metadata.deletionTimestamp !== undefined, status),
    },
    ageColumn,
  ],
  validate: ({ spec }) => claimFaults(spec),
  validateUpdate: (young, old) => immutableFaults('spec', young.spec, old.spec),
  subresources: { status: true },
  statusKeeps: allMetadata,
});
export interface ResourceClaim extends ObjectOf<typeof ResourceClaim> {}

function formatState(deleted: boolean, { allocation, reservedFor = [] }: ResourceClaimStatus = {}): string {
  if (allocation === undefined) return deleted ? 'deleted' : 'pending';
  return [...(deleted ? ['deleted'] : []), 'allocated', ...(reservedFor.length > 0 ? ['reserved'] : [])].join(',');
}
