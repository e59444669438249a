/**
 * CustomResourceDefinition before v1: one schema, one set of subresources and columns for all versions, a
 * single `version`, and a flat conversion webhook.
 */
import { boolean, list, of, string, type Fields, type Struct } from '../../schema/field.ts';
import {
  CustomResourceColumnDefinition,
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  CustomResourceValidation,
  SelectableField,
  WebhookClientConfig,
} from '../apiextensions/custom-resource-definition.ts';
import type { Kind } from '../kind.ts';
import { fillAbsent, fillEmpty } from '../rules/draft.ts';
import { sameMeaning } from '../rules/equal.ts';
import { renameFields } from '../rules/rename.ts';
import { recordAt, retire, vary, type Json } from './retire.ts';

const pkg = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1beta1';

const column: Struct = vary(CustomResourceColumnDefinition, `${pkg}.CustomResourceColumnDefinition`, {
  without: ['jsonPath'],
  fields: { JSONPath: string(6).present().doc('Path of the value, such as .spec.replicas.') },
});

const version: Struct = vary(CustomResourceDefinitionVersion, `${pkg}.CustomResourceDefinitionVersion`, {
  fields: { additionalPrinterColumns: list(6, column).doc('Columns of this version.') },
});

const conversion: Struct = vary(CustomResourceConversion, `${pkg}.CustomResourceConversion`, {
  without: ['webhook'],
  fields: {
    webhookClientConfig: of(2, WebhookClientConfig).doc('How the webhook is reached.'),
    conversionReviewVersions: list(3, string()).doc('Versions of ConversionReview that it understands.'),
  },
});

const spec: Struct = vary(CustomResourceDefinitionSpec, `${pkg}.CustomResourceDefinitionSpec`, {
  bare: true,
  fields: {
    version: string(2).doc('The first version, for those with one version only.'),
    validation: of(5, CustomResourceValidation).doc('Schema of all versions that have none of their own.'),
    subresources: of(6, CustomResourceSubresources).doc('Subresources of all versions.'),
    versions: list(7, version).doc('The versions.'),
    additionalPrinterColumns: list(8, column).doc('Columns of all versions.'),
    selectableFields: list(11, SelectableField).doc('Selectable fields of all versions.'),
    conversion: of(9, conversion).doc('How objects get from one version to another.'),
    preserveUnknownFields: boolean(10).pointer().doc('Keep fields that no schema names; true when left out.'),
  },
});
const fields: Fields = { spec: of(2, spec).present().doc('The new kind.') };

/** Field at the top, and the field of each version that it stands for. */
const shared = {
  validation: 'schema',
  subresources: 'subresources',
  additionalPrinterColumns: 'additionalPrinterColumns',
  selectableFields: 'selectableFields',
} as const;

function fillDefaults(draft: Record<string, unknown>): void {
  const own = recordAt(draft, 'spec');
  if (own === undefined) return;
  fillEmpty(own, 'scope', 'Namespaced');
  fillAbsent(own, 'conversion', { strategy: 'None' });
  const converted = recordAt(own, 'conversion');
  if (converted?.['strategy'] === 'Webhook') fillAbsent(converted, 'conversionReviewVersions', ['v1beta1']);
  fillAbsent(own, 'preserveUnknownFields', true);
  const versions = (own['versions'] ?? []) as Json[];
  const [first] = versions;
  if (first === undefined && own['version'] !== undefined) {
    own['versions'] = [{ name: own['version'], served: true, storage: true }];
  } else if (first !== undefined) fillEmpty(own, 'version', first['name']);
}

function toStorage(object: Json): Record<string, unknown> {
  const {
    version: _version,
    versions = [],
    conversion: converted,
    preserveUnknownFields: keep,
    ...own
  } = (object['spec'] ?? {}) as Json;
  const top = Object.fromEntries(
    Object.entries(shared).flatMap(([field, name]) => (own[field] === undefined ? [] : [[name, own[field]]])),
  );
  const kept = Object.fromEntries(Object.entries(own).filter(([field]) => !Object.hasOwn(shared, field)));
  return {
    ...object,
    spec: {
      ...kept,
      versions: (versions as Json[]).map((each) => {
        const whole = renameColumns({ ...top, ...each }, 'JSONPath', 'jsonPath');
        return keep === false ? whole : keepingUnknown(whole);
      }),
      ...(converted === undefined ? {} : { conversion: newConversion(converted as Json) }),
    },
  };
}

