import { invalid, required, type Fault } from '../../schema/fault.ts';
import { list, of, string, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { Condition } from '../meta/condition.ts';
import { canonicalCidrFaults, parseCidr } from '../rules/addresses.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { immutableFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';

export const ServiceCIDRSpec = struct(
  'io.k8s.api.networking.v1.ServiceCIDRSpec',
  'Ranges that Services get addresses from.',
  {
    cidrs: list(1, string()).doc('One range, or one IPv4 and one IPv6 range; a second may be added later.'),
  },
);
export interface ServiceCIDRSpec extends Infer<typeof ServiceCIDRSpec> {}

export const ServiceCIDRStatus = struct(
  'io.k8s.api.networking.v1.ServiceCIDRStatus',
  'Whether the ranges are in use.',
  {
    conditions: list(1, Condition).listMap('type').merge('type').doc('Its conditions, such as Ready.'),
  },
);
export interface ServiceCIDRStatus extends Infer<typeof ServiceCIDRStatus> {}

export const ServiceCIDR = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  scope: 'Cluster',
  package: 'io.k8s.api.networking.v1',
  doc: 'Ranges of addresses that Services get their cluster addresses from.',
  fields: {
    spec: of(2, ServiceCIDRSpec).always().doc('The ranges.'),
    status: of(3, ServiceCIDRStatus).always().doc('Whether they are in use.'),
  },
  subresources: { status: true },
  generation: false,
  columns: [
    nameColumn,
    { name: 'CIDRs', type: 'string', doc: 'The ranges.', value: ({ spec }) => (spec?.cidrs ?? []).join(',') },
    ageColumn,
  ],
  validate: (each, old) => (old === undefined ? rangeFaults(each.spec?.cidrs) : []),
  validateUpdate: (young, old) => rangeUpdateFaults(young.spec?.cidrs ?? [], old.spec?.cidrs ?? []),
});
export interface ServiceCIDR extends ObjectOf<typeof ServiceCIDR> {}

const path = 'spec.cidrs';

function rangeFaults(cidrs: Loose<readonly string[]> = []): Fault[] {
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalid(path, { cidrs }, 'may only hold up to 2 values')];
  const [first, second] = cidrs.map((each) => parseCidr(each)?.address.family);
  return [
    ...cidrs.flatMap((each, index) => canonicalCidrFaults(`${path}[${index}]`, each)),
    ...(cidrs.length === 2 && first === second && first !== undefined
      ? [
          invalid(
            path,
            cidrs,
            'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
          ),
        ]
      : []),
  ];
}

/** The only change allowed is to add a second range. */
function rangeUpdateFaults(young: readonly string[], old: readonly string[]): Fault[] {
  const same = old.flatMap((each, index) => immutableFaults(`${path}[${index}]`, young[index], each));
  if (young.length === old.length) return same;
  if (old.length === 1 && young.length === 2) return [...same, ...rangeFaults(young)];
  return immutableFaults(path, young, old);
}
