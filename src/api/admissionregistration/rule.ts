/** What webhooks and policies are about: which requests, narrowed by selectors and conditions. */
import { inline, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';

const pkg = 'io.k8s.api.admissionregistration.v1';

export const Rule = struct(`${pkg}.Rule`, 'Which resources are meant.', {
  apiGroups: list(1, string()).doc('API groups; `*` is every group.'),
  apiVersions: list(2, string()).doc('Versions; `*` is every version.'),
  resources: list(3, string()).doc('Resources, such as pods or pods/log; `*` is all, `*/*` all with subresources.'),
  scope: string(4)
    .enum('*', 'Cluster', 'Namespaced')
    .pointer()
    .default('*')
    .doc('Whether namespaced or cluster-wide resources are meant; `*` means both.'),
});
export interface Rule extends Infer<typeof Rule> {}

export const RuleWithOperations = struct(`${pkg}.RuleWithOperations`, 'Which requests are meant.', {
  operations: list(1, string().enum('*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE')).doc(
    'What is done: CREATE, UPDATE, DELETE, CONNECT, or `*` for everything.',
  ),
  ...inline(2, Rule),
});
export interface RuleWithOperations extends Infer<typeof RuleWithOperations> {}

export const NamedRuleWithOperations = struct(
  `${pkg}.NamedRuleWithOperations`,
  'Which requests for which objects are meant.',
  {
    resourceNames: list(1, string()).doc('Names of the only objects that are meant; all objects when left out.'),
    ...inline(2, RuleWithOperations),
  },
  { atomic: true },
);
export interface NamedRuleWithOperations extends Infer<typeof NamedRuleWithOperations> {}

export const MatchCondition = struct(`${pkg}.MatchCondition`, 'A condition on requests, as an expression.', {
  name: string(1).required().doc('Name of the condition, unique in its list.'),
  expression: string(2).required().doc('An expression (CEL) that is true for requests that are meant.'),
});
export interface MatchCondition extends Infer<typeof MatchCondition> {}

export const MatchResources = struct(
  `${pkg}.MatchResources`,
  'Which requests a policy is about.',
  {
    namespaceSelector: of(1, LabelSelector).default({}).doc('Only objects in namespaces with these labels.'),
    objectSelector: of(2, LabelSelector).default({}).doc('Only objects with these labels.'),
    resourceRules: list(3, NamedRuleWithOperations).doc('Requests that are meant.'),
    excludeResourceRules: list(4, NamedRuleWithOperations).doc('Requests that are not meant all the same.'),
    matchPolicy: string(7)
      .enum('Equivalent', 'Exact')
      .pointer()
      .default('Equivalent')
      .doc('Whether rules also mean other versions of the same resource: Equivalent or Exact.'),
  },
  { atomic: true },
);
export interface MatchResources extends Infer<typeof MatchResources> {}
