import { of, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { UserInfo } from './token-review.ts';

export const SelfSubjectReviewStatus = struct('io.k8s.api.authentication.v1.SelfSubjectReviewStatus', 'Who you are.', {
  userInfo: of(1, UserInfo).always().doc('Name, groups and the rest, as the API server sees you.'),
});
export interface SelfSubjectReviewStatus extends Infer<typeof SelfSubjectReviewStatus> {}

export const SelfSubjectReview = defineKind({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  package: 'io.k8s.api.authentication.v1',
  doc: 'Asks who you are (kubectl auth whoami). It is answered, not stored.',
  virtual: true,
  verbs: ['create'],
  fields: {
    status: of(2, SelfSubjectReviewStatus).always().doc('The answer.'),
  },
});
export interface SelfSubjectReview extends ObjectOf<typeof SelfSubjectReview> {}
