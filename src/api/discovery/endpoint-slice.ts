import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, list, map, of, string, struct, type Infer } from '../../schema/field.ts';
import { ObjectReference } from '../core/object-reference.ts';

export const EndpointConditions = struct('io.k8s.api.discovery.v1.EndpointConditions', '', {
  ready: boolean(1),
  serving: boolean(2),
  terminating: boolean(3),
});
export interface EndpointConditions extends Infer<typeof EndpointConditions> {}

export const ForZone = struct('io.k8s.api.discovery.v1.ForZone', '', {
  name: string(1).required(),
});
export interface ForZone extends Infer<typeof ForZone> {}

export const ForNode = struct('io.k8s.api.discovery.v1.ForNode', '', {
  name: string(1).required(),
});
export interface ForNode extends Infer<typeof ForNode> {}

export const EndpointHints = struct('io.k8s.api.discovery.v1.EndpointHints', '', {
  forZones: list(1, ForZone),
  forNodes: list(2, ForNode),
});
export interface EndpointHints extends Infer<typeof EndpointHints> {}

export const Endpoint = struct('io.k8s.api.discovery.v1.Endpoint', '', {
  addresses: list(1, string()).listSet().required(),
  conditions: of(2, EndpointConditions).always(),
  hostname: string(3),
  targetRef: of(4, ObjectReference),
  deprecatedTopology: map(5, string()),
  nodeName: string(6),
  zone: string(7),
  hints: of(8, EndpointHints),
});
export interface Endpoint extends Infer<typeof Endpoint> {}

export const EndpointPort = struct(
  'io.k8s.api.discovery.v1.EndpointPort',
  '',
  {
    name: string(1),
    protocol: string(2).enum('TCP', 'UDP', 'SCTP'),
    port: int32(3),
    appProtocol: string(4),
  },
  { atomic: true },
);
export interface EndpointPort extends Infer<typeof EndpointPort> {}

export const EndpointSlice = defineKind({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  package: 'io.k8s.api.discovery.v1',
  doc: '',
  fields: {
    addressType: string(4).required(),
    endpoints: list(2, Endpoint).required(),
    ports: list(3, EndpointPort).always(),
  },
});
export interface EndpointSlice extends ObjectOf<typeof EndpointSlice> {}
