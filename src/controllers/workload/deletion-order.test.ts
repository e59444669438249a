/** As the tables of upstream's controller_utils_test.go have it (TestSortingActivePods, TestSortingActivePodsWithRanks). */
import { describe, expect, it } from 'vitest';
import { Pod } from '../../api/core/pod.ts';
import { FakeClock, timestamp } from '../../base/clock.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { inDeletionOrder, type Ranking } from './deletion-order.ts';

const clock = new FakeClock();
const client = new MemoryClient({ clock });
const now = clock.now();
const minute = 60;

interface Traits {
  readonly uid?: string;
  readonly node?: string;
  readonly phase?: 'Pending' | 'Running' | 'Unknown';
  readonly ready?: boolean;
  /** Seconds since it has been ready, and since it was made. */
  readonly readyFor?: number;
  readonly age?: number;
  readonly cost?: string;
  readonly restarts?: number;
  readonly sidecarRestarts?: number;
  readonly initRestarts?: number;
}

const ago = (seconds: number): string => timestamp(now - seconds * 1000);

function pod(name: string, traits: Traits = {}): Pod {
  const { uid = name, node = 'a', phase = 'Running', ready = true, age = 60 * minute, readyFor = age, cost } = traits;
  const container = (of: string, restartCount = 0) => ({ name: of, restartCount, ready, image: '', imageID: '' });
  return client.seed(Pod, {
    metadata: {
      name,
      uid,
      namespace: 'default',
      creationTimestamp: ago(age),
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: {
      nodeName: node,
      containers: [{ name: 'web' }],
      initContainers: [{ name: 'sidecar', restartPolicy: 'Always' }, { name: 'init' }],
    },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(readyFor) }],
      containerStatuses: [container('web', traits.restarts)],
      initContainerStatuses: [container('sidecar', traits.sidecarRestarts), container('init', traits.initRestarts)],
    },
  });
}

const ranking = (crowd: Readonly<Record<string, number>> = {}): Ranking => ({
  crowd: new Map(Object.entries(crowd)),
  now,
});

/** Each order that comes of them, whatever the order in which they are given: there is to be one, the given one. */
function ordered(pods: readonly Pod[], rank?: Ranking): { readonly found: readonly string[]; readonly wanted: string } {
  const names = (each: readonly Pod[]): string => each.map(({ metadata }) => metadata.name).join(' ');
  const given = [pods, pods.toReversed(), [...pods.slice(1), ...pods.slice(0, 1)]];
  return { found: [...new Set(given.map((each) => names(inDeletionOrder(each, rank))))], wanted: names(pods) };
}

describe('pods that a ReplicaSet has too many of go', () => {
  it('by their state first, whatever else is said of them', () => {
    const { found, wanted } = ordered(
      [
        pod('nowhere', { node: '', phase: 'Pending', ready: false, cost: '100' }),
        pod('pending', { phase: 'Pending', ready: false, cost: '99' }),
        pod('unknown', { phase: 'Unknown', ready: false, cost: '98' }),
        pod('unready', { ready: false, cost: '97' }),
        pod('cheap', { cost: '-1' }),
        pod('usual', { node: 'b' }),
        pod('dear', { cost: '1' }),
      ],
      ranking({ a: 1, b: 5 }),
    );
    expect(found).toEqual([wanted]);
  });

  it('not by a cost that is none', () => {
    const pods = ['+5', '05', '1e3', ' 1', '2147483648', '-2147483649', 'much'].map((cost, at) =>
      pod(`pod-${at}`, { uid: `uid-${at}`, cost, age: 60 * minute + at }),
    );
    const { found, wanted } = ordered([pod('cheap', { cost: '-1' }), ...pods, pod('dear', { cost: '1' })], ranking());
    expect(found).toEqual([wanted]);
  });

  it('from nodes with more of their like first', () => {
    const pods = [pod('crowded', { node: 'b' }), pod('less', { node: 'c' }), pod('alone', { node: 'a', age: 1 })];
    const { found, wanted } = ordered(pods, ranking({ a: 1, b: 3, c: 2 }));
    expect(found).toEqual([wanted]);
  });

  it('by the magnitude of the time for which they have been ready; of about the same, any', () => {
    const { found, wanted } = ordered(
      [
        pod('new', { readyFor: 2, uid: 'z' }),
        pod('today-1', { readyFor: 10_000, uid: 'a' }),
        pod('today-2', { readyFor: 9_000, uid: 'b' }),
        pod('old', { readyFor: 1_000_000, uid: '0' }),
      ],
      ranking(),
    );
    expect(found).toEqual([wanted]);
  });

  it('by the restarts of their containers, then by those of sidecars; what ran once at the start counts for nothing', () => {
    const { found, wanted } = ordered(
      [
        pod('much', { restarts: 5 }),
        pod('some', { restarts: 1, sidecarRestarts: 3 }),
        pod('beside', { sidecarRestarts: 2, uid: 'y' }),
        pod('young', { readyFor: 60 * minute, age: 10 }),
        pod('begun', { initRestarts: 9 }),
      ],
      ranking(),
    );
    expect(found).toEqual([wanted]);
  });

  it('of the same readiness by the magnitude of their age, then any', () => {
    const unready = { ready: false };
    const { found, wanted } = ordered(
      [
        pod('new', { ...unready, age: 1, uid: 'z' }),
        pod('hours-1', { ...unready, age: 10_000, uid: 'a' }),
        pod('hours-2', { ...unready, age: 9_000, uid: 'b' }),
        pod('days', { ...unready, age: 1_000_000, uid: '0' }),
      ],
      ranking(),
    );
    expect(found).toEqual([wanted]);
  });
});

describe('pods that a Job has too many of go', () => {
  it('by state, exact times and restarts, not by cost', () => {
    const { found, wanted } = ordered([
      pod('pending', { phase: 'Pending', ready: false }),
      pod('later', { readyFor: 9_000, cost: '100', uid: 'z' }),
      pod('earlier', { readyFor: 10_000, cost: '-5', uid: 'a' }),
      pod('restarted', { readyFor: 20_000, restarts: 1 }),
      pod('younger', { readyFor: 20_000, age: 20_000 }),
      pod('older', { readyFor: 20_000, age: 20_001 }),
    ]);
    expect(found).toEqual([wanted]);
  });
});
