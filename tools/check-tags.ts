/**
 * Compares the catalogue with the types inside helm, whose tags say what the client's models do not:
 * protobuf numbers, merge keys and strategies of patches, and which fields are pointers.
 *
 *     node tools/check-tags.ts
 */
import { clientProgram } from '../test/support/clients.ts';
import { resolve, type FieldSpec, type StructSchema } from '../src/schema/schema.ts';
import { stableStructs } from './check-kinds.ts';
import { readGoStructs, type GoField, type GoType } from './go-types.ts';

/** What a tag says about a field, in the words of a schema. */
interface Facts {
  readonly number: number | undefined;
  /** Numbers of the embedded structs around it, outermost first. */
  readonly inline: string;
  readonly mergeKey: string | undefined;
  readonly retainKeys: boolean;
  readonly replace: boolean;
  readonly pointer: boolean;
}

type Structs = ReadonlyMap<string, readonly GoField[]>;

/** The differences, one line each, sorted; structs that helm does not know are left out, and so are betas. */
export function tagDifferences(): string[] {
  const structs = readGoStructs(clientProgram('helm'));
  return stableStructs()
    .flatMap((struct) => compareStruct(struct, structs))
    .toSorted();
}

function compareStruct(struct: StructSchema, structs: Structs): string[] {
  const goFields = structs.get(goName(struct.name));
  if (goFields === undefined) return [];
  const facts = new Map(flatten(goFields, []));
  return Object.entries(struct.fields).flatMap(([name, field]) => {
    const theirs = facts.get(name);
    return theirs === undefined ? [] : compareField(`${struct.name}.${name}`, factsOf(field), theirs);
  });
}

function compareField(label: string, mine: Facts, theirs: Facts): string[] {
  return (Object.keys(theirs) as (keyof Facts)[])
    .filter((each) => mine[each] !== theirs[each])
    .map((each) => `${label}: ${each} ${mine[each]} here, ${theirs[each]} there`);
}

function factsOf({ number, inline = [], schema, retainKeys, replace, pointer = false }: FieldSpec): Facts {
  const node = resolve(schema);
  const mergeKey = node.type === 'list' ? node.mergeKey : undefined;
  return { number, inline: inline.join(' '), mergeKey, retainKeys, replace, pointer };
}

/** `io.k8s.api.core.v1.Pod` is `k8s.io/api/core/v1.Pod`. */
function goName(name: string): string {
  const parts = name.split('.').slice(2);
  return `k8s.io/${parts.slice(0, -1).join('/')}.${parts.at(-1)}`;
}

/** Fields by JSON name, with those of embedded structs among them. */
function flatten(fields: readonly GoField[], inline: readonly (number | undefined)[]): [string, Facts][] {
  return fields.flatMap((field): [string, Facts][] => {
    const [name = ''] = tagOf(field, 'json').split(',');
    // Kind and version of an object are no part of its message.
    if (field.name === 'TypeMeta') return [];
    if (name === '' && field.type.fields !== undefined) return flatten(field.type.fields, [...inline, numberOf(field)]);
    return name === '' || name === '-' ? [] : [[name, goFacts(field, inline)]];
  });
}

function goFacts(field: GoField, inline: readonly (number | undefined)[]): Facts {
  const strategies = tagOf(field, 'patchStrategy').split(',');
  return {
    number: numberOf(field),
    inline: inline.filter((each) => each !== undefined).join(' '),
    mergeKey: strategies.includes('merge') ? tagOf(field, 'patchMergeKey') : undefined,
    retainKeys: strategies.includes('retainKeys'),
    replace: strategies.includes('replace'),
    pointer: field.type.kind === 'pointer' && isScalar(field.type.element),
  };
}

const scalars = new Set(['bool', 'int', 'int32', 'int64', 'float64', 'string']);
/** Structs that stand for one value in JSON. */
const values = /\.(?:Quantity|IntOrString|Duration)$/u;

function isScalar(type: GoType | undefined): boolean {
  return type !== undefined && (scalars.has(type.kind) || values.test(type.name));
}

function tagOf({ tag }: GoField, name: string): string {
  return new RegExp(`(?:^|\\s)${name}:"([^"]*)"`, 'u').exec(tag)?.[1] ?? '';
}

function numberOf(field: GoField): number | undefined {
  const number = tagOf(field, 'protobuf').split(',')[1];
  return number === undefined ? undefined : Number(number);
}

if (import.meta.main) for (const line of tagDifferences()) process.stdout.write(`${line}\n`);
