import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const SelfSubjectRulesReviewSpec = struct('io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec', '', {
  namespace: string(1),
});
export interface SelfSubjectRulesReviewSpec extends Infer<typeof SelfSubjectRulesReviewSpec> {}

export const ResourceRule = struct('io.k8s.api.authorization.v1.ResourceRule', '', {
  verbs: list(1, string()).required(),
  apiGroups: list(2, string()),
  resources: list(3, string()),
  resourceNames: list(4, string()),
});
export interface ResourceRule extends Infer<typeof ResourceRule> {}

export const NonResourceRule = struct('io.k8s.api.authorization.v1.NonResourceRule', '', {
  verbs: list(1, string()).required(),
  nonResourceURLs: list(2, string()),
});
export interface NonResourceRule extends Infer<typeof NonResourceRule> {}

export const SubjectRulesReviewStatus = struct('io.k8s.api.authorization.v1.SubjectRulesReviewStatus', '', {
  resourceRules: list(1, ResourceRule).required(),
  nonResourceRules: list(2, NonResourceRule).required(),
  incomplete: boolean(3).required(),
  evaluationError: string(4),
});
export interface SubjectRulesReviewStatus extends Infer<typeof SubjectRulesReviewStatus> {}

export const SelfSubjectRulesReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  scope: 'Cluster',
  package: 'io.k8s.api.authorization.v1',
  doc: '',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, SelfSubjectRulesReviewSpec).required(),
    status: of(3, SubjectRulesReviewStatus).always(),
  },
});
export interface SelfSubjectRulesReview extends ObjectOf<typeof SelfSubjectRulesReview> {}
