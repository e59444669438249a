import { list, string, struct, type Infer } from '../../schema/field.ts';

export const TopologySelectorLabelRequirement = struct('io.k8s.api.core.v1.TopologySelectorLabelRequirement', '', {
  key: string(1).required(),
  values: list(2, string()).required(),
});
export interface TopologySelectorLabelRequirement extends Infer<typeof TopologySelectorLabelRequirement> {}
