import { defineKind, type ObjectOf } from '../kind.ts';
import { of, struct, type Infer } from '../../schema/field.ts';
import { NonResourceAttributes, ResourceAttributes, SubjectAccessReviewStatus } from './subject-access-review.ts';

export const SelfSubjectAccessReviewSpec = struct('io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec', '', {
  resourceAttributes: of(1, ResourceAttributes),
  nonResourceAttributes: of(2, NonResourceAttributes),
});
export interface SelfSubjectAccessReviewSpec extends Infer<typeof SelfSubjectAccessReviewSpec> {}

export const SelfSubjectAccessReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  scope: 'Cluster',
  package: 'io.k8s.api.authorization.v1',
  doc: '',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, SelfSubjectAccessReviewSpec).required(),
    status: of(3, SubjectAccessReviewStatus).always(),
  },
});
export interface SelfSubjectAccessReview extends ObjectOf<typeof SelfSubjectAccessReview> {}
