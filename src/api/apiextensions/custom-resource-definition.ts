import { formatWarnings } from './format-warnings.ts';
import { boolean, bytes, int32, int64, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { fillEmpty } from '../rules/draft.ts';
import { definitionFaults, definitionStatusFaults, definitionUpdateFaults } from './definition-faults.ts';
import { apiextensionsPackage as pkg, JSONSchemaProps } from './json-schema-props.ts';

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

export const WebhookConversion = struct(`${pkg}.WebhookConversion`, 'Who converts, and how to ask.', {
  clientConfig: of(2, WebhookClientConfig).doc('How the webhook is reached.'),
  conversionReviewVersions: list(3, string())
    .present()
    .doc('Versions of ConversionReview that it understands, best first.'),
});
export interface WebhookConversion extends Infer<typeof WebhookConversion> {}

export const CustomResourceConversion = struct(
  `${pkg}.CustomResourceConversion`,
  'How objects get from one version to another.',
  {
    strategy: string(1).present().doc('None changes the apiVersion only; Webhook asks a webhook.'),
    webhook: of(2, WebhookConversion).doc('The webhook, for Webhook.'),
  },
);
export interface CustomResourceConversion extends Infer<typeof CustomResourceConversion> {}

export const CustomResourceDefinitionNames = struct(
  `${pkg}.CustomResourceDefinitionNames`,
  'What the new kind is called.',
  {
    plural: string(1).present().doc('Its name in paths, in lower case: /apis/GROUP/VERSION/namespaces/NS/PLURAL.'),
    singular: string(2).doc('Its name for one object; the kind in lower case when left out.'),
    shortNames: list(3, string()).doc('Abbreviations that kubectl understands.'),
    kind: string(4).present().doc('Its name in objects, such as CronTab.'),
    listKind: string(5).doc('Name of a list of it; the kind with List behind when left out.'),
    categories: list(6, string()).doc('Groups of kinds that kubectl lists together, such as all.'),
  },
  {
    defaults(draft) {
      const { kind } = draft;
      if (typeof kind !== 'string' || kind === '') return;
      fillEmpty(draft, 'singular', kind.toLowerCase());
      fillEmpty(draft, 'listKind', `${kind}List`);
    },
  },
);
export interface CustomResourceDefinitionNames extends Infer<typeof CustomResourceDefinitionNames> {}

export const CustomResourceValidation = struct(`${pkg}.CustomResourceValidation`, 'What objects look like.', {
  openAPIV3Schema: of(1, JSONSchemaProps).doc('The schema.'),
});
export interface CustomResourceValidation extends Infer<typeof CustomResourceValidation> {}

export const CustomResourceSubresourceStatus = struct(
  `${pkg}.CustomResourceSubresourceStatus`,
  'The status is written on its own path.',
  {},
);

export const CustomResourceSubresourceScale = struct(
  `${pkg}.CustomResourceSubresourceScale`,
  'Where the fields of kubectl scale are.',
  {
    specReplicasPath: string(1).present().doc('Path of the wanted number, such as .spec.replicas.'),
    statusReplicasPath: string(2).present().doc('Path of the actual number, such as .status.replicas.'),
    labelSelectorPath: string(3).pointer().doc('Path of the label selector, as text; autoscalers need it.'),
  },
);
export interface CustomResourceSubresourceScale extends Infer<typeof CustomResourceSubresourceScale> {}

export const CustomResourceSubresources = struct(`${pkg}.CustomResourceSubresources`, 'Paths below an object.', {
  status: of(1, CustomResourceSubresourceStatus).doc('Whether there is /status.'),
  scale: of(2, CustomResourceSubresourceScale).doc('Whether there is /scale.'),
});
export interface CustomResourceSubresources extends Infer<typeof CustomResourceSubresources> {}

export const CustomResourceColumnDefinition = struct(
  `${pkg}.CustomResourceColumnDefinition`,
  'A column that kubectl get shows.',
  {
    name: string(1).present().doc('Its heading.'),
    type: string(2).present().doc('integer, number, string, boolean or date.'),
    format: string(3).doc('How the value is written, such as int32.'),
    description: string(4).doc('What it shows.'),
    priority: int32(5).doc('0 is always shown, more only with -o wide.'),
    jsonPath: string(6).present().doc('Path of the value, such as .spec.replicas.'),
  },
);
export interface CustomResourceColumnDefinition extends Infer<typeof CustomResourceColumnDefinition> {}

export const SelectableField = struct(`${pkg}.SelectableField`, 'A field that field selectors may name.', {
  jsonPath: string(1).present().doc('Its path, such as .spec.color.'),
});
export interface SelectableField extends Infer<typeof SelectableField> {}

export const CustomResourceDefinitionVersion = struct(
  `${pkg}.CustomResourceDefinitionVersion`,
  'One version of the new kind.',
  {
    name: string(1).present().doc('Its name, such as v1 or v1beta1.'),
    served: boolean(2).present().doc('Whether it can be asked for.'),
    storage: boolean(3).present().doc('Whether objects are stored in it; exactly one version says so.'),
    deprecated: boolean(7).doc('Whether those who use it get a warning.'),
    deprecationWarning: string(8).pointer().doc('What the warning says.'),
    schema: of(4, CustomResourceValidation).doc('What objects look like.'),
    subresources: of(5, CustomResourceSubresources).doc('Paths below an object.'),
    additionalPrinterColumns: list(6, CustomResourceColumnDefinition).doc(
      'Columns that kubectl get shows; the age when left out.',
    ),
    selectableFields: list(9, SelectableField).doc('Fields that field selectors may name; at most 8.'),
  },
);
export interface CustomResourceDefinitionVersion extends Infer<typeof CustomResourceDefinitionVersion> {}

export const CustomResourceDefinitionSpec = struct(`${pkg}.CustomResourceDefinitionSpec`, 'The new kind.', {
  group: string(1).present().doc('Its API group, such as stable.example.com.'),
  names: of(3, CustomResourceDefinitionNames).present().doc('What it is called.'),
  scope: string(4).present().doc('Namespaced or Cluster.'),
  versions: list(7, CustomResourceDefinitionVersion).present().doc('Its versions.'),
  conversion: of(9, CustomResourceConversion)
    .default({ strategy: 'None' })
    .doc('How objects get from one version to another.'),
  preserveUnknownFields: boolean(10).doc('Keep fields that no schema names; must be false today.'),
});
export interface CustomResourceDefinitionSpec extends Infer<typeof CustomResourceDefinitionSpec> {}

export const CustomResourceDefinitionCondition = struct(
  `${pkg}.CustomResourceDefinitionCondition`,
  'One thing that is known of the definition.',
  {
    type: string(1).present().doc('What it is about, such as Established or NamesAccepted.'),
    status: string(2).present().doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When the status changed last.'),
    reason: string(4).doc('Why, in one word.'),
    message: string(5).doc('Why, for people.'),
    observedGeneration: int64(6).doc('Generation of the definition that this was found for.'),
  },
);
export interface CustomResourceDefinitionCondition extends Infer<typeof CustomResourceDefinitionCondition> {}

export const CustomResourceDefinitionStatus = struct(
  `${pkg}.CustomResourceDefinitionStatus`,
  'What became of the definition.',
  {
    conditions: list(1, CustomResourceDefinitionCondition).listMap('type').always().doc('What is known of it.'),
    acceptedNames: of(2, CustomResourceDefinitionNames)
      .always()
      .doc('Names that it really has; others may have had them first.'),
    storedVersions: list(3, string()).always().doc('Versions in which objects may still be stored.'),
    observedGeneration: int64(4).doc('Generation of the definition that this was found for.'),
  },
);
export interface CustomResourceDefinitionStatus extends Infer<typeof CustomResourceDefinitionStatus> {}

export const CustomResourceDefinition = defineKind({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  scope: 'Cluster',
  package: pkg,
  doc: 'Adds a kind to the API; its name is `plural.group`.',
  fields: {
    spec: of(2, CustomResourceDefinitionSpec).present().doc('The new kind.'),
    status: of(3, CustomResourceDefinitionStatus).always().doc('What became of it.'),
  },
  subresources: { status: true },
  unconditionalUpdate: false,
  prepareCreate: (draft) => storeVersion(draft),
  prepareUpdate: (draft) => storeVersion(draft),
  validate: (definition, old) => definitionFaults(definition, old),
  validateUpdate: (young, old) => definitionUpdateFaults(young, old),
  validateStatusUpdate: ({ status }) => definitionStatusFaults(status),
  warnings: (definition, old) => formatWarnings(definition, old),
});
export interface CustomResourceDefinition extends ObjectOf<typeof CustomResourceDefinition> {}

/** The version that objects are stored in from now on joins those in which some may be stored already. */
function storeVersion(draft: Record<string, unknown>): void {
  const { versions = [] } = (draft['spec'] ?? {}) as { versions?: readonly { name?: string; storage?: boolean }[] };
  const stored = versions.find(({ storage }) => storage === true)?.name;
  const status = (draft['status'] ?? {}) as { storedVersions?: readonly string[]; conditions?: unknown };
  const { storedVersions = [] } = status;
  if (stored === undefined || storedVersions.includes(stored)) return;
  draft['status'] = {
    conditions: [],
    acceptedNames: { plural: '', kind: '' },
    ...status,
    storedVersions: [...storedVersions, stored],
  };
}
