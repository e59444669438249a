import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, intOrString, list, map, of, string, struct, type Infer } from '../../schema/field.ts';
import { SessionAffinityConfig } from './affinity.ts';
import { serviceColumns } from './service-columns.ts';
import { serviceDefaults } from './service-defaults.ts';
import { joinClusterIPs, prepareServiceUpdate } from './service-update.ts';
import { serviceFaults, serviceStatusFaults, serviceUpdateFaults } from './validate-service.ts';
import { Condition } from '../meta/condition.ts';

export const PortStatus = struct('io.k8s.api.core.v1.PortStatus', '', {
  port: int32(1).present(),
  protocol: string(2).known<'TCP' | 'UDP' | 'SCTP'>().present(),
  error: string(3).pointer(),
});
export interface PortStatus extends Infer<typeof PortStatus> {}

export const LoadBalancerIngress = struct('io.k8s.api.core.v1.LoadBalancerIngress', '', {
  ip: string(1),
  hostname: string(2),
  ipMode: string(3).known<'VIP' | 'Proxy'>().pointer(),
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
  protocol: string(2).enum('SCTP', 'TCP', 'UDP').default('TCP'),
  appProtocol: string(6).pointer(),
  port: int32(3).present(),
  targetPort: intOrString(4),
  nodePort: int32(5),
});
export interface ServicePort extends Infer<typeof ServicePort> {}

export const ServiceSpec = struct('io.k8s.api.core.v1.ServiceSpec', '', {
  ports: list(1, ServicePort).listMap('port', 'protocol').merge('port'),
  selector: map(2, string()).atomic(),
  clusterIP: string(3),
  clusterIPs: list(18, string()),
  type: string(4).enum('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort').default('ClusterIP'),
  externalIPs: list(5, string()),
  sessionAffinity: string(7).enum('ClientIP', 'None').default('None'),
  loadBalancerIP: string(8),
  loadBalancerSourceRanges: list(9, string()),
  externalName: string(10),
  externalTrafficPolicy: string(11).known<'Cluster' | 'Local'>(),
  healthCheckNodePort: int32(12),
  publishNotReadyAddresses: boolean(13),
  sessionAffinityConfig: of(14, SessionAffinityConfig),
  ipFamilies: list(19, string().enum('IPv4', 'IPv6')),
  ipFamilyPolicy: string(17).enum('PreferDualStack', 'RequireDualStack', 'SingleStack').pointer(),
  allocateLoadBalancerNodePorts: boolean(20).pointer(),
  loadBalancerClass: string(21).pointer(),
  internalTrafficPolicy: string(22).enum('Cluster', 'Local').pointer(),
  trafficDistribution: string(23).enum('PreferClose', 'PreferSameNode', 'PreferSameZone').pointer(),
});
export interface ServiceSpec extends Infer<typeof ServiceSpec> {}

export const Service = defineKind({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  scope: 'Namespaced',
  nameRule: 'label1035',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    spec: of(2, ServiceSpec).always(),
    status: of(3, ServiceStatus).always(),
  },
  generation: false,
  subresources: {
    status: true,
    others: { proxy: { kind: 'ServiceProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] } },
  },
  createOnUpdate: true,
  columns: serviceColumns,
  selectable: { 'spec.clusterIP': ({ spec }) => spec?.clusterIP ?? '', 'spec.type': ({ spec }) => spec?.type ?? '' },
  defaults: serviceDefaults,
  prepareCreate: joinClusterIPs,
  prepareUpdate: prepareServiceUpdate,
  validate: (service) => serviceFaults(service),
  validateUpdate: (service, old) => serviceUpdateFaults(service, old),
  validateStatusUpdate: (service) => serviceStatusFaults(service),
});
export interface Service extends ObjectOf<typeof Service> {}
