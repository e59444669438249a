import { describe, expect, test } from 'vitest';
import { decodeObject } from './decode.ts';
import { applyDefaults } from './defaults.ts';
import { orderComplaints } from './complaints.ts';
import { faultMessage } from './fault.ts';
import { Thing } from './fixtures.ts';
import { parseJson } from './json.ts';
import { combineFaults, validateObject, validateObjectUpdate } from './validate.ts';

const decode = (json: unknown): Record<string, unknown> => decodeObject(Thing.schema, json).value;
const spec = (json: object): unknown => (decode({ spec: json }) as { spec: unknown }).spec;

describe('decoding follows the Go types', () => {
  test('fields that are always written are filled in, all others stay absent', () => {
    expect(decode({})).toEqual({ metadata: {}, spec: { items: [], strategy: {} }, status: { ready: 0 } });
  });

  test('zero values go, unless a pointer tells them from absent', () => {
    const [item] = (
      spec({ replicas: 0, total: 0, selector: {}, items: [{ name: 'a', image: '', flag: false, args: [] }] }) as {
        items: unknown[];
      }
    ).items;
    expect(item).toEqual({ name: 'a', flag: false, resources: {} });
    expect(spec({ replicas: 0, total: 0, selector: {} })).toEqual({ replicas: 0, items: [], strategy: {} });
  });

  test('nulls are absent in structs and zero in lists and maps', () => {
    expect(spec({ replicas: null, selector: { a: null }, finalizers: [null, 'x'] })).toEqual({
      selector: { a: '' },
      finalizers: ['', 'x'],
      items: [],
      strategy: {},
    });
  });

  test('quantities, times and base64 become canonical', () => {
    expect(
      spec({
        items: [{ name: 'a', limits: { cpu: 0.5, memory: '1024Mi' } }],
        since: '2026-01-02T05:04:05.5+02:00',
        secret: { a: 'YQ==\n' },
      }),
    ).toMatchObject({
      items: [{ limits: { cpu: '500m', memory: '1Gi' } }],
      since: '2026-01-02T03:04:05Z',
      secret: { a: 'YQ==' },
    });
  });

  test('keys that would reach into the prototype are plain keys', () => {
    const { selector } = spec(JSON.parse('{"selector":{"__proto__":"x","constructor":"y"}}') as object) as {
      selector: object;
    };
    expect(Object.keys(selector)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(selector)).toBe(Object.prototype);
  });

  test('unknown fields are dropped and reported with their path', () => {
    const { value, unknown } = decodeObject(Thing.schema, {
      metadata: { name: 'x', color: 'red' },
      spec: { items: [{ name: 'a' }, { name: 'b', ports: [{ number: 1, weight: 2 }] }] },
      toString: 1,
    });
    expect(unknown).toEqual([
      'unknown field "metadata.color"',
      'unknown field "spec.items[1].ports[0].weight"',
      'unknown field "toString"',
    ]);
    expect(value['metadata']).toEqual({ name: 'x' });
  });

  test('strict validation complains in the order of the text, and once about what is unknown', () => {
    const text = `{"spec": {"one": 1, "dupe": 1, "dupe": 2, "replicas": 1, "replicas": 2,
      "items": [{"name": "x", "nested": {"a": 1, "a": 2}, "image": "1", "image": "2"}]}}`;
    const { value, duplicates } = parseJson(text, { duplicates: true });
    expect(orderComplaints(value, duplicates, decodeObject(Thing.schema, value).unknown)).toEqual([
      'unknown field "spec.one"',
      'unknown field "spec.dupe"',
      'duplicate field "spec.replicas"',
      'unknown field "spec.items[0].nested"',
      'duplicate field "spec.items[0].image"',
    ]);
  });

  test.each([
    [
      { spec: { replicas: 'three' } },
      'json: cannot unmarshal string into Go struct field Spec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field Spec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 3000000000 } },
      'json: cannot unmarshal number 3000000000 into Go struct field Spec.spec.replicas of type int32',
    ],
    [{ spec: { items: {} } }, 'json: cannot unmarshal object into Go struct field Spec.spec.items of type []v1.Item'],
    [
      { spec: { items: [{ ports: [true] }] } },
      'json: cannot unmarshal bool into Go struct field Item.spec.items.ports of type v1.Port',
    ],
    [
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field Meta.metadata.labels of type string',
    ],
    [{ spec: { secret: { a: '***' } } }, 'illegal base64 data at input byte 0'],
    [{ spec: { since: 'now' } }, 'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"'],
    [{ spec: { items: [{ limits: { cpu: 'much' } }] } }, /^quantities must match the regular expression/],
    [[], 'json: cannot unmarshal array into Go value of type v1.Thing'],
  ])('%j: %s', (json, message) => expect(() => decode(json)).toThrow(message));

  test('free-form values may not be nested beyond reason', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 5000; level += 1) deep = { f: deep };
    expect(() => decode({ metadata: { fields: deep } })).toThrow('exceeded max depth');
  });
});

describe('defaults', () => {
  test('fill what is absent or, without a pointer, zero', () => {
    const draft = decode({
      spec: { items: [{ name: 'a', probe: {}, ports: [{ number: 80 }, { number: 53, protocol: 'UDP' }] }] },
    });
    applyDefaults(Thing.schema, draft);
    expect(draft['spec']).toMatchObject({
      replicas: 1,
      items: [{ probe: { period: 10 }, ports: [{ protocol: 'TCP' }, { protocol: 'UDP' }] }],
    });
  });

  test('leave a pointer to zero alone', () => {
    const draft = decode({ spec: { replicas: 0 } });
    applyDefaults(Thing.schema, draft);
    expect(draft['spec']).toMatchObject({ replicas: 0 });
  });
});

describe('schema rules', () => {
  test('all faults are collected', () => {
    const faults = validateObject(
      Thing.schema,
      decode({ spec: { replicas: -1, items: [{ image: 'x' }], strategy: { type: 'Never' } } }),
    );
    expect(faults.map(faultMessage)).toEqual([
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.items[0].name: Required value',
      'spec.strategy.type: Unsupported value: "Never": supported values: "Fast", "Slow"',
    ]);
  });

  test("a kind's own word on a field replaces the schema's", () => {
    const own = { type: 'FieldValueRequired', path: 'a', body: 'Required value: say something' } as const;
    const generic = [
      { ...own, body: 'Required value' },
      { ...own, path: 'b' },
    ];
    expect(combineFaults(generic, [own]).map(({ path, body }) => [path, body])).toEqual([
      ['b', 'Required value: say something'],
      ['a', 'Required value: say something'],
    ]);
  });

  test('immutable fields may not change', () => {
    const faults = validateObjectUpdate(Thing.schema, { spec: { fixed: 'b' } }, { spec: { fixed: 'a' } });
    expect(faults.map(faultMessage)).toEqual(['spec.fixed: Invalid value: "b": field is immutable']);
  });
});
