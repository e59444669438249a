/** Questions about identity and access before v1: groups are called `group`. */
import { list, of, string, type Fields, type Struct } from '../../schema/field.ts';
import { TokenReview } from '../authentication/token-review.ts';
import { LocalSubjectAccessReview } from '../authorization/local-subject-access-review.ts';
import { SelfSubjectAccessReview } from '../authorization/self-subject-access-review.ts';
import { SelfSubjectRulesReview } from '../authorization/self-subject-rules-review.ts';
import { SubjectAccessReview, SubjectAccessReviewSpec } from '../authorization/subject-access-review.ts';
import type { Kind } from '../kind.ts';
import { renameFields } from '../rules/rename.ts';
import { changeAt, retire, vary, type Json } from './retire.ts';

const authorization = {
  group: 'authorization.k8s.io',
  version: 'v1beta1',
  package: 'io.k8s.api.authorization.v1beta1',
  deprecated: 19,
  removed: 22,
};

const spec: Struct = vary(SubjectAccessReviewSpec, `${authorization.package}.SubjectAccessReviewSpec`, {
  without: ['groups'],
  fields: { group: list(4, string()).doc('Groups that the user is in; only these count.') },
});
const fields: Fields = { spec: of(2, spec).present().doc('The request in question.') };

const rename =
  (from: string, to: string) =>
  (object: Json): Record<string, unknown> =>
    changeAt(object, ['spec'], (each) => renameFields(each as Json, { [from]: to })) as Record<string, unknown>;
const groups = { toStorage: rename('group', 'groups'), fromStorage: rename('groups', 'group') };

export const reviewsV1beta1: readonly Kind[] = [
  retire(TokenReview, {
    ...authorization,
    group: 'authentication.k8s.io',
    package: 'io.k8s.api.authentication.v1beta1',
  }),
  retire(LocalSubjectAccessReview, { ...authorization, ...groups, fields }),
  retire(SelfSubjectAccessReview, authorization),
  retire(SelfSubjectRulesReview, authorization),
  retire(SubjectAccessReview, { ...authorization, ...groups, fields }),
];
