import { of, struct, type Infer } from '../../schema/field.ts';
import { PodSpec } from './pod-spec.ts';
import { ObjectMeta } from '../meta/object-meta.ts';

export const PodTemplateSpec = struct('io.k8s.api.core.v1.PodTemplateSpec', 'The pod that a controller makes.', {
  metadata: of(1, ObjectMeta).always().doc('Name, labels and the other data that every object has.'),
  spec: of(2, PodSpec).always().doc('What the pod is to run.'),
});
export interface PodTemplateSpec extends Infer<typeof PodTemplateSpec> {}
