import { of, struct, type Infer } from '../../schema/field.ts';
import { PodSpec } from './pod-spec.ts';
import { ObjectMeta } from '../meta/object-meta.ts';

export const PodTemplateSpec = struct('io.k8s.api.core.v1.PodTemplateSpec', '', {
  metadata: of(1, ObjectMeta).always(),
  spec: of(2, PodSpec).always(),
});
export interface PodTemplateSpec extends Infer<typeof PodTemplateSpec> {}
