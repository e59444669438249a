import { boolean, list, map, of, string, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { FieldSelectorRequirement, LabelSelectorRequirement } from '../meta/label-selector.ts';
import { accessFaults, emptyMetadataFaults, subjectFaults } from './review-faults.ts';

export const FieldSelectorAttributes = struct(
  'io.k8s.api.authorization.v1.FieldSelectorAttributes',
  'A field selector that narrows a request.',
  {
    rawSelector: string(1).doc('The selector as text; not together with requirements.'),
    requirements: list(2, FieldSelectorRequirement).doc('The selector in parts, all of which must hold.'),
  },
);
export interface FieldSelectorAttributes extends Infer<typeof FieldSelectorAttributes> {}

export const LabelSelectorAttributes = struct(
  'io.k8s.api.authorization.v1.LabelSelectorAttributes',
  'A label selector that narrows a request.',
  {
    rawSelector: string(1).doc('The selector as text; not together with requirements.'),
    requirements: list(2, LabelSelectorRequirement).doc('The selector in parts, all of which must hold.'),
  },
);
export interface LabelSelectorAttributes extends Infer<typeof LabelSelectorAttributes> {}

export const ResourceAttributes = struct(
  'io.k8s.api.authorization.v1.ResourceAttributes',
  'A request for objects of the API.',
  {
    namespace: string(1).doc('Namespace of the objects; empty for all of them, and for cluster-wide kinds.'),
    verb: string(2).doc('What is to be done, such as get or create; `*` is everything.'),
    group: string(3).doc('API group; `*` is every group.'),
    version: string(4).doc('Version of the group; `*` is every version.'),
    resource: string(5).doc('Resource, such as pods; `*` is every resource.'),
    subresource: string(6).doc('Subresource, such as log.'),
    name: string(7).doc('Name of the object; empty for all of them.'),
    fieldSelector: of(8, FieldSelectorAttributes).doc('Only objects that this field selector picks.'),
    labelSelector: of(9, LabelSelectorAttributes).doc('Only objects that this label selector picks.'),
  },
);
export interface ResourceAttributes extends Infer<typeof ResourceAttributes> {}

export const NonResourceAttributes = struct(
  'io.k8s.api.authorization.v1.NonResourceAttributes',
  'A request for some other path.',
  {
    path: string(1).doc('The path, such as /metrics.'),
    verb: string(2).doc('The HTTP method, in lower case.'),
  },
);
export interface NonResourceAttributes extends Infer<typeof NonResourceAttributes> {}

export const SubjectAccessReviewSpec = struct(
  'io.k8s.api.authorization.v1.SubjectAccessReviewSpec',
  'The request in question, and who makes it.',
  {
    resourceAttributes: of(1, ResourceAttributes).doc(
      'A request for objects; not together with nonResourceAttributes.',
    ),
    nonResourceAttributes: of(2, NonResourceAttributes).doc('A request for another path.'),
    user: string(3).doc('Who makes the request.'),
    groups: list(4, string()).doc('Groups that the user is in; only these count.'),
    extra: map(5, list(undefined, string())).doc('What else is known of the user.'),
    uid: string(6).doc('Unique id of the user.'),
  },
);
export interface SubjectAccessReviewSpec extends Infer<typeof SubjectAccessReviewSpec> {}

export const SubjectAccessReviewStatus = struct(
  'io.k8s.api.authorization.v1.SubjectAccessReviewStatus',
  'Whether the request would be let through.',
  {
    allowed: boolean(1).present().doc('Whether it would be allowed.'),
    denied: boolean(4).doc('Whether it would be refused whatever other authorisers say.'),
    reason: string(2).doc('Why, for people.'),
    evaluationError: string(3).doc('What went wrong on the way; the answer may hold all the same.'),
  },
);
export interface SubjectAccessReviewStatus extends Infer<typeof SubjectAccessReviewStatus> {}

export const SubjectAccessReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
  package: 'io.k8s.api.authorization.v1',
  doc: 'Asks whether somebody may do something. It is answered, not stored.',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, SubjectAccessReviewSpec).present().doc('The request in question.'),
    status: of(3, SubjectAccessReviewStatus).always().doc('The answer.'),
  },
  validate: ({ metadata, spec }) => [...accessFaults(spec), ...subjectFaults(spec), ...emptyMetadataFaults(metadata)],
});
export interface SubjectAccessReview extends ObjectOf<typeof SubjectAccessReview> {}
