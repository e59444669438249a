/** Rows of upstream's plugins/interpodaffinity/{filtering,scoring}_test.go and test/integration/scheduler/filters, in our words. */
import { describe, expect, test } from 'vitest';
import type { PodAffinityTerm } from '../../api/core/affinity.ts';
import type { Namespace } from '../../api/core/namespace.ts';
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import { decide, type Decision } from '../decide.ts';
import { node, pod, snapshotOf, world, type PodOptions } from '../testing.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';

const inZone = (name: string, zone: string): Node => node(name, { labels: { zone } });
const zones = [inZone('a1', 'a'), inZone('a2', 'a'), inZone('b1', 'b')];

const web = { matchLabels: { app: 'web' } };
const term = (more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  topologyKey: 'zone',
  labelSelector: web,
  ...more,
});
const near = (...terms: readonly PodAffinityTerm[]): PodOptions => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const away = (...terms: readonly PodAffinityTerm[]): PodOptions => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const app = (name: string, labels: Readonly<Record<string, string>> = { app: 'web' }, more: PodOptions = {}): Pod =>
  pod(name, { labels, ...more });

const namespaces: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  default: { team: 'one' },
  other: { team: 'two' },
};
const namespace = (name: string): Namespace | undefined => ({
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: namespaces[name] ?? {},
  },
});

function decideOn(target: Pod, nodes: readonly Node[], placed: readonly (readonly [Pod, string])[]): Decision {
  return decide(target, world(snapshotOf(nodes, placed), { namespace }), { plugins: [interPodAffinity] });
}

const fitting = (...args: Parameters<typeof decideOn>): readonly string[] => {
  const { rejected } = decideOn(...args);
  return args[1].map(({ metadata }) => metadata.name).filter((name) => !rejected.has(name));
};

describe('a pod that has to be near others', () => {
  const other = (name: string, namespaceName: string): Pod => app(name, { app: 'web' }, { namespace: namespaceName });

  test.each<[string, readonly PodAffinityTerm[], Pod, readonly string[]]>([
    ['goes into their zone', [term()], app('q'), ['a1', 'a2']],
    ['does not care for others', [term()], app('q', { app: 'db' }), []],
    [
      'by a negated selector',
      [term({ labelSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['db'] }] } })],
      app('q'),
      ['a1', 'a2'],
    ],
    [
      'by all requirements of the selector',
      [term({ labelSelector: { ...web, matchExpressions: [{ key: 'tier', operator: 'Exists' }] } })],
      app('q'),
      [],
    ],
    ['in its own namespace, as long as none is named', [term()], other('q', 'other'), []],
    ['in its own namespace when the list of names is empty', [term({ namespaces: [] })], app('q'), ['a1', 'a2']],
    ['in the namespaces that are named', [term({ namespaces: ['other'] })], other('q', 'other'), ['a1', 'a2']],
    ['and only in those', [term({ namespaces: ['other'] })], app('q'), []],
    [
      'in namespaces by their labels',
      [term({ namespaceSelector: { matchLabels: { team: 'two' } } })],
      other('q', 'other'),
      ['a1', 'a2'],
    ],
    ['in all namespaces', [term({ namespaceSelector: {} })], other('q', 'other'), ['a1', 'a2']],
    [
      'in namespaces by labels or by name',
      [term({ namespaces: ['other'], namespaceSelector: { matchLabels: { team: 'three' } } })],
      other('q', 'other'),
      ['a1', 'a2'],
    ],
    ['to nobody without a selector', [term({ labelSelector: undefined } as never)], app('q'), []],
    ['to anybody by an empty selector', [term({ labelSelector: {} })], app('q', { app: 'db' }), ['a1', 'a2']],
    ['on the very node', [term({ topologyKey: 'kubernetes.io/hostname' })], app('q'), ['a1']],
    ['in zones that have no name here', [term({ topologyKey: 'rack' })], app('q'), []],
    [
      'in both senses at once',
      [term(), term({ labelSelector: { matchLabels: { tier: 'front' } } })],
      app('q', { app: 'web', tier: 'front' }),
      ['a1', 'a2'],
    ],
    [
      'in both senses, of which one is met',
      [term(), term({ labelSelector: { matchLabels: { tier: 'front' } } })],
      app('q'),
      [],
    ],
  ])('%s', (_, terms, other, expected) => {
    expect(fitting(pod('p', near(...terms)), zones, [[other, 'a1']])).toEqual(expected);
  });

  test('two pods that each meet one of its terms are not enough', () => {
    const both = near(term(), term({ labelSelector: { matchLabels: { tier: 'front' } } }));
    const placed = [
      [app('q'), 'a1'],
      [app('r', { tier: 'front' }), 'a1'],
    ] as const;
    expect(fitting(pod('p', both), zones, placed)).toEqual([]);
  });

  test('the first of a group starts anywhere that has the label, and only if it means itself', () => {
    const nodes = [...zones, node('nowhere')];
    expect(fitting(app('p', { app: 'web' }, near(term())), nodes, [])).toEqual(['a1', 'a2', 'b1']);
    expect(fitting(app('p', { app: 'db' }, near(term())), nodes, [])).toEqual([]);
    expect(fitting(app('p', { app: 'web' }, near(term({ namespaces: ['other'] }))), nodes, [])).toEqual([]);
    // Somebody of the group is somewhere: it is not the first.
    expect(fitting(app('p', { app: 'web' }, near(term())), nodes, [[app('q'), 'nowhere']])).toEqual(['a1', 'a2', 'b1']);
    expect(fitting(app('p', { app: 'web' }, near(term())), nodes, [[app('q'), 'b1']])).toEqual(['b1']);
  });

  test('pods that are being deleted are still there', () => {
    const leaving = app('q');
    const going: Pod = { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } };
    expect(fitting(pod('p', near(term())), zones, [[going, 'a1']])).toEqual(['a1', 'a2']);
    expect(fitting(pod('p', away(term())), zones, [[going, 'a1']])).toEqual(['b1']);
  });

  test('keys name labels whose values have to be its own, or must not be', () => {
    const placed = [
      [app('old', { app: 'web', version: '1' }), 'a1'],
      [app('new', { app: 'web', version: '2' }), 'b1'],
    ] as const;
    const target = (more: Partial<PodAffinityTerm>): Pod =>
      app('p', { app: 'web', version: '2' }, near(term({ ...more })));
    expect(fitting(target({ matchLabelKeys: ['version'] }), zones, placed)).toEqual(['b1']);
    expect(fitting(target({ mismatchLabelKeys: ['version'] }), zones, placed)).toEqual(['a1', 'a2']);
    // It has no such label: the key says nothing.
    expect(fitting(target({ matchLabelKeys: ['color'] }), zones, placed)).toEqual(['a1', 'a2', 'b1']);
  });
});

