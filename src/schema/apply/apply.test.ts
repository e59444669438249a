import { describe, expect, test } from 'vitest';
import { Thing } from '../fixtures.ts';
import { applyConfiguration, ApplyConflictError } from './apply.ts';
import { fieldSet } from './field-set.ts';
import { keepTimes, singleVersion, trackUpdate, type WriteContext } from './track.ts';
import type { Json } from './typed.ts';

const context = (manager: string, changes: Partial<WriteContext> = {}): WriteContext => ({
  manager,
  apiVersion: 'v1',
  subresource: '',
  now: '2026-01-02T03:04:05Z',
  convert: singleVersion(Thing.schema, 'v1'),
  ...changes,
});

const thing = (spec: object, metadata: object = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', ...metadata },
  spec,
});
const apply = (
  live: Json | undefined,
  spec: object,
  manager: string,
  force = false,
  now = '2026-01-02T03:04:05Z',
): Json => applyConfiguration(live, thing(spec), { ...context(manager, { now }), force }).object;
const managersOf = (object: Json): readonly Json[] =>
  (object['metadata'] as { managedFields?: Json[] }).managedFields ?? [];
const fieldsOf = (object: Json, manager: string): unknown =>
  managersOf(object).find((entry) => entry['manager'] === manager)?.['fieldsV1'];
const conflictOf = (action: () => unknown): ApplyConflictError => {
  try {
    action();
  } catch (error) {
    if (error instanceof ApplyConflictError) return error;
    throw error;
  }
  throw new Error('no conflict');
};

