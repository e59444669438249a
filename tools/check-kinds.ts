/**
 * Compares the catalogue with an independent source: the models of `@kubernetes/client-node`.
 * Every struct that a served kind reaches must have the same fields with the same types.
 *
 *     node tools/check-kinds.ts
 */
import * as client from '@kubernetes/client-node';
import { kinds } from '../src/api/catalogue.ts';
import { resolve, type FieldSpec, type Schema, type StructSchema } from '../src/schema/schema.ts';

/** What the client's models say about one property. */
interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

/** The differences, one line each, such as `core.v1.PodSpec.foo: missing here`, sorted; none about betas. */
export function differences(): string[] {
  return stableStructs().flatMap(compareStruct).toSorted();
}

export function stableStructs(): StructSchema[] {
  return [...reachable().values()].filter(({ name }) => !/\.v\d+(?:alpha|beta)\d+\./u.test(name));
}

/** Every named struct of the catalogue, by name. */
export function reachable(): Map<string, StructSchema> {
  const found = new Map<string, StructSchema>();
  const visit = (schema: Schema): void => {
    const node = resolve(schema);
    if (node.type === 'list') visit(node.items);
    if (node.type === 'map') visit(node.values);
    if (node.type !== 'struct' || found.has(node.name)) return;
    if (node.name !== '') found.set(node.name, node);
    for (const { schema: inner } of Object.values(node.fields)) visit(inner);
  };
  for (const kind of kinds) visit(kind.schema);
  return found;
}

function compareStruct(struct: StructSchema): string[] {
  const attributes = attributesOf(struct.name);
  const label = struct.name.split('.').slice(-3).join('.');
  if (attributes === undefined) return [`${label}: no model`];
  const theirs = new Map(attributes.map((attribute) => [attribute.baseName, attribute]));
  return [
    ...Object.entries(struct.fields).flatMap(([name, field]) =>
      compareField(`${label}.${name}`, field, theirs.get(name)),
    ),
    ...[...theirs.keys()].filter((name) => !(name in struct.fields)).map((name) => `${label}.${name}: missing here`),
  ];
}

function compareField(label: string, field: FieldSpec, theirs: Attribute | undefined): string[] {
  if (theirs === undefined) return [`${label}: only here`];
  const [mine, other] = [typeOf(field.schema), normal(theirs)];
  return mine === other ? [] : [`${label}: ${mine} here, ${other} there`];
}

/** `io.k8s.api.core.v1.Pod` is the model `V1Pod`; where two groups share a name, it is `CoreV1Event`. */
function modelNames(name: string): string[] {
  const [kind = '', version = '', group = ''] = name.split('.').toReversed();
  const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
  return [`${upper(group)}${upper(version)}${kind}`, `${upper(version)}${kind}`];
}

function attributesOf(name: string): readonly Attribute[] | undefined {
  const models: Readonly<Record<string, unknown>> = client;
  for (const each of modelNames(name)) {
    const model = models[each];
    if (typeof model === 'function' && 'getAttributeTypeMap' in model) {
      return (model.getAttributeTypeMap as () => readonly Attribute[]).call(model);
    }
  }
  return undefined;
}

/** A schema in the client's words. */
function typeOf(schema: Schema): string {
  const node = resolve(schema);
  switch (node.type) {
    case 'list':
      return `Array<${typeOf(node.items)}>`;
    case 'map':
      return `{ [key: string]: ${typeOf(node.values)}; }`;
    case 'struct':
      return modelNames(node.name).find((each) => each in client) ?? node.name;
    case 'integer':
      return `number int${node.bits}`;
    case 'number':
      return 'number double';
    default:
      return scalars[node.type];
  }
}

const scalars = {
  string: 'string',
  duration: 'string',
  quantity: 'string',
  boolean: 'boolean',
  bytes: 'string byte',
  time: 'Date date-time',
  microTime: 'V1MicroTime date-time-micro',
  intOrString: 'IntOrString int-or-string',
  any: 'any',
} as const;

/** The model's type with its format put where it belongs: at the innermost type. */
function normal({ type, format }: Attribute): string {
  if (format === '' || type.startsWith('{ [key: string]: IntOrString')) return type;
  return type.replace(/^(Array<|\{ \[key: string\]: )?(\w+)/u, `$1$2 ${format}`);
}

if (import.meta.main) for (const line of differences()) process.stdout.write(`${line}\n`);
