import { defineKind, type ObjectOf } from '../kind.ts';
import { bytes, int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { MatchCondition, RuleWithOperations } from './validating-admission-policy.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const ServiceReference = struct('io.k8s.api.admissionregistration.v1.ServiceReference', '', {
  namespace: string(1).required(),
  name: string(2).required(),
  path: string(3).pointer(),
  port: int32(4).pointer(),
});
export interface ServiceReference extends Infer<typeof ServiceReference> {}

export const WebhookClientConfig = struct('io.k8s.api.admissionregistration.v1.WebhookClientConfig', '', {
  url: string(3).pointer(),
  service: of(1, ServiceReference),
  caBundle: bytes(2),
});
export interface WebhookClientConfig extends Infer<typeof WebhookClientConfig> {}

export const ValidatingWebhook = struct('io.k8s.api.admissionregistration.v1.ValidatingWebhook', '', {
  name: string(1).required(),
  clientConfig: of(2, WebhookClientConfig).required(),
  rules: list(3, RuleWithOperations),
  failurePolicy: string(4).enum('Ignore', 'Fail').pointer(),
  matchPolicy: string(9).enum('Exact', 'Equivalent').pointer(),
  namespaceSelector: of(5, LabelSelector),
  objectSelector: of(10, LabelSelector),
  sideEffects: string(6).enum('Unknown', 'None', 'Some', 'NoneOnDryRun').required().pointer(),
  timeoutSeconds: int32(7).pointer(),
  admissionReviewVersions: list(8, string()).required(),
  matchConditions: list(11, MatchCondition).listMap('name').merge('name'),
});
export interface ValidatingWebhook extends Infer<typeof ValidatingWebhook> {}

export const ValidatingWebhookConfiguration = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  scope: 'Cluster',
  package: 'io.k8s.api.admissionregistration.v1',
  doc: '',
  fields: {
    webhooks: list(2, ValidatingWebhook).listMap('name').merge('name'),
  },
});
export interface ValidatingWebhookConfiguration extends ObjectOf<typeof ValidatingWebhookConfiguration> {}
