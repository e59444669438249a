/** Admission webhooks before v1: the same fields, with defaults that let more through. */
import { int32, list, string, type Fields } from '../../schema/field.ts';
import {
  MutatingWebhook,
  MutatingWebhookConfiguration,
} from '../admissionregistration/mutating-webhook-configuration.ts';
import {
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../admissionregistration/validating-webhook-configuration.ts';
import type { Kind } from '../kind.ts';
import { retire, vary } from './retire.ts';

const beta1 = {
  group: 'admissionregistration.k8s.io',
  version: 'v1beta1',
  package: 'io.k8s.api.admissionregistration.v1beta1',
  deprecated: 16,
  removed: 22,
};

const changed: Fields = {
  failurePolicy: string(4)
    .enum('Fail', 'Ignore')
    .pointer()
    .default('Ignore')
    .doc('What becomes of a request when the webhook fails: Ignore or Fail.'),
  matchPolicy: string(9)
    .enum('Equivalent', 'Exact')
    .pointer()
    .default('Exact')
    .doc('Whether rules also match other versions of what they name.'),
  sideEffects: string(6).pointer().default('Unknown').doc('Whether the webhook changes anything else.'),
  timeoutSeconds: int32(7).pointer().default(30).doc('How many seconds it may take; 1 to 30.'),
  admissionReviewVersions: list(8, string())
    .default(['v1beta1'])
    .doc('Versions of AdmissionReview that it understands.'),
};

export const webhooksV1beta1: readonly Kind[] = [
  retire(MutatingWebhookConfiguration, {
    ...beta1,
    fields: {
      webhooks: list(2, vary(MutatingWebhook, `${beta1.package}.MutatingWebhook`, { fields: changed }))
        .listMap('name')
        .merge('name')
        .doc('The webhooks.'),
    },
  }),
  retire(ValidatingWebhookConfiguration, {
    ...beta1,
    fields: {
      webhooks: list(2, vary(ValidatingWebhook, `${beta1.package}.ValidatingWebhook`, { fields: changed }))
        .listMap('name')
        .merge('name')
        .doc('The webhooks.'),
    },
  }),
];
