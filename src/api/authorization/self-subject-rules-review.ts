import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const SelfSubjectRulesReviewSpec = struct(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec',
  'Where the rights in question hold.',
  {
    namespace: string(1).doc('The namespace.'),
  },
);
export interface SelfSubjectRulesReviewSpec extends Infer<typeof SelfSubjectRulesReviewSpec> {}

export const ResourceRule = struct('io.k8s.api.authorization.v1.ResourceRule', 'A right to objects of the API.', {
  verbs: list(1, string()).present().doc('What may be done.'),
  apiGroups: list(2, string()).doc('API groups; `*` is every group.'),
  resources: list(3, string()).doc('Resources; `*` is every resource.'),
  resourceNames: list(4, string()).doc('Names of the only objects; all objects when left out.'),
});
export interface ResourceRule extends Infer<typeof ResourceRule> {}

export const NonResourceRule = struct('io.k8s.api.authorization.v1.NonResourceRule', 'A right to other paths.', {
  verbs: list(1, string()).present().doc('HTTP methods, in lower case.'),
  nonResourceURLs: list(2, string()).doc('Paths; `*` at the end stands for anything.'),
});
export interface NonResourceRule extends Infer<typeof NonResourceRule> {}

export const SubjectRulesReviewStatus = struct('io.k8s.api.authorization.v1.SubjectRulesReviewStatus', 'The rights.', {
  resourceRules: list(1, ResourceRule).present().doc('Rights to objects, in no order; some may say the same.'),
  nonResourceRules: list(2, NonResourceRule).present().doc('Rights to other paths.'),
  incomplete: boolean(3).present().doc('Whether there may be rights that are not listed.'),
  evaluationError: string(4).doc('Why the list is not complete.'),
});
export interface SubjectRulesReviewStatus extends Infer<typeof SubjectRulesReviewStatus> {}

export const SelfSubjectRulesReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  scope: 'Cluster',
  package: 'io.k8s.api.authorization.v1',
  doc: 'Asks what you may do in a namespace (kubectl auth can-i --list). It is answered, not stored.',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, SelfSubjectRulesReviewSpec).present().doc('Where.'),
    status: of(3, SubjectRulesReviewStatus).always().doc('The rights.'),
  },
});
export interface SelfSubjectRulesReview extends ObjectOf<typeof SelfSubjectRulesReview> {}
