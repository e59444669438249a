import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Thing } from './fixtures.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';

describe('JSON patch', () => {
  const document = { metadata: { labels: { a: '1', 'x/y': '2' } }, list: ['a', 'b'] };

  test.each([
    [{ op: 'add', path: '/metadata/labels/b', value: '2' }, { metadata: { labels: { a: '1', 'x/y': '2', b: '2' } } }],
    [{ op: 'replace', path: '/metadata/labels/x~1y', value: '3' }, { metadata: { labels: { 'x/y': '3' } } }],
    [{ op: 'add', path: '/list/-', value: 'c' }, { list: ['a', 'b', 'c'] }],
    [{ op: 'remove', path: '/list/0' }, { list: ['b'] }],
    [{ op: 'move', from: '/list/0', path: '/list/1' }, { list: ['b', 'a'] }],
    [{ op: 'copy', from: '/list/0', path: '/first' }, { first: 'a' }],
    [{ op: 'test', path: '/list', value: ['a', 'b'] }, {}],
  ])('%j', (operation, expected) => expect(applyJsonPatch(document, [operation])).toMatchObject(expected));

  test.each([
    [{ op: 'test', path: '/list/0', value: 'x' }, 'testing value /list/0 failed: test failed'],
    // evanphx/json-patch v4, findObject: the whole document can be tested and replaced, nothing else.
    [{ op: 'move', from: '', path: '/x' }, 'move operation does not apply: doc is missing from path: : missing value'],
    [{ op: 'copy', from: '', path: '/x' }, 'copy operation does not apply: doc is missing from path: : missing value'],
    [{ op: 'add', path: '', value: {} }, 'add operation does not apply: doc is missing path: "": missing value'],
    [{ op: 'remove', path: '' }, 'remove operation does not apply: doc is missing path: "": missing value'],
    [
      { op: 'move', from: '/list', path: '' },
      'move operation does not apply: doc is missing destination path: : missing value',
    ],
    [
      { op: 'move', from: '/metadata', path: '/metadata/labels/x' },
      'move operation does not apply: doc is missing destination path: /metadata/labels/x: missing value',
    ],
    [
      { op: 'remove', path: '/nope/x' },
      'remove operation does not apply: doc is missing path: "/nope/x": missing value',
    ],
    [
      { op: 'remove', path: '/metadata/x' },
      "error in remove for path: '/metadata/x': Unable to remove nonexistent key: x: missing value",
    ],
    [
      { op: 'replace', path: '/metadata/x', value: 1 },
      'replace operation does not apply: doc is missing key: /metadata/x: missing value',
    ],
    [
      { op: 'add', path: '/a/b/c', value: 1 },
      'add operation does not apply: doc is missing path: "/a/b/c": missing value',
    ],
    [
      { op: 'add', path: '/list/7', value: 1 },
      "error in add for path: '/list/7': Unable to access invalid index: 7: invalid index referenced",
    ],
    [{ op: 'twist', path: '/list' }, 'Unexpected kind: twist'],
  ])('%j fails: %s', (operation, message) => {
    expect(() => applyJsonPatch(document, [operation])).toThrow(message);
  });

  test('copies of copies do not fill the memory', () => {
    const doubling = Array.from({ length: 60 }, (_, at) => ({
      op: 'copy',
      from: '/metadata',
      path: `/metadata/x${at}`,
    }));
    expect(() => applyJsonPatch(document, doubling)).toThrow(
      /^Unable to complete the copy, the accumulated size increase of copy is \d+, exceeding the limit 3145728$/,
    );
    expect(applyJsonPatch(document, doubling.slice(0, 12))).toHaveProperty('metadata.x11');
  });

  test('the document is left alone', () => {
    const before = JSON.stringify(document);
    applyJsonPatch(Object.freeze(document), [{ op: 'remove', path: '/list/0' }]);
    expect(JSON.stringify(document)).toBe(before);
  });
});

