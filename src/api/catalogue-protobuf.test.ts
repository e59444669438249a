import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeObject } from '../schema/decode.ts';
import { decodeProtobuf, encodeProtobuf, openEnvelope } from '../schema/protobuf.ts';
import { kinds } from './catalogue.ts';
import { structOf } from './rules/arbitrary.ts';
import { describeDifference } from './rules/equal.ts';

describe('every kind comes back from protobuf as it was', () => {
  test.each(kinds.map((kind) => [`${kind.apiVersion} ${kind.kind}`, kind] as const))('%s', (_, kind) => {
    fc.assert(
      fc.property(structOf(kind.schema, 7), (content) => {
        const { value } = decodeObject(kind.schema, content);
        const whole = { apiVersion: kind.apiVersion, kind: kind.kind, ...value };
        const back = decodeObject(
          kind.schema,
          decodeProtobuf(kind.schema, openEnvelope(encodeProtobuf(kind.schema, whole))),
        );
        expect(back.unknown).toEqual([]);
        const { apiVersion: _version, kind: _kind, ...rest } = back.value;
        expect(describeDifference(value, rest)).toBe('');
      }),
      { numRuns: 20, seed: 7 },
    );
  });
});

/** Numbers: the generated.proto of k8s.io/api admissionregistration/v1. */
test('an embedded struct inside of an embedded struct is a message inside of a message', () => {
  const policy = kinds.find(({ kind, version }) => kind === 'ValidatingAdmissionPolicy' && version === 'v1');
  if (policy === undefined) throw new Error('no policies');
  const spec = {
    matchConstraints: { resourceRules: [{ resourceNames: ['n'], operations: ['CREATE'], apiGroups: ['apps'] }] },
  };
  const bytes = encodeProtobuf(policy.schema, { apiVersion: policy.apiVersion, kind: policy.kind, metadata: {}, spec });
  const group = Buffer.from([0x0a, 4, ...Buffer.from('apps')]);
  const rule = Buffer.from([0x12, group.length, ...group]);
  const operations = Buffer.from([0x0a, 6, ...Buffer.from('CREATE'), ...rule]);
  const named = Buffer.from([0x0a, 1, ...Buffer.from('n'), 0x12, operations.length, ...operations]);
  expect(bytes.includes(named)).toBe(true);
});
