/**
 * A Swagger document as `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`, the only form of
 * version 2 that clients read. The messages are written with the combinators that kinds are written with.
 */
import { isRecord } from './freeze.ts';
import { boolean, double, int64, lazy, list, of, string, struct, type Struct } from './field.ts';
import { writeMessage } from './protobuf-encode.ts';
import { Writer } from './protobuf-wire.ts';

type Json = Readonly<Record<string, unknown>>;

const Any = struct('Any', '', { yaml: string(2) });
const NamedAny = struct('NamedAny', '', { name: string(1), value: of(2, Any) });
const Texts = struct('TypeItem', '', { value: list(1, string()) });

const NamedSchema = struct('NamedSchema', '', { name: string(1), value: lazy(2, () => SchemaMessage.schema) });
const Properties = struct('Properties', '', { entries: list(1, NamedSchema) });
const SchemaMessage: Struct = struct('Schema', '', {
  ref: string(1),
  format: string(2),
  title: string(3),
  description: string(4),
  default: of(5, Any),
  multipleOf: double(6),
  maximum: double(7),
  exclusiveMaximum: boolean(8),
  minimum: double(9),
  exclusiveMinimum: boolean(10),
  maxLength: int64(11),
  minLength: int64(12),
  pattern: string(13),
  maxItems: int64(14),
  minItems: int64(15),
  uniqueItems: boolean(16),
  maxProperties: int64(17),
  minProperties: int64(18),
  required: list(19, string()),
  enum: list(20, Any),
  additionalProperties: of(
    21,
    struct('AdditionalPropertiesItem', '', { schema: lazy(1, () => SchemaMessage.schema), boolean: boolean(2) }),
  ),
  type: of(22, Texts),
  items: of(23, struct('ItemsItem', '', { schema: lazy(1, () => SchemaMessage.schema) })),
  allOf: list(
    24,
    lazy(undefined, () => SchemaMessage.schema),
  ),
  properties: of(25, Properties),
  extensions: list(31, NamedAny),
});

/** Query, path and header parameters; version 2 numbers their fields differently. */
const PathParameter = struct('PathParameterSubSchema', '', {
  required: boolean(1),
  in: string(2),
  description: string(3),
  name: string(4),
  type: string(5),
  uniqueItems: boolean(18),
});
const QueryParameter = struct('QueryParameterSubSchema', '', {
  required: boolean(1),
  in: string(2),
  description: string(3),
  name: string(4),
  type: string(6),
  uniqueItems: boolean(19),
});
const BodyParameter = struct('BodyParameter', '', {
  description: string(1),
  name: string(2),
  in: string(3),
  required: boolean(4),
  schema: of(5, SchemaMessage),
});
const NonBody = struct('NonBodyParameter', '', {
  header: of(1, PathParameter),
  query: of(3, QueryParameter),
  path: of(4, PathParameter),
});
const Parameter = struct('Parameter', '', { body: of(1, BodyParameter), other: of(2, NonBody) });
const ParametersItem = struct('ParametersItem', '', { parameter: of(1, Parameter) });
const Response = struct('Response', '', {
  description: string(1),
  schema: of(2, struct('SchemaItem', '', { schema: of(1, SchemaMessage) })),
});
const NamedResponse = struct('NamedResponseValue', '', {
  name: string(1),
  value: of(2, struct('ResponseValue', '', { response: of(1, Response) })),
});
const Operation = struct('Operation', '', {
  tags: list(1, string()),
  description: string(3),
  operationId: string(5),
  produces: list(6, string()),
  consumes: list(7, string()),
  parameters: list(8, ParametersItem),
  responses: of(9, struct('Responses', '', { codes: list(1, NamedResponse) })),
  schemes: list(10, string()),
  extensions: list(13, NamedAny),
});
const PathItem = struct('PathItem', '', {
  get: of(2, Operation),
  put: of(3, Operation),
  post: of(4, Operation),
  delete: of(5, Operation),
  options: of(6, Operation),
  head: of(7, Operation),
  patch: of(8, Operation),
  parameters: list(9, ParametersItem),
});
const NamedPath = struct('NamedPathItem', '', { name: string(1), value: of(2, PathItem) });
const Document = struct('Document', '', {
  swagger: string(1),
  info: of(2, struct('Info', '', { title: string(1), version: string(2) })),
  schemes: list(5, string()),
  consumes: list(6, string()),
  produces: list(7, string()),
  paths: of(8, struct('Paths', '', { path: list(2, NamedPath) })),
  definitions: of(9, Properties),
});

/** `document` is Swagger 2.0 as plain JSON: swagger, info, paths, definitions. */
export function encodeOpenApiV2(document: Json): Buffer {
  const writer = new Writer(1 << 20);
  const { swagger, info, paths, definitions, schemes, consumes, produces } = document;
  writeMessage(Document.schema, writer, {
    swagger,
    info,
    schemes,
    consumes,
    produces,
    paths: { path: entriesOf(paths).map(([name, item]) => ({ name, value: pathItem(item) })) },
    definitions: { entries: entriesOf(definitions).map(([name, item]) => ({ name, value: schema(item) })) },
  });
  return writer.finish();
}

function pathItem(item: unknown): Json {
  return Object.fromEntries(
    entriesOf(item).map(([key, value]) => [key, key === 'parameters' ? parameters(value) : operation(value)]),
  );
}

function operation(value: unknown): Json {
  const { parameters: inputs, responses, ...rest } = record(value);
  const codes = entriesOf(responses).map(([name, each]) => {
    const { description, schema: body } = record(each);
    const shown = body === undefined ? {} : { schema: { schema: schema(body) } };
    return { name, value: { response: { description, ...shown } } };
  });
  return { ...rest, parameters: parameters(inputs), responses: { codes }, extensions: extensions(rest) };
}

function parameters(value: unknown): readonly Json[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((each) => {
    if (each['in'] === 'body') return { parameter: { body: { ...each, schema: schema(each['schema']) } } };
    return { parameter: { other: { [String(each['in'])]: each } } };
  });
}

function schema(value: unknown): Json {
  const source = record(value);
  const { $ref, type, items, properties, additionalProperties, allOf, default: initial, enum: values } = source;
  return {
    ...source,
    ref: $ref,
    type: type === undefined ? undefined : { value: [type].flat() },
    items: items === undefined ? undefined : { schema: schema(items) },
    allOf: Array.isArray(allOf) ? allOf.map(schema) : undefined,
    default: initial === undefined ? undefined : any(initial),
    enum: Array.isArray(values) ? values.map(any) : undefined,
    properties:
      properties === undefined
        ? undefined
        : { entries: entriesOf(properties).map(([name, each]) => ({ name, value: schema(each) })) },
    additionalProperties: additional(additionalProperties),
    extensions: extensions(source),
  };
}

function additional(value: unknown): Json | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'boolean' ? { boolean: value } : { schema: schema(value) };
}

/** JSON is YAML. */
function any(value: unknown): Json {
  return { yaml: `${JSON.stringify(value)}\n` };
}

function extensions(source: Json): readonly Json[] {
  return Object.entries(source)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => ({ name, value: any(value) }));
}

function entriesOf(value: unknown): readonly [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

function record(value: unknown): Json {
  return isRecord(value) ? value : {};
}
