import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeObject } from '../../schema/decode.ts';
import { kinds } from '../catalogue.ts';
import type { Kind } from '../kind.ts';
import { structOf } from '../rules/arbitrary.ts';
import { describeDifference } from '../rules/equal.ts';
import { retiredKinds } from '../retired-kinds.ts';

type Json = Record<string, unknown>;

const storedKind = ({ conversion }: Kind): Kind | undefined =>
  kinds.find(
    (each) =>
      each.group === conversion?.storage.group &&
      each.version === conversion.storage.version &&
      each.kind === conversion.storage.kind,
  );

/** Metrics of autoscalers make sense in a few combinations only; they have a test of their own. */
const anyContent = retiredKinds.filter(({ version }) => version !== 'v2beta1');

/** Stored objects as an old client sees them, and as they come back when it sends them again. */
describe('from storage and back nothing is lost, and nothing unknown appears', () => {
  test.each(anyContent.map((kind) => [`${kind.apiVersion} ${kind.kind}`, kind] as const))('%s', (_, kind) => {
    const hub = storedKind(kind);
    if (hub === undefined) throw new Error('no stored kind');
    fc.assert(
      fc.property(structOf(hub.schema, 6), (content) => {
        const { value: before } = decodeObject(hub.schema, content);
        // No v1 definition says so any more: it comes back as marks in the schemas.
        fc.pre((before['spec'] as Json | undefined)?.['preserveUnknownFields'] !== true);
        const old = kind.conversion?.fromStorage(structuredClone(before)) ?? {};
        const decoded = decodeObject(kind.schema, structuredClone(old));
        expect(decoded.unknown).toEqual([]);
        const back = decodeObject(hub.schema, kind.conversion?.toStorage(structuredClone(decoded.value) as Json));
        expect(back.unknown).toEqual([]);
        expect(describeDifference(before, back.value)).toBe('');
      }),
      { numRuns: 30, seed: 7 },
    );
  });
});
