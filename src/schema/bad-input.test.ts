/** Whatever a client sends, the engines answer with a result or with an error of their own, never with a crash. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyConfiguration } from './apply/apply.ts';
import { singleVersion, trackUpdate } from './apply/track.ts';
import { decodeObject } from './decode.ts';
import { applyDefaults } from './defaults.ts';
import { parseFieldSelector } from './field-selector.ts';
import { Thing } from './fixtures.ts';
import { applyJsonPatch } from './json-patch.ts';
import { parseJson } from './json.ts';
import { applyMergePatch } from './merge-patch.ts';
import { encodeProtobuf } from './protobuf.ts';
import { parseQuantity } from './quantity.ts';
import { parseSelector } from './selector.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';
import { validateObject } from './validate.ts';

/** JSON that is often nearly right: the kind's own field names with any values under them. */
const words = 'metadata spec status name labels items ports number replicas limits strategy finalizers selector since';
const directives = '$patch $retainKeys $setElementOrder/items managedFields __proto__';
const names = fc.constantFrom(...`${words} ${directives}`.split(' '));
const { value: nearly } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<unknown>(null, '', 'delete', 'replace', 'x', 0, -1, 1.5, true, '1Gi', '2026-01-02T03:04:05Z'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}));
const objects = fc.array(fc.tuple(names, nearly), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));

const allowed = new Set([
  'DecodeError',
  'JsonError',
  'JsonPatchError',
  'MergePatchError',
  'QuantityError',
  'SelectorError',
  'StrategicMergeError',
  'ApplyConflictError',
  'ApplyRequestError',
  'TypedError',
]);

function outcome(action: () => unknown): string {
  try {
    action();
    return 'DecodeError';
  } catch (error) {
    return error instanceof Error ? error.name : 'thrown';
  }
}

const context = {
  manager: 'm',
  apiVersion: 'v1',
  subresource: '',
  now: '2026-01-01T00:00:00Z',
  convert: singleVersion(Thing.schema, 'v1'),
};

test('any JSON as an object: decoded, defaulted, validated, tracked and encoded', () => {
  fc.assert(
    fc.property(objects, (json) => {
      expect(allowed).toContain(
        outcome(() => {
          const { value } = decodeObject(Thing.schema, json);
          applyDefaults(Thing.schema, value);
          validateObject(Thing.schema, value);
          trackUpdate(undefined, value, context);
          encodeProtobuf(Thing.schema, value);
          expect(decodeObject(Thing.schema, value).value).toEqual(value);
        }),
      );
    }),
    { numRuns: 1000 },
  );
});

test('any JSON as a patch of any kind, on any object', () => {
  fc.assert(
    fc.property(objects, objects, (document, patch) => {
      expect(allowed).toContain(outcome(() => applyStrategicMergePatch(Thing.schema, document, patch)));
      expect(allowed).toContain(outcome(() => applyMergePatch(document, patch)));
      expect(allowed).toContain(outcome(() => applyJsonPatch(document, [patch])));
    }),
    { numRuns: 1000 },
  );
});

test('any JSON as an applied configuration', () => {
  fc.assert(
    fc.property(objects, objects, (live, configuration) => {
      expect(allowed).toContain(
        outcome(() =>
          applyConfiguration(
            { ...decodeObject(Thing.schema, live).value, apiVersion: 'v1' },
            { ...configuration, apiVersion: 'v1' },
            { ...context, force: true },
          ),
        ),
      );
    }),
    { numRuns: 1000 },
  );
});

test('any JSON patch operation', () => {
  const operations = fc.record({
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
    path: fc.constantFrom('', '/', '/spec', '/spec/items/0', '/spec/items/-', '/__proto__/x', 'spec', '/spec/items/9'),
    from: fc.constantFrom('', '/spec', '/spec/items/0', '/metadata'),
    value: nearly,
  });
  fc.assert(
    fc.property(objects, fc.array(operations, { maxLength: 3 }), (document, patch) => {
      expect(allowed).toContain(outcome(() => applyJsonPatch(document, patch)));
    }),
    { numRuns: 1000 },
  );
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});

test('any text', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({
      unit: fc.constantFrom(
        'a',
        'b',
        '=',
        '!',
        ',',
        '(',
        ')',
        '<',
        '>',
        ' ',
        'in',
        '\\',
        '"',
        '{',
        '}',
        '[',
        ']',
        ':',
        '0',
        '.',
      ),
    }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(allowed).toContain(outcome(() => parseSelector(text)));
      expect(allowed).toContain(outcome(() => parseFieldSelector(text)));
      expect(allowed).toContain(outcome(() => parseQuantity(text)));
      expect(allowed).toContain(outcome(() => parseJson(text, { duplicates: true })));
    }),
    { numRuns: 1000 },
  );
});
