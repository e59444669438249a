/**
 * DenyServiceExternalIPs: nobody draws traffic for an address by writing it into a Service.
 *
 * Message: plugin/pkg/admission/network/denyserviceexternalips/admission.go.
 */
import { Service } from '../../api/core/service.ts';
import type { AdmissionPlugin } from '../access.ts';
import { refuse, writes } from './request.ts';

export function denyServiceExternalAddresses(): AdmissionPlugin {
  return {
    name: 'DenyServiceExternalIPs',
    handles: writes(Service, 'CREATE', 'UPDATE'),
    validate(request) {
      const addressesOf = (service: unknown): readonly string[] =>
        (service as Service | undefined)?.spec?.externalIPs ?? [];
      const present = new Set(addressesOf(request.old));
      // Those that are there already may stay.
      if (addressesOf(request.object).every((address) => present.has(address))) return;
      throw refuse(request, 'Use of external IPs is denied by admission control.');
    },
  };
}
