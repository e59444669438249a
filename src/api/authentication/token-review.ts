import { boolean, list, map, of, string, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';

export const TokenReviewSpec = struct('io.k8s.api.authentication.v1.TokenReviewSpec', 'The token in question.', {
  token: string(1).doc('The token.'),
  audiences: list(2, string()).doc('For whom the token should be meant, any of these; the API server when left out.'),
});
export interface TokenReviewSpec extends Infer<typeof TokenReviewSpec> {}

export const UserInfo = struct('io.k8s.api.authentication.v1.UserInfo', 'Who somebody is.', {
  username: string(1).doc('Name that tells the user from all others.'),
  uid: string(2).doc('Unique id of the user, if the authenticator has one.'),
  groups: list(3, string()).doc('Groups that the user is in.'),
  extra: map(4, list(undefined, string())).doc('What else the authenticator says.'),
});
export interface UserInfo extends Infer<typeof UserInfo> {}

export const TokenReviewStatus = struct(
  'io.k8s.api.authentication.v1.TokenReviewStatus',
  'What the token is good for.',
  {
    authenticated: boolean(1).doc('Whether the token belongs to somebody who is known.'),
    user: of(2, UserInfo).always().doc('To whom it belongs.'),
    audiences: list(4, string()).doc('Those of the audiences in question for which it is good.'),
    error: string(3).doc('Why the token could not be checked.'),
  },
);
export interface TokenReviewStatus extends Infer<typeof TokenReviewStatus> {}

export const TokenReview = defineKind({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  scope: 'Cluster',
  package: 'io.k8s.api.authentication.v1',
  doc: 'Asks whose token something is. It is answered, not stored.',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, TokenReviewSpec).present().doc('The token in question.'),
    status: of(3, TokenReviewStatus).always().doc('The answer.'),
  },
});
export interface TokenReview extends ObjectOf<typeof TokenReview> {}
