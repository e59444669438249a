import { defineKind, type ObjectOf } from '../kind.ts';
import { of } from '../../schema/field.ts';
import { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from './subject-access-review.ts';

export const LocalSubjectAccessReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  scope: 'Namespaced',
  package: 'io.k8s.api.authorization.v1',
  doc: '',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, SubjectAccessReviewSpec).required(),
    status: of(3, SubjectAccessReviewStatus).always(),
  },
});
export interface LocalSubjectAccessReview extends ObjectOf<typeof LocalSubjectAccessReview> {}
