import { defineKind, type ObjectOf } from '../kind.ts';
import { of, struct, type Infer } from '../../schema/field.ts';
import { accessFaults, emptyMetadataFaults } from './review-faults.ts';
import { NonResourceAttributes, ResourceAttributes, SubjectAccessReviewStatus } from './subject-access-review.ts';

export const SelfSubjectAccessReviewSpec = struct(
  'io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec',
  'The request in question.',
  {
    resourceAttributes: of(1, ResourceAttributes).doc(
      'A request for objects; not together with nonResourceAttributes.',
    ),
    nonResourceAttributes: of(2, NonResourceAttributes).doc('A request for another path.'),
  },
);
export interface SelfSubjectAccessReviewSpec extends Infer<typeof SelfSubjectAccessReviewSpec> {}

export const SelfSubjectAccessReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  scope: 'Cluster',
  package: 'io.k8s.api.authorization.v1',
  doc: 'Asks whether you may do something (kubectl auth can-i). It is answered, not stored.',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, SelfSubjectAccessReviewSpec).present().doc('The request in question.'),
    status: of(3, SubjectAccessReviewStatus).always().doc('The answer.'),
  },
  validate: ({ metadata, spec }) => [...accessFaults(spec), ...emptyMetadataFaults(metadata)],
});
export interface SelfSubjectAccessReview extends ObjectOf<typeof SelfSubjectAccessReview> {}
