import { describe, expect, test } from 'vitest';
import type { Pod } from '../api/core/pod.ts';
import { decide, type Decision } from './decide.ts';
import { defaultPlugins } from './profile.ts';
import { preempt, type PreemptionContext, type PreemptionResult } from './preempt.ts';
import type { PodDisruptionBudget } from '../api/policy/pod-disruption-budget.ts';
import { decideOn, node, pod, snapshotOf, world, type PodOptions } from './testing.ts';

type Placed = readonly (readonly [Pod, string])[];

function preemptOn(
  target: Pod,
  nodes: Parameters<typeof decideOn>[1],
  placed: Placed,
  more: Partial<PreemptionContext> = {},
): PreemptionResult & { readonly decision: Decision } {
  const decision = decideOn(target, nodes, placed);
  const context = { decision, world: world(snapshotOf(nodes, placed)), budgets: [], plugins: defaultPlugins };
  return { decision, ...preempt(target, { ...context, ...more }) };
}

const sized = (name: string, cpu: string, priority: number, more: PodOptions = {}): Pod =>
  pod(name, { requests: { cpu }, priority, ...more });

describe('what is said (upstream pkg/scheduler/framework/preemption/preemption.go)', () => {
  const busy = [sized('old', '3', 0), 'a'] as const;

  test('nothing when room is made', () => {
    const { preemption, explanation } = preemptOn(sized('new', '2', 10), [node('a')], [busy]);
    expect(preemption?.victims.map(({ metadata }) => metadata.name)).toEqual(['old']);
    expect(explanation).toBeUndefined();
  });

  test('where nobody is less important', () => {
    const { explanation } = preemptOn(sized('new', '2', 0), [node('a')], [busy]);
    expect(explanation).toBe('0/1 nodes are available: 1 No preemption victims found for incoming pod.');
  });

  test('the reasons that stay although everybody less important went', () => {
    const nodes = [node('a'), node('b', { cpu: '1' }), node('c', { spec: { unschedulable: true } })];
    const placed: Placed = [
      [sized('important', '3', 20), 'a'],
      [sized('small', '500m', 0), 'a'],
    ];
    const { explanation } = preemptOn(sized('new', '2', 10), nodes, placed);
    expect(explanation).toBe(
      '0/3 nodes are available: 1 Insufficient cpu, 2 Preemption is not helpful for scheduling.',
    );
  });
});

describe('who may (upstream plugins/defaultpreemption/default_preemption.go)', () => {
  const going = sized('old', '3', 0, {
    status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] },
  });
  const leaving: Pod = { ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } };
  const nodes = [node('a'), node('b')];
  const placed: Placed = [
    [leaving, 'a'],
    [sized('other', '3', 0), 'b'],
  ];

  test('a pod that waits for those it has sent away asks nobody else to go', () => {
    const result = preemptOn(sized('new', '2', 10), nodes, placed, { nominated: 'a' });
    expect(result.preemption).toBeUndefined();
    expect(result.waiting).toBe(true);
    expect(result.explanation).toBe('not eligible due to a terminating pod on the nominated node.');
  });

  test('it looks again when its node will not do any more', () => {
    const lost = [node('a', { spec: { unschedulable: true } }), node('b')];
    expect(preemptOn(sized('new', '2', 10), lost, placed, { nominated: 'a' }).preemption?.node).toBe('b');
  });

  test('a pod with preemptionPolicy Never makes no room', () => {
    const never = sized('new', '2', 10, { preemptionPolicy: 'Never' });
    expect(preemptOn(never, nodes, placed).explanation).toBe('not eligible due to preemptionPolicy=Never.');
  });
});

test('of equal victims those that started last go (upstream util.GetEarliestPodStartTime)', () => {
  const started = (name: string, cpu: string, priority: number, startTime: string): Pod =>
    sized(name, cpu, priority, { status: { startTime } });
  const placed: Placed = [
    // The least important pod is old, which does not count: the first of the victims decides.
    [started('a-first', '2', 5, '2026-01-01T10:00:00Z'), 'a'],
    [started('a-least', '2', 1, '2026-01-01T01:00:00Z'), 'a'],
    [started('b-first', '2', 5, '2026-01-01T09:00:00Z'), 'b'],
    [started('b-least', '2', 1, '2026-01-01T02:00:00Z'), 'b'],
  ];
  expect(preemptOn(sized('new', '4', 10), [node('a'), node('b')], placed).preemption?.node).toBe('a');
});

