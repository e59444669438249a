/** Which IP families a Service has, in a cluster whose Services are IPv4. */
import type { ServiceSpec } from '../../api/core/service.ts';
import type { Editable } from '../../api/rules/draft.ts';
import { clusterIPFaults } from '../../api/core/validate-service-addresses.ts';
import { invalid, type Fault } from '../../schema/fault.ts';

type Spec = Editable<ServiceSpec>;

/** Fills in policy and families; `before` is the Service as it was. What does not go together is a fault. */
export function settleFamilies(spec: Spec, before: Spec | undefined, faults: Fault[]): void {
  if (spec.type === 'ExternalName') return;
  const free = isFree(spec);
  spec.ipFamilyPolicy ??= before?.ipFamilyPolicy ?? (free ? 'RequireDualStack' : 'SingleStack');
  // Before anything is allocated: what was asked for would be overwritten by what is given.
  const wrong = clusterIPFaults(spec);
  if (spec.ipFamilyPolicy === 'SingleStack') wrong.push(...tooMany(spec));
  if (wrong.length > 0) return void faults.push(...wrong);
  if (free) return settleFree(spec);
  faults.push(...notHereFaults(spec));
  if ((spec.ipFamilies ?? []).length === 0) spec.ipFamilies = ['IPv4'];
}

/** What a cluster of IPv4 alone does not have. */
function notHereFaults({ ipFamilyPolicy, ipFamilies = [], clusterIPs = [] }: Spec): Fault[] {
  const detail = 'this cluster is not configured for dual-stack services';
  return [
    ...(ipFamilyPolicy === 'RequireDualStack' ? [invalid('spec.ipFamilyPolicy', ipFamilyPolicy, detail)] : []),
    ...clusterIPs.flatMap((address, index) =>
      ipFamilies[index] === undefined && address.includes(':')
        ? [invalid(`spec.clusterIPs[${index}]`, clusterIPs, 'IPv6 is not configured on this cluster')]
        : [],
    ),
    ...ipFamilies.flatMap((family, index) =>
      family === 'IPv4' ? [] : [invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')],
    ),
  ];
}

const isFree = ({ clusterIP, selector = {} }: Spec): boolean =>
  clusterIP === 'None' && Object.keys(selector).length === 0;

/** Without addresses and without a selector, whoever writes the endpoints decides: both families are let through. */
function settleFree(spec: Spec): void {
  const families = spec.ipFamilies ?? [];
  if (families.length === 0) families.push('IPv4');
  if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1) {
    families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
  }
  spec.ipFamilies = families;
}

function tooMany({ clusterIPs = [], ipFamilies = [], ipFamilyPolicy }: Spec): Fault[] {
  const fault = (what: string): Fault => {
    const detail = `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
    return invalid('spec.ipFamilyPolicy', ipFamilyPolicy, detail);
  };
  return [
    ...(clusterIPs.length === 2 ? [fault('cluster IPs')] : []),
    ...(ipFamilies.length === 2 ? [fault('IP families')] : []),
  ];
}
