import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { MatchCondition, RuleWithOperations } from './validating-admission-policy.ts';
import { WebhookClientConfig } from './validating-webhook-configuration.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const MutatingWebhook = struct('io.k8s.api.admissionregistration.v1.MutatingWebhook', '', {
  name: string(1).required(),
  clientConfig: of(2, WebhookClientConfig).required(),
  rules: list(3, RuleWithOperations),
  failurePolicy: string(4).enum('Ignore', 'Fail').pointer(),
  matchPolicy: string(9).enum('Exact', 'Equivalent').pointer(),
  namespaceSelector: of(5, LabelSelector),
  objectSelector: of(11, LabelSelector),
  sideEffects: string(6).enum('Unknown', 'None', 'Some', 'NoneOnDryRun').required().pointer(),
  timeoutSeconds: int32(7).pointer(),
  admissionReviewVersions: list(8, string()).required(),
  reinvocationPolicy: string(10).enum('Never', 'IfNeeded').pointer(),
  matchConditions: list(12, MatchCondition).listMap('name').merge('name'),
});
export interface MutatingWebhook extends Infer<typeof MutatingWebhook> {}

export const MutatingWebhookConfiguration = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  scope: 'Cluster',
  package: 'io.k8s.api.admissionregistration.v1',
  doc: '',
  fields: {
    webhooks: list(2, MutatingWebhook).listMap('name').merge('name'),
  },
});
export interface MutatingWebhookConfiguration extends ObjectOf<typeof MutatingWebhookConfiguration> {}
