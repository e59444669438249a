/** Upstream: pkg/registry/core/pod/strategy.go (mutatePodAffinity, mutateTopologySpreadConstraints). */
import { expect, test } from 'vitest';
import { complaints } from '../rules/fixture.ts';
import { writeLabelKeys } from './match-label-keys.ts';
import { Pod } from './pod.ts';
import { pod } from './testing/pods.ts';

const selector = { matchLabels: { app: 'web' } };
const added = (operator: string): object => ({ key: 'hash', operator, values: ['1'] });

test('the values of the pod’s own labels join the selectors', () => {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const spec = structuredClone({
    affinity: {
      podAffinity: { [required]: [{ labelSelector: selector, matchLabelKeys: ['hash'] }] },
      podAntiAffinity: {
        [preferred]: [{ podAffinityTerm: { labelSelector: selector, mismatchLabelKeys: ['hash'] } }],
      },
    },
    topologySpreadConstraints: [
      { labelSelector: selector, matchLabelKeys: ['hash', 'absent'] },
      { matchLabelKeys: ['hash'] },
    ],
  });
  writeLabelKeys(spec, { hash: '1' });
  expect(spec.affinity.podAffinity[required]).toMatchObject([
    { labelSelector: { ...selector, matchExpressions: [added('In')] } },
  ]);
  expect(spec.affinity.podAntiAffinity[preferred]).toMatchObject([
    { podAffinityTerm: { labelSelector: { matchExpressions: [added('NotIn')] } } },
  ]);
  const [first, second] = spec.topologySpreadConstraints;
  expect(first?.labelSelector).toEqual({ ...selector, matchExpressions: [added('In')] });
  expect(second).toEqual({ matchLabelKeys: ['hash'] });
});

test('what the server has written is valid, and what says the same key besides is not', () => {
  const spread = (labelSelector: object): string[] =>
    complaints(
      Pod,
      pod({
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule', labelSelector, matchLabelKeys: ['hash'] },
        ],
      }),
    );
  expect(spread({ ...selector, matchExpressions: [added('In')] })).toEqual([]);
  const again = [
    'spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: "hash": exists in both matchLabelKeys and labelSelector',
  ];
  expect(spread({ matchLabels: { hash: '1' }, matchExpressions: [added('In')] })).toEqual(again);
  expect(spread({ matchExpressions: [added('In'), added('In')] })).toEqual(again);
});
