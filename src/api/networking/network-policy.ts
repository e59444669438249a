import { int32, intOrString, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { fillAbsent } from '../rules/draft.ts';
import { formatLabelSelector } from '../rules/label-selector.ts';
import { networkPolicyFaults, networkPolicyWarnings } from './network-policy-faults.ts';

export const NetworkPolicyPort = struct('io.k8s.api.networking.v1.NetworkPolicyPort', 'A port, or a range of ports.', {
  protocol: string(1).enum('TCP', 'UDP', 'SCTP').pointer().default('TCP').doc('TCP, UDP or SCTP.'),
  port: intOrString(2).pointer().doc('Number or name of the port; every port when left out.'),
  endPort: int32(3).pointer().doc('Last port of the range that starts with port, which must be a number then.'),
});
export interface NetworkPolicyPort extends Infer<typeof NetworkPolicyPort> {}

export const IPBlock = struct('io.k8s.api.networking.v1.IPBlock', 'A range of addresses, with exceptions.', {
  cidr: string(1).present().doc('The range, such as `192.168.1.0/24` or `2001:db8::/64`.'),
  except: list(2, string()).doc('Ranges inside of it that are not meant.'),
});
export interface IPBlock extends Infer<typeof IPBlock> {}

export const NetworkPolicyPeer = struct(
  'io.k8s.api.networking.v1.NetworkPolicyPeer',
  'The other end of a connection: pods, or addresses.',
  {
    podSelector: of(1, LabelSelector).doc(
      'Pods by label: of this namespace, or of those that namespaceSelector picks when that is there too.',
    ),
    namespaceSelector: of(2, LabelSelector).doc('Namespaces by label; all of their pods unless podSelector says less.'),
    ipBlock: of(3, IPBlock).doc('Addresses; not together with the selectors.'),
  },
);
export interface NetworkPolicyPeer extends Infer<typeof NetworkPolicyPeer> {}

export const NetworkPolicyIngressRule = struct(
  'io.k8s.api.networking.v1.NetworkPolicyIngressRule',
  'Connections to the pods that are let in.',
  {
    ports: list(1, NetworkPolicyPort).doc('Ports that may be reached; all of them when left out.'),
    from: list(2, NetworkPolicyPeer).doc('Where connections may come from; anywhere when left out.'),
  },
);
export interface NetworkPolicyIngressRule extends Infer<typeof NetworkPolicyIngressRule> {}

export const NetworkPolicyEgressRule = struct(
  'io.k8s.api.networking.v1.NetworkPolicyEgressRule',
  'Connections from the pods that are let out.',
  {
    ports: list(1, NetworkPolicyPort).doc('Ports that may be reached; all of them when left out.'),
    to: list(2, NetworkPolicyPeer).doc('Where connections may go; anywhere when left out.'),
  },
);
export interface NetworkPolicyEgressRule extends Infer<typeof NetworkPolicyEgressRule> {}

export const NetworkPolicySpec = struct(
  'io.k8s.api.networking.v1.NetworkPolicySpec',
  'Which pods are meant, and which connections they may have.',
  {
    podSelector: of(1, LabelSelector).always().doc('Pods of this namespace that the policy is about; empty means all.'),
    ingress: list(2, NetworkPolicyIngressRule).doc('Connections that are let in; none of them when the list is empty.'),
    egress: list(3, NetworkPolicyEgressRule).doc('Connections that are let out; none of them when the list is empty.'),
    policyTypes: list(4, string().enum('Ingress', 'Egress')).doc(
      'Which directions are restricted: Ingress, and Egress when there are egress rules, unless said otherwise.',
    ),
  },
  { defaults: fillPolicyTypes },
);
export interface NetworkPolicySpec extends Infer<typeof NetworkPolicySpec> {}

/** Every policy restricts what comes in; what goes out only if it has rules for it. */
function fillPolicyTypes(draft: Record<string, unknown>): void {
  const types = draft['policyTypes'] as readonly unknown[] | undefined;
  if (types !== undefined && types.length > 0) return;
  delete draft['policyTypes'];
  const egress = draft['egress'] as readonly unknown[] | undefined;
  fillAbsent(draft, 'policyTypes', ['Ingress', ...((egress ?? []).length > 0 ? ['Egress'] : [])]);
}

export const NetworkPolicy = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  scope: 'Namespaced',
  package: 'io.k8s.api.networking.v1',
  doc: 'Restricts which connections pods may have. A pod that no policy picks may have any.',
  fields: {
    spec: of(2, NetworkPolicySpec).always().doc('Pods and their connections.'),
  },
  columns: [
    nameColumn,
    {
      name: 'Pod-Selector',
      type: 'string',
      doc: 'Pods that it is about.',
      value: ({ spec }) => formatLabelSelector(spec?.podSelector),
    },
    ageColumn,
  ],
  validate: networkPolicyFaults,
  warnings: networkPolicyWarnings,
});
export interface NetworkPolicy extends ObjectOf<typeof NetworkPolicy> {}
