import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { selectorOfMap } from '../schema/selector.ts';
import { NodeTraitsPool } from './node-traits.ts';
import { Snapshot } from './snapshot.ts';
import { decideOn, node, pod } from './testing.ts';

const zone = 'topology.kubernetes.io/zone';

describe('what nodes have in common', () => {
  test('is one object for nodes that differ in their names only', () => {
    const pool = new NodeTraitsPool();
    const [one, two, other] = [node('one'), node('two'), node('three', { spec: { unschedulable: true } })];
    const traits = pool.take(one);
    expect(traits).toMatchObject({ labels: {}, taints: [], unschedulable: false });
    expect(pool.take(two)).toBe(traits);
    expect(pool.take(other)).not.toBe(traits);
  });

  test('is forgotten when the last of them is gone', () => {
    const pool = new NodeTraitsPool();
    const traits = pool.take(node('one'));
    pool.take(node('two'));
    pool.release(traits);
    expect(pool.take(node('three'))).toBe(traits);
    for (let users = 0; users < 2; users += 1) pool.release(traits);
    expect(pool.take(node('four'))).not.toBe(traits);
  });

  test('does not hide what tells them apart from those who ask for a hostname', () => {
    const nodeSelector = { 'kubernetes.io/hostname': 'two' };
    expect(decideOn(pod('it', { nodeSelector }), [node('one'), node('two')]).node).toBe('two');
  });
});

type Step =
  | { readonly at: 'place'; readonly pod: number; readonly node: number }
  | { readonly at: 'remove'; readonly pod: number }
  | { readonly at: 'set'; readonly node: number; readonly zone: number }
  | { readonly at: 'drop'; readonly node: number };

const few = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ at: fc.constant('place' as const), pod: fc.nat({ max: 9 }), node: few }),
  fc.record({ at: fc.constant('remove' as const), pod: fc.nat({ max: 9 }) }),
  fc.record({ at: fc.constant('set' as const), node: few, zone: few }),
  fc.record({ at: fc.constant('drop' as const), node: few }),
);

test('pods are counted by what nodes have in common as they are by node, whatever happens to either', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const snapshot = new Snapshot();
      for (const each of steps) {
        if (each.at === 'place') snapshot.place(pod(`p-${each.pod}`, { labels: { app: 'web' } }), `n-${each.node}`);
        else if (each.at === 'remove') snapshot.remove(`uid-p-${each.pod}`);
        else if (each.at === 'drop') snapshot.removeNode(`n-${each.node}`);
        else snapshot.setNode(node(`n-${each.node}`, { labels: { [zone]: `z-${each.zone}` } }));
      }
      const selector = selectorOfMap({ app: 'web' });
      const expected: Record<string, number> = {};
      for (const [name, count] of snapshot.podsMatching('default', selector)) {
        const where = snapshot.node(name)?.labels[zone];
        if (where !== undefined) expected[where] = (expected[where] ?? 0) + count;
      }
      const counted = [...snapshot.podsMatchingByTraits('default', selector)];
      expect(Object.fromEntries(counted.map(([{ labels }, count]) => [labels[zone], count]))).toEqual(expected);
    }),
  );
});
