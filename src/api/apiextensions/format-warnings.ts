/** About formats of strings in a custom resource's schema that are no rule, since nobody knows them. */
import { isKnownFormat } from '../../schema/formats.ts';
import type { JSONSchemaProps } from './json-schema-props.ts';

interface Definition {
  readonly spec?: { readonly versions?: readonly { readonly schema?: { readonly openAPIV3Schema?: object } }[] };
}

/** Those that the definition did not have before. */
export function formatWarnings(definition: Definition, old: Definition | undefined): string[] {
  const before = new Set(old === undefined ? [] : unknownFormats(old));
  const added = unknownFormats(definition).filter((format) => !before.has(format));
  return added.map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function unknownFormats({ spec }: Definition): string[] {
  const schemas = (spec?.versions ?? []).flatMap(({ schema }) => schema?.openAPIV3Schema ?? []);
  return schemas.flatMap((schema) => formatsIn(schema as JSONSchemaProps));
}

function formatsIn(schema: JSONSchemaProps): string[] {
  const { type, format = '' } = schema;
  const unknown = type === 'string' && format !== '' && !isKnownFormat(format);
  return [...(unknown ? [format] : []), ...below(schema).flatMap((each) => formatsIn(each))];
}

function below(schema: JSONSchemaProps): JSONSchemaProps[] {
  const { items, allOf = [], anyOf = [], oneOf = [], not, additionalProperties: additional } = schema;
  return [
    ...(Array.isArray(items) ? (items as JSONSchemaProps[]) : items === undefined ? [] : [items as JSONSchemaProps]),
    ...allOf,
    ...anyOf,
    ...oneOf,
    ...(not === undefined ? [] : [not]),
    ...Object.values(schema.properties ?? {}),
    ...(typeof additional === 'object' ? [additional] : []),
    ...Object.values(schema.patternProperties ?? {}),
    ...Object.values(schema.definitions ?? {}),
  ];
}
