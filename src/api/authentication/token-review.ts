import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, list, map, of, string, struct, type Infer } from '../../schema/field.ts';

export const TokenReviewSpec = struct('io.k8s.api.authentication.v1.TokenReviewSpec', '', {
  token: string(1),
  audiences: list(2, string()),
});
export interface TokenReviewSpec extends Infer<typeof TokenReviewSpec> {}

export const UserInfo = struct('io.k8s.api.authentication.v1.UserInfo', '', {
  username: string(1),
  uid: string(2),
  groups: list(3, string()),
  extra: map(4, list(undefined, string())),
});
export interface UserInfo extends Infer<typeof UserInfo> {}

export const TokenReviewStatus = struct('io.k8s.api.authentication.v1.TokenReviewStatus', '', {
  authenticated: boolean(1),
  user: of(2, UserInfo).always(),
  audiences: list(4, string()),
  error: string(3),
});
export interface TokenReviewStatus extends Infer<typeof TokenReviewStatus> {}

export const TokenReview = defineKind({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  scope: 'Cluster',
  package: 'io.k8s.api.authentication.v1',
  doc: '',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, TokenReviewSpec).required(),
    status: of(3, TokenReviewStatus).always(),
  },
});
export interface TokenReview extends ObjectOf<typeof TokenReview> {}
