/** What validating and mutating webhooks have in common. */
import { bytes, int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { MatchCondition, RuleWithOperations } from './rule.ts';

const pkg = 'io.k8s.api.admissionregistration.v1';

export const ServiceReference = struct(`${pkg}.ServiceReference`, 'A Service that answers a webhook.', {
  namespace: string(1).present().doc('Its namespace.'),
  name: string(2).present().doc('Its name.'),
  path: string(3).pointer().doc('The path of the request.'),
  port: int32(4).pointer().default(443).doc('The port, on which HTTPS is spoken.'),
});
export interface ServiceReference extends Infer<typeof ServiceReference> {}

export const WebhookClientConfig = struct(`${pkg}.WebhookClientConfig`, 'How a webhook is reached.', {
  url: string(3).pointer().doc('Its address, if it is no Service of this cluster.'),
  service: of(1, ServiceReference).doc('Its Service, if it is one.'),
  caBundle: bytes(2).doc('Certificates (PEM) that it is verified by; those of the system when left out.'),
});
export interface WebhookClientConfig extends Infer<typeof WebhookClientConfig> {}

/** All but objectSelector and matchConditions, which have another number in each kind of webhook. */
export const webhookFields = {
  name: string(1).required().doc('Full name of the webhook, of three parts or more: `check.example.com`.'),
  clientConfig: of(2, WebhookClientConfig).present().doc('How it is reached.'),
  rules: list(3, RuleWithOperations).doc('Requests that it is asked about.'),
  failurePolicy: string(4)
    .enum('Fail', 'Ignore')
    .pointer()
    .default('Fail')
    .doc('What becomes of a request when the webhook cannot be asked: Fail or Ignore.'),
  matchPolicy: string(9)
    .enum('Equivalent', 'Exact')
    .pointer()
    .default('Equivalent')
    .doc('Whether rules also mean other versions of the same resource: Equivalent or Exact.'),
  namespaceSelector: of(5, LabelSelector).default({}).doc('Only objects in namespaces with these labels.'),
  sideEffects: string(6).pointer().present().doc('Whether asking changes anything else: None, or NoneOnDryRun.'),
  timeoutSeconds: int32(7).pointer().default(10).doc('How many seconds it may take; 1 to 30.'),
  admissionReviewVersions: list(8, string())
    .present()
    .doc('Versions of AdmissionReview that it understands, best first.'),
};

export const objectSelector = (number: number) =>
  of(number, LabelSelector).default({}).doc('Only objects with these labels.');

export const matchConditions = (number: number) =>
  list(number, MatchCondition)
    .listMap('name')
    .merge('name')
    .doc('Conditions that must all hold for the webhook to be asked; at most 64.');
