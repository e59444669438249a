import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeObject } from './decode.ts';
import { Item, Thing } from './fixtures.ts';
import { boolean, double, duration, int64, list, map, microTime, string, struct } from './field.ts';
import {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufList,
  isProtobuf,
  openEnvelope,
  watchFrame,
} from './protobuf.ts';
import type { StructSchema } from './schema.ts';

const roundTrip = (schema: StructSchema, object: Record<string, unknown>): Record<string, unknown> =>
  decodeObject(schema, decodeProtobuf(schema, openEnvelope(encodeProtobuf(schema, object)))).value;

/** A message by hand: each part is bytes or a text. */
const bytes = (...parts: (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

const decode = (schema: StructSchema, raw: Uint8Array): unknown =>
  decodeProtobuf(schema, { apiVersion: '', kind: '', raw, contentType: '' });

const outcome = (raw: Uint8Array): string => {
  try {
    decode(Thing.schema, raw);
    return 'read';
  } catch (error) {
    return (error as Error).name;
  }
};

describe('objects', () => {
  const thing = {
    apiVersion: 'example.io/v1',
    kind: 'Thing',
    metadata: { name: 'ünï', labels: { a: '1', b: '' }, fields: { 'f:spec': {} } },
    spec: {
      replicas: 0,
      items: [
        {
          name: 'a',
          ports: [
            { number: 80, protocol: 'TCP', target: 'http' },
            { number: 81, target: 8081 },
          ],
          limits: { cpu: '500m' },
          resources: { cpu: '1' },
          probe: { path: '/', port: 1, period: 5 },
          flag: false,
          args: ['x', ''],
        },
      ],
      strategy: {},
      since: '2026-01-02T03:04:05Z',
      total: -(2 ** 40),
      secret: { key: 'AAEC/w==' },
    },
    status: { ready: 2 },
  };

  test('come back as they were sent', () => expect(roundTrip(Thing.schema, thing)).toEqual(thing));

  test('sorts of values that few kinds have', () => {
    const Odd = struct('io.example.v1.Odd', '', {
      precise: microTime(1),
      wait: duration(2),
      ratio: double(3),
      extra: map(4, list(undefined, string())),
      numbers: list(5, int64()),
      flags: list(6, boolean()),
    });
    const odd = {
      precise: '2026-01-02T03:04:05.678901Z',
      wait: '1h30m0s',
      ratio: 0.1,
      extra: { scopes: ['a', 'b'], none: [] },
      numbers: [1, -1, 2 ** 50],
      flags: [true, false],
    };
    expect(roundTrip(Odd.schema, odd)).toEqual(odd);
    expect(decode(Odd.schema, bytes([0x2a, 3, 1, 2, 0x7f]))).toEqual({ numbers: [1, 2, 127] });
  });

  test('any text and number survives', () => {
    const objects = fc.record({
      name: fc.string({ unit: 'binary', minLength: 1 }),
      limits: fc.dictionary(fc.string({ minLength: 1 }), fc.constantFrom('1', '500m', '2Gi'), { minKeys: 1 }),
      ports: fc.array(
        fc.record({
          number: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
          target: fc.oneof(fc.string(), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
        }),
        { minLength: 1 },
      ),
    });
    fc.assert(
      fc.property(objects, (object) => {
        expect(roundTrip(Item.schema, object)).toEqual({ ...object, resources: {} });
      }),
    );
  });
});

describe('the wire format', () => {
  test('fields that the schema lacks are skipped, whatever their type', () => {
    const raw = bytes(
      [0x0a, 1],
      'n',
      [0xf8, 0x06, 0x96, 0x01, 0xf9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xfd, 0x06, 1, 2, 3, 4, 0xfa, 0x06, 2],
      'ab',
      [0x12, 1],
      'i',
    );
    expect(decode(Item.schema, raw)).toEqual({ name: 'n', image: 'i' });
  });

  test('an empty time is null', () => {
    expect(decode(Thing.schema, bytes([0x12, 2, 0x32, 0]))).toEqual({ spec: { since: null } });
  });

  test.each([
    ['a length beyond the end', [0x0a, 200, 1], 'unexpected EOF'],
    ['a number that never ends', [0x38, ...Array<number>(11).fill(0xff)], 'proto: integer overflow'],
    ['a text where a number belongs', [0x1a, 2, 0x12, 0], 'proto: wrong wireType = 2 for field integer'],
    ['an unknown wire type', [0xff, 0x06], 'proto: illegal wireType 7'],
  ])('%s is refused', (_, raw, message) => {
    expect(() => decode(Item.schema, Uint8Array.from(raw))).toThrow(message);
  });

  test('random bytes never do worse than a ProtobufError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (raw) => {
        expect(outcome(raw)).toMatch(/^(?:read|ProtobufError)$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('envelopes', () => {
  test('name the version and kind', () => {
    const sealed = encodeProtobuf(Thing.schema, { apiVersion: 'v1', kind: 'Thing' });
    expect(isProtobuf(sealed)).toBe(true);
    expect(openEnvelope(sealed)).toMatchObject({ apiVersion: 'v1', kind: 'Thing', contentType: '' });
    expect(() => openEnvelope(Buffer.from('{}'))).toThrow(/expected prefix \[107 56 115 0\]/);
  });

  test('lists hold their metadata and items', () => {
    const list = encodeProtobufList(
      Item.schema,
      { apiVersion: 'v1', kind: 'ItemList', metadata: { resourceVersion: '7' } },
      [{ name: 'a' }, { name: 'b' }],
    );
    expect(openEnvelope(list).raw).toEqual(
      Buffer.from(bytes([0x0a, 5, 0x12, 1], '7', [0x1a, 0, 0x12, 3, 0x0a, 1], 'a', [0x12, 3, 0x0a, 1], 'b')),
    );
  });

  test('watch events are framed by their length', () => {
    const frame = watchFrame('ADDED', Buffer.from('xy'));
    expect(frame.readUInt32BE()).toBe(frame.length - 4);
    expect(frame.subarray(4)).toEqual(Buffer.from(bytes([0x0a, 5], 'ADDED', [0x12, 4, 0x0a, 2], 'xy')));
  });
});
