import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, intOrString, list, map, of, string, struct, type Infer } from '../../schema/field.ts';
import { SessionAffinityConfig } from './affinity.ts';
import { Condition } from '../meta/condition.ts';

export const PortStatus = struct('io.k8s.api.core.v1.PortStatus', '', {
  port: int32(1).required(),
  protocol: string(2).enum('TCP', 'UDP', 'SCTP').required(),
  error: string(3),
});
export interface PortStatus extends Infer<typeof PortStatus> {}

export const LoadBalancerIngress = struct('io.k8s.api.core.v1.LoadBalancerIngress', '', {
  ip: string(1),
  hostname: string(2),
  ipMode: string(3),
  ports: list(4, PortStatus),
});
export interface LoadBalancerIngress extends Infer<typeof LoadBalancerIngress> {}

export const LoadBalancerStatus = struct('io.k8s.api.core.v1.LoadBalancerStatus', '', {
  ingress: list(1, LoadBalancerIngress),
});
export interface LoadBalancerStatus extends Infer<typeof LoadBalancerStatus> {}

export const ServiceStatus = struct('io.k8s.api.core.v1.ServiceStatus', '', {
  loadBalancer: of(1, LoadBalancerStatus).always(),
  conditions: list(2, Condition).listMap('type').merge('type'),
});
export interface ServiceStatus extends Infer<typeof ServiceStatus> {}

export const ServicePort = struct('io.k8s.api.core.v1.ServicePort', '', {
  name: string(1),
  protocol: string(2).enum('TCP', 'UDP', 'SCTP').default('TCP'),
  appProtocol: string(6),
  port: int32(3).required(),
  targetPort: intOrString(4),
  nodePort: int32(5),
});
export interface ServicePort extends Infer<typeof ServicePort> {}

export const ServiceSpec = struct('io.k8s.api.core.v1.ServiceSpec', '', {
  ports: list(1, ServicePort).listMap('port', 'protocol').merge('port'),
  selector: map(2, string()).atomic(),
  clusterIP: string(3),
  clusterIPs: list(18, string()),
  type: string(4).enum('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
  externalIPs: list(5, string()),
  sessionAffinity: string(7).enum('ClientIP', 'None'),
  loadBalancerIP: string(8),
  loadBalancerSourceRanges: list(9, string()),
  externalName: string(10),
  externalTrafficPolicy: string(11).enum('Cluster', 'Local'),
  healthCheckNodePort: int32(12),
  publishNotReadyAddresses: boolean(13),
  sessionAffinityConfig: of(14, SessionAffinityConfig),
  ipFamilies: list(19, string().enum('IPv4', 'IPv6', '')),
  ipFamilyPolicy: string(17).enum('SingleStack', 'PreferDualStack', 'RequireDualStack'),
  allocateLoadBalancerNodePorts: boolean(20),
  loadBalancerClass: string(21),
  internalTrafficPolicy: string(22).enum('Cluster', 'Local'),
  trafficDistribution: string(23),
});
export interface ServiceSpec extends Infer<typeof ServiceSpec> {}

export const Service = defineKind({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    spec: of(2, ServiceSpec).always(),
    status: of(3, ServiceStatus).always(),
  },
  subresources: { status: true },
});
export interface Service extends ObjectOf<typeof Service> {}
