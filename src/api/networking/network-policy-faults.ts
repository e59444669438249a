/** What is wrong with a NetworkPolicy. Texts and paths are those of Kubernetes 1.35. */
import { forbidden, invalid, required, type Fault } from '../../schema/fault.ts';
import { checkPortName, checkPortNumber } from '../../schema/names.ts';
import { cidrFaults, cidrWarnings, contains, parseCidr } from '../rules/addresses.ts';
import { complaintFaults } from '../rules/faults.ts';
import { labelSelectorFaults, type LabelSelectorOptions } from '../rules/label-selector.ts';
import type { Loose, LooseObject } from '../rules/loose.ts';
import type { IPBlock, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from './network-policy.ts';

interface Located {
  readonly path: string;
  readonly ports: readonly Loose<NetworkPolicyPort>[];
  readonly peers: readonly Loose<NetworkPolicyPeer>[];
  readonly peerField: 'from' | 'to';
}

function rulesOf({ ingress = [], egress = [] }: Loose<NetworkPolicySpec>): readonly Located[] {
  return [
    ...ingress.map(({ ports = [], from = [] }, index) => ({
      path: `spec.ingress[${index}]`,
      ports,
      peers: from,
      peerField: 'from' as const,
    })),
    ...egress.map(({ ports = [], to = [] }, index) => ({
      path: `spec.egress[${index}]`,
      ports,
      peers: to,
      peerField: 'to' as const,
    })),
  ];
}

export function networkPolicyFaults(
  { spec = {} }: LooseObject<NetworkPolicySpec>,
  old?: LooseObject<NetworkPolicySpec>,
): Fault[] {
  const options: LabelSelectorOptions = {
    allowInvalidValues: labelSelectorFaults(old?.spec?.podSelector, '').length > 0,
  };
  const { policyTypes = [] } = spec;
  return [
    ...labelSelectorFaults(spec.podSelector, 'spec.podSelector', options),
    ...rulesOf(spec).flatMap(({ path, ports, peers, peerField }) => [
      ...ports.flatMap((port, index) => portFaults(port, `${path}.ports[${index}]`)),
      ...peers.flatMap((peer, index) => peerFaults(peer, `${path}.${peerField}[${index}]`, options)),
    ]),
    ...(policyTypes.length > 2
      ? [invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes')]
      : []),
  ];
}

function portFaults({ port, endPort }: Loose<NetworkPolicyPort>, path: string): Fault[] {
  const end = `${path}.endPort`;
  if (port === undefined) {
    return endPort === undefined ? [] : [invalid(end, endPort, 'may not be specified when `port` is not specified')];
  }
  if (typeof port === 'string') {
    return [
      ...(endPort === undefined ? [] : [invalid(end, endPort, 'may not be specified when `port` is non-numeric')]),
      ...complaintFaults(`${path}.port`, port, checkPortName(port)),
    ];
  }
  return [
    ...complaintFaults(`${path}.port`, port, checkPortNumber(port)),
    ...(endPort !== undefined && endPort < port
      ? [invalid(end, endPort, 'must be greater than or equal to `port`')]
      : []),
    ...(endPort === undefined ? [] : complaintFaults(end, endPort, checkPortNumber(endPort))),
  ];
}

function peerFaults(peer: Loose<NetworkPolicyPeer>, path: string, options: LabelSelectorOptions): Fault[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  return [
    ...labelSelectorFaults(podSelector, `${path}.podSelector`, options),
    ...labelSelectorFaults(namespaceSelector, `${path}.namespaceSelector`, options),
    ...(ipBlock === undefined ? [] : blockFaults(ipBlock, `${path}.ipBlock`)),
    ...(selects || ipBlock !== undefined ? [] : [required(path, 'must specify a peer')]),
    ...(selects && ipBlock !== undefined ? [forbidden(path, 'may not specify both ipBlock and another peer')] : []),
  ];
}

function blockFaults({ cidr = '', except = [] }: Loose<IPBlock>, path: string): Fault[] {
  if (cidr === '') return [required(`${path}.cidr`)];
  const outer = parseCidr(cidr);
  if (outer === undefined) return cidrFaults(`${path}.cidr`, cidr);
  return except.flatMap((text, index) => {
    const inner = parseCidr(text);
    if (inner === undefined) return cidrFaults(`${path}.except[${index}]`, text);
    const within = contains(outer, inner.address) && outer.prefix < inner.prefix;
    return within ? [] : [invalid(`${path}.except[${index}]`, text, 'must be a strict subset of `cidr`')];
  });
}

/** CIDRs that are read, but not written as they should be. */
export function networkPolicyWarnings({ spec = {} }: LooseObject<NetworkPolicySpec>): string[] {
  return rulesOf(spec).flatMap(({ path, peers, peerField }) =>
    peers.flatMap(({ ipBlock }, index) => {
      const own = `${path}.${peerField}[${index}].ipBlock`;
      return [
        ...cidrWarnings(`${own}.cidr`, ipBlock?.cidr ?? ''),
        ...(ipBlock?.except ?? []).flatMap((text, at) => cidrWarnings(`${own}.except[${at}]`, text)),
      ];
    }),
  );
}
