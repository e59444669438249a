/** Endpoints: the addresses behind a service, as clients of old read them. */
import { required, type Fault } from '../../schema/fault.ts';
import { checkPortNumber } from '../../schema/names.ts';
import { addressFaults, specialAddressFaults } from '../rules/addresses.ts';
import { complaintFaults, dnsLabelFaults, ifSet, labelNameFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { EndpointAddress, EndpointPort, EndpointSubset } from './endpoints.ts';

/** So many addresses fit into the table; the rest is counted. */
const shownAddresses = 3;

export function endpointsCell(subsets: readonly Loose<EndpointSubset>[]): string {
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip ?? '')
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostAndPort(ip ?? '', port ?? 0))),
  );
  const shown = all.slice(0, shownAddresses).join(',');
  return all.length > shownAddresses ? `${shown} + ${all.length - shownAddresses} more...` : shown;
}

function hostAndPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

export function subsetFaults(subsets: readonly Loose<EndpointSubset>[] | undefined): Fault[] {
  return (subsets ?? []).flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, index) => {
    const path = `subsets[${index}]`;
    const none = addresses.length === 0 && notReadyAddresses.length === 0;
    return [
      ...(none ? [required(path, 'must specify `addresses` or `notReadyAddresses`')] : []),
      ...addresses.flatMap((each, at) => endpointFaults(each, `${path}.addresses[${at}]`)),
      ...notReadyAddresses.flatMap((each, at) => endpointFaults(each, `${path}.notReadyAddresses[${at}]`)),
      ...ports.flatMap((each, at) => portFaults(each, ports.length > 1, `${path}.ports[${at}]`)),
    ];
  });
}

function endpointFaults({ ip = '', hostname, nodeName }: Loose<EndpointAddress>, path: string): Fault[] {
  return [
    ...addressFaults(`${path}.ip`, ip),
    ...ifSet(hostname, (name) => dnsLabelFaults(`${path}.hostname`, name)),
    ...(nodeName === undefined ? [] : subdomainFaults(`${path}.nodeName`, nodeName)),
    ...specialAddressFaults(`${path}.ip`, ip),
  ];
}

function portFaults({ name = '', port = 0, appProtocol }: Loose<EndpointPort>, named: boolean, path: string): Fault[] {
  return [
    ...(named && name === '' ? [required(`${path}.name`)] : []),
    ...ifSet(name, (text) => dnsLabelFaults(`${path}.name`, text)),
    ...complaintFaults(`${path}.port`, port, checkPortNumber(port)),
    ...(appProtocol === undefined ? [] : labelNameFaults(`${path}.appProtocol`, appProtocol)),
  ];
}