describe('merge patch', () => {
  test.each([
    [
      { a: 1, b: { c: 2, d: 3 } },
      { b: { c: null }, e: 4 },
      { a: 1, b: { d: 3 }, e: 4 },
    ],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
    [{}, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
    [{ a: 'text' }, { a: { b: 1 } }, { a: { b: 1 } }],
  ])('%j with %j gives %j', (document, patch, expected) => {
    expect(applyMergePatch(document, patch)).toEqual(expected);
  });

  test('applying twice changes nothing more', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(objects, objects, (document, patch) => {
        const once = applyMergePatch(document, patch);
        expect(applyMergePatch(once, patch)).toEqual(once);
      }),
    );
  });
});

describe('strategic merge patch', () => {
  const apply = (spec: object, patch: object): unknown =>
    (applyStrategicMergePatch(Thing.schema, { spec }, { spec: patch }) as { spec: unknown }).spec;
  const items = [
    { name: 'a', image: '1' },
    { name: 'b', image: '2' },
    { name: 'c', image: '3' },
  ];

  test('lists merge by their key', () => {
    expect(apply({ items }, { items: [{ name: 'b', image: '9' }, { name: 'd' }] })).toEqual({
      items: [{ name: 'a', image: '1' }, { name: 'b', image: '9' }, { name: 'd' }, { name: 'c', image: '3' }],
    });
  });

  test('$patch: delete takes an item away', () => {
    expect(apply({ items }, { items: [{ name: 'b', $patch: 'delete' }] })).toEqual({ items: [items[0], items[2]] });
  });

  test('$patch: replace replaces list and struct', () => {
    expect(apply({ items }, { items: [{ $patch: 'replace' }, { name: 'z' }] })).toEqual({ items: [{ name: 'z' }] });
    expect(apply({ strategy: { type: 'Fast' } }, { strategy: { $patch: 'replace', rolling: {} } })).toEqual({
      strategy: { rolling: {} },
    });
  });

  test('$setElementOrder orders, and what it does not name keeps its place', () => {
    expect(
      apply(
        { items },
        { '$setElementOrder/items': [{ name: 'c' }, { name: 'a' }], items: [{ name: 'c', image: '4' }] },
      ),
    ).toEqual({
      items: [
        { name: 'b', image: '2' },
        { name: 'c', image: '4' },
        { name: 'a', image: '1' },
      ],
    });
  });

  test('scalars merge as a set; $deleteFromPrimitiveList removes', () => {
    expect(apply({ finalizers: ['x', 'y'] }, { finalizers: ['z', 'x'] })).toEqual({ finalizers: ['z', 'x', 'y'] });
    expect(apply({ finalizers: ['x', 'y'] }, { '$deleteFromPrimitiveList/finalizers': ['x'] })).toEqual({
      finalizers: ['y'],
    });
  });

  test('$retainKeys clears what it does not name', () => {
    expect(
      apply(
        { strategy: { type: 'Fast', rolling: { surge: 1 } } },
        { strategy: { $retainKeys: ['type'], type: 'Slow' } },
      ),
    ).toEqual({ strategy: { type: 'Slow' } });
  });

  test('null removes; in new values it is ignored', () => {
    expect(apply({ replicas: 1, total: 2 }, { replicas: null, strategy: { type: null, rolling: {} } })).toEqual({
      total: 2,
      strategy: { rolling: {} },
    });
  });

  test.each([
    [{ items: [{ image: 'x' }] }, /does not contain declared merge key: name/],
    [{ strategy: { $retainKeys: ['type'], rolling: {} } }, /invalid patch format of retainKeys/],
    [{ strategy: { $patch: 'twist' } }, /unknown patch type: "twist"/],
    [{ '$setElementOrder/items': [{ name: 'a' }], items: [{ name: 'b' }] }, /^The order in patch list/],
  ])('%j is refused', (patch, message) => {
    expect(() => apply({ items, strategy: { type: 'Fast' } }, patch)).toThrow(message);
  });
});
