/** What is wrong with an admission policy. Texts and paths are those of Kubernetes 1.35; expressions are not compiled here. */
import { duplicate, invalid, required, type Fault } from '../../schema/fault.ts';
import { checkCIdentifier, checkDns1035Label, checkDns1123Subdomain, checkPathSegment } from '../../schema/names.ts';
import { sameMeaning } from '../rules/equal.ts';
import { complaintFaults, labelNameFaults } from '../rules/faults.ts';
import { labelSelectorFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type { MatchResources, NamedRuleWithOperations } from './rule.ts';
import type {
  AuditAnnotation,
  ParamKind,
  ValidatingAdmissionPolicySpec,
  Validation,
  Variable,
} from './validating-admission-policy.ts';
import { matchConditionFaults, ruleFaults } from './webhook-faults.ts';

type LooseSpec = Loose<ValidatingAdmissionPolicySpec>;

export function policyFaults(name: string, spec: LooseSpec, old?: LooseSpec): Fault[] {
  const { matchConstraints: constraints, validations = [], auditAnnotations = [], variables = [] } = spec;
  const conditionsKept =
    old !== undefined &&
    sameMeaning(spec.paramKind, old.paramKind) &&
    sameMeaning(spec.matchConditions, old.matchConditions);
  const empty = 'validations or auditAnnotations must contain at least one item';
  return [
    ...(spec.paramKind === undefined ? [] : paramKindFaults(spec.paramKind, 'spec.paramKind')),
    ...(constraints === undefined ? [required('spec.matchConstraints')] : constraintFaults(constraints)),
    ...(conditionsKept ? [] : matchConditionFaults(spec.matchConditions, 'spec.matchConditions')),
    ...variables.flatMap((each, index) => variableFaults(each, `spec.variables[${index}]`)),
    ...(validations.length + auditAnnotations.length === 0
      ? [required('spec.validations', empty), required('spec.auditAnnotations', empty)]
      : []),
    ...validations.flatMap((each, index) => validationFaults(each, `spec.validations[${index}]`)),
    ...auditFaults(auditAnnotations, name),
  ];
}

function constraintFaults(constraints: Loose<MatchResources>): Fault[] {
  return [
    ...matchResourcesFaults(constraints, 'spec.matchConstraints'),
    ...((constraints.resourceRules ?? []).length === 0 ? [required('spec.matchConstraints.resourceRules')] : []),
  ];
}

export function matchResourcesFaults(match: Loose<MatchResources>, path: string): Fault[] {
  const { resourceRules = [], excludeResourceRules = [] } = match;
  return [
    ...labelSelectorFaults(match.namespaceSelector, `${path}.namespaceSelector`),
    ...labelSelectorFaults(match.objectSelector, `${path}.objectSelector`),
    ...resourceRules.flatMap((rule, index) => namedRuleFaults(rule, `${path}.resourceRules[${index}]`)),
    ...excludeResourceRules.flatMap((rule, index) => namedRuleFaults(rule, `${path}.excludeResourceRules[${index}]`)),
  ];
}

function namedRuleFaults(rule: Loose<NamedRuleWithOperations>, path: string): Fault[] {
  const { resourceNames: names = [] } = rule;
  return [
    ...names.flatMap((name, index) => [
      ...complaintFaults(`${path}.resourceNames[${index}]`, name, checkPathSegment(name)),
      ...(names.indexOf(name) < index ? [duplicate(`${path}.resourceNames[${index}]`, name)] : []),
    ]),
    ...ruleFaults(rule, path),
  ];
}

function paramKindFaults({ apiVersion = '', kind = '' }: Loose<ParamKind>, path: string): Fault[] {
  const lower = checkDns1035Label(kind.toLowerCase());
  return [
    ...(apiVersion === '' ? [required(`${path}.apiVersion`)] : apiVersionFaults(apiVersion, `${path}.apiVersion`)),
    ...(kind === '' ? [required(`${path}.kind`)] : []),
    ...(kind !== '' && lower.length > 0
      ? [invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${lower.join(',')}`)]
      : []),
  ];
}

function apiVersionFaults(text: string, path: string): Fault[] {
  const parts = text.split('/');
  if (parts.length > 2) return [invalid(path, text, `unexpected GroupVersion string: ${text}`)];
  const version = parts.at(-1) ?? '';
  const group = parts.length === 2 ? (parts[0] ?? '') : '';
  const joined = (value: string, complaints: readonly string[]): Fault[] =>
    complaints.length === 0 ? [] : [invalid(path, value, complaints.join(','))];
  return [
    ...(group === '' ? [] : joined(group, checkDns1123Subdomain(group))),
    ...(version === ''
      ? [invalid(path, text, 'version must be specified')]
      : joined(version, checkDns1035Label(version))),
  ];
}

function variableFaults({ name = '', expression = '' }: Loose<Variable>, path: string): Fault[] {
  return [
    ...(name.trim() === '' ? [required(`${path}.name`, 'name is not specified')] : []),
    ...(name.trim() !== '' && checkCIdentifier(name).length > 0
      ? [invalid(`${path}.name`, name, 'name is not a valid CEL identifier')]
      : []),
    ...(expression.trim() === '' ? [required(`${path}.expression`, 'expression is not specified')] : []),
  ];
}

function validationFaults(
  { expression = '', message = '', messageExpression = '' }: Loose<Validation>,
  path: string,
): Fault[] {
  return [
    ...(expression.trim() === '' ? [required(`${path}.expression`, 'expression is not specified')] : []),
    ...(messageExpression !== '' && messageExpression.trim() === ''
      ? [invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified')]
      : []),
    ...messageFaults(message, `${path}.message`),
  ];
}

function messageFaults(message: string, path: string): Fault[] {
  if (message === '') return [];
  if (message.trim() === '') return [invalid(path, message, 'message must be non-empty if specified')];
  return /[\n\r]/.test(message.trim()) ? [invalid(path, message, 'message must not contain line breaks')] : [];
}

function auditFaults(annotations: readonly Loose<AuditAnnotation>[], name: string): Fault[] {
  const path = 'spec.auditAnnotations';
  return [
    ...(annotations.length > 20 ? [invalid(path, annotations, 'must not have more than 20 auditAnnotations')] : []),
    ...annotations.flatMap(({ key = '', valueExpression = '' }, index) => {
      const repeated = annotations.slice(0, index).some((earlier) => earlier.key === key);
      return [
        ...labelNameFaults(`${path}[${index}].key`, `${name}/${key}`),
        ...(valueExpression.trim() === ''
          ? [required(`${path}[${index}].valueExpression`, 'valueExpression is not specified')]
          : []),
        ...(repeated ? [duplicate(`${path}[${index}].key`, key)] : []),
      ];
    }),
  ];
}
