/** EndpointSlice before discovery.k8s.io/v1: node and zone of an endpoint are among its topology labels. */
import { list, map, of, string } from '../../schema/field.ts';
import { Endpoint, EndpointHints, EndpointSlice } from '../discovery/endpoint-slice.ts';
import type { Kind } from '../kind.ts';
import { changeAt, retire, vary, type Json } from './retire.ts';

const zoneLabel = 'topology.kubernetes.io/zone';
const hostLabel = 'kubernetes.io/hostname';
const pkg = 'io.k8s.api.discovery.v1beta1';

const endpoint = vary(Endpoint, `${pkg}.Endpoint`, {
  without: ['deprecatedTopology', 'zone', 'hints'],
  fields: {
    topology: map(5, string()).doc(
      'Where it is: labels such as kubernetes.io/hostname and topology.kubernetes.io/zone.',
    ),
    hints: of(7, EndpointHints).doc('From where it is best used.'),
  },
});

function newEndpoint(old: unknown): Json {
  const { topology, ...rest } = old as Json;
  const { [zoneLabel]: zone, ...labels } = (topology ?? {}) as Json;
  const { [hostLabel]: host, ...others } = labels;
  const kept = host !== undefined && host === rest['nodeName'] ? others : labels;
  return {
    ...rest,
    ...(zone === undefined ? {} : { zone }),
    ...(Object.keys(kept).length === 0 ? {} : { deprecatedTopology: kept }),
  };
}

function oldEndpoint(stored: unknown): Json {
  const { deprecatedTopology, zone, ...rest } = stored as Json;
  const { nodeName } = rest;
  const topology = {
    ...(nodeName === undefined ? {} : { [hostLabel]: nodeName }),
    ...(deprecatedTopology as Json | undefined),
    ...(zone === undefined ? {} : { [zoneLabel]: zone }),
  };
  return Object.keys(topology).length === 0 ? rest : { ...rest, topology };
}

export const EndpointSliceV1beta1: Kind = retire(EndpointSlice, {
  group: 'discovery.k8s.io',
  version: 'v1beta1',
  package: pkg,
  deprecated: 21,
  removed: 25,
  fields: { endpoints: list(2, endpoint).present().doc('The endpoints; at most 1000.') },
  toStorage: (object) => changeAt(object, ['endpoints', '*'], newEndpoint) as Record<string, unknown>,
  fromStorage: (object) => changeAt(object, ['endpoints', '*'], oldEndpoint) as Record<string, unknown>,
});
