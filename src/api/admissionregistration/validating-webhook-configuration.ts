import { list, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { webhookFaults } from './webhook-faults.ts';
import { matchConditions, objectSelector, webhookFields } from './webhook.ts';

export const ValidatingWebhook = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingWebhook',
  'A webhook that may refuse requests.',
  { ...webhookFields, objectSelector: objectSelector(10), matchConditions: matchConditions(11) },
);
export interface ValidatingWebhook extends Infer<typeof ValidatingWebhook> {}

export const ValidatingWebhookConfiguration = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  categories: ['api-extensions'],
  scope: 'Cluster',
  package: 'io.k8s.api.admissionregistration.v1',
  doc: 'Webhooks that are asked whether requests may pass.',
  fields: {
    webhooks: list(2, ValidatingWebhook).listMap('name').merge('name').doc('The webhooks.'),
  },
  generation: true,
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    {
      name: 'Webhooks',
      type: 'integer',
      doc: 'How many webhooks there are.',
      value: ({ webhooks = [] }) => webhooks.length,
    },
    ageColumn,
  ],
  validate: ({ webhooks }, old) => webhookFaults(webhooks, old?.webhooks),
});
export interface ValidatingWebhookConfiguration extends ObjectOf<typeof ValidatingWebhookConfiguration> {}
