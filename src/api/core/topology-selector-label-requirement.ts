import { list, string, struct, type Infer } from '../../schema/field.ts';

export const TopologySelectorLabelRequirement = struct(
  'io.k8s.api.core.v1.TopologySelectorLabelRequirement',
  "Values that a node's label may have.",
  {
    key: string(1).required().doc('The label.'),
    values: list(2, string()).required().doc('One of these must be its value.'),
  },
);
export interface TopologySelectorLabelRequirement extends Infer<typeof TopologySelectorLabelRequirement> {}
