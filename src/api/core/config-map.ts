import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, bytes, map, string } from '../../schema/field.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { configMapFaults, configMapUpdateFaults } from './validate-data.ts';

export const ConfigMap = defineKind({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: 'Settings for pods, as texts and bytes by key.',
  fields: {
    immutable: boolean(4).pointer().doc('Whether the data can never be changed again.'),
    data: map(2, string()).doc('Texts by key.'),
    binaryData: map(3, bytes()).doc('Bytes by key, for what is no UTF-8 text.'),
  },
  columns: [
    nameColumn,
    {
      name: 'Data',
      type: 'string',
      doc: 'Number of entries, text and binary.',
      value: ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    },
    ageColumn,
  ],
  validate: (configMap) => configMapFaults(configMap),
  validateUpdate: (configMap, old) => configMapUpdateFaults(configMap, old),
});
export interface ConfigMap extends ObjectOf<typeof ConfigMap> {}