describe('applying', () => {
  test('owns what the configuration says', () => {
    const object = apply(undefined, { replicas: 2, items: [{ name: 'x', image: '1' }], selector: { app: 'a' } }, 'one');
    expect(managersOf(object)).toEqual([
      {
        manager: 'one',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '2026-01-02T03:04:05Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:items': { 'k:{"name":"x"}': { '.': {}, 'f:image': {}, 'f:name': {} } },
            'f:replicas': {},
            'f:selector': { 'f:app': {} },
          },
        },
      },
    ]);
  });

  test('removes what it said before and says no more', () => {
    const first = apply(
      undefined,
      { replicas: 2, items: [{ name: 'x' }, { name: 'y' }], selector: { a: '1', b: '2' } },
      'one',
    );
    const second = apply(first, { items: [{ name: 'y' }], selector: { a: '1' } }, 'one');
    expect(second['spec']).toEqual({ items: [{ name: 'y' }], selector: { a: '1' } });
  });

  test('leaves what another one owns too', () => {
    const first = apply(undefined, { replicas: 2, selector: { a: '1' } }, 'one');
    const second = apply(first, { replicas: 2 }, 'two');
    const third = apply(second, { selector: { a: '1' } }, 'one');
    expect(third['spec']).toEqual({ replicas: 2, selector: { a: '1' } });
    expect(fieldsOf(third, 'one')).toEqual({ 'f:spec': { 'f:selector': { 'f:a': {} } } });
  });

  test("changing another's field is a conflict that names it", () => {
    const live = apply(undefined, { replicas: 2, items: [{ name: 'x', image: '1' }] }, 'one');
    const conflict = conflictOf(() => apply(live, { replicas: 3 }, 'two'));
    expect(conflict.message).toBe('Apply failed with 1 conflict: conflict with "one": .spec.replicas');
    expect(conflict.causes).toEqual([{ message: 'conflict with "one"', field: '.spec.replicas' }]);
    const both = conflictOf(() => apply(live, { replicas: 3, items: [{ name: 'x', image: '2' }] }, 'two'));
    expect(both.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.items[name="x"].image\n- .spec.replicas',
    );
  });

  test('updaters are named with their version', () => {
    const created = trackUpdate(undefined, thing({ replicas: 2 }), context('kubectl-create'));
    const conflict = conflictOf(() => apply(created, { replicas: 3 }, 'two'));
    expect(conflict.message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-create" using v1: .spec.replicas',
    );
  });

  test('force takes the field over', () => {
    const live = apply(undefined, { replicas: 2, total: 1 }, 'one');
    const forced = apply(live, { replicas: 3 }, 'two', true);
    expect(forced['spec']).toEqual({ replicas: 3, total: 1 });
    expect(fieldsOf(forced, 'one')).toEqual({ 'f:spec': { 'f:total': {} } });
    expect(fieldsOf(forced, 'two')).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  test('the same value is owned together, without a conflict', () => {
    const live = apply(undefined, { replicas: 2 }, 'one');
    expect(managersOf(apply(live, { replicas: 2 }, 'two'))).toHaveLength(2);
  });

  test('applying the same again changes nothing, not even a time', () => {
    const live = apply(undefined, { replicas: 2 }, 'one');
    const again = applyConfiguration(live, thing({ replicas: 2 }), {
      ...context('one', { now: '2027-01-01T00:00:00Z' }),
      force: false,
    });
    expect(again.changed).toBe(false);
    expect(again.object).toEqual(live);
  });

  test('items that only the live list has stay where they were', () => {
    const live = thing({ items: ['a', 'b', 'c', 'd'].map((name) => ({ name })) });
    const merged = apply(live, { items: ['d', 'x', 'b'].map((name) => ({ name })) }, 'one');
    expect((merged['spec'] as { items: { name: string }[] }).items.map(({ name }) => name)).toEqual([
      'a',
      'c',
      'd',
      'x',
      'b',
    ]);
  });

  test('list items are told apart with the defaults of their keys', () => {
    const live = apply(undefined, { items: [{ name: 'x', ports: [{ number: 53, protocol: 'UDP' }] }] }, 'one');
    const merged = apply(live, { items: [{ name: 'x', ports: [{ number: 53 }] }] }, 'two');
    expect((merged['spec'] as { items: { ports: unknown }[] }).items[0]?.ports).toEqual([
      { number: 53, protocol: 'UDP' },
      { number: 53 },
    ]);
  });

  test('an object that nobody tracked belongs to before-first-apply', () => {
    const live = thing({ replicas: 1 }, { uid: 'u' });
    expect(conflictOf(() => apply(live, { replicas: 2 }, 'one')).message).toContain('"before-first-apply" using v1');
  });

  test("what kubectl applied from the client's side is no conflict for kubectl", () => {
    const lastApplied = JSON.stringify(thing({ replicas: 2 }));
    const created = trackUpdate(
      undefined,
      thing({ replicas: 2 }, { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': lastApplied } }),
      context('kubectl-client-side-apply'),
    );
    expect(() => apply(created, { replicas: 3 }, 'other')).toThrow(ApplyConflictError);
    const applied = apply(created, { replicas: 3 }, 'kubectl');
    expect(applied['spec']).toEqual({ replicas: 3 });
    const { annotations } = applied['metadata'] as { annotations: Record<string, string> };
    expect(JSON.parse(annotations['kubectl.kubernetes.io/last-applied-configuration'] ?? '')).toEqual(
      thing({ replicas: 3 }),
    );
  });

  test.each([
    [thing({ colour: 1 }), '.spec.colour: field not declared in schema'],
    [thing({ replicas: 'x' }), '.spec.replicas: expected numeric (int or float), got string'],
    [
      thing({ selector: { app: false } }),
      '.spec.selector.app: expected string, got &value.valueUnstructured{Value:false}',
    ],
    [
      thing({ selector: { app: { b: ['c', 1] } } }),
      '.spec.selector.app: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"b":[]interface {}{"c", 1}}}',
    ],
    [thing({ items: [{ name: 'x', flag: 'yes' }] }), '.spec.items[name="x"].flag: expected boolean, got &{yes}'],
    [thing({ items: { a: null } }), '.spec.items: expected list, got &{map[a:<nil>]}'],
    [thing({ selector: [1] }), '.spec.selector: expected map, got &{[1]}'],
    [thing({ items: [{ name: 'x' }, { name: 'x' }] }), '.spec.items: duplicate entries for key [name="x"]'],
    [
      thing({ items: [{ image: 'x' }] }),
      '.spec.items: element 0: associative list with keys has an element that omits all key fields ["name"]',
    ],
    [
      { ...thing({}), apiVersion: 'v2' },
      'Incorrect version specified in apply patch. Specified patch version: v2, expected: v1',
    ],
    [thing({}, { managedFields: [] }), 'metadata.managedFields must be nil'],
  ])('%j is refused', (configuration, message) => {
    expect(() => applyConfiguration(undefined, configuration, { ...context('one'), force: false })).toThrow(message);
  });
});

describe('updates', () => {
  test('own what they change and take it from others', () => {
    const live = apply(undefined, { replicas: 2, selector: { a: '1' } }, 'one');
    const updated = trackUpdate(
      live,
      { ...live, spec: { replicas: 5, selector: { a: '1' }, total: 3 } },
      context('two'),
    );
    expect(fieldsOf(updated, 'one')).toEqual({ 'f:spec': { 'f:selector': { 'f:a': {} } } });
    expect(fieldsOf(updated, 'two')).toEqual({ 'f:spec': { 'f:replicas': {}, 'f:total': {} } });
  });

  test("a struct that is always there is nobody's, so that no applier takes away what the server put into it", () => {
    const client = (spec: object): Json => ({
      ...thing(spec, {
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(thing({ replicas: 2 })) },
      }),
      status: {},
    });
    const created = trackUpdate(
      undefined,
      client({ replicas: 2, strategy: {}, items: [] }),
      context('kubectl-client-side-apply'),
    );
    expect(fieldsOf(created, 'kubectl-client-side-apply')).toMatchObject({ 'f:spec': { 'f:replicas': {} } });
    expect(fieldsOf(created, 'kubectl-client-side-apply')).not.toHaveProperty('f:spec.f:strategy');
    // What kubectl does on the first `apply --server-side`: the updater's fields become the applier's.
    const [updater] = managersOf(created);
    const taken = {
      ...created,
      metadata: { name: 'a', managedFields: [{ ...updater, manager: 'kubectl', operation: 'Apply' }] },
      spec: { replicas: 2, strategy: { type: 'Fast' }, items: [] },
    };
    const applied = apply(taken, { replicas: 2 }, 'kubectl');
    expect(applied['spec']).toMatchObject({ strategy: { type: 'Fast' } });
  });

  test('removing a field removes it from its owners', () => {
    const live = apply(undefined, { replicas: 2, total: 1 }, 'one');
    const updated = trackUpdate(live, { ...live, spec: { total: 1 } }, context('two'));
    expect(managersOf(updated).map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ['one', { 'f:spec': { 'f:total': {} } }],
    ]);
  });

  test('subresources are managers of their own, and endpoints own nothing that they reset', () => {
    const created = trackUpdate(
      undefined,
      { ...thing({ replicas: 1 }), status: { ready: 1 } },
      context('one', { reset: () => fieldSet(['status']) }),
    );
    expect(fieldsOf(created, 'one')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    const status = trackUpdate(
      created,
      { ...created, status: { ready: 2 } },
      context('one', { subresource: 'status', reset: () => fieldSet(['spec']) }),
    );
    expect(managersOf(status)[1]).toMatchObject({ subresource: 'status', fieldsV1: { 'f:status': { 'f:ready': {} } } });
  });

  test('an update that changes nothing keeps the times', () => {
    const live = trackUpdate(undefined, thing({ replicas: 1 }), context('one'));
    const same = trackUpdate(live, { ...live }, context('one', { now: '2027-01-01T00:00:00Z' }));
    expect(keepTimes(live, same)).toEqual(live);
  });

  test('an empty list of managers forgets them all', () => {
    const live = trackUpdate(undefined, thing({ replicas: 1 }, { uid: 'u' }), context('one'));
    const forgotten = trackUpdate(live, thing({ replicas: 1 }, { uid: 'u', managedFields: [{}] }), context('two'));
    expect(managersOf(forgotten)).toEqual([]);
  });

  test('more than ten updaters are merged, oldest first', () => {
    let object = trackUpdate(
      undefined,
      thing({ selector: { k0: '0' } }),
      context('m0', { now: '2026-01-01T00:00:00Z' }),
    );
    for (let at = 1; at < 14; at += 1) {
      const { selector } = object['spec'] as { selector: object };
      const now = `2026-01-01T00:00:${String(at).padStart(2, '0')}Z`;
      object = trackUpdate(
        object,
        { ...object, spec: { selector: { ...selector, [`k${at}`]: '0' } } },
        context(`m${at}`, { now }),
      );
    }
    expect(managersOf(object)).toHaveLength(10);
    expect(fieldsOf(object, 'ancient-changes')).toMatchObject({
      'f:spec': { 'f:selector': { 'f:k0': {}, 'f:k4': {} } },
    });
  });

  test('managers of a version that is gone are forgotten', () => {
    const live = trackUpdate(undefined, thing({ replicas: 1 }), context('one'));
    const [entry] = managersOf(live);
    const old = {
      ...live,
      metadata: { name: 'a', managedFields: [entry, { ...entry, manager: 'old', apiVersion: 'v0' }] },
    };
    const updated = trackUpdate(old, { ...old, spec: { replicas: 1, total: 1 } }, context('two'));
    expect(managersOf(updated).map(({ manager }) => manager)).toEqual(['one', 'two']);
  });
});
