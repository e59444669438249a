/**
 * The shape of a value, as plain frozen data. One tree serves every engine: decoding, defaulting,
 * validation, pruning, protobuf, strategic merge, server-side apply, OpenAPI and `explain`.
 *
 * Built-in kinds write the tree with the combinators of field.ts; a CustomResourceDefinition's
 * structural schema builds the same tree at run time (so nothing here requires a protobuf number).
 */

/** Value rules that any schema may carry. Built-in kinds use few of them, custom resources all. */
export interface Rules {
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly nullable?: boolean;
  readonly allOf?: readonly SchemaRule[];
  readonly anyOf?: readonly SchemaRule[];
  readonly oneOf?: readonly SchemaRule[];
  readonly not?: SchemaRule;
  /** CEL rules (x-kubernetes-validations). */
  readonly validations?: readonly CelRule[];
}

/** A schema that only restricts (the branches of allOf, anyOf, oneOf, not). */
export interface SchemaRule extends Rules {
  /** Only where upstream lets a branch say it: `integer` or `string` of an int-or-string. */
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaRule>>;
  readonly items?: SchemaRule;
  readonly additionalProperties?: SchemaRule;
}

export interface CelRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

interface Common {
  readonly rules?: Rules;
}

export interface StringSchema extends Common {
  readonly type: 'string';
}
export interface IntegerSchema extends Common {
  readonly type: 'integer';
  readonly bits: 32 | 64;
}
/** A double. */
export interface NumberSchema extends Common {
  readonly type: 'number';
}
export interface BooleanSchema extends Common {
  readonly type: 'boolean';
}
/** Base64 in JSON, raw in protobuf. */
export interface BytesSchema extends Common {
  readonly type: 'bytes';
}
/** RFC 3339 with seconds; JSON null when empty. */
export interface TimeSchema extends Common {
  readonly type: 'time';
}
/** RFC 3339 with six decimals. */
export interface MicroTimeSchema extends Common {
  readonly type: 'microTime';
}
/** Go's duration text, such as `1h30m`. */
export interface DurationSchema extends Common {
  readonly type: 'duration';
}
/** `500m`, `1Gi`; a JSON number is read too. Written in canonical form. */
export interface QuantitySchema extends Common {
  readonly type: 'quantity';
}
export interface IntOrStringSchema extends Common {
  readonly type: 'intOrString';
}
/** Any JSON value, kept as it is (JSON, FieldsV1, RawExtension). */
export interface AnySchema extends Common {
  readonly type: 'any';
  /**
   * How protobuf wraps the JSON text: `raw` in field 1 of a message. `untyped` is a custom resource's value
   * of which the schema says nothing.
   */
  readonly as: 'json' | 'fieldsV1' | 'rawExtension' | 'untyped';
}
export interface ListSchema extends Common {
  readonly type: 'list';
  readonly items: Schema;
  /** How server-side apply owns it. Atomic when nothing is said. */
  readonly listType: 'atomic' | 'set' | 'map';
  readonly mapKeys?: readonly string[];
  /** Strategic merge: merged by this key; `''` merges a list of primitives as a set. */
  readonly mergeKey?: string;
  /** Protobuf holds the list in a message of its own, as `items` = 1 (a map's list values). */
  readonly wrapped?: boolean;
}
export interface MapSchema extends Common {
  readonly type: 'map';
  readonly values: Schema;
  readonly mapType: 'granular' | 'atomic';
}
export interface StructSchema extends Common {
  readonly type: 'struct';
  /** The name under which OpenAPI publishes it, such as `io.k8s.api.core.v1.Container`; '' when nameless. */
  readonly name: string;
  readonly doc: string;
  readonly fields: Readonly<Record<string, FieldSpec>>;
  readonly structType: 'granular' | 'atomic';
  /** Unknown fields are kept (x-kubernetes-preserve-unknown-fields). */
  readonly preserveUnknown?: boolean;
  /** The value is a whole object with apiVersion, kind and metadata (x-kubernetes-embedded-resource). */
  readonly embedded?: boolean;
  /** Defaults that depend on other fields of the same struct. Changes the draft it is given. */
  readonly defaults?: (draft: Record<string, unknown>) => void;
  /** The schema of fields that `fields` does not list (additionalProperties). */
  readonly additional?: Schema;
  /** Names that must be present although `fields` does not list them. */
  readonly requiredKeys?: readonly string[];
}
/** A schema that is defined later or refers to itself. */
export interface LazySchema extends Common {
  readonly type: 'lazy';
  readonly get: () => Schema;
}

export type Schema =
  | StringSchema
  | IntegerSchema
  | NumberSchema
  | BooleanSchema
  | BytesSchema
  | TimeSchema
  | MicroTimeSchema
  | DurationSchema
  | QuantitySchema
  | IntOrStringSchema
  | AnySchema
  | ListSchema
  | MapSchema
  | StructSchema
  | LazySchema;

/** One field of a struct. */
export interface FieldSpec {
  readonly schema: Schema;
  /** Protobuf field number; absent in custom resources. */
  readonly number?: number;
  /**
   * Go embeds the struct that this field comes from: flat in JSON, but in protobuf a message of its
   * own under this number (Volume's source, Probe's handler). Several numbers, outermost first, where an
   * embedded struct embeds another (a policy's rules).
   */
  readonly inline?: readonly number[];
  /** Must be present (and, for strings, not empty) in a valid object. */
  readonly required: boolean;
  /** Written even when it has the zero value (Go's fields without omitempty). */
  readonly always: boolean;
  /**
   * Absence and the zero value differ (Kubernetes' Go type is a pointer): `0`, `false` and `''` are kept
   * when a client sends them. Without it a zero from protobuf or JSON means absent, unless `always`.
   */
  readonly pointer?: boolean;
  /** Constant default, filled in when the field is absent. */
  readonly default?: unknown;
  readonly immutable: boolean;
  /** Strategic merge: `$retainKeys` applies to this field. */
  readonly retainKeys: boolean;
  /** Strategic merge: a struct or map that a patch replaces as a whole. */
  readonly replace: boolean;
  readonly doc: string;
}

/** Follows lazy schemas to the one they stand for. */
export function resolve(schema: Schema): Exclude<Schema, LazySchema> {
  let current = schema;
  while (current.type === 'lazy') current = current.get();
  return current;
}
