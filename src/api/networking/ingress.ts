import { defineKind, type ObjectOf } from '../kind.ts';
import { inline, int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { TypedLocalObjectReference } from '../core/persistent-volume-claim.ts';

export const ServiceBackendPort = struct(
  'io.k8s.api.networking.v1.ServiceBackendPort',
  '',
  {
    name: string(1),
    number: int32(2),
  },
  { atomic: true },
);
export interface ServiceBackendPort extends Infer<typeof ServiceBackendPort> {}

export const IngressServiceBackend = struct('io.k8s.api.networking.v1.IngressServiceBackend', '', {
  name: string(1).required(),
  port: of(2, ServiceBackendPort).always(),
});
export interface IngressServiceBackend extends Infer<typeof IngressServiceBackend> {}

export const IngressBackend = struct('io.k8s.api.networking.v1.IngressBackend', '', {
  service: of(4, IngressServiceBackend),
  resource: of(3, TypedLocalObjectReference),
});
export interface IngressBackend extends Infer<typeof IngressBackend> {}

export const IngressTLS = struct('io.k8s.api.networking.v1.IngressTLS', '', {
  hosts: list(1, string()),
  secretName: string(2),
});
export interface IngressTLS extends Infer<typeof IngressTLS> {}

export const HTTPIngressPath = struct('io.k8s.api.networking.v1.HTTPIngressPath', '', {
  path: string(1),
  pathType: string(3).required(),
  backend: of(2, IngressBackend).required(),
});
export interface HTTPIngressPath extends Infer<typeof HTTPIngressPath> {}

export const HTTPIngressRuleValue = struct('io.k8s.api.networking.v1.HTTPIngressRuleValue', '', {
  paths: list(1, HTTPIngressPath).required(),
});
export interface HTTPIngressRuleValue extends Infer<typeof HTTPIngressRuleValue> {}

export const IngressRuleValue = struct('io.k8s.api.networking.v1.IngressRuleValue', '', {
  http: of(1, HTTPIngressRuleValue),
});
export interface IngressRuleValue extends Infer<typeof IngressRuleValue> {}

export const IngressRule = struct('io.k8s.api.networking.v1.IngressRule', '', {
  host: string(1),
  ...inline(2, IngressRuleValue),
});
export interface IngressRule extends Infer<typeof IngressRule> {}

export const IngressSpec = struct('io.k8s.api.networking.v1.IngressSpec', '', {
  ingressClassName: string(4),
  defaultBackend: of(1, IngressBackend),
  tls: list(2, IngressTLS),
  rules: list(3, IngressRule),
});
export interface IngressSpec extends Infer<typeof IngressSpec> {}

export const IngressPortStatus = struct('io.k8s.api.networking.v1.IngressPortStatus', '', {
  port: int32(1).required(),
  protocol: string(2).enum('TCP', 'UDP', 'SCTP').required(),
  error: string(3),
});
export interface IngressPortStatus extends Infer<typeof IngressPortStatus> {}

export const IngressLoadBalancerIngress = struct('io.k8s.api.networking.v1.IngressLoadBalancerIngress', '', {
  ip: string(1),
  hostname: string(2),
  ports: list(4, IngressPortStatus),
});
export interface IngressLoadBalancerIngress extends Infer<typeof IngressLoadBalancerIngress> {}

export const IngressLoadBalancerStatus = struct('io.k8s.api.networking.v1.IngressLoadBalancerStatus', '', {
  ingress: list(1, IngressLoadBalancerIngress),
});
export interface IngressLoadBalancerStatus extends Infer<typeof IngressLoadBalancerStatus> {}

export const IngressStatus = struct('io.k8s.api.networking.v1.IngressStatus', '', {
  loadBalancer: of(1, IngressLoadBalancerStatus).always(),
});
export interface IngressStatus extends Infer<typeof IngressStatus> {}

export const Ingress = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  scope: 'Namespaced',
  package: 'io.k8s.api.networking.v1',
  doc: '',
  fields: {
    spec: of(2, IngressSpec).always(),
    status: of(3, IngressStatus).always(),
  },
  subresources: { status: true },
});
export interface Ingress extends ObjectOf<typeof Ingress> {}
