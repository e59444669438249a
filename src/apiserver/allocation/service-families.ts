/** Which IP families a Service has, in a cluster whose Services are IPv4. */
import type { ServiceSpec } from '../../api/core/service.ts';
import type { Editable } from '../../api/rules/draft.ts';
import { invalid, type Fault } from '../../schema/fault.ts';

type Spec = Editable<ServiceSpec>;

export function settleFamilies(spec: Spec, faults: Fault[]): void {
  if (spec.type === 'ExternalName') return;
  const headless = spec.clusterIP === 'None';
  if (headless && Object.keys(spec.selector ?? {}).length === 0) return settleFree(spec);
  spec.ipFamilyPolicy ??= 'SingleStack';
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    const detail = 'this cluster is not configured for dual-stack services';
    faults.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, detail));
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (family !== 'IPv4') faults.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  }
  if ((spec.ipFamilies ?? []).length === 0) spec.ipFamilies = ['IPv4'];
}

/** Without addresses and without a selector, whoever writes the endpoints decides: both families are let through. */
function settleFree(spec: Spec): void {
  spec.ipFamilyPolicy ??= 'RequireDualStack';
  const families = spec.ipFamilies ?? [];
  if (families.length === 0) families.push('IPv4');
  if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1) {
    families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
  }
  spec.ipFamilies = families;
}
