import { list, struct, type Infer } from '../../schema/field.ts';
import { PreferAvoidPodsEntry } from './prefer-avoid-pods-entry.ts';

export const AvoidPods = struct('io.k8s.api.core.v1.AvoidPods', '', {
  preferAvoidPods: list(1, PreferAvoidPodsEntry),
});
export interface AvoidPods extends Infer<typeof AvoidPods> {}
