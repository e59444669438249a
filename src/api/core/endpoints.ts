import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { ObjectReference } from './object-reference.ts';

export const EndpointAddress = struct(
  'io.k8s.api.core.v1.EndpointAddress',
  '',
  {
    ip: string(1).required(),
    hostname: string(3),
    nodeName: string(4),
    targetRef: of(2, ObjectReference),
  },
  { atomic: true },
);
export interface EndpointAddress extends Infer<typeof EndpointAddress> {}

export const EndpointPort = struct(
  'io.k8s.api.core.v1.EndpointPort',
  '',
  {
    name: string(1),
    port: int32(2).required(),
    protocol: string(3).enum('TCP', 'UDP', 'SCTP'),
    appProtocol: string(4),
  },
  { atomic: true },
);
export interface EndpointPort extends Infer<typeof EndpointPort> {}

export const EndpointSubset = struct('io.k8s.api.core.v1.EndpointSubset', '', {
  addresses: list(1, EndpointAddress),
  notReadyAddresses: list(2, EndpointAddress),
  ports: list(3, EndpointPort),
});
export interface EndpointSubset extends Infer<typeof EndpointSubset> {}

export const Endpoints = defineKind({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    subsets: list(2, EndpointSubset),
  },
});
export interface Endpoints extends ObjectOf<typeof Endpoints> {}
