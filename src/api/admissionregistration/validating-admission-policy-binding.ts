import { duplicate, forbidden, invalid, required, type Fault } from '../../schema/fault.ts';
import { list, of, string, struct, type Infer } from '../../schema/field.ts';
import { checkPathSegment } from '../../schema/names.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { complaintFaults, subdomainFaults } from '../rules/faults.ts';
import { formatLabelSelector, labelSelectorFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import { matchResourcesFaults } from './policy-faults.ts';
import { MatchResources } from './rule.ts';

const pkg = 'io.k8s.api.admissionregistration.v1';

export const ParamRef = struct(
  `${pkg}.ParamRef`,
  'Where the settings of a policy are.',
  {
    name: string(1).doc('Name of the object; not together with selector.'),
    namespace: string(2).doc("Its namespace; the request's when left out."),
    selector: of(3, LabelSelector).doc('Objects by label; each of them is used.'),
    parameterNotFoundAction: string(4)
      .enum('Allow', 'Deny')
      .pointer()
      .default('Deny')
      .doc('What becomes of a request when there is no such object: Allow or Deny.'),
  },
  { atomic: true },
);
export interface ParamRef extends Infer<typeof ParamRef> {}

export const ValidatingAdmissionPolicyBindingSpec = struct(
  `${pkg}.ValidatingAdmissionPolicyBindingSpec`,
  'Which policy is in force, for what, and with which settings.',
  {
    policyName: string(1).doc('Name of the policy.'),
    paramRef: of(2, ParamRef).doc('Where its settings are.'),
    matchResources: of(3, MatchResources).doc('Requests that the binding narrows the policy to.'),
    validationActions: list(4, string().enum('Audit', 'Deny', 'Warn'))
      .listSet()
      .doc('What follows when a rule is broken: Deny, Warn or Audit, one or several.'),
  },
);
export interface ValidatingAdmissionPolicyBindingSpec extends Infer<typeof ValidatingAdmissionPolicyBindingSpec> {}

export const ValidatingAdmissionPolicyBinding = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  categories: ['api-extensions'],
  scope: 'Cluster',
  package: pkg,
  doc: 'Puts a ValidatingAdmissionPolicy into force.',
  fields: {
    spec: of(2, ValidatingAdmissionPolicyBindingSpec).always().doc('Which policy, for what, and with which settings.'),
  },
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'PolicyName', type: 'string', doc: 'The policy.', value: ({ spec }) => spec?.policyName ?? '' },
    {
      name: 'ParamRef',
      type: 'string',
      doc: 'Where its settings are.',
      value: ({ spec }) => formatParams(spec?.paramRef),
    },
    ageColumn,
  ],
  validate: ({ spec }) => bindingFaults(spec ?? {}),
});
export interface ValidatingAdmissionPolicyBinding extends ObjectOf<typeof ValidatingAdmissionPolicyBinding> {}

function formatParams(params: ParamRef | undefined): string {
  const { name = '', namespace = '', selector } = params ?? {};
  if (name !== '') return `${namespace === '' ? '*' : namespace}/${name}`;
  return selector === undefined ? '<unset>' : formatLabelSelector(selector);
}

function bindingFaults(spec: Loose<ValidatingAdmissionPolicyBindingSpec>): Fault[] {
  const { policyName = '', paramRef, matchResources, validationActions = [] } = spec;
  return [
    ...(policyName === '' ? [required('spec.policyName')] : subdomainFaults('spec.policyName', policyName)),
    ...(paramRef === undefined ? [] : paramFaults(paramRef, 'spec.paramRef')),
    ...(matchResources === undefined ? [] : matchResourcesFaults(matchResources, 'spec.matchResources')),
    ...actionFaults(validationActions, 'spec.validationActions'),
  ];
}

function paramFaults({ name = '', selector }: Loose<ParamRef>, path: string): Fault[] {
  if (name !== '') {
    return [
      ...complaintFaults(`${path}.name`, name, checkPathSegment(name)),
      ...(selector === undefined ? [] : [forbidden(path, 'name and selector are mutually exclusive')]),
    ];
  }
  return selector === undefined
    ? [required(path, 'one of name or selector must be specified')]
    : labelSelectorFaults(selector, `${path}.selector`);
}

function actionFaults(actions: readonly string[], path: string): Fault[] {
  if (actions.length === 0) return [required(path, 'at least one validation action is required')];
  return [
    ...actions.flatMap((action, index) =>
      actions.indexOf(action) < index ? [duplicate(`${path}[${index}]`, action)] : [],
    ),
    ...(actions.includes('Deny') && actions.includes('Warn')
      ? [
          invalid(
            path,
            actions,
            'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
          ),
        ]
      : []),
  ];
}
