import { duplicate, forbidden, invalid, required, tooLong, type Fault } from '../../schema/fault.ts';
import { boolean, list, map, string } from '../../schema/field.ts';
import { checkQualifiedName } from '../../schema/names.ts';
import { deprecatedNodeLabel } from '../core/warnings/node-labels.ts';
import { TopologySelectorTerm } from '../core/topology-selector-term.ts';
import { defineKind, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { sameMeaning } from '../rules/equal.ts';
import { complaintFaults, labelNameFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';

const maxParameters = 512;
const maxParameterBytes = 256 * 1024;

export const StorageClass = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  scope: 'Cluster',
  package: 'io.k8s.api.storage.v1',
  doc: 'A kind of storage that claims can ask for by name; its provisioner makes the volumes.',
  fields: {
    provisioner: string(2).required().doc('Which provisioner makes volumes of this class, such as `example.com/nfs`.'),
    parameters: map(3, string()).doc('What the provisioner is told when it makes a volume.'),
    reclaimPolicy: string(4)
      .enum('Delete', 'Retain')
      .pointer()
      .default('Delete')
      .doc('What becomes of a volume when its claim is gone: Delete or Retain.'),
    mountOptions: list(5, string()).doc('Mount options of volumes of this class, such as `ro`; not checked.'),
    allowVolumeExpansion: boolean(6).pointer().doc('Whether claims of this class may be made larger later.'),
    volumeBindingMode: string(7)
      .enum('Immediate', 'WaitForFirstConsumer')
      .pointer()
      .default('Immediate')
      .immutable()
      .doc('When a claim gets its volume: at once, or when the first pod that uses it is scheduled.'),
    allowedTopologies: list(8, TopologySelectorTerm).doc('Where volumes may be made; anywhere when left out.'),
  },
  columns: [
    { ...nameColumn, value: defaultMarkedName },
    { name: 'Provisioner', type: 'string', doc: 'Who makes the volumes.', value: (each) => each.provisioner },
    {
      name: 'ReclaimPolicy',
      type: 'string',
      doc: 'What becomes of a volume without its claim.',
      value: (each) => each.reclaimPolicy ?? 'Delete',
    },
    {
      name: 'VolumeBindingMode',
      type: 'string',
      doc: 'When a claim gets its volume.',
      value: (each) => each.volumeBindingMode ?? 'Immediate',
    },
    {
      name: 'AllowVolumeExpansion',
      type: 'boolean',
      doc: 'Whether volumes can be made larger.',
      value: (each) => each.allowVolumeExpansion ?? false,
    },
    ageColumn,
  ],
  validate: (each) => [
    ...provisionerFaults(each.provisioner ?? '', 'provisioner'),
    ...parameterFaults(each.parameters ?? {}),
    ...topologyFaults(each.allowedTopologies ?? []),
  ],
  validateUpdate: (young, old) => [
    ...unchanged(young.parameters, old.parameters, 'parameters'),
    ...unchanged(young.provisioner, old.provisioner, 'provisioner'),
    ...unchanged(young.reclaimPolicy, old.reclaimPolicy, 'reclaimPolicy'),
  ],
  warnings: ({ allowedTopologies }) =>
    (allowedTopologies ?? []).flatMap(({ matchLabelExpressions }, term) =>
      (matchLabelExpressions ?? []).flatMap(({ key }, index) => {
        const said = deprecatedNodeLabel(key);
        const path = `allowedTopologies[${term}].matchLabelExpressions[${index}].key`;
        return said === undefined ? [] : [`${path}: ${said}`];
      }),
    ),
});
export interface StorageClass extends ObjectOf<typeof StorageClass> {}

/** Classes that claims get when they name none carry this annotation, under its new or its old key. */
export function isDefaultClass({ metadata }: KubernetesObject): boolean {
  const keys = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
  return keys.some((key) => metadata.annotations?.[key] === 'true');
}

function defaultMarkedName(each: KubernetesObject): string {
  return isDefaultClass(each) ? `${each.metadata.name} (default)` : each.metadata.name;
}

export function unchanged(young: unknown, old: unknown, field: string): Fault[] {
  return sameMeaning(young, old) ? [] : [forbidden(field, `updates to ${field} are forbidden.`)];
}

export function provisionerFaults(provisioner: string, path: string): Fault[] {
  if (provisioner === '') return [required(path)];
  const lower = provisioner.toLowerCase();
  return complaintFaults(path, lower, checkQualifiedName(lower));
}

export function parameterFaults(parameters: Readonly<Record<string, string | undefined>>): Fault[] {
  const entries = Object.entries(parameters);
  if (entries.length > maxParameters) return [tooLong('parameters', maxParameters)];
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value ?? ''), 0);
  return [
    ...('' in parameters ? [invalid('parameters', '', 'field can not be empty.')] : []),
    ...(bytes > maxParameterBytes ? [tooLong('parameters', maxParameterBytes)] : []),
  ];
}

function topologyFaults(terms: readonly Loose<TopologySelectorTerm>[]): Fault[] {
  return terms.flatMap((term, index) => {
    const path = `allowedTopologies[${index}].matchLabelExpressions`;
    const repeated = terms.slice(0, index).some((earlier) => sameMeaning(keyedValues(earlier), keyedValues(term)));
    return [...termFaults(term, path), ...(repeated ? [duplicate(path, '')] : [])];
  });
}

function keyedValues(term: Loose<TopologySelectorTerm>): Record<string, readonly (string | undefined)[]> {
  const expressions = term.matchLabelExpressions ?? [];
  return Object.fromEntries(expressions.map(({ key = '', values = [] }) => [key, values.toSorted()]));
}

function termFaults(term: Loose<TopologySelectorTerm>, path: string): Fault[] {
  const expressions = term.matchLabelExpressions ?? [];
  return expressions.flatMap(({ key = '', values = [] }, index) => {
    const own = `${path}[${index}]`;
    const repeated = expressions.slice(0, index).some((earlier) => earlier.key === key);
    return [
      ...(values.length === 0 ? [required(`${own}.values`)] : []),
      ...values.flatMap((value, at) => (values.indexOf(value) < at ? [duplicate(`${own}.values[${at}]`, value)] : [])),
      ...(repeated ? [duplicate(`${own}.key`, key)] : []),
      ...labelNameFaults(`${own}.key`, key),
    ];
  });
}
