import { list, struct, type Infer } from '../../schema/field.ts';
import { TopologySelectorLabelRequirement } from './topology-selector-label-requirement.ts';

export const TopologySelectorTerm = struct(
  'io.k8s.api.core.v1.TopologySelectorTerm',
  'Parts of the cluster, by node labels that must all match.',
  {
    matchLabelExpressions: list(1, TopologySelectorLabelRequirement).doc("Requirements on the node's labels."),
  },
  { atomic: true },
);
export interface TopologySelectorTerm extends Infer<typeof TopologySelectorTerm> {}
