import { int64, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { allMetadata, defineKind, type ObjectOf } from '../kind.ts';
import { Condition } from '../meta/condition.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { policyFaults } from './policy-faults.ts';
import { MatchCondition, MatchResources } from './rule.ts';

const pkg = 'io.k8s.api.admissionregistration.v1';

export const ParamKind = struct(
  `${pkg}.ParamKind`,
  'The kind of object that a policy takes its settings from.',
  {
    apiVersion: string(1).doc('Group and version of the kind, such as `rules.example.com/v1`.'),
    kind: string(2).doc('Name of the kind.'),
  },
  { atomic: true },
);
export interface ParamKind extends Infer<typeof ParamKind> {}

export const Validation = struct(`${pkg}.Validation`, 'A rule that objects must follow.', {
  expression: string(1)
    .required()
    .doc('An expression (CEL) over object, oldObject, request, params and variables; must be true.'),
  message: string(2).doc('What to say when it is not.'),
  reason: string(3)
    .enum('Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized')
    .pointer()
    .doc('Reason of the answer; Invalid when left out.'),
  messageExpression: string(4).doc('An expression that makes what to say.'),
});
export interface Validation extends Infer<typeof Validation> {}

export const AuditAnnotation = struct(`${pkg}.AuditAnnotation`, 'Something to write into the audit log.', {
  key: string(1).required().doc('Key of the annotation, below the name of the policy.'),
  valueExpression: string(2).required().doc('An expression that makes its value; null writes nothing.'),
});
export interface AuditAnnotation extends Infer<typeof AuditAnnotation> {}

export const Variable = struct(
  `${pkg}.Variable`,
  'A name for an expression.',
  {
    name: string(1).required().doc('The name; others say `variables.NAME`.'),
    expression: string(2).required().doc('The expression; may use variables that stand before it.'),
  },
  { atomic: true },
);
export interface Variable extends Infer<typeof Variable> {}

export const ValidatingAdmissionPolicySpec = struct(
  `${pkg}.ValidatingAdmissionPolicySpec`,
  'Which requests are checked, and how.',
  {
    paramKind: of(1, ParamKind).doc('The kind of object that settings are taken from; none when left out.'),
    matchConstraints: of(2, MatchResources).doc('Requests that the policy is about.'),
    validations: list(3, Validation).doc('Rules that objects must follow.'),
    failurePolicy: string(4)
      .enum('Fail', 'Ignore')
      .pointer()
      .default('Fail')
      .doc('What becomes of a request when an expression fails: Fail or Ignore.'),
    auditAnnotations: list(5, AuditAnnotation).doc('What to write into the audit log; at most 20.'),
    matchConditions: list(6, MatchCondition)
      .listMap('name')
      .merge('name')
      .doc('Conditions that must hold for the policy to be asked.'),
    variables: list(7, Variable).listMap('name').merge('name').doc('Names for expressions.'),
  },
);
export interface ValidatingAdmissionPolicySpec extends Infer<typeof ValidatingAdmissionPolicySpec> {}

export const ExpressionWarning = struct(`${pkg}.ExpressionWarning`, 'Something odd about an expression.', {
  fieldRef: string(2).present().doc('Path of the expression.'),
  warning: string(3).present().doc('What is odd.'),
});
export interface ExpressionWarning extends Infer<typeof ExpressionWarning> {}

export const TypeChecking = struct(`${pkg}.TypeChecking`, 'What checking the types of the expressions found.', {
  expressionWarnings: list(1, ExpressionWarning).doc('The findings.'),
});
export interface TypeChecking extends Infer<typeof TypeChecking> {}

export const ValidatingAdmissionPolicyStatus = struct(
  `${pkg}.ValidatingAdmissionPolicyStatus`,
  'What was found out about the policy.',
  {
    observedGeneration: int64(1).doc('Generation that this was found for.'),
    typeChecking: of(2, TypeChecking).doc('What checking the types found.'),
    conditions: list(3, Condition).listMap('type').doc('Its conditions.'),
  },
);
export interface ValidatingAdmissionPolicyStatus extends Infer<typeof ValidatingAdmissionPolicyStatus> {}

export const ValidatingAdmissionPolicy = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  categories: ['api-extensions'],
  scope: 'Cluster',
  package: pkg,
  doc: 'Rules for requests, as expressions; a ValidatingAdmissionPolicyBinding puts them into force.',
  fields: {
    spec: of(2, ValidatingAdmissionPolicySpec).always().doc('Which requests are checked, and how.'),
    status: of(3, ValidatingAdmissionPolicyStatus).always().doc('What was found out about the policy.'),
  },
  subresources: { status: true },
  unconditionalUpdate: false,
  statusKeeps: allMetadata,
  columns: [
    nameColumn,
    {
      name: 'Validations',
      type: 'integer',
      doc: 'How many rules there are.',
      value: ({ spec }) => (spec?.validations ?? []).length,
    },
    {
      name: 'ParamKind',
      type: 'string',
      doc: 'The kind that settings are taken from.',
      value: ({ spec }) =>
        spec?.paramKind === undefined ? '<unset>' : `${spec.paramKind.apiVersion}/${spec.paramKind.kind}`,
    },
    ageColumn,
  ],
  validate: ({ metadata, spec }, old) => policyFaults(metadata.name, spec ?? {}, old?.spec),
});
export interface ValidatingAdmissionPolicy extends ObjectOf<typeof ValidatingAdmissionPolicy> {}
