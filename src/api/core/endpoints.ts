import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { ObjectReference } from './object-reference.ts';
import { endpointsCell, subsetFaults } from './validate-endpoints.ts';

export const EndpointAddress = struct(
  'io.k8s.api.core.v1.EndpointAddress',
  '',
  {
    ip: string(1).present(),
    hostname: string(3),
    nodeName: string(4).pointer(),
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
    port: int32(2).present(),
    protocol: string(3).enum('SCTP', 'TCP', 'UDP').default('TCP'),
    appProtocol: string(4).pointer(),
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
  shortNames: ['ep'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    subsets: list(2, EndpointSubset),
  },
  createOnUpdate: true,
  columns: [
    nameColumn,
    {
      name: 'Endpoints',
      type: 'string',
      doc: 'Ready addresses with their ports.',
      value: ({ subsets }) => endpointsCell(subsets ?? []),
    },
    ageColumn,
  ],
  validate: ({ subsets }) => subsetFaults(subsets),
});
export interface Endpoints extends ObjectOf<typeof Endpoints> {}
