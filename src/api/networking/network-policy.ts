import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, intOrString, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const NetworkPolicyPort = struct('io.k8s.api.networking.v1.NetworkPolicyPort', '', {
  protocol: string(1).enum('TCP', 'UDP', 'SCTP'),
  port: intOrString(2),
  endPort: int32(3),
});
export interface NetworkPolicyPort extends Infer<typeof NetworkPolicyPort> {}

export const IPBlock = struct('io.k8s.api.networking.v1.IPBlock', '', {
  cidr: string(1).required(),
  except: list(2, string()),
});
export interface IPBlock extends Infer<typeof IPBlock> {}

export const NetworkPolicyPeer = struct('io.k8s.api.networking.v1.NetworkPolicyPeer', '', {
  podSelector: of(1, LabelSelector),
  namespaceSelector: of(2, LabelSelector),
  ipBlock: of(3, IPBlock),
});
export interface NetworkPolicyPeer extends Infer<typeof NetworkPolicyPeer> {}

export const NetworkPolicyIngressRule = struct('io.k8s.api.networking.v1.NetworkPolicyIngressRule', '', {
  ports: list(1, NetworkPolicyPort),
  from: list(2, NetworkPolicyPeer),
});
export interface NetworkPolicyIngressRule extends Infer<typeof NetworkPolicyIngressRule> {}

export const NetworkPolicyEgressRule = struct('io.k8s.api.networking.v1.NetworkPolicyEgressRule', '', {
  ports: list(1, NetworkPolicyPort),
  to: list(2, NetworkPolicyPeer),
});
export interface NetworkPolicyEgressRule extends Infer<typeof NetworkPolicyEgressRule> {}

export const NetworkPolicySpec = struct('io.k8s.api.networking.v1.NetworkPolicySpec', '', {
  podSelector: of(1, LabelSelector).always(),
  ingress: list(2, NetworkPolicyIngressRule),
  egress: list(3, NetworkPolicyEgressRule),
  policyTypes: list(4, string().enum('Ingress', 'Egress')),
});
export interface NetworkPolicySpec extends Infer<typeof NetworkPolicySpec> {}

export const NetworkPolicy = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  scope: 'Namespaced',
  package: 'io.k8s.api.networking.v1',
  doc: '',
  fields: {
    spec: of(2, NetworkPolicySpec).always(),
  },
});
export interface NetworkPolicy extends ObjectOf<typeof NetworkPolicy> {}
