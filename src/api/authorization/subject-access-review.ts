import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, list, map, of, string, struct, type Infer } from '../../schema/field.ts';
import { FieldSelectorRequirement, LabelSelectorRequirement } from '../meta/label-selector.ts';

export const FieldSelectorAttributes = struct('io.k8s.api.authorization.v1.FieldSelectorAttributes', '', {
  rawSelector: string(1),
  requirements: list(2, FieldSelectorRequirement),
});
export interface FieldSelectorAttributes extends Infer<typeof FieldSelectorAttributes> {}

export const LabelSelectorAttributes = struct('io.k8s.api.authorization.v1.LabelSelectorAttributes', '', {
  rawSelector: string(1),
  requirements: list(2, LabelSelectorRequirement),
});
export interface LabelSelectorAttributes extends Infer<typeof LabelSelectorAttributes> {}

export const ResourceAttributes = struct('io.k8s.api.authorization.v1.ResourceAttributes', '', {
  namespace: string(1),
  verb: string(2),
  group: string(3),
  version: string(4),
  resource: string(5),
  subresource: string(6),
  name: string(7),
  fieldSelector: of(8, FieldSelectorAttributes),
  labelSelector: of(9, LabelSelectorAttributes),
});
export interface ResourceAttributes extends Infer<typeof ResourceAttributes> {}

export const NonResourceAttributes = struct('io.k8s.api.authorization.v1.NonResourceAttributes', '', {
  path: string(1),
  verb: string(2),
});
export interface NonResourceAttributes extends Infer<typeof NonResourceAttributes> {}

export const SubjectAccessReviewSpec = struct('io.k8s.api.authorization.v1.SubjectAccessReviewSpec', '', {
  resourceAttributes: of(1, ResourceAttributes),
  nonResourceAttributes: of(2, NonResourceAttributes),
  user: string(3),
  groups: list(4, string()),
  extra: map(5, list(undefined, string())),
  uid: string(6),
});
export interface SubjectAccessReviewSpec extends Infer<typeof SubjectAccessReviewSpec> {}

export const SubjectAccessReviewStatus = struct('io.k8s.api.authorization.v1.SubjectAccessReviewStatus', '', {
  allowed: boolean(1).required(),
  denied: boolean(4),
  reason: string(2),
  evaluationError: string(3),
});
export interface SubjectAccessReviewStatus extends Infer<typeof SubjectAccessReviewStatus> {}

export const SubjectAccessReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
  package: 'io.k8s.api.authorization.v1',
  doc: '',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, SubjectAccessReviewSpec).required(),
    status: of(3, SubjectAccessReviewStatus).always(),
  },
});
export interface SubjectAccessReview extends ObjectOf<typeof SubjectAccessReview> {}
