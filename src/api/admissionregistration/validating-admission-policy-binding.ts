import { defineKind, type ObjectOf } from '../kind.ts';
import { list, of, string, struct, type Infer } from '../../schema/field.ts';
import { MatchResources } from './validating-admission-policy.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const ParamRef = struct(
  'io.k8s.api.admissionregistration.v1.ParamRef',
  '',
  {
    name: string(1),
    namespace: string(2),
    selector: of(3, LabelSelector),
    parameterNotFoundAction: string(4).pointer(),
  },
  { atomic: true },
);
export interface ParamRef extends Infer<typeof ParamRef> {}

export const ValidatingAdmissionPolicyBindingSpec = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec',
  '',
  {
    policyName: string(1),
    paramRef: of(2, ParamRef),
    matchResources: of(3, MatchResources),
    validationActions: list(4, string().enum('Deny', 'Warn', 'Audit')).listSet(),
  },
);
export interface ValidatingAdmissionPolicyBindingSpec extends Infer<typeof ValidatingAdmissionPolicyBindingSpec> {}

export const ValidatingAdmissionPolicyBinding = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  scope: 'Cluster',
  package: 'io.k8s.api.admissionregistration.v1',
  doc: '',
  fields: {
    spec: of(2, ValidatingAdmissionPolicyBindingSpec).always(),
  },
});
export interface ValidatingAdmissionPolicyBinding extends ObjectOf<typeof ValidatingAdmissionPolicyBinding> {}
