import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, microTime, of, string, struct, type Infer } from '../../schema/field.ts';

export const LeaseSpec = struct('io.k8s.api.coordination.v1.LeaseSpec', '', {
  holderIdentity: string(1),
  leaseDurationSeconds: int32(2),
  acquireTime: microTime(3),
  renewTime: microTime(4),
  leaseTransitions: int32(5),
  strategy: string(6),
  preferredHolder: string(7),
});
export interface LeaseSpec extends Infer<typeof LeaseSpec> {}

export const Lease = defineKind({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  package: 'io.k8s.api.coordination.v1',
  doc: '',
  fields: {
    spec: of(2, LeaseSpec).always(),
  },
});
export interface Lease extends ObjectOf<typeof Lease> {}
