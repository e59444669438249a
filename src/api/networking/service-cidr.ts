import { defineKind, type ObjectOf } from '../kind.ts';
import { list, of, string, struct, type Infer } from '../../schema/field.ts';
import { Condition } from '../meta/condition.ts';

export const ServiceCIDRSpec = struct('io.k8s.api.networking.v1.ServiceCIDRSpec', '', {
  cidrs: list(1, string()),
});
export interface ServiceCIDRSpec extends Infer<typeof ServiceCIDRSpec> {}

export const ServiceCIDRStatus = struct('io.k8s.api.networking.v1.ServiceCIDRStatus', '', {
  conditions: list(1, Condition).listMap('type').merge('type'),
});
export interface ServiceCIDRStatus extends Infer<typeof ServiceCIDRStatus> {}

export const ServiceCIDR = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  scope: 'Cluster',
  package: 'io.k8s.api.networking.v1',
  doc: '',
  fields: {
    spec: of(2, ServiceCIDRSpec).always(),
    status: of(3, ServiceCIDRStatus).always(),
  },
  subresources: { status: true },
});
export interface ServiceCIDR extends ObjectOf<typeof ServiceCIDR> {}
