import { list, map, string, struct, type Infer } from '../../schema/field.ts';

export const LabelSelectorRequirement = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement',
  'One comparison of a label with values.',
  {
    key: string(1).required().doc('The key that is compared.'),
    operator: string(2).required().doc('`In`, `NotIn`, `Exists` or `DoesNotExist`.'),
    values: list(3, string()).doc('Values to compare with; empty for `Exists` and `DoesNotExist`.'),
  },
);
export interface LabelSelectorRequirement extends Infer<typeof LabelSelectorRequirement> {}

export const LabelSelector = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  'Selects objects by labels; all of its parts must match, and an empty one matches everything.',
  {
    matchLabels: map(1, string()).doc('Labels that must be there with these values.'),
    matchExpressions: list(2, LabelSelectorRequirement).doc('Requirements that must all be met.'),
  },
  { atomic: true },
);
export interface LabelSelector extends Infer<typeof LabelSelector> {}

export const FieldSelectorRequirement = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement',
  'One comparison of a field with values.',
  {
    key: string(1).required().doc('The key that is compared.'),
    operator: string(2).required().doc('How key and values are compared.'),
    values: list(3, string()).doc('The values to compare with.'),
  },
);
export interface FieldSelectorRequirement extends Infer<typeof FieldSelectorRequirement> {}
