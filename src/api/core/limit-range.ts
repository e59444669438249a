import { defineKind, type ObjectOf } from '../kind.ts';
import { containerLimitDefaults } from './limit-range-defaults.ts';
import { limitRangeFaults } from './validate-limit-range.ts';
import { list, map, of, quantity, string, struct, type Infer } from '../../schema/field.ts';

export const LimitRangeItem = struct(
  'io.k8s.api.core.v1.LimitRangeItem',
  '',
  {
    type: string(1).present(),
    max: map(2, quantity()),
    min: map(3, quantity()),
    default: map(4, quantity()),
    defaultRequest: map(5, quantity()),
    maxLimitRequestRatio: map(6, quantity()),
  },
  { defaults: containerLimitDefaults },
);
export interface LimitRangeItem extends Infer<typeof LimitRangeItem> {}

export const LimitRangeSpec = struct('io.k8s.api.core.v1.LimitRangeSpec', '', {
  limits: list(1, LimitRangeItem).present(),
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
  doc: '',
  fields: {
    spec: of(2, LimitRangeSpec).always(),
  },
  generation: false,
  createOnUpdate: true,
  validate: ({ spec }) => limitRangeFaults(spec?.limits),
});
export interface LimitRange extends ObjectOf<typeof LimitRange> {}
