import { list, struct, type Infer } from '../../schema/field.ts';
import { TopologySelectorLabelRequirement } from './topology-selector-label-requirement.ts';

export const TopologySelectorTerm = struct(
  'io.k8s.api.core.v1.TopologySelectorTerm',
  '',
  {
    matchLabelExpressions: list(1, TopologySelectorLabelRequirement),
  },
  { atomic: true },
);
export interface TopologySelectorTerm extends Infer<typeof TopologySelectorTerm> {}
