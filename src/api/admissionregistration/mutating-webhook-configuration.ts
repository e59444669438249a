import { list, string, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { webhookFaults } from './webhook-faults.ts';
import { matchConditions, objectSelector, webhookFields } from './webhook.ts';

export const MutatingWebhook = struct(
  'io.k8s.api.admissionregistration.v1.MutatingWebhook',
  'A webhook that may change objects on their way in, and refuse requests.',
  {
    ...webhookFields,
    objectSelector: objectSelector(11),
    reinvocationPolicy: string(10)
      .enum('IfNeeded', 'Never')
      .pointer()
      .default('Never')
      .doc('Whether it is asked again when a later one changed the object: IfNeeded or Never.'),
    matchConditions: matchConditions(12),
  },
);
export interface MutatingWebhook extends Infer<typeof MutatingWebhook> {}

export const MutatingWebhookConfiguration = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  categories: ['api-extensions'],
  scope: 'Cluster',
  package: 'io.k8s.api.admissionregistration.v1',
  doc: 'Webhooks that may change objects before they are stored.',
  fields: {
    webhooks: list(2, MutatingWebhook).listMap('name').merge('name').doc('The webhooks.'),
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
export interface MutatingWebhookConfiguration extends ObjectOf<typeof MutatingWebhookConfiguration> {}
