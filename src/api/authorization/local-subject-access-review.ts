import { defineKind, type ObjectOf } from '../kind.ts';
import { of } from '../../schema/field.ts';
import { accessFaults, emptyMetadataFaults, localFaults, subjectFaults } from './review-faults.ts';
import { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from './subject-access-review.ts';

export const LocalSubjectAccessReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  scope: 'Namespaced',
  package: 'io.k8s.api.authorization.v1',
  doc: 'Asks whether somebody may do something in one namespace. It is answered, not stored.',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, SubjectAccessReviewSpec).present().doc('The request in question.'),
    status: of(3, SubjectAccessReviewStatus).always().doc('The answer.'),
  },
  validate: ({ metadata, spec }) => [
    ...accessFaults(spec),
    ...subjectFaults(spec),
    ...emptyMetadataFaults(metadata, 'must be empty except for namespace'),
    ...localFaults({ metadata, spec }),
  ],
});
export interface LocalSubjectAccessReview extends ObjectOf<typeof LocalSubjectAccessReview> {}
