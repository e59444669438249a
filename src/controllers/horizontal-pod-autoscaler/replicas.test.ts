/** Rows of upstream's pkg/controller/podautoscaler/replica_calculator_test.go, in our words. */
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { demandFor, groupPods, type PodUse, type Target } from './replicas.ts';

const now = parseTimestamp('2026-01-01T01:00:00Z');
const second = 1000;
const minute = 60 * second;

interface State {
  readonly ready?: boolean;
  readonly phase?: 'Pending' | 'Running' | 'Failed';
  readonly deleted?: true;
  /** Milliseconds since it started. */
  readonly age?: number;
}

/** Ready or not since a second after their start, which was long ago. */
function podOf(name: string, { ready = true, phase = 'Running', deleted, age = 20 * minute }: State): Pod {
  const start = now - age;
  return {
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: timestamp(start),
      ...(deleted === undefined ? {} : { deletionTimestamp: timestamp(now) }),
    },
    status: {
      phase,
      startTime: timestamp(start),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: timestamp(start + second) }],
    },
  };
}

const uses = (levels: readonly number[], at = now): ReadonlyMap<string, PodUse> =>
  new Map(levels.map((value, index) => [`pod-${index}`, { value, at, window: minute }]));

const ok: State = {};
const unready: State = { ready: false };
const hot: State = { age: 35 * second };
const pending: State = { ready: false, phase: 'Pending' };
const failed: State = { ready: false, phase: 'Failed' };
const deleted: State = { deleted: true };

describe('processor time, of which each pod asks for a core', () => {
  // What is used, the target in percent, the pods, how many there are, and what comes out: pods and percent.
  type Row = [string, readonly number[], number, readonly State[], number, readonly [number, number]];
  test.each<Row>([
    ['more', [300, 500, 700], 30, [ok, ok, ok], 3, [5, 50]],
    ['more, but one is not ready: less more', [300, 500, 700], 30, [unready, ok, ok], 3, [4, 60]],
    ['more, but one is young: less more', [300, 500, 700], 30, [hot, ok, ok], 3, [4, 60]],
    ['more, but two are not ready: nothing', [400, 500, 700], 30, [ok, unready, unready], 3, [3, 40]],
    ['more, but two are young: nothing', [400, 500, 700], 30, [ok, hot, hot], 3, [3, 40]],
    ['those that have failed do not count', [500, 700], 30, [ok, ok, failed, failed], 2, [4, 60]],
    ['those that go do not count', [500, 700], 30, [ok, ok, deleted, deleted], 2, [4, 60]],
    ['less', [100, 300, 500, 250, 250], 50, [ok, ok, ok, ok, ok], 5, [3, 28]],
    [
      'less, and two are not ready: less less',
      [100, 300, 500, 250, 250],
      50,
      [ok, ok, ok, unready, unready],
      5,
      [2, 30],
    ],
    ['less, and two are young', [100, 300, 500, 250, 250], 50, [ok, ok, ok, hot, hot], 5, [2, 30]],
    ['less, and four wait for a node', [100], 50, [ok, pending, pending, pending, pending], 5, [1, 10]],
    [
      'less, beside two that have failed',
      [100, 300, 500, 250, 250],
      50,
      [ok, ok, ok, ok, ok, failed, failed],
      5,
      [3, 28],
    ],
    ['nobody knows two of four: they are taken to be busy', [400, 95], 100, [ok, ok, ok, ok], 4, [3, 24]],
    ['just right, and one is not known', [1000], 100, [ok, ok], 2, [2, 100]],
    ['more, and one is not known', [1900], 100, [ok, ok], 2, [2, 190]],
    ['less, and one is not known', [600], 100, [ok, ok], 2, [2, 60]],
    ['one not ready, one not known, nothing to do', [100, 450], 50, [unready, ok, ok], 3, [3, 45]],
    ['one young, one not known, nothing to do', [100, 450], 50, [hot, ok, ok], 3, [3, 45]],
    ['one not ready, one not known, much to do', [100, 2000], 50, [unready, ok, ok], 3, [4, 200]],
    ['one not ready, one not known, little to do', [100, 100, 100], 50, [unready, ok, ok, ok], 4, [3, 10]],
    ['while an update runs there is one more than wanted', [100, 100], 50, [ok, ok, ok], 2, [2, 10]],
  ])('%s', (_, levels, goal, states, current, [replicas, utilization]) => {
    const pods = states.map((state, at) => podOf(`pod-${at}`, state));
    const weights = new Map(pods.map(({ metadata }) => [metadata.name, 1000]));
    const used = uses(levels);
    const target: Target = { goal, weights, tolerance: { up: 0.1, down: 0.1 } };
    expect(demandFor(current, groupPods(pods, used, true, now), used, target)).toMatchObject({ replicas, utilization });
  });

  test.each([
    ['a tenth is nothing', { up: 0.1, down: 0.1 }, 102, 3],
    ['unless it is said to be something', { up: 0.01, down: 0.1 }, 102, 4],
    ['a tenth less is nothing', { up: 0.1, down: 0.1 }, 91, 3],
    ['unless that is said to be something', { up: 0.1, down: 0.05 }, 60, 2],
  ])('%s', (_, tolerance, percent, replicas) => {
    const pods = [ok, ok, ok].map((state, at) => podOf(`pod-${at}`, state));
    const used = uses([percent * 10, percent * 10, percent * 10]);
    const weights = new Map(pods.map(({ metadata }) => [metadata.name, 1000]));
    expect(demandFor(3, groupPods(pods, used, true, now), used, { goal: 100, weights, tolerance }).replicas).toBe(
      replicas,
    );
  });
});

