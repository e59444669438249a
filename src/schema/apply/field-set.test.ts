import { describe, expect, test } from 'vitest';
import { decodeFields, encodeFields, fieldSet } from './field-set.ts';

describe('trees of fields', () => {
  test('are shared by all that was made alike', () => {
    const make = (): object => encodeFields(fieldSet(['spec'], ['spec', 'replicas'], ['status', 'phase']));
    expect(make()).toEqual({ 'f:spec': { '.': {}, 'f:replicas': {} }, 'f:status': { 'f:phase': {} } });
    expect(make()).toBe(make());
    expect(decodeFields(make())).toBe(decodeFields(make()));
  });

  test('are told apart by membership, depth and names, whatever characters these hold', () => {
    const sets = [
      fieldSet(['a', 'b']),
      fieldSet(['a'], ['a', 'b']),
      fieldSet(['a'], ['b']),
      fieldSet(['a{3:f:b}']),
      fieldSet(['a.{3:f:b']),
      fieldSet(['ab']),
    ];
    expect(new Set(sets.map((set) => JSON.stringify(encodeFields(set)))).size).toBe(sets.length);
  });

  test('stay what they are when more of them are made than are remembered', () => {
    const first = encodeFields(fieldSet(['first']));
    for (let at = 0; at < 5_000; at += 1) encodeFields(fieldSet([`field-${at}`]));
    expect(encodeFields(fieldSet(['first']))).toEqual(first);
  });
});
