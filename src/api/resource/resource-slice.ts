import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int64, list, map, of, quantity, string, struct, time, type Infer } from '../../schema/field.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { NodeSelector } from '../core/affinity.ts';

export const ResourcePool = struct('io.k8s.api.resource.v1.ResourcePool', '', {
  name: string(1).required(),
  generation: int64(2).present(),
  resourceSliceCount: int64(3).present(),
});
export interface ResourcePool extends Infer<typeof ResourcePool> {}

export const DeviceAttribute = struct('io.k8s.api.resource.v1.DeviceAttribute', '', {
  int: int64(2).pointer(),
  bool: boolean(3).pointer(),
  string: string(4).pointer(),
  version: string(5).pointer(),
});
export interface DeviceAttribute extends Infer<typeof DeviceAttribute> {}

export const CapacityRequestPolicyRange = struct('io.k8s.api.resource.v1.CapacityRequestPolicyRange', '', {
  min: quantity(1).pointer(),
  max: quantity(2).pointer(),
  step: quantity(3).pointer(),
});
export interface CapacityRequestPolicyRange extends Infer<typeof CapacityRequestPolicyRange> {}

export const CapacityRequestPolicy = struct('io.k8s.api.resource.v1.CapacityRequestPolicy', '', {
  default: quantity(1).always().pointer(),
  validValues: list(3, quantity()),
  validRange: of(4, CapacityRequestPolicyRange),
});
export interface CapacityRequestPolicy extends Infer<typeof CapacityRequestPolicy> {}

export const DeviceCapacity = struct('io.k8s.api.resource.v1.DeviceCapacity', '', {
  value: quantity(1).required(),
  requestPolicy: of(2, CapacityRequestPolicy),
});
export interface DeviceCapacity extends Infer<typeof DeviceCapacity> {}

export const Counter = struct('io.k8s.api.resource.v1.Counter', '', {
  value: quantity(1).required(),
});
export interface Counter extends Infer<typeof Counter> {}

export const DeviceCounterConsumption = struct('io.k8s.api.resource.v1.DeviceCounterConsumption', '', {
  counterSet: string(1).required(),
  counters: map(2, Counter),
});
export interface DeviceCounterConsumption extends Infer<typeof DeviceCounterConsumption> {}

export const DeviceTaint = struct('io.k8s.api.resource.v1.DeviceTaint', '', {
  key: string(1).required(),
  value: string(2),
  effect: string(3).enum('None', 'NoSchedule', 'NoExecute').required(),
  timeAdded: time(4),
});
export interface DeviceTaint extends Infer<typeof DeviceTaint> {}

export const Device = struct('io.k8s.api.resource.v1.Device', '', {
  name: string(1).required(),
  attributes: map(2, DeviceAttribute),
  capacity: map(3, DeviceCapacity),
  consumesCounters: list(4, DeviceCounterConsumption),
  nodeName: string(5).pointer(),
  nodeSelector: of(6, NodeSelector),
  allNodes: boolean(7).pointer(),
  taints: list(8, DeviceTaint),
  bindsToNode: boolean(9).pointer(),
  bindingConditions: list(10, string()),
  bindingFailureConditions: list(11, string()),
  allowMultipleAllocations: boolean(12).pointer(),
});
export interface Device extends Infer<typeof Device> {}

export const CounterSet = struct('io.k8s.api.resource.v1.CounterSet', '', {
  name: string(1).required(),
  counters: map(2, Counter),
});
export interface CounterSet extends Infer<typeof CounterSet> {}

export const ResourceSliceSpec = struct('io.k8s.api.resource.v1.ResourceSliceSpec', '', {
  driver: string(1).required(),
  pool: of(2, ResourcePool).present(),
  nodeName: string(3).pointer(),
  nodeSelector: of(4, NodeSelector),
  allNodes: boolean(5).pointer(),
  devices: list(6, Device),
  perDeviceNodeSelection: boolean(7).pointer(),
  sharedCounters: list(8, CounterSet),
});
export interface ResourceSliceSpec extends Infer<typeof ResourceSliceSpec> {}

export const ResourceSlice = defineKind({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  scope: 'Cluster',
  package: 'io.k8s.api.resource.v1',
  doc: 'Devices that a driver offers, on a node or for several.',
  fields: {
    spec: of(2, ResourceSliceSpec).present().doc('The devices.'),
  },
  selectable: { 'spec.nodeName': ({ spec }) => spec.nodeName ?? '', 'spec.driver': ({ spec }) => spec.driver },
  columns: [
    nameColumn,
    { name: 'Node', type: 'string', doc: 'Node of the devices.', value: ({ spec }) => spec.nodeName ?? '' },
    { name: 'Driver', type: 'string', doc: 'Driver of the devices.', value: ({ spec }) => spec.driver },
    { name: 'Pool', type: 'string', doc: 'Pool of the devices.', value: ({ spec }) => spec.pool.name },
    ageColumn,
  ],
});
export interface ResourceSlice extends ObjectOf<typeof ResourceSlice> {}
