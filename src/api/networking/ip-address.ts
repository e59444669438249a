import { defineKind, type ObjectOf } from '../kind.ts';
import { of, string, struct, type Infer } from '../../schema/field.ts';

export const ParentReference = struct('io.k8s.api.networking.v1.ParentReference', '', {
  group: string(1),
  resource: string(2),
  namespace: string(3),
  name: string(4),
});
export interface ParentReference extends Infer<typeof ParentReference> {}

export const IPAddressSpec = struct('io.k8s.api.networking.v1.IPAddressSpec', '', {
  parentRef: of(1, ParentReference),
});
export interface IPAddressSpec extends Infer<typeof IPAddressSpec> {}

export const IPAddress = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  scope: 'Cluster',
  package: 'io.k8s.api.networking.v1',
  doc: '',
  fields: {
    spec: of(2, IPAddressSpec).always(),
  },
});
export interface IPAddress extends ObjectOf<typeof IPAddress> {}
