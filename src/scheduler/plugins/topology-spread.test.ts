/** Rows of upstream's plugins/podtopologyspread/{filtering,scoring}_test.go, in our words. */
import { describe, expect, test } from 'vitest';
import type { TopologySpreadConstraint } from '../../api/core/affinity.ts';
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import { decide, type Decision } from '../decide.ts';
import type { World } from '../plugin.ts';
import { node, pod, snapshotOf, world, type NodeOptions, type PodOptions } from '../testing.ts';
import { podTopologySpread } from './topology-spread.ts';

const inZone = (name: string, zone: string, more: NodeOptions = {}): Node =>
  node(name, { ...more, labels: { zone, ...more.labels } });
const zones = [inZone('a1', 'a'), inZone('a2', 'a'), inZone('b1', 'b'), inZone('b2', 'b')];

const hard = (more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({
  maxSkew: 1,
  topologyKey: 'zone',
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'web' } },
  ...more,
});
const soft = (more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint =>
  hard({ whenUnsatisfiable: 'ScheduleAnyway', ...more });
const spread = (...constraints: readonly TopologySpreadConstraint[]): PodOptions => ({
  labels: { app: 'web' },
  topologySpreadConstraints: constraints,
});

/** So many pods on each node. */
const webs = (counts: Readonly<Record<string, number>>, more: PodOptions = {}): readonly (readonly [Pod, string])[] =>
  Object.entries(counts).flatMap(([name, count]) =>
    Array.from(
      { length: count },
      (_, at) => [pod(`${name}-${at}-${more.namespace ?? ''}`, { labels: { app: 'web' }, ...more }), name] as const,
    ),
  );

function decideOn(
  target: Pod,
  nodes: readonly Node[],
  placed: readonly (readonly [Pod, string])[],
  more: Partial<World> = {},
): Decision {
  return decide(target, world(snapshotOf(nodes, placed), more), { plugins: [podTopologySpread] });
}

const fitting = (...args: Parameters<typeof decideOn>): readonly string[] => {
  const { rejected } = decideOn(...args);
  return args[1].map(({ metadata }) => metadata.name).filter((name) => !rejected.has(name));
};

describe('a pod that must be spread', () => {
  test.each<[string, TopologySpreadConstraint, Readonly<Record<string, number>>, readonly string[]]>([
    ['goes anywhere while nobody is there', hard(), {}, ['a1', 'a2', 'b1', 'b2']],
    ['goes where fewer are', hard(), { a1: 1 }, ['b1', 'b2']],
    ['goes anywhere when all have as many', hard(), { a1: 1, b2: 1 }, ['a1', 'a2', 'b1', 'b2']],
    ['may make a difference of two', hard({ maxSkew: 2 }), { a1: 1 }, ['a1', 'a2', 'b1', 'b2']],
    ['not one of three', hard({ maxSkew: 2 }), { a1: 2 }, ['b1', 'b2']],
    ['on hosts', hard({ topologyKey: 'kubernetes.io/hostname' }), { a1: 1, b1: 1 }, ['a2', 'b2']],
    ['with three zones asked for: the third counts as empty', hard({ minDomains: 3 }), { a1: 1, b1: 1 }, []],
    ['with three zones asked for, while there is room', hard({ minDomains: 3 }), {}, ['a1', 'a2', 'b1', 'b2']],
    ['with two zones asked for', hard({ minDomains: 2 }), { a1: 1, b1: 1 }, ['a1', 'a2', 'b1', 'b2']],
    ['with an empty selector nobody counts', hard({ labelSelector: {} }), { a1: 5 }, ['a1', 'a2', 'b1', 'b2']],
    [
      'without a selector nobody counts',
      hard({ labelSelector: undefined } as never),
      { a1: 5 },
      ['a1', 'a2', 'b1', 'b2'],
    ],
    [
      'by a selector that does not mean itself',
      hard({ labelSelector: { matchLabels: { app: 'db' } } }),
      { a1: 5 },
      ['a1', 'a2', 'b1', 'b2'],
    ],
  ])('%s', (_, constraint, placed, expected) => {
    expect(fitting(pod('p', spread(constraint)), zones, webs(placed))).toEqual(expected);
  });

  test('counts only its own namespace, and nobody who goes', () => {
    const target = pod('p', spread(hard()));
    expect(fitting(target, zones, webs({ a1: 3 }, { namespace: 'other' }))).toHaveLength(4);
    const going = webs({ a1: 3 }).map(
      ([each, on]) =>
        [{ ...each, metadata: { ...each.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } }, on] as const,
    );
    expect(fitting(target, zones, going)).toHaveLength(4);
  });

  test('counts who carries its own value of a label that is named', () => {
    const versioned = (name: string, version: string): Pod => pod(name, { labels: { app: 'web', version } });
    const target = pod('p', {
      ...spread(hard({ matchLabelKeys: ['version', 'absent'] })),
      labels: { app: 'web', version: '2' },
    });
    const placed = [
      [versioned('old-1', '1'), 'b1'],
      [versioned('old-2', '1'), 'b1'],
      [versioned('new', '2'), 'a1'],
    ] as const;
    expect(fitting(target, zones, placed)).toEqual(['b1', 'b2']);
  });

  test('has to meet all constraints', () => {
    const both = spread(hard(), hard({ topologyKey: 'kubernetes.io/hostname' }));
    expect(fitting(pod('p', both), zones, webs({ a1: 1, a2: 1, b1: 1 }))).toEqual(['b2']);
    // Zones say b, hosts say a2.
    expect(fitting(pod('p', both), zones, webs({ a1: 3, b1: 1, b2: 1 }))).toEqual([]);
  });

  test('nodes that lack a label are not counted, and not for it', () => {
    const nodes = [inZone('a1', 'a'), node('bare'), inZone('b1', 'b')];
    const { rejected } = decideOn(pod('p', spread(hard())), nodes, webs({ a1: 1, bare: 9 }));
    expect(rejected.get('bare')).toMatchObject({
      reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
      unresolvable: true,
    });
    expect(rejected.get('a1')).toMatchObject({
      reasons: ["node(s) didn't match pod topology spread constraints"],
      unresolvable: false,
    });
    expect(rejected.has('b1')).toBe(false);
  });

  test('zones that it may not go to count only if it says so', () => {
    const nodes = [
      inZone('a1', 'a', { labels: { disk: 'ssd' } }),
      inZone('b1', 'b', { labels: { disk: 'ssd' } }),
      inZone('c1', 'c'),
    ];
    const placed = webs({ a1: 1, b1: 1 });
    const target = (more: Partial<TopologySpreadConstraint>): Pod =>
      pod('p', { ...spread(hard(more)), nodeSelector: { disk: 'ssd' } });
    expect(fitting(target({}), nodes, placed)).toContain('a1');
    expect(fitting(target({ nodeAffinityPolicy: 'Honor' }), nodes, placed)).toContain('a1');
    expect(fitting(target({ nodeAffinityPolicy: 'Ignore' }), nodes, placed)).toEqual(['c1']);
  });

  test('zones with taints count unless it says otherwise', () => {
    const tainted = inZone('c1', 'c', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } });
    const cordoned = inZone('c1', 'c', { spec: { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] } });
    const placed = webs({ a1: 1, b1: 1 });
    const target = (more: Partial<TopologySpreadConstraint>): Pod => pod('p', spread(hard(more)));
    const nodes = [inZone('a1', 'a'), inZone('b1', 'b')];
    expect(fitting(target({}), [...nodes, tainted], placed)).toEqual(['c1']);
    expect(fitting(target({ nodeTaintsPolicy: 'Ignore' }), [...nodes, tainted], placed)).toEqual(['c1']);
    expect(fitting(target({ nodeTaintsPolicy: 'Honor' }), [...nodes, tainted], placed)).toEqual(['a1', 'b1', 'c1']);
    expect(fitting(target({ nodeTaintsPolicy: 'Honor' }), [...nodes, cordoned], placed)).toEqual(['c1']);
    const tolerant = pod('p', {
      ...spread(hard({ nodeTaintsPolicy: 'Honor' })),
      tolerations: [{ key: 'k', operator: 'Exists' }],
    });
    expect(fitting(tolerant, [...nodes, tainted], placed)).toEqual(['c1']);
  });
});

