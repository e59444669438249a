/** What is wrong with a claim for devices: the rules that a user meets first. Texts are those of Kubernetes 1.35. */
import { duplicate, invalid, required, tooMany, type Fault } from '../../schema/fault.ts';
import { checkDns1123Label } from '../../schema/names.ts';
import { complaintFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { DeviceRequest, ResourceClaimSpec } from './resource-claim.ts';

const mostRequests = 32;

export function claimFaults({ devices = {} }: Loose<ResourceClaimSpec>): Fault[] {
  const { requests = [] } = devices;
  const path = 'spec.devices.requests';
  return [
    ...(requests.length > mostRequests ? [tooMany(path, requests.length, mostRequests)] : []),
    ...requests.flatMap((each, index) => [
      ...requestFaults(each, `${path}[${index}]`),
      ...(requests.slice(0, index).some(({ name }) => name === each.name)
        ? [duplicate(`${path}[${index}].name`, each.name)]
        : []),
    ]),
  ];
}

function requestFaults(request: Loose<DeviceRequest>, path: string): Fault[] {
  const { name = '', exactly, firstAvailable = [] } = request;
  const given = [
    ...(exactly === undefined ? [] : ['exactly']),
    ...(firstAvailable.length === 0 ? [] : ['firstAvailable']),
  ];
  return [
    ...(name === '' ? [required(`${path}.name`)] : complaintFaults(`${path}.name`, name, checkDns1123Label(name))),
    ...(given.length === 0 ? [required(path, 'exactly one of `exactly` or `firstAvailable` is required')] : []),
    ...(given.length === 2 ? [invalid(path, null, 'exactly one of `exactly` or `firstAvailable` is required')] : []),
    ...(exactly === undefined ? [] : classFaults(exactly.deviceClassName ?? '', `${path}.exactly.deviceClassName`)),
    ...firstAvailable.flatMap((each, index) =>
      classFaults(each.deviceClassName ?? '', `${path}.firstAvailable[${index}].deviceClassName`),
    ),
  ];
}

function classFaults(name: string, path: string): Fault[] {
  return name === '' ? [required(path)] : subdomainFaults(path, name);
}