describe('who goes (upstream plugins/defaultpreemption/default_preemption_test.go)', () => {
  const victimsOf = (...args: Parameters<typeof preemptOn>): string | undefined => {
    const { preemption } = preemptOn(...args);
    const names = preemption?.victims.map(({ metadata }) => metadata.name).toSorted();
    return preemption === undefined ? undefined : `${preemption.node}: ${names?.join(' ')}`;
  };

  test('somebody in the middle, while a smaller one that matters less may stay', () => {
    const placed: Placed = [
      [sized('low', '500m', 1), 'a'],
      [sized('middle', '2500m', 5), 'a'],
      [sized('high', '3', 20), 'b'],
    ];
    expect(victimsOf(sized('new', '3', 10), [node('a'), node('b')], placed)).toBe('a: middle');
  });

  test('no more than need to, the least important of them', () => {
    const placed: Placed = [
      [sized('one', '1', 1), 'a'],
      [sized('two', '1', 2), 'a'],
      [sized('three', '1', 3), 'a'],
      [sized('keeps', '1', 20), 'a'],
    ];
    expect(victimsOf(sized('new', '2', 10), [node('a')], placed)).toBe('a: one two');
  });

  test('of equals those that started last', () => {
    const since = (name: string, startTime: string): Pod => sized(name, '1', 1, { status: { startTime } });
    const placed: Placed = [
      [since('older', '2026-01-01T01:00:00Z'), 'a'],
      [since('oldest', '2026-01-01T00:00:00Z'), 'a'],
      [since('younger', '2026-01-01T02:00:00Z'), 'a'],
      [since('youngest', '2026-01-01T03:00:00Z'), 'a'],
    ];
    expect(victimsOf(sized('new', '2', 10), [node('a')], placed)).toBe('a: younger youngest');
  });

  test('those that want to be alone, and those whom it wants to be alone from', () => {
    const alone = (app: string): PodOptions => ({
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } },
          ],
        },
      },
    });
    const placed: Placed = [
      [sized('shy', '1', 1, alone('new')), 'a'],
      [sized('harmless', '1', 0), 'a'],
      [sized('shunned', '1', 2, { labels: { app: 'old' } }), 'a'],
    ];
    const target = sized('new', '1', 10, { labels: { app: 'new' }, ...alone('old') });
    expect(victimsOf(target, [node('a')], placed)).toBe('a: shunned shy');
  });

  test('whoever makes a zone too full', () => {
    const zone = (name: string, value: string): ReturnType<typeof node> => node(name, { labels: { zone: value } });
    const spread: PodOptions = {
      labels: { app: 'web' },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
        },
      ],
    };
    const web = (name: string): Pod => sized(name, '1', 1, { labels: { app: 'web' } });
    const placed: Placed = [
      [web('a-1'), 'a'],
      [web('a-2'), 'a'],
      [web('b-1'), 'b'],
      [sized('important', '3', 20), 'b'],
    ];
    // Both of a need not go.
    expect(victimsOf(sized('new', '1', 10, spread), [zone('a', 'a'), zone('b', 'b')], placed)).toBe('a: a-2');
  });

  test('the pod that has the claim which one alone may use (upstream TestReadWriteOncePodPreemption)', () => {
    const user = (name: string, priority: number): Pod =>
      pod(name, { priority, volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] });
    const placed: Placed = [
      [user('old', 1), 'b'],
      [sized('other', '1', 1), 'a'],
    ];
    const claim = {
      metadata: { name: 'data', namespace: 'default', annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
      spec: { volumeName: 'pv', accessModes: ['ReadWriteOncePod'] },
    };
    const around = world(snapshotOf([node('a'), node('b')], placed), {
      claim: () => claim as never,
      volume: () => ({ metadata: { name: 'pv' }, spec: {} }) as never,
    });
    const decision = decide(user('new', 10), around);
    const { preemption } = preempt(user('new', 10), { decision, world: around, budgets: [], plugins: defaultPlugins });
    expect(preemption?.victims.map(({ metadata }) => metadata.name)).toEqual(['old']);
  });

  describe('and where', () => {
    const nodes = [node('a'), node('b')];
    test.each<[string, Placed, string]>([
      [
        'where the most important of them matters least',
        [
          [sized('a-1', '4', 5), 'a'],
          [sized('b-1', '2', 4), 'b'],
          [sized('b-2', '2', 4), 'b'],
        ],
        'b: b-1 b-2',
      ],
      [
        'where they matter least in sum',
        [
          [sized('a-1', '2', 5), 'a'],
          [sized('a-2', '2', 4), 'a'],
          [sized('b-1', '2', 5), 'b'],
          [sized('b-2', '2', 3), 'b'],
        ],
        'b: b-1 b-2',
      ],
      [
        'where they are fewer, though each below nothing lessens the sum',
        [
          [sized('a-1', '2', -5), 'a'],
          [sized('a-2', '2', -5), 'a'],
          [sized('b-1', '4', -5), 'b'],
        ],
        'b: b-1',
      ],
    ])('%s', (_, placed, expected) => {
      expect(victimsOf(sized('new', '4', 10), nodes, placed)).toBe(expected);
    });

    const budget = (app: string, disruptionsAllowed: number, more: object = {}): PodDisruptionBudget => ({
      metadata: {
        name: app,
        namespace: 'default',
        uid: app,
        resourceVersion: '1',
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
      spec: { selector: { matchLabels: { app } } },
      status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, ...more },
    });
    const guarded = (name: string, app: string, cpu: string, priority: number): Pod =>
      sized(name, cpu, priority, { labels: { app } });

    test('where no budget is broken, though they matter more', () => {
      const placed: Placed = [
        [guarded('a-1', 'guarded', '4', 1), 'a'],
        [guarded('b-1', 'free', '4', 9), 'b'],
      ];
      const budgets = [budget('guarded', 0), budget('free', 1)];
      expect(victimsOf(sized('new', '4', 10), nodes, placed, { budgets })).toBe('b: b-1');
      // With one to spare the budget is no matter.
      expect(victimsOf(sized('new', '4', 10), nodes, placed, { budgets: [budget('guarded', 1)] })).toBe('a: a-1');
    });

    test('on a node those that a budget guards stay before those that matter more', () => {
      const placed: Placed = [
        [guarded('guarded', 'guarded', '2', 1), 'a'],
        [sized('free', '2', 9), 'a'],
      ];
      expect(victimsOf(sized('new', '2', 10), [node('a')], placed, { budgets: [budget('guarded', 0)] })).toBe(
        'a: free',
      );
    });

    test('a pod that a budget has let go already does not break it', () => {
      const placed: Placed = [
        [guarded('a-1', 'guarded', '4', 1), 'a'],
        [sized('b-1', '4', 9), 'b'],
      ];
      const disruptedPods = { 'a-1': '2026-01-01T00:00:00Z' };
      const budgets = [budget('guarded', 0, { disruptedPods })];
      expect(victimsOf(sized('new', '4', 10), nodes, placed, { budgets })).toBe('a: a-1');
    });
  });

  test.each<[string, Placed, readonly ReturnType<typeof node>[], string]>([
    [
      'nobody would make enough room',
      [
        [sized('a-1', '1', 0), 'a'],
        [sized('a-2', '3', 20), 'a'],
        [sized('b-1', '1', 0), 'b'],
        [sized('b-2', '3', 20), 'b'],
      ],
      [node('a'), node('b')],
      '0/2 nodes are available: 2 Insufficient cpu.',
    ],
    [
      'here nobody is less important, there they are too small',
      [
        [sized('a-1', '1', 0), 'a'],
        [sized('a-2', '3', 20), 'a'],
        [sized('b-1', '4', 20), 'b'],
      ],
      [node('a'), node('b')],
      '0/2 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod.',
    ],
  ])('%s', (_, placed, nodes, expected) => {
    expect(preemptOn(sized('new', '3', 10), nodes, placed).explanation).toBe(expected);
  });

  test('a pod that others leave for other reasons may still ask', () => {
    const old = sized('old', '3', 0);
    const leaving: Pod = { ...old, metadata: { ...old.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } };
    const placed: Placed = [
      [leaving, 'a'],
      [sized('other', '3', 0), 'b'],
    ];
    expect(
      preemptOn(sized('new', '2', 10), [node('a'), node('b')], placed, { nominated: 'a' }).preemption,
    ).toBeDefined();
  });
});
