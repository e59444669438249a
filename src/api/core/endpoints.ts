import { addressWarnings } from '../rules/addresses.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { ObjectReference } from './object-reference.ts';
import { endpointsCell, subsetFaults } from './validate-endpoints.ts';

export const EndpointAddress = struct(
  'io.k8s.api.core.v1.EndpointAddress',
  'One address behind a service.',
  {
    ip: string(1).present().doc('The IP address.'),
    hostname: string(3).doc('Name of this address in DNS.'),
    nodeName: string(4).pointer().doc('Node that the address is on.'),
    targetRef: of(2, ObjectReference).doc('The object, usually a pod, that has the address.'),
  },
  { atomic: true },
);
export interface EndpointAddress extends Infer<typeof EndpointAddress> {}

export const EndpointPort = struct(
  'io.k8s.api.core.v1.EndpointPort',
  'One port of the addresses.',
  {
    name: string(1).doc('Name of the port, as in the service.'),
    port: int32(2).present().doc('Number of the port.'),
    protocol: string(3).enum('SCTP', 'TCP', 'UDP').default('TCP').doc('`TCP`, `UDP` or `SCTP`.'),
    appProtocol: string(4).pointer().doc('What is spoken on the port, such as `kubernetes.io/h2c`.'),
  },
  { atomic: true },
);
export interface EndpointPort extends Infer<typeof EndpointPort> {}

export const EndpointSubset = struct('io.k8s.api.core.v1.EndpointSubset', 'Addresses that all offer the same ports.', {
  addresses: list(1, EndpointAddress).doc('Addresses that are ready for traffic.'),
  notReadyAddresses: list(2, EndpointAddress).doc('Addresses that are not ready yet, or no longer.'),
  ports: list(3, EndpointPort).doc('Ports that every address offers.'),
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
  doc: 'The addresses behind a service; EndpointSlice is its successor.',
  fields: {
    subsets: list(2, EndpointSubset).doc('Groups of addresses that share their ports.'),
  },
  createOnUpdate: true,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
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
  warnings: ({ metadata, subsets }) => (isOwn(metadata.labels) ? [] : subsetWarnings(subsets)),
});
export interface Endpoints extends ObjectOf<typeof Endpoints> {}

/** Written by the controller, with addresses in their canonical form. */
const isOwn = (labels: Readonly<Record<string, string>> | undefined): boolean =>
  labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller';

function subsetWarnings(subsets: readonly EndpointSubset[] = []): string[] {
  return subsets.flatMap((subset, index) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((field) =>
      (subset[field] ?? []).flatMap(({ ip }, at) => addressWarnings(`subsets[${index}].${field}[${at}].ip`, ip)),
    ),
  );
}
