import { defineKind, type ObjectOf } from '../kind.ts';
import { of } from '../../schema/field.ts';
import { PodTemplateSpec } from './pod-template-spec.ts';

export const PodTemplate = defineKind({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    template: of(2, PodTemplateSpec).always(),
  },
});
export interface PodTemplate extends ObjectOf<typeof PodTemplate> {}