describe('a pod that would rather be spread', () => {
  const scoresOf = (...args: Parameters<typeof decideOn>): readonly (number | undefined)[] => {
    const { scores } = decideOn(...args);
    return args[1].map(({ metadata }) => {
      const score = scores.get(metadata.name)?.byPlugin['PodTopologySpread'];
      return score === undefined ? undefined : score / podTopologySpread.weight;
    });
  };

  test.each<[string, readonly TopologySpreadConstraint[], Readonly<Record<string, number>>, readonly number[]]>([
    ['nobody there', [soft()], {}, [100, 100, 100, 100]],
    ['over zones', [soft()], { a1: 2, b1: 1 }, [33, 33, 100, 100]],
    ['over hosts', [soft({ topologyKey: 'kubernetes.io/hostname' })], { a1: 2, b1: 1 }, [0, 100, 50, 100]],
    ['by an empty selector', [soft({ labelSelector: {} })], { a1: 2 }, [100, 100, 100, 100]],
  ])('%s', (_, constraints, placed, expected) => {
    expect(scoresOf(pod('p', spread(...constraints)), zones, webs(placed))).toEqual(expected);
  });

  test('nodes without the label come last', () => {
    const nodes = [inZone('a1', 'a'), node('bare'), inZone('b1', 'b')];
    expect(scoresOf(pod('p', spread(soft())), nodes, webs({ a1: 1 }))).toEqual([0, 0, 100]);
  });

  test('of its own accord, over hosts and zones, when a Service or its owner selects it', () => {
    const nodes = [
      node('a', { labels: { 'topology.kubernetes.io/zone': 'a' } }),
      node('b', { labels: { 'topology.kubernetes.io/zone': 'b' } }),
    ];
    const target = pod('p', { labels: { app: 'web' } });
    const placed = webs({ a: 4 });
    expect(decideOn(target, nodes, placed, { selectorsOf: () => [{ app: 'web' }] }).node).toBe('b');
    expect(scoresOf(target, nodes, placed)).toEqual([undefined, undefined]);
  });
});
