import { defineKind, type ObjectOf } from '../kind.ts';
import { inline, int64, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { Condition } from '../meta/condition.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const Rule = struct('io.k8s.api.admissionregistration.v1.Rule', '', {
  apiGroups: list(1, string()),
  apiVersions: list(2, string()),
  resources: list(3, string()),
  scope: string(4).enum('Cluster', 'Namespaced', '*').pointer(),
});
export interface Rule extends Infer<typeof Rule> {}

export const ParamKind = struct(
  'io.k8s.api.admissionregistration.v1.ParamKind',
  '',
  {
    apiVersion: string(1),
    kind: string(2),
  },
  { atomic: true },
);
export interface ParamKind extends Infer<typeof ParamKind> {}

export const RuleWithOperations = struct('io.k8s.api.admissionregistration.v1.RuleWithOperations', '', {
  operations: list(1, string().enum('*', 'CREATE', 'UPDATE', 'DELETE', 'CONNECT')),
  ...inline(2, Rule),
});
export interface RuleWithOperations extends Infer<typeof RuleWithOperations> {}

export const NamedRuleWithOperations = struct(
  'io.k8s.api.admissionregistration.v1.NamedRuleWithOperations',
  '',
  {
    resourceNames: list(1, string()),
    ...inline(2, RuleWithOperations),
  },
  { atomic: true },
);
export interface NamedRuleWithOperations extends Infer<typeof NamedRuleWithOperations> {}

export const MatchResources = struct(
  'io.k8s.api.admissionregistration.v1.MatchResources',
  '',
  {
    namespaceSelector: of(1, LabelSelector),
    objectSelector: of(2, LabelSelector),
    resourceRules: list(3, NamedRuleWithOperations),
    excludeResourceRules: list(4, NamedRuleWithOperations),
    matchPolicy: string(7).enum('Exact', 'Equivalent').pointer(),
  },
  { atomic: true },
);
export interface MatchResources extends Infer<typeof MatchResources> {}

export const Validation = struct('io.k8s.api.admissionregistration.v1.Validation', '', {
  expression: string(1).required(),
  message: string(2),
  reason: string(3).pointer(),
  messageExpression: string(4),
});
export interface Validation extends Infer<typeof Validation> {}

export const AuditAnnotation = struct('io.k8s.api.admissionregistration.v1.AuditAnnotation', '', {
  key: string(1).required(),
  valueExpression: string(2).required(),
});
export interface AuditAnnotation extends Infer<typeof AuditAnnotation> {}

export const MatchCondition = struct('io.k8s.api.admissionregistration.v1.MatchCondition', '', {
  name: string(1).required(),
  expression: string(2).required(),
});
export interface MatchCondition extends Infer<typeof MatchCondition> {}

export const Variable = struct(
  'io.k8s.api.admissionregistration.v1.Variable',
  '',
  {
    name: string(1).required(),
    expression: string(2).required(),
  },
  { atomic: true },
);
export interface Variable extends Infer<typeof Variable> {}

export const ValidatingAdmissionPolicySpec = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec',
  '',
  {
    paramKind: of(1, ParamKind),
    matchConstraints: of(2, MatchResources),
    validations: list(3, Validation),
    failurePolicy: string(4).enum('Ignore', 'Fail').pointer(),
    auditAnnotations: list(5, AuditAnnotation),
    matchConditions: list(6, MatchCondition).listMap('name').merge('name'),
    variables: list(7, Variable).listMap('name').merge('name'),
  },
);
export interface ValidatingAdmissionPolicySpec extends Infer<typeof ValidatingAdmissionPolicySpec> {}

export const ExpressionWarning = struct('io.k8s.api.admissionregistration.v1.ExpressionWarning', '', {
  fieldRef: string(2).required(),
  warning: string(3).required(),
});
export interface ExpressionWarning extends Infer<typeof ExpressionWarning> {}

export const TypeChecking = struct('io.k8s.api.admissionregistration.v1.TypeChecking', '', {
  expressionWarnings: list(1, ExpressionWarning),
});
export interface TypeChecking extends Infer<typeof TypeChecking> {}

export const ValidatingAdmissionPolicyStatus = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus',
  '',
  {
    observedGeneration: int64(1),
    typeChecking: of(2, TypeChecking),
    conditions: list(3, Condition).listMap('type'),
  },
);
export interface ValidatingAdmissionPolicyStatus extends Infer<typeof ValidatingAdmissionPolicyStatus> {}

export const ValidatingAdmissionPolicy = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  scope: 'Cluster',
  package: 'io.k8s.api.admissionregistration.v1',
  doc: '',
  fields: {
    spec: of(2, ValidatingAdmissionPolicySpec).always(),
    status: of(3, ValidatingAdmissionPolicyStatus).always(),
  },
  subresources: { status: true },
});
export interface ValidatingAdmissionPolicy extends ObjectOf<typeof ValidatingAdmissionPolicy> {}