describe('anything else of pods, by what each should have', () => {
  type Row = [string, readonly number[], number, readonly State[], number, readonly [number, number]];
  test.each<Row>([
    ['more', [20_000, 10_000, 30_000], 15_000, [ok, ok, ok], 3, [4, 20_000]],
    [
      'readiness and age do not matter',
      [50_000, 10_000, 30_000],
      15_000,
      [ok, ok, { ...hot, ...unready }],
      3,
      [6, 30_000],
    ],
    ['whole thousandths on average', [50_000, 15_000, 30_000], 15_000, [ok, ok, ok], 3, [7, 31_666]],
    ['less', [12_000, 12_000, 12_000, 12_000, 12_000], 20_000, [ok, ok, ok, ok, ok], 5, [3, 12_000]],
    ['near enough', [20_000, 21_000, 21_000], 20_000, [ok, ok, ok], 3, [3, 20_666]],
    ['less, and one is not known: it is taken to be right', [10_000, 10_000], 20_000, [ok, ok, ok], 3, [2, 10_000]],
  ])('%s', (_, levels, goal, states, current, [replicas, average]) => {
    const pods = states.map((state, at) => podOf(`pod-${at}`, state));
    const used = uses(levels);
    const demand = demandFor(current, groupPods(pods, used, false, now), used, {
      goal,
      tolerance: { up: 0.1, down: 0.1 },
    });
    expect(demand).toEqual({ replicas, average });
  });
});

describe('whose figures count', () => {
  const group = (pod: Pod, at: number, window = 30 * second, cpu = true): string => {
    const used = new Map([[pod.metadata.name, { value: 1, at, window }]]);
    const { ready, unready: not } = groupPods([pod], used, cpu, now);
    return ready.length > 0 ? 'ready' : not.length > 0 ? 'unready' : 'missing';
  };
  const since = (age: number, changed: number, status: 'True' | 'False'): Pod => {
    const pod = podOf('pod-0', { age });
    const lastTransitionTime = timestamp(now - changed);
    return { ...pod, status: { ...pod.status, conditions: [{ type: 'Ready', status, lastTransitionTime }] } };
  };

  test.each<[string, Pod, number, number, boolean, string]>([
    ['young, measured since it is ready', since(minute, 30 * second, 'True'), now, 30 * second, true, 'ready'],
    ['young, measured before as well', since(minute, 30 * second, 'True'), now, 60 * second, true, 'unready'],
    ['young and not ready', since(minute, 30 * second, 'False'), now, second, true, 'unready'],
    ['old, measured long ago', since(20 * minute, 20 * minute, 'True'), now - 10 * minute, minute, true, 'ready'],
    ['old, not ready any more', since(20 * minute, 19 * minute, 'False'), now, minute, true, 'ready'],
    ['old, never ready', since(20 * minute, 20 * minute - 10 * second, 'False'), now, minute, true, 'unready'],
    ['memory of a pod that never was ready', since(20 * minute, 20 * minute, 'False'), now, minute, false, 'ready'],
  ])('%s', (_, pod, at, window, cpu, expected) => {
    expect(group(pod, at, window, cpu)).toBe(expected);
  });

  test('a pod that does not say whether it is ready', () => {
    const { metadata, status } = podOf('pod-0', {});
    expect(group({ metadata, status: { ...status, conditions: [] } }, now)).toBe('unready');
    expect(group({ metadata, status: { ...status, conditions: [] } }, now, minute, false)).toBe('ready');
  });
});
