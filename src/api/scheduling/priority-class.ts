import { forbidden, type Fault } from '../../schema/fault.ts';
import { boolean, int32, string } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';

const highestUserPriority = 1_000_000_000;

/** The two classes that every cluster has, with the values that they must have. */
export const systemPriorities: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

export const PriorityClass = defineKind({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  shortNames: ['pc'],
  scope: 'Cluster',
  package: 'io.k8s.api.scheduling.v1',
  doc: 'Gives a number to a name: pods that name the class are scheduled, and spared, in order of that number.',
  fields: {
    value: int32(2).present().doc('The priority that pods of this class get; higher goes first.'),
    globalDefault: boolean(3).doc('Whether pods that name no class belong to this one; only one class may say so.'),
    description: string(4).doc('For people: when to use this class.'),
    preemptionPolicy: string(5)
      .enum('Never', 'PreemptLowerPriority')
      .pointer()
      .default('PreemptLowerPriority')
      .immutable()
      .doc('Whether pods of this class may push out pods of lower priority: PreemptLowerPriority or Never.'),
  },
  generation: false,
  columns: [
    nameColumn,
    { name: 'Value', type: 'integer', doc: 'Priority of the pods.', value: (each) => each.value },
    {
      name: 'Global-Default',
      type: 'boolean',
      doc: 'Whether pods without a class get this one.',
      value: (each) => each.globalDefault ?? false,
    },
    ageColumn,
    {
      name: 'PreemptionPolicy',
      type: 'string',
      doc: 'Whether the pods may push out others.',
      value: (each) => each.preemptionPolicy ?? '',
    },
  ],
  prepareCreate(draft) {
    (draft['metadata'] as Record<string, unknown>)['generation'] = 1;
  },
  validate: ({ metadata, value, globalDefault }) => priorityFaults(metadata.name, value, globalDefault ?? false),
  validateUpdate: (young, old) =>
    young.value === old.value ? [] : [forbidden('value', 'may not be changed in an update.')],
});
export interface PriorityClass extends ObjectOf<typeof PriorityClass> {}

function priorityFaults(name: string, value: number, globalDefault: boolean): Fault[] {
  if (name.startsWith('system-')) return systemFaults(name, value, globalDefault);
  if (value <= highestUserPriority) return [];
  return [forbidden('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`)];
}

function systemFaults(name: string, value: number, globalDefault: boolean): Fault[] {
  const expected = systemPriorities[name];
  const refuse = (error: string): Fault[] => [
    forbidden(
      'metadata.name',
      `priority class names with 'system-' prefix are reserved for system use only. error: ${error}`,
    ),
  ];
  if (expected === undefined) return refuse(`${name} is not a known system priority class`);
  if (value !== expected) return refuse(`value of ${name} PriorityClass must be ${expected}`);
  return globalDefault ? refuse(`globalDefault of ${name} PriorityClass must be false`) : [];
}
