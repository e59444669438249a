import { defineKind, type ObjectOf } from '../kind.ts';
import { of } from '../../schema/field.ts';
import { PodSpec } from './pod-spec.ts';
import { PodStatus } from './pod-status.ts';

export const Pod = defineKind({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    spec: of(2, PodSpec).always(),
    status: of(3, PodStatus).always(),
  },
  subresources: { status: true },
});
export interface Pod extends ObjectOf<typeof Pod> {}
