import { defineKind, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { nameColumn } from '../rules/columns.ts';
import { formatLabels } from '../rules/format-labels.ts';
import { of } from '../../schema/field.ts';
import { PodTemplateSpec } from './pod-template-spec.ts';
import { podTemplateFaults } from './validate-pod-template.ts';
import { templateColumns } from './workload-columns.ts';

export const PodTemplate = defineKind({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: 'A pod to be made later.',
  fields: {
    template: of(2, PodTemplateSpec).always().doc('The pod that is made for each replica.'),
  },
  generation: true,
  columns: [
    nameColumn,
    ...templateColumns<KubernetesObject & { readonly template?: PodTemplateSpec }>(({ template }) => template).map(
      (column) => ({ ...column, priority: 0 }),
    ),
    {
      name: 'Pod Labels',
      type: 'string',
      doc: 'Labels of its pods.',
      value: ({ template }) => formatLabels(template?.metadata?.labels),
    },
  ],
  validate: ({ template }) => podTemplateFaults(template ?? {}, 'template'),
});
export interface PodTemplate extends ObjectOf<typeof PodTemplate> {}