const keepMark = 'x-kubernetes-preserve-unknown-fields';

/** What `preserveUnknownFields: true` meant, said in the schema as v1 asks for: there it may not be said as a whole. */
function keepingUnknown(version: Json): Json {
  const { openAPIV3Schema: root = {} } = (version['schema'] ?? {}) as { openAPIV3Schema?: Json };
  return { ...version, schema: { openAPIV3Schema: { ...structural({ type: 'object', ...root }), [keepMark]: true } } };
}

/** Old schemas could leave types out: they follow from what the schema says, and anything goes where it says nothing. */
function structural(schema: Json): Json {
  const { properties, items, additionalProperties: additional } = schema;
  const isObject = properties !== undefined || typeof additional === 'object';
  const type = schema['type'] ?? (isObject ? 'object' : items === undefined ? undefined : 'array');
  return {
    ...schema,
    ...(type === undefined ? { [keepMark]: true } : { type }),
    ...(properties === undefined ? {} : { properties: eachValue(properties as Json, structural) }),
    ...(items === undefined || Array.isArray(items) ? {} : { items: structural(items as Json) }),
    ...(typeof additional === 'object' ? { additionalProperties: structural(additional as Json) } : {}),
  };
}

function eachValue(record: Json, change: (value: Json) => Json): Json {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value as Json)]));
}

function newConversion({ webhookClientConfig, conversionReviewVersions, ...rest }: Json): Json {
  if (webhookClientConfig === undefined && conversionReviewVersions === undefined) return rest;
  return {
    ...rest,
    webhook: {
      ...(webhookClientConfig === undefined ? {} : { clientConfig: webhookClientConfig }),
      ...(conversionReviewVersions === undefined ? {} : { conversionReviewVersions }),
    },
  };
}

function renameColumns(each: Json, from: string, to: string): Json {
  const columns = each['additionalPrinterColumns'] as readonly Json[] | undefined;
  if (columns === undefined) return each;
  return { ...each, additionalPrinterColumns: columns.map((one) => renameFields(one, { [from]: to })) };
}

/** What all versions have in common is said once, at the top. */
function fromStorage(object: Json): Record<string, unknown> {
  const { versions: stored = [], conversion: converted, ...own } = (object['spec'] ?? {}) as Json;
  const versions = (stored as Json[]).map((each) => renameColumns(each, 'jsonPath', 'JSONPath'));
  const [first = {}] = versions;
  const common = Object.entries(shared).filter(
    ([, name]) => first[name] !== undefined && versions.every((each) => sameMeaning(each[name], first[name])),
  );
  const top = Object.fromEntries(common.map(([field, name]) => [field, first[name]]));
  const names: readonly string[] = common.map(([, name]) => name);
  const left = versions.map((each) =>
    Object.fromEntries(Object.entries(each).filter(([name]) => !names.includes(name))),
  );
  return {
    ...object,
    spec: {
      ...own,
      preserveUnknownFields: own['preserveUnknownFields'] ?? false,
      ...(first['name'] === undefined ? {} : { version: first['name'] }),
      ...top,
      versions: left,
      ...(converted === undefined ? {} : { conversion: oldConversion(converted as Json) }),
    },
  };
}

function oldConversion({ webhook, ...rest }: Json): Json {
  if (webhook === undefined) return rest;
  return { ...rest, ...renameFields(webhook as Json, { clientConfig: 'webhookClientConfig' }) };
}

export const CustomResourceDefinitionV1beta1: Kind = retire(CustomResourceDefinition, {
  group: 'apiextensions.k8s.io',
  version: 'v1beta1',
  package: pkg,
  deprecated: 16,
  removed: 22,
  fields,
  defaults: fillDefaults,
  toStorage,
  fromStorage,
});
