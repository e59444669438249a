import { of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodSignature } from './pod-signature.ts';

export const PreferAvoidPodsEntry = struct('io.k8s.api.core.v1.PreferAvoidPodsEntry', '', {
  podSignature: of(1, PodSignature).required(),
  evictionTime: time(2),
  reason: string(3),
  message: string(4),
});
export interface PreferAvoidPodsEntry extends Infer<typeof PreferAvoidPodsEntry> {}
