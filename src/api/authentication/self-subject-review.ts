import { defineKind, type ObjectOf } from '../kind.ts';
import { of, struct, type Infer } from '../../schema/field.ts';
import { UserInfo } from './token-review.ts';

export const SelfSubjectReviewStatus = struct('io.k8s.api.authentication.v1.SelfSubjectReviewStatus', '', {
  userInfo: of(1, UserInfo).always(),
});
export interface SelfSubjectReviewStatus extends Infer<typeof SelfSubjectReviewStatus> {}

export const SelfSubjectReview = defineKind({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  package: 'io.k8s.api.authentication.v1',
  doc: '',
  virtual: true,
  verbs: ['create'],
  fields: {
    status: of(2, SelfSubjectReviewStatus).always(),
  },
});
export interface SelfSubjectReview extends ObjectOf<typeof SelfSubjectReview> {}
