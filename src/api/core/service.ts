import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, intOrString, list, map, of, string, struct, type Infer } from '../../schema/field.ts';
import { SessionAffinityConfig } from './affinity.ts';
import { serviceColumns } from './service-columns.ts';
import { serviceDefaults } from './service-defaults.ts';
import { joinClusterIPs, prepareServiceUpdate } from './service-update.ts';
import { serviceFaults, serviceStatusFaults, serviceUpdateFaults } from './validate-service.ts';
import { Condition } from '../meta/condition.ts';

export const PortStatus = struct('io.k8s.api.core.v1.PortStatus', 'One port of a load balancer.', {
  port: int32(1).present().doc('Number of the port.'),
  protocol: string(2).known<'TCP' | 'UDP' | 'SCTP'>().present().doc('`TCP`, `UDP` or `SCTP`.'),
  error: string(3).pointer().doc('What is wrong with the port, as one word.'),
});
export interface PortStatus extends Infer<typeof PortStatus> {}

export const LoadBalancerIngress = struct('io.k8s.api.core.v1.LoadBalancerIngress', 'One address of a load balancer.', {
  ip: string(1).doc('Its IP address.'),
  hostname: string(2).doc('Its name in DNS.'),
  ipMode: string(3)
    .known<'VIP' | 'Proxy'>()
    .pointer()
    .doc('`VIP` or `Proxy`: whether nodes may answer for the address themselves.'),
  ports: list(4, PortStatus).doc('State of its ports.'),
});
export interface LoadBalancerIngress extends Infer<typeof LoadBalancerIngress> {}

export const LoadBalancerStatus = struct('io.k8s.api.core.v1.LoadBalancerStatus', 'Where a load balancer is reached.', {
  ingress: list(1, LoadBalancerIngress).doc('Its addresses.'),
});
export interface LoadBalancerStatus extends Infer<typeof LoadBalancerStatus> {}

export const ServiceStatus = struct(
  'io.k8s.api.core.v1.ServiceStatus',
  "What is known about a service's load balancer.",
  {
    loadBalancer: of(1, LoadBalancerStatus).always().doc('State of the load balancer.'),
    conditions: list(2, Condition).listMap('type').merge('type').doc('Statements about its state, one per type.'),
  },
);
export interface ServiceStatus extends Infer<typeof ServiceStatus> {}

export const ServicePort = struct('io.k8s.api.core.v1.ServicePort', 'One port of a service.', {
  name: string(1).doc('Name of the port; needed when there are several.'),
  protocol: string(2).enum('SCTP', 'TCP', 'UDP').default('TCP').doc('`TCP`, `UDP` or `SCTP`.'),
  appProtocol: string(6).pointer().doc('What is spoken on the port, such as `kubernetes.io/h2c`.'),
  port: int32(3).present().doc("The port on the service's address."),
  targetPort: intOrString(4).doc('Number or name of the port on the pods; the same as `port` when left out.'),
  nodePort: int32(5).doc('The port on every node; chosen by the server when left out.'),
});
export interface ServicePort extends Infer<typeof ServicePort> {}

export const ServiceSpec = struct('io.k8s.api.core.v1.ServiceSpec', 'How a service is reached and which pods answer.', {
  ports: list(1, ServicePort).listMap('port', 'protocol').merge('port').doc('Ports that it offers.'),
  selector: map(2, string())
    .atomic()
    .doc('Labels of the pods that answer; without them the endpoints are managed by someone else.'),
  clusterIP: string(3).doc('Address inside the cluster; `None` for a service that only has names.'),
  clusterIPs: list(18, string()).doc('Addresses inside the cluster, one per IP family.'),
  type: string(4)
    .enum('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort')
    .default('ClusterIP')
    .doc('`ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.'),
  externalIPs: list(5, string()).doc('Further addresses for which nodes accept traffic.'),
  sessionAffinity: string(7)
    .enum('ClientIP', 'None')
    .default('None')
    .doc('`ClientIP` sends a client to the same pod again; `None` does not.'),
  loadBalancerIP: string(8).doc('Address asked of the load balancer; deprecated.'),
  loadBalancerSourceRanges: list(9, string()).doc('Clients that the load balancer lets through.'),
  externalName: string(10).doc('Name in DNS that the service stands for.'),
  externalTrafficPolicy: string(11)
    .known<'Cluster' | 'Local'>()
    .doc('Whether traffic from outside may go to pods on other nodes.'),
  healthCheckNodePort: int32(12).doc('Port on which nodes say whether they have pods of the service.'),
  publishNotReadyAddresses: boolean(13).doc('Whether pods that are not ready appear in DNS all the same.'),
  sessionAffinityConfig: of(14, SessionAffinityConfig).doc('Details of the affinity.'),
  ipFamilies: list(19, string().enum('IPv4', 'IPv6')).doc('IP families of the service, the first one leading.'),
  ipFamilyPolicy: string(17)
    .enum('PreferDualStack', 'RequireDualStack', 'SingleStack')
    .pointer()
    .doc('Whether the service has one IP family or two.'),
  allocateLoadBalancerNodePorts: boolean(20).pointer().doc('Whether a load balancer gets ports on the nodes.'),
  loadBalancerClass: string(21).pointer().doc('Which load balancer is responsible.'),
  internalTrafficPolicy: string(22)
    .enum('Cluster', 'Local')
    .pointer()
    .doc('Whether traffic from inside may go to pods on other nodes.'),
  trafficDistribution: string(23)
    .enum('PreferClose', 'PreferSameNode', 'PreferSameZone')
    .pointer()
    .doc('Which pods are preferred, such as those close by.'),
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
  doc: 'One address and name for a changing set of pods.',
  fields: {
    spec: of(2, ServiceSpec).always().doc('What is wanted.'),
    status: of(3, ServiceStatus).always().doc('What was observed last.'),
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
