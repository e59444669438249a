/** What is wrong with an EndpointSlice. Texts and paths are those of Kubernetes 1.35. */
import { duplicate, invalid, notSupported, required, tooMany, type Fault } from '../../schema/fault.ts';
import { checkDns1123Label, checkDns1123Subdomain, checkLabelValue, type Complaints } from '../../schema/names.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import { addressFaults, addressWarnings, parseAddress, specialAddressFaults } from '../rules/addresses.ts';
import { complaintFaults, dnsLabelFaults, ifSet, labelNameFaults, subdomainFaults } from '../rules/faults.ts';
import { labelFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type { Endpoint, EndpointHints, EndpointPort } from './endpoint-slice.ts';

const limits = { endpoints: 1000, addresses: 100, ports: 20_000, topologyLabels: 16, hints: 8 };
const addressTypes = ['FQDN', 'IPv4', 'IPv6'];

export interface LooseSlice {
  readonly metadata?: Loose<ObjectMeta> | undefined;
  readonly addressType?: string | undefined;
  readonly endpoints?: readonly Loose<Endpoint>[] | undefined;
  readonly ports?: readonly Loose<EndpointPort>[] | undefined;
}

export function endpointSliceFaults(slice: LooseSlice, old?: LooseSlice): Fault[] {
  const { addressType = '', endpoints = [], ports = [] } = slice;
  return [
    ...addressTypeFaults(
      addressType,
      old === undefined ? addressTypes : [...addressTypes.slice(0, 1), 'IP', 'IPv4', 'IPv6'],
    ),
    ...(endpoints.length > limits.endpoints
      ? [tooMany('endpoints', endpoints.length, limits.endpoints)]
      : endpoints.flatMap((each, index) => endpointFaults(each, addressType, `endpoints[${index}]`))),
    ...(ports.length > limits.ports
      ? [tooMany('ports', ports.length, limits.ports)]
      : ports.flatMap((each, index) => portFaults(each, ports.slice(0, index), `ports[${index}]`))),
  ];
}

function addressTypeFaults(type: string, allowed: readonly string[]): Fault[] {
  if (type === '') return [required('addressType')];
  return allowed.includes(type) ? [] : [notSupported('addressType', type, allowed)];
}

function endpointFaults(endpoint: Loose<Endpoint>, type: string, path: string): Fault[] {
  const { addresses = [], deprecatedTopology: topology = {}, nodeName, hostname, hints } = endpoint;
  const topologySize = Object.keys(topology).length;
  return [
    ...(addresses.length === 0 ? [required(`${path}.addresses`, 'must contain at least 1 address')] : []),
    ...(addresses.length > limits.addresses ? [tooMany(`${path}.addresses`, addresses.length, limits.addresses)] : []),
    ...addresses.flatMap((each, index) => typedAddressFaults(each, type, `${path}.addresses[${index}]`)),
    ...(nodeName === undefined ? [] : subdomainFaults(`${path}.nodeName`, nodeName)),
    ...(topologySize > limits.topologyLabels
      ? [tooMany(`${path}.deprecatedTopology`, topologySize, limits.topologyLabels)]
      : []),
    ...labelFaults(topology, `${path}.deprecatedTopology`),
    ...(hostname === undefined ? [] : dnsLabelFaults(`${path}.hostname`, hostname)),
    ...(hints === undefined ? [] : hintFaults(hints, `${path}.hints`)),
  ];
}

function typedAddressFaults(address: string, type: string, path: string): Fault[] {
  switch (type) {
    case 'IP':
      return addressFaults(path, address);
    case 'IPv4':
    case 'IPv6': {
      const faults = addressFaults(path, address);
      if (faults.length > 0) return faults;
      const family = parseAddress(address)?.family;
      const wrong = family === (type === 'IPv4' ? 4 : 6) ? [] : [invalid(path, address, `must be an ${type} address`)];
      return [...wrong, ...specialAddressFaults(path, address)];
    }
    case 'FQDN':
      return domainNameFaults(address, path);
    default:
      return [];
  }
}

/** A domain name of at least two labels, with or without the final dot. */
function domainNameFaults(name: string, path: string): Fault[] {
  if (name === '') return [required(path)];
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  const complaints = checkDns1123Subdomain(bare);
  if (complaints.length > 0) return [invalid(path, bare, complaints.join(','))];
  const labels = bare.split('.');
  if (labels.length < 2) {
    return [invalid(path, bare, 'should be a domain with at least two segments separated by dots')];
  }
  const bad = labels.find((label) => checkDns1123Label(label).length > 0);
  return bad === undefined ? [] : [invalid(path, bad, checkDns1123Label(bad).join(','))];
}

function hintFaults({ forZones = [], forNodes = [] }: Loose<EndpointHints>, path: string): Fault[] {
  return [
    ...namedFaults(forZones, `${path}.forZones`, checkLabelValue),
    ...namedFaults(forNodes, `${path}.forNodes`, checkDns1123Subdomain),
  ];
}

function namedFaults(
  items: readonly { readonly name?: string | undefined }[],
  path: string,
  check: (name: string) => Complaints,
): Fault[] {
  if (items.length > limits.hints) return [tooMany(path, items.length, limits.hints)];
  return items.flatMap(({ name = '' }, index) => [
    ...(items.slice(0, index).some((earlier) => earlier.name === name)
      ? [duplicate(`${path}[${index}].name`, name)]
      : []),
    ...complaintFaults(`${path}[${index}].name`, name, check(name)),
  ]);
}

function portFaults(port: Loose<EndpointPort>, earlier: readonly Loose<EndpointPort>[], path: string): Fault[] {
  const { name = '', appProtocol } = port;
  return [
    ...ifSet(name, (text) => dnsLabelFaults(`${path}.name`, text)),
    ...(earlier.some((other) => (other.name ?? '') === name) ? [duplicate(`${path}.name`, name)] : []),
    ...(port.protocol === undefined ? [required(`${path}.protocol`)] : []),
    ...(appProtocol === undefined ? [] : labelNameFaults(`${path}.appProtocol`, appProtocol)),
  ];
}

const managerLabel = 'endpointslice.kubernetes.io/managed-by';
/** Controllers of our own write addresses in their canonical form. */
const ownManagers: readonly string[] = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];

export function endpointSliceWarnings({ metadata, addressType, endpoints = [] }: LooseSlice): string[] {
  if (addressType === 'FQDN' || ownManagers.includes(metadata?.labels?.[managerLabel] ?? '')) return [];
  return endpoints.flatMap(({ addresses = [] }, index) =>
    addresses.flatMap((each, at) => addressWarnings(`endpoints[${index}].addresses[${at}]`, each)),
  );
}
