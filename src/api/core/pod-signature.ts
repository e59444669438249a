import { of, struct, type Infer } from '../../schema/field.ts';
import { OwnerReference } from '../meta/object-meta.ts';

export const PodSignature = struct('io.k8s.api.core.v1.PodSignature', '', {
  podController: of(1, OwnerReference),
});
export interface PodSignature extends Infer<typeof PodSignature> {}
