import { describe, expect, test } from 'vitest';
import type { Pod } from '../api/core/pod.ts';
import type { Decision } from './decide.ts';
import { defaultPlugins } from './profile.ts';
import { preempt, type PreemptionContext, type PreemptionResult } from './preempt.ts';
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
