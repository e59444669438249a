/** Questions about rights, answered by the same authorisers that decide on requests (kubectl auth can-i). */
import { LocalSubjectAccessReview } from '../../api/authorization/local-subject-access-review.ts';
import { SelfSubjectAccessReview } from '../../api/authorization/self-subject-access-review.ts';
import { SelfSubjectRulesReview } from '../../api/authorization/self-subject-rules-review.ts';
import {
  SubjectAccessReview,
  type ResourceAttributes,
  type SubjectAccessReviewSpec,
} from '../../api/authorization/subject-access-review.ts';
import type { Kind } from '../../api/kind.ts';
import type { Attributes, Authorizer, UserInfo } from '../access.ts';
import { nodeNameOf } from '../authorization/node.ts';
import type { RoleBasedAccess } from '../authorization/rbac.ts';
import { badRequest, invalid } from '../errors.ts';
import { draftMeta, type DraftObject } from '../registry/snapshot.ts';
import type { VirtualHandler } from '../server-types.ts';

type Question = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

export function accessReviews(authorizer: Authorizer, roles: RoleBasedAccess): readonly [string, VirtualHandler][] {
  const answer = async (draft: DraftObject, user: UserInfo): Promise<DraftObject> => {
    const { verdict, reason, error } = await authorizer.authorize(attributesOf(draft['spec'] as Question, user));
    const status = {
      allowed: verdict === 'allow',
      ...(verdict === 'deny' ? { denied: true } : {}),
      ...(reason === '' ? {} : { reason }),
      ...(error === undefined ? {} : { evaluationError: error }),
    };
    return { ...draft, status };
  };
  const subjectOf = (draft: DraftObject): UserInfo => {
    const { user = '', groups = [], uid, extra } = draft['spec'] as SubjectAccessReviewSpec;
    return { username: user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
  };
  const check = (kind: Kind) => (draft: DraftObject) => checkQuestion(kind, draft);
  const answerAbout = (draft: DraftObject): Promise<DraftObject> => answer(draft, subjectOf(draft));
  return [
    [pathOf(SubjectAccessReview), { check: check(SubjectAccessReview), answer: answerAbout }],
    [pathOf(SelfSubjectAccessReview), { check: check(SelfSubjectAccessReview), answer }],
    [pathOf(LocalSubjectAccessReview), { check: checkLocal, answer: answerAbout }],
    [pathOf(SelfSubjectRulesReview), { answer: (draft, user) => ({ ...draft, status: rulesOf(draft, user, roles) }) }],
  ];
}

const pathOf = ({ group, plural }: Kind): string => `${group}/${plural}`;

function checkLocal(draft: DraftObject, namespace: string): void {
  const meta = draftMeta(draft);
  if ((meta.namespace ?? '') === '') meta.namespace = namespace;
  if (meta.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  checkQuestion(LocalSubjectAccessReview, draft);
}

function checkQuestion(kind: Kind, draft: DraftObject): void {
  const faults =
    (kind as Kind & { validate?: (object: unknown) => Parameters<typeof invalid>[2] }).validate?.(draft) ?? [];
  if (faults.length > 0) throw invalid(kind, '', faults);
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: Question, user: UserInfo): Attributes {
  if (resourceAttributes === undefined) {
    return { user, verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' };
  }
  const { verb, fieldSelector, labelSelector, ...named } = resourceAttributes;
  const [fields, labels] = [selectorText(fieldSelector), selectorText(labelSelector)];
  const unnamed = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '' };
  const selectors = {
    ...(fields === '' ? {} : { fieldSelector: fields }),
    ...(labels === '' ? {} : { labelSelector: labels }),
  };
  return { user, verb: verb ?? '', path: '', resource: { ...unnamed, ...named, ...selectors } };
}

/** Requirements that a selector text can hold; one that it can't hold narrows nothing, which is the safe side. */
function selectorText(selector: ResourceAttributes['fieldSelector'] | ResourceAttributes['labelSelector']): string {
  if (selector === undefined) return '';
  const { rawSelector = '', requirements = [] } = selector;
  if (rawSelector !== '') return rawSelector;
  return requirements
    .flatMap(({ key, operator, values = [] }) =>
      operator === 'In' && values.length === 1 ? [`${key}=${values[0]}`] : [],
    )
    .join(',');
}

function rulesOf(draft: DraftObject, user: UserInfo, roles: RoleBasedAccess): DraftObject {
  const { namespace = '' } = draft['spec'] as SelfSubjectRulesReview['spec'];
  if (namespace === '') throw badRequest('no namespace on request');
  const { rules, errors } = roles.rulesFor(user, namespace);
  const complaints = [
    ...errors,
    ...(nodeNameOf(user) === undefined ? [] : ['node authorizer does not support user rule resolution']),
  ];
  return {
    resourceRules: rules
      .filter(({ resources = [] }) => resources.length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames === undefined ? {} : { resourceNames }),
      })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: complaints.length > 0,
    ...(complaints.length === 0 ? {} : { evaluationError: complaints.join(', ') }),
  };
}
