/**
 * Apply and update against a tiny model: an object is a map of keys to values, and every manager has a set of
 * keys. Whatever sequence of writes comes, object and ownership must be those of the model.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Thing } from '../fixtures.ts';
import { applyConfiguration, ApplyConflictError } from './apply.ts';
import { singleVersion, trackUpdate } from './track.ts';
import type { Json } from './typed.ts';

type Values = Readonly<Record<string, string>>;

interface Model {
  readonly values: Values;
  readonly owners: ReadonlyMap<string, ReadonlySet<string>>;
}

function withOwner(owners: Model['owners'], name: string, keys: ReadonlySet<string>): Model['owners'] {
  const all = new Map([...owners, [name, keys] as const]);
  return new Map([...all].filter(([, owned]) => owned.size > 0));
}

function without(owners: Model['owners'], self: string, gone: ReadonlySet<string>): Model['owners'] {
  return new Map([...owners].map(([name, keys]) => [name, name === self ? keys : keys.difference(gone)]));
}

/** Undefined: a conflict. */
function modelApply(model: Model, name: string, config: Values, force: boolean): Model | undefined {
  const self = `${name}/Apply`;
  const changed = new Set(Object.keys(config).filter((key) => model.values[key] !== config[key]));
  const others = [...model.owners].filter(([owner]) => owner !== self);
  if (!force && others.some(([, keys]) => !keys.isDisjointFrom(changed))) return undefined;
  const dropped = [...(model.owners.get(self) ?? [])].filter(
    (key) => !(key in config) && !others.some(([, keys]) => keys.has(key)),
  );
  const values = Object.fromEntries(
    Object.entries({ ...model.values, ...config }).filter(([key]) => !dropped.includes(key)),
  );
  return { values, owners: withOwner(without(model.owners, self, changed), self, new Set(Object.keys(config))) };
}

function modelUpdate(model: Model, name: string, values: Values): Model {
  const self = `${name}/Update`;
  const changed = new Set(Object.keys(values).filter((key) => model.values[key] !== values[key]));
  const removed = new Set(Object.keys(model.values).filter((key) => !(key in values)));
  const others = without(model.owners, self, changed.union(removed));
  const own = (model.owners.get(self) ?? new Set<string>()).difference(removed).union(changed);
  return { values, owners: withOwner(others, self, own) };
}

const convert = singleVersion(Thing.schema, 'v1');
const context = (manager: string) => ({
  manager,
  apiVersion: 'v1',
  subresource: '',
  now: '2026-01-01T00:00:00Z',
  convert,
});
/** Without an empty map, which would be a field to own of itself. */
const objectOf = (values: Values): Json => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'x' },
  spec: { fixed: 'always', ...(Object.keys(values).length === 0 ? {} : { selector: values }) },
});

function ownersOf(object: Json): Model['owners'] {
  const entries =
    (object['metadata'] as { managedFields?: { manager: string; operation: string; fieldsV1: Json }[] })
      .managedFields ?? [];
  const owners = entries.map(({ manager, operation, fieldsV1 }) => {
    const selector = ((fieldsV1['f:spec'] ?? {}) as Json)['f:selector'] ?? {};
    const keys = Object.keys(selector as Json).filter((key) => key !== '.');
    return [`${manager}/${operation}`, new Set(keys.map((key) => key.slice(2)))] as const;
  });
  return new Map(owners.filter(([, keys]) => keys.size > 0));
}

const names = fc.constantFrom('one', 'two', 'three');
const values = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'));
const writes = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('apply' as const), name: names, values, force: fc.boolean() }),
    fc.record({ type: fc.constant('update' as const), name: names, values, force: fc.constant(true) }),
  ),
  { maxLength: 12 },
);

function attemptApply(live: Json | undefined, config: Values, name: string, force: boolean): Json | undefined {
  try {
    return applyConfiguration(live, objectOf(config), { ...context(name), force }).object;
  } catch (error) {
    if (error instanceof ApplyConflictError) return undefined;
    throw error;
  }
}

interface Write {
  readonly name: string;
  readonly values: Values;
  readonly force: boolean;
}
type Both = readonly [Model | undefined, Json | undefined];

function bothUpdate(model: Model, live: Json, write: Write): Both {
  const object = { ...objectOf(write.values), metadata: live['metadata'] };
  return [modelUpdate(model, write.name, write.values), trackUpdate(live, object, context(write.name))];
}

function bothApply(model: Model, live: Json, write: Write): Both {
  return [
    modelApply(model, write.name, write.values, write.force),
    attemptApply(live, write.values, write.name, write.force),
  ];
}

test('any sequence of applies and updates leaves the object and the owners of the model', () => {
  fc.assert(
    fc.property(writes, (sequence) => {
      let model: Model = { values: {}, owners: new Map() };
      let live: Json = applyConfiguration(undefined, objectOf({}), { ...context('zero'), force: false }).object;
      for (const write of sequence) {
        const [expected, next] =
          write.type === 'update' ? bothUpdate(model, live, write) : bothApply(model, live, write);
        expect(next === undefined).toBe(expected === undefined);
        model = expected ?? model;
        live = next ?? live;
        const { selector } = live['spec'] as { selector?: Values | null };
        expect(selector ?? {}).toEqual(model.values);
        expect(ownersOf(live)).toEqual(model.owners);
      }
    }),
    { numRuns: 300 },
  );
});
