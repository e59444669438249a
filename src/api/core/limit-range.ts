import { defineKind, type ObjectOf } from '../kind.ts';
import { containerLimitDefaults } from './limit-range-defaults.ts';
import { limitRangeFaults } from './validate-limit-range.ts';
import { list, map, of, quantity, string, struct, type Infer } from '../../schema/field.ts';

export const LimitRangeItem = struct(
  'io.k8s.api.core.v1.LimitRangeItem',
  'Bounds and defaults for one sort of object.',
  {
    type: string(1).present().doc('`Container`, `Pod` or `PersistentVolumeClaim`.'),
    max: map(2, quantity()).doc('The most that is allowed.'),
    min: map(3, quantity()).doc('The least that is allowed.'),
    default: map(4, quantity()).doc('Limits for containers that set none.'),
    defaultRequest: map(5, quantity()).doc('Requests for containers that set none.'),
    maxLimitRequestRatio: map(6, quantity()).doc('How many times its request a limit may be at most.'),
  },
  { defaults: containerLimitDefaults },
);
export interface LimitRangeItem extends Infer<typeof LimitRangeItem> {}

export const LimitRangeSpec = struct('io.k8s.api.core.v1.LimitRangeSpec', 'The bounds of a namespace.', {
  limits: list(1, LimitRangeItem).present().doc('Bounds, one item per sort of object.'),
});
export interface LimitRangeSpec extends Infer<typeof LimitRangeSpec> {}

export const LimitRange = defineKind({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  shortNames: ['limits'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: 'Bounds and defaults for the resources of single objects in a namespace.',
  fields: {
    spec: of(2, LimitRangeSpec).always().doc('What is wanted.'),
  },
  generation: false,
  createOnUpdate: true,
  validate: ({ spec }) => limitRangeFaults(spec?.limits),
});
export interface LimitRange extends ObjectOf<typeof LimitRange> {}
