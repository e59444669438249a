import { list, map, string, struct, type Infer } from '../../schema/field.ts';

export const LabelSelectorRequirement = struct('io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement', '', {
  key: string(1).required(),
  operator: string(2).required(),
  values: list(3, string()),
});
export interface LabelSelectorRequirement extends Infer<typeof LabelSelectorRequirement> {}

export const LabelSelector = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  '',
  {
    matchLabels: map(1, string()),
    matchExpressions: list(2, LabelSelectorRequirement),
  },
  { atomic: true },
);
export interface LabelSelector extends Infer<typeof LabelSelector> {}

export const FieldSelectorRequirement = struct('io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement', '', {
  key: string(1).required(),
  operator: string(2).required(),
  values: list(3, string()),
});
export interface FieldSelectorRequirement extends Infer<typeof FieldSelectorRequirement> {}
