/** Texts are upstream's: apimachinery's pkg/api/validation/objectmeta.go. */
import { describe, expect, test } from 'vitest';
import { faultMessage } from '../../schema/fault.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from './validate-object-meta.ts';

type Json = Readonly<Record<string, unknown>>;

const good = { name: 'it', namespace: 'default' };
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

describe('on create', () => {
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };

  test.for<[Json, string[]]>([
    [{}, []],
    [{ name: '' }, ['metadata.name: Required value: name or generateName is required']],
    [{ name: 'A' }, [`metadata.name: Invalid value: "A": ${subdomain}`]],
    [{ namespace: '' }, ['metadata.namespace: Required value']],
    [{ generation: -1 }, ['metadata.generation: Invalid value: -1: must be greater than or equal to 0']],
    [
      { annotations: { a: 'x'.repeat(262_144) } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [{ annotations: { a: 'x'.repeat(262_143) } }, []],
    [
      { ownerReferences: [{ ...owner, uid: '' }] },
      ['metadata.ownerReferences.uid: Invalid value: "": must not be empty'],
    ],
    [
      {
        ownerReferences: [
          { ...owner, controller: true },
          { ...owner, uid: 'v', controller: true },
        ],
      },
      ['Only one reference can have Controller set to true. Found "true" in references for Pod/p and Pod/p'],
    ],
    [
      { finalizers: ['a'] },
      [
        'metadata.finalizers[0]: Invalid value: "a": name is neither a standard finalizer name nor is it fully qualified',
      ],
    ],
  ])('%.100j: %.100j', ([meta, expected]) => {
    const found = validateObjectMeta({ ...good, ...meta }, { namespaced: true }).map(faultMessage);
    expect(found).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(found[index]).toContain(text);
  });

  test('a kind without namespaces', () => {
    expect(validateObjectMeta(good, { namespaced: false }).map(faultMessage)).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
  });
});

test.for<[Json, string]>([
  [{ name: 'other' }, 'metadata.name: Invalid value: "other": field is immutable'],
  [{ uid: 'v' }, 'metadata.uid: Invalid value: "v": field is immutable'],
  [{ creationTimestamp: '2026-01-01T00:00:01Z' }, 'metadata.creationTimestamp: Invalid value: '],
  [{ generation: 1 }, 'metadata.generation: Invalid value: 1: must not be decremented'],
])('an update with %j is refused', ([change, complaint]) => {
  const old = { ...good, uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', generation: 2 };
  const found = validateObjectMetaUpdate({ ...old, ...change }, old).map(faultMessage);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(complaint);
});
