import { defineKind, type ObjectOf } from '../kind.ts';
import { of } from '../../schema/field.ts';
import { PodStatus } from './pod-status.ts';

export const PodStatusResult = defineKind({
  group: '',
  version: 'v1',
  kind: 'PodStatusResult',
  plural: 'podstatusresults',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    status: of(2, PodStatus).always(),
  },
  subresources: { status: true },
});
export interface PodStatusResult extends ObjectOf<typeof PodStatusResult> {}
