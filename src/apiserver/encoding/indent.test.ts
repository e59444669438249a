import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { indenting, indentJson } from './indent.ts';
import type { Encoder } from './encoder.ts';

/** An encoder of one list, which comes in these pieces. */
const encoderOf = (pieces: readonly string[]): Encoder => ({
  id: 'test',
  contentType: 'application/json',
  one: () => Buffer.from(pieces.join('')),
  list: () => pieces,
  event: () => Buffer.from('one line'),
  bookmark: () => Buffer.from('one line'),
  error: () => Buffer.from('one line'),
});

const snapshot = { value: {}, bytes: new Uint8Array(), revision: 1 };

describe('indented JSON', () => {
  test('is what JSON.stringify makes of the value, in however many pieces it comes', () => {
    const cut = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.jsonValue(), cut, (value, cuts) => {
        const json = JSON.stringify(value);
        const places = [0, ...cuts.map((share) => Math.floor(share * json.length)), json.length].toSorted(
          (a, b) => a - b,
        );
        const pieces = places.slice(1).map((end, at) => json.slice(places[at], end));
        const list = indenting(encoderOf(pieces)).list([], { resourceVersion: '1' });
        expect([...list].join('')).toBe(JSON.stringify(value, null, 2));
      }),
      { numRuns: 500 },
    );
  });

  test('keeps numbers that JavaScript cannot hold', () => {
    expect(indentJson('{"a":[9223372036854775807,1.0]}\n')).toBe(
      '{\n  "a": [\n    9223372036854775807,\n    1.0\n  ]\n}',
    );
  });

  test('indents objects and lists, and leaves watch frames a line each', () => {
    const encoder = indenting(encoderOf(['{"a":', '{}}\n']));
    expect(Buffer.from(encoder.one(snapshot)).toString()).toBe('{\n  "a": {}\n}');
    expect(Buffer.from(encoder.event('ADDED', snapshot, false)).toString()).toBe('one line');
  });
});
