/** The schema language of custom resources: a structural subset of JSON Schema with Kubernetes' own marks. */
import {
  boolean,
  double,
  int64,
  json,
  lazy,
  list,
  map,
  of,
  string,
  struct,
  type Infer,
  type InferFields,
} from '../../schema/field.ts';
import type { Schema } from '../../schema/schema.ts';

export const apiextensionsPackage = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const pkg = apiextensionsPackage;

export const ExternalDocumentation = struct(`${pkg}.ExternalDocumentation`, 'Where to read more.', {
  description: string(1).doc('What is to be found there.'),
  url: string(2).doc('Its address.'),
});
export interface ExternalDocumentation extends Infer<typeof ExternalDocumentation> {}

export const ValidationRule = struct(`${pkg}.ValidationRule`, 'A rule in the Common Expression Language.', {
  rule: string(1)
    .required()
    .doc('The expression; `self` is the value it stands at, `oldSelf` what it was before an update.'),
  message: string(2).doc('What to say when it does not hold.'),
  messageExpression: string(3).doc('An expression that makes what to say.'),
  reason: string(4).pointer().doc('Which kind of fault it is, such as FieldValueInvalid.'),
  fieldPath: string(5).doc('Which field to blame, relative to where the rule stands.'),
  optionalOldSelf: boolean(6).pointer().doc('Check the rule at creation too; `oldSelf` is an optional then.'),
});
export interface ValidationRule extends Infer<typeof ValidationRule> {}

/** A schema, one schema per position, a yes or no, or names: which one depends on where it stands. */
const self = (): Schema => JSONSchemaProps.schema;
const nested = (number: number): ReturnType<typeof lazy<JSONSchemaProps>> => lazy<JSONSchemaProps>(number, self);
const anySelf = lazy<JSONSchemaProps>(undefined, self);

const constraints = {
  format: string(6).doc('Format of the text or number, such as date-time or int32.'),
  title: string(7).doc('A short name for the value.'),
  default: json(8).doc('What to fill in when the value is missing.'),
  maximum: double(9).pointer().doc('The largest number.'),
  exclusiveMaximum: boolean(10).doc('Whether the maximum itself is too large.'),
  minimum: double(11).pointer().doc('The smallest number.'),
  exclusiveMinimum: boolean(12).doc('Whether the minimum itself is too small.'),
  maxLength: int64(13).pointer().doc('The most characters.'),
  minLength: int64(14).pointer().doc('The fewest characters.'),
  pattern: string(15).doc('A regular expression that the text matches.'),
  maxItems: int64(16).pointer().doc('The most items.'),
  minItems: int64(17).pointer().doc('The fewest items.'),
  uniqueItems: boolean(18).doc('Whether all items differ; true is not allowed in custom resources.'),
  multipleOf: double(19).pointer().doc('What the number is a multiple of.'),
  enum: list(20, json()).doc('The only values.'),
  maxProperties: int64(21).pointer().doc('The most fields.'),
  minProperties: int64(22).pointer().doc('The fewest fields.'),
  required: list(23, string()).doc('Fields that must be there.'),
};

/** Recursive, so its type is written by hand below. */
const fields = {
  id: string(1),
  $schema: string(2),
  $ref: string(3).pointer(),
  description: string(4).doc('What the value is, for people.'),
  type: string(5).doc('object, array, string, integer, number or boolean.'),
  ...constraints,
  items: json(24).doc('Schema of the items.'),
  allOf: list(25, anySelf).doc('All of these hold.'),
  oneOf: list(26, anySelf).doc('Exactly one of these holds.'),
  anyOf: list(27, anySelf).doc('At least one of these holds.'),
  not: nested(28).doc('This does not hold.'),
  properties: map(29, anySelf).doc('Schemas of the fields.'),
  additionalProperties: json(30).doc('Schema of all fields that properties does not name.'),
  patternProperties: map(31, anySelf),
  dependencies: map(32, json()),
  additionalItems: json(33),
  definitions: map(34, anySelf),
  externalDocs: of(35, ExternalDocumentation).doc('Where to read more.'),
  example: json(36).doc('An example.'),
  nullable: boolean(37).doc('Whether null is a value.'),
  'x-kubernetes-preserve-unknown-fields': boolean(38).pointer().doc('Keep fields that the schema does not name.'),
  'x-kubernetes-embedded-resource': boolean(39).doc('The value is an object with apiVersion, kind and metadata.'),
  'x-kubernetes-int-or-string': boolean(40).doc('The value is an integer or a text.'),
  'x-kubernetes-list-map-keys': list(41, string()).doc('Fields that tell the items of a map list apart.'),
  'x-kubernetes-list-type': string(42).pointer().doc('atomic, set or map: how lists are merged.'),
  'x-kubernetes-map-type': string(43).pointer().doc('granular or atomic: how objects are merged.'),
  'x-kubernetes-validations': list(44, ValidationRule)
    .listMap('rule')
    .merge('rule')
    .doc('Further rules, as expressions.'),
};

export const JSONSchemaProps = struct(`${pkg}.JSONSchemaProps`, 'A schema that values are checked against.', fields);

type Own = InferFields<
  Omit<
    typeof fields,
    | 'items'
    | 'allOf'
    | 'oneOf'
    | 'anyOf'
    | 'not'
    | 'properties'
    | 'additionalProperties'
    | 'patternProperties'
    | 'definitions'
  >
>;

export interface JSONSchemaProps extends Own {
  readonly items?: JSONSchemaProps | readonly JSONSchemaProps[];
  readonly allOf?: readonly JSONSchemaProps[];
  readonly oneOf?: readonly JSONSchemaProps[];
  readonly anyOf?: readonly JSONSchemaProps[];
  readonly not?: JSONSchemaProps;
  readonly properties?: Readonly<Record<string, JSONSchemaProps>>;
  readonly additionalProperties?: JSONSchemaProps | boolean;
  readonly patternProperties?: Readonly<Record<string, JSONSchemaProps>>;
  readonly definitions?: Readonly<Record<string, JSONSchemaProps>>;
}
