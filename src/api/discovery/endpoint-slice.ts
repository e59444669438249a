import { boolean, int32, list, map, of, string, struct, type Infer } from '../../schema/field.ts';
import { ObjectReference } from '../core/object-reference.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, listWithMore, nameColumn } from '../rules/columns.ts';
import { sameMeaning } from '../rules/equal.ts';
import { immutableFaults } from '../rules/faults.ts';
import { endpointSliceFaults, endpointSliceWarnings } from './endpoint-slice-faults.ts';

export const EndpointConditions = struct(
  'io.k8s.api.discovery.v1.EndpointConditions',
  'Whether an endpoint may get traffic.',
  {
    ready: boolean(1).pointer().doc('Whether it takes new connections; counts as true when left out.'),
    serving: boolean(2).pointer().doc('Like ready, but also true while a pod that is being ended still answers.'),
    terminating: boolean(3).pointer().doc('Whether it is being ended.'),
  },
);
export interface EndpointConditions extends Infer<typeof EndpointConditions> {}

export const ForZone = struct('io.k8s.api.discovery.v1.ForZone', 'A zone that an endpoint is meant for.', {
  name: string(1).required().doc('Name of the zone.'),
});
export interface ForZone extends Infer<typeof ForZone> {}

export const ForNode = struct('io.k8s.api.discovery.v1.ForNode', 'A node that an endpoint is meant for.', {
  name: string(1).required().doc('Name of the node.'),
});
export interface ForNode extends Infer<typeof ForNode> {}

export const EndpointHints = struct('io.k8s.api.discovery.v1.EndpointHints', 'From where an endpoint is best used.', {
  forZones: list(1, ForZone).doc('Zones whose clients should use it; at most 8.'),
  forNodes: list(2, ForNode).doc('Nodes whose clients should use it; at most 8.'),
});
export interface EndpointHints extends Infer<typeof EndpointHints> {}

export const Endpoint = struct('io.k8s.api.discovery.v1.Endpoint', 'One place where a Service is served.', {
  addresses: list(1, string())
    .listSet()
    .present()
    .doc('Its addresses, of the type of the slice; clients use the first.'),
  conditions: of(2, EndpointConditions).always().doc('Whether it may get traffic.'),
  hostname: string(3).pointer().doc('Its host name below the name of the Service, in DNS.'),
  targetRef: of(4, ObjectReference).doc('The object behind it, such as a pod.'),
  deprecatedTopology: map(5, string()).doc('Topology labels of the v1beta1 version; cannot be written here.'),
  nodeName: string(6).pointer().doc('Node that it runs on.'),
  zone: string(7).pointer().doc('Zone that it is in.'),
  hints: of(8, EndpointHints).doc('From where it is best used.'),
});
export interface Endpoint extends Infer<typeof Endpoint> {}

export const EndpointPort = struct(
  'io.k8s.api.discovery.v1.EndpointPort',
  'A port that all endpoints of a slice have.',
  {
    name: string(1).pointer().default('').doc('Its name; each port of a slice has another, at most one has none.'),
    protocol: string(2).enum('SCTP', 'TCP', 'UDP').pointer().default('TCP').doc('TCP, UDP or SCTP.'),
    port: int32(3).pointer().doc('Its number; any port when left out.'),
    appProtocol: string(4).pointer().doc('What is spoken on it, such as http or `kubernetes.io/h2c`.'),
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
  doc: 'Some of the endpoints of a Service; large Services have several slices.',
  fields: {
    addressType: string(4).present().doc('What the addresses are: IPv4, IPv6 or FQDN; never changes.'),
    endpoints: list(2, Endpoint).present().doc('The endpoints; at most 1000.'),
    ports: list(3, EndpointPort).always().doc('Ports that each of the endpoints has.'),
  },
  generation: true,
  columns: [
    nameColumn,
    { name: 'AddressType', type: 'string', doc: 'What the addresses are.', value: (slice) => slice.addressType },
    { name: 'Ports', type: 'string', doc: 'Ports of the endpoints.', value: (slice) => formatPorts(slice.ports) },
    {
      name: 'Endpoints',
      type: 'string',
      doc: 'First addresses of the endpoints.',
      value: ({ endpoints }) => someOf(endpoints.flatMap(({ addresses }) => addresses)),
    },
    ageColumn,
  ],
  prepareCreate: (draft) => dropTopology(draft),
  prepareUpdate(draft, old) {
    if (!sameMeaning(draft['endpoints'], old.endpoints)) dropTopology(draft);
    const metadata = draft['metadata'] as { labels?: object; generation?: number };
    // Labels say which Service and whose slice it is: they count as much as the endpoints do.
    if (!sameMeaning(metadata.labels, old.metadata.labels)) metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate: endpointSliceFaults,
  validateUpdate: (young, old) => immutableFaults('addressType', young.addressType, old.addressType),
  warnings: (slice, old) => [
    ...(old === undefined && slice.addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
    ...endpointSliceWarnings(slice),
  ],
});
export interface EndpointSlice extends ObjectOf<typeof EndpointSlice> {}

/** The v1 API cannot write the old topology labels; what v1beta1 wrote stays until the endpoints change. */
function dropTopology(draft: Record<string, unknown>): void {
  for (const endpoint of (draft['endpoints'] as Record<string, unknown>[] | undefined) ?? []) {
    delete endpoint['deprecatedTopology'];
  }
}

function formatPorts(ports: readonly EndpointPort[] = []): string {
  return someOf(ports.map(({ name, port }) => String(port ?? name ?? '*')));
}

const someOf = (items: readonly string[]): string => listWithMore(items, 3, '') || '<unset>';
