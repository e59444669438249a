import { defineKind, type ObjectOf } from '../kind.ts';
import { of, string, struct, type Infer } from '../../schema/field.ts';

export const IngressClassParametersReference = struct('io.k8s.api.networking.v1.IngressClassParametersReference', '', {
  apiGroup: string(1),
  kind: string(2).required(),
  name: string(3).required(),
  scope: string(4).always(),
  namespace: string(5),
});
export interface IngressClassParametersReference extends Infer<typeof IngressClassParametersReference> {}

export const IngressClassSpec = struct('io.k8s.api.networking.v1.IngressClassSpec', '', {
  controller: string(1),
  parameters: of(2, IngressClassParametersReference),
});
export interface IngressClassSpec extends Infer<typeof IngressClassSpec> {}

export const IngressClass = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  package: 'io.k8s.api.networking.v1',
  doc: '',
  fields: {
    spec: of(2, IngressClassSpec).always(),
  },
});
export interface IngressClass extends ObjectOf<typeof IngressClass> {}
