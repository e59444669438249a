import { required, type Fault } from '../../schema/fault.ts';
import { of, string, struct, type Infer } from '../../schema/field.ts';
import { checkPathSegment } from '../../schema/names.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { canonicalAddressComplaints } from '../rules/addresses.ts';
import { nameColumn } from '../rules/columns.ts';
import { complaintFaults, ifSet, immutableFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';

export const ParentReference = struct(
  'io.k8s.api.networking.v1.ParentReference',
  'The object that an address belongs to.',
  {
    group: string(1).doc('Its API group; empty for the core group.'),
    resource: string(2).doc('Its resource, such as services.'),
    namespace: string(3).doc('Its namespace, if it has one.'),
    name: string(4).doc('Its name.'),
  },
);
export interface ParentReference extends Infer<typeof ParentReference> {}

export const IPAddressSpec = struct('io.k8s.api.networking.v1.IPAddressSpec', 'Whose address it is.', {
  parentRef: of(1, ParentReference).doc('The object that the address belongs to; never changes.'),
});
export interface IPAddressSpec extends Infer<typeof IPAddressSpec> {}

export const IPAddress = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  shortNames: ['ip'],
  scope: 'Cluster',
  package: 'io.k8s.api.networking.v1',
  doc: 'One address of a Service range that is taken; its name is the address in canonical form.',
  fields: {
    spec: of(2, IPAddressSpec).always().doc('Whose address it is.'),
  },
  nameRule: 'path',
  generation: false,
  columns: [
    nameColumn,
    {
      name: 'ParentRef',
      type: 'string',
      doc: 'The object that it belongs to.',
      value: ({ spec }) => formatParent(spec?.parentRef),
    },
  ],
  validate: (each) => [
    ...complaintFaults('metadata.name', each.metadata.name, canonicalAddressComplaints(each.metadata.name)),
    ...parentFaults(each.spec?.parentRef),
  ],
  validateUpdate: (young, old) => immutableFaults('spec.parentRef', young.spec?.parentRef, old.spec?.parentRef),
});
export interface IPAddress extends ObjectOf<typeof IPAddress> {}

function formatParent(parent: ParentReference | undefined): string {
  if (parent === undefined) return '<none>';
  const { group = '', resource = '', namespace = '', name = '' } = parent;
  const type = (group === '' ? resource : `${resource}.${group}`).toLowerCase();
  return [type, ...(namespace === '' ? [] : [namespace]), name].join('/');
}

function parentFaults(parent: Loose<ParentReference> | undefined): Fault[] {
  const path = 'spec.parentRef';
  if (parent === undefined) return [required(path)];
  const segment = (field: string, value: string): Fault[] =>
    complaintFaults(`${path}.${field}`, value, checkPathSegment(value));
  const { resource = '', name = '' } = parent;
  return [
    ...ifSet(parent.group, (group) => subdomainFaults(`${path}.group`, group)),
    ...(resource === '' ? [required(`${path}.resource`)] : segment('resource', resource)),
    ...(name === '' ? [required(`${path}.name`)] : segment('name', name)),
    ...ifSet(parent.namespace, (namespace) => segment('namespace', namespace)),
  ];
}
