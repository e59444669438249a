import { defineKind, type ObjectOf } from '../kind.ts';
import { of, struct, type Infer } from '../../schema/field.ts';
import { immutableFaults } from '../rules/faults.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { ObjectMeta } from '../meta/object-meta.ts';
import { ResourceClaimSpec } from './resource-claim.ts';

export const ResourceClaimTemplateSpec = struct('io.k8s.api.resource.v1.ResourceClaimTemplateSpec', '', {
  metadata: of(1, ObjectMeta).always(),
  spec: of(2, ResourceClaimSpec).present().doc('What is claimed.'),
});
export interface ResourceClaimTemplateSpec extends Infer<typeof ResourceClaimTemplateSpec> {}

export const ResourceClaimTemplate = defineKind({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  scope: 'Namespaced',
  package: 'io.k8s.api.resource.v1',
  doc: 'From which a claim is made for each pod that names it.',
  fields: {
    spec: of(2, ResourceClaimTemplateSpec).present().doc('What the claims look like; never changes.'),
  },
  generation: false,
  columns: [nameColumn, ageColumn],
  validateUpdate: (young, old) => immutableFaults('spec', young.spec, old.spec),
});
export interface ResourceClaimTemplate extends ObjectOf<typeof ResourceClaimTemplate> {}