describe('a pod that has to be away from others', () => {
  test('each of its terms keeps it away by itself', () => {
    const both = away(
      term(),
      term({ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } }),
    );
    const placed = [
      [app('q'), 'b1'],
      [app('r', { app: 'db' }), 'a1'],
    ] as const;
    expect(fitting(pod('p', both), zones, placed)).toEqual(['a2']);
  });

  test('a node without the label is away from everybody', () => {
    const nodes = [...zones, node('nowhere')];
    expect(fitting(pod('p', away(term({ labelSelector: {} }))), nodes, [[app('q'), 'a1']])).toEqual(['b1', 'nowhere']);
  });

  test('those who want to be away from it count as well, as their own namespace understands it', () => {
    const shy = (more: Partial<PodAffinityTerm>, namespaceName = 'default'): Pod =>
      pod('q', { namespace: namespaceName, ...away(term(more)) });
    expect(fitting(app('p'), zones, [[shy({}), 'a1']])).toEqual(['b1']);
    expect(fitting(app('p'), zones, [[shy({}, 'other'), 'a1']])).toEqual(['a1', 'a2', 'b1']);
    expect(fitting(app('p'), zones, [[shy({ namespaces: ['default'] }, 'other'), 'a1']])).toEqual(['b1']);
    const byLabel = { namespaceSelector: { matchLabels: { team: 'one' } } };
    expect(fitting(app('p'), zones, [[shy(byLabel, 'other'), 'a1']])).toEqual(['b1']);
    expect(fitting(app('p', { app: 'db' }), zones, [[shy({}), 'a1']])).toEqual(['a1', 'a2', 'b1']);
  });

  test.each([
    ['near nobody', near(term()), "node(s) didn't match pod affinity rules", true],
    ['away from those there', away(term({ labelSelector: {} })), "node(s) didn't match pod anti-affinity rules", false],
  ])('%s: what is said, and whether others leaving could help', (_, spec, reason, unresolvable) => {
    const { rejected } = decideOn(pod('p', spec), [inZone('a1', 'a')], [[app('q', { app: 'db' }), 'a1']]);
    expect(rejected.get('a1')).toEqual({ plugin: 'InterPodAffinity', reasons: [reason], unresolvable });
  });
});

describe('scores', () => {
  const prefers = (side: 'podAffinity' | 'podAntiAffinity', weight: number, more: Partial<PodAffinityTerm> = {}) => ({
    affinity: {
      [side]: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm: term(more) }] },
    },
  });
  const scoresOf = (target: Pod, placed: readonly (readonly [Pod, string])[]): readonly (number | undefined)[] => {
    const { scores } = decideOn(target, zones, placed);
    return zones.map(({ metadata }) => {
      const score = scores.get(metadata.name)?.byPlugin['InterPodAffinity'];
      return score === undefined ? undefined : score / interPodAffinity.weight;
    });
  };

  test.each<[string, PodOptions, Pod, readonly (number | undefined)[]]>([
    ['nobody prefers anything', {}, app('q'), [undefined, undefined, undefined]],
    ['near them', prefers('podAffinity', 5), app('q'), [100, 100, 0]],
    ['away from them', prefers('podAntiAffinity', 5), app('q'), [0, 0, 100]],
    ['they prefer it near', { labels: { app: 'web' } }, pod('q', prefers('podAffinity', 5)), [100, 100, 0]],
    ['they prefer it away', { labels: { app: 'web' } }, pod('q', prefers('podAntiAffinity', 5)), [0, 0, 100]],
    ['they need such as it near', { labels: { app: 'web' } }, pod('q', near(term())), [100, 100, 0]],
  ])('%s', (_, spec, other, expected) => {
    expect(scoresOf(pod('p', spec), [[other, 'a1']])).toEqual(expected);
  });

  test('what is preferred more strongly weighs more, from both sides', () => {
    const placed = [
      [app('q'), 'a1'],
      [app('r', { app: 'db' }), 'b1'],
    ] as const;
    const preferring = {
      affinity: {
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 2, podAffinityTerm: term() },
            { weight: 8, podAffinityTerm: term({ labelSelector: { matchLabels: { app: 'db' } } }) },
          ],
        },
      },
    };
    expect(scoresOf(pod('p', preferring), placed)).toEqual([0, 0, 100]);
  });
});
