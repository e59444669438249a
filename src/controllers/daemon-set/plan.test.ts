/** What upstream's daemon_controller_test.go and update_test.go decide, node by node. */
import { describe, expect, it } from 'vitest';
import { DaemonSet, type RollingUpdateDaemonSet } from '../../api/apps/daemon-set.ts';
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { FakeClock, timestamp } from '../../base/clock.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { planDaemons } from './plan.ts';

const clock = new FakeClock();
const client = new MemoryClient({ clock });
const now = clock.now();
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'two' }] } };

function setWith(rollingUpdate: RollingUpdateDaemonSet, minReadySeconds = 0): DaemonSet {
  return client.seed(DaemonSet, {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template,
      minReadySeconds,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate },
    },
  });
}

/** Nodes whose name begins with x are full: the set should not run there, though what runs there may stay. */
const node = (name: string): Node =>
  client.seed(Node, {
    metadata: { name },
    spec: name.startsWith('x') ? { taints: [{ key: 'full', effect: 'NoSchedule' }] } : {},
  });

interface Traits {
  readonly ready?: boolean;
  readonly phase?: NonNullable<NonNullable<Pod['status']>['phase']>;
  readonly deleted?: boolean;
  /** Seconds since it was made and, if it is, ready. */
  readonly age?: number;
  /** Meant for the node, and not yet there. */
  readonly waits?: boolean;
}

function pod(name: string, nodeName: string, hash: 'old' | 'new', traits: Traits = {}): Pod {
  const { ready = true, phase = 'Running', deleted = false, age = 60, waits = false } = traits;
  const since = timestamp(now - age * 1000);
  const matchFields = [{ key: 'metadata.name', operator: 'In' as const, values: [nodeName] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  return client.seed(Pod, {
    metadata: {
      name,
      namespace: 'default',
      creationTimestamp: since,
      labels: { app: 'web', 'controller-revision-hash': hash },
      ...(deleted ? { deletionTimestamp: since, finalizers: ['example.com/keep'] } : {}),
    },
    spec: {
      containers: [],
      ...(waits ? {} : { nodeName }),
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
    },
    status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: since }] },
  });
}

function planOf(set: DaemonSet, nodes: readonly string[], pods: readonly Pod[]) {
  const plan = planDaemons(set, nodes.map(node), pods, 'new', now);
  return { ...plan, remove: plan.remove.map(({ metadata }) => metadata.name) };
}

const surge = (maxSurge: number): DaemonSet => setWith({ maxSurge, maxUnavailable: 0 });
const inPlace = (maxUnavailable: number): DaemonSet => setWith({ maxUnavailable });

describe('the status', () => {
  it('is that of the oldest pod of each node, so that an update that surges is done when the old pods are gone', () => {
    const pods = [
      pod('old', 'a', 'old', { ready: false }),
      pod('new', 'a', 'new', { age: 5 }),
      pod('alone', 'b', 'new', { age: 5 }),
    ];
    expect(planOf(surge(1), ['a', 'b', 'c'], pods).status).toMatchObject({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 2,
      updatedNumberScheduled: 1,
      numberReady: 1,
      numberAvailable: 1,
      numberUnavailable: 2,
    });
  });

  it('speaks of a pod that is on its way out until it has ended', () => {
    const going = pod('old', 'a', 'old', { deleted: true });
    const young = pod('new', 'a', 'new', { age: 5 });
    expect(planOf(surge(1), ['a'], [going, young]).status).toMatchObject({ updatedNumberScheduled: 0, numberReady: 1 });
    const ended = pod('old', 'a', 'old', { deleted: true, phase: 'Failed', ready: false });
    expect(planOf(surge(1), ['a'], [ended, young]).status).toMatchObject({ updatedNumberScheduled: 1, numberReady: 1 });
  });
});

describe('an old pod where the set should not run any more', () => {
  it('goes like any other when pods are replaced in place', () => {
    const pods = [pod('new', 'a', 'new'), pod('stray', 'x', 'old')];
    expect(planOf(inPlace(1), ['a', 'x'], pods)).toMatchObject({ create: [], remove: ['stray'] });
  });

  it('stays when it is of the present template', () => {
    const pods = [pod('new', 'a', 'new'), pod('stray', 'x', 'new')];
    expect(planOf(inPlace(1), ['a', 'x'], pods)).toMatchObject({ create: [], remove: [] });
  });

  it('while surging goes when enough others are available, and not before', () => {
    const stray = pod('stray', 'x', 'old');
    const starting = pod('new', 'a', 'new', { ready: false });
    expect(planOf(surge(1), ['a', 'x'], [starting, stray])).toMatchObject({ create: [], remove: [] });
    const started = pod('new', 'a', 'new');
    expect(planOf(surge(1), ['a', 'x'], [started, stray])).toMatchObject({ create: [], remove: ['stray'] });
  });

  it('while surging goes at once when it does not work', () => {
    const pods = [pod('new', 'a', 'new', { ready: false }), pod('stray', 'x', 'old', { ready: false })];
    expect(planOf(surge(1), ['a', 'x'], pods)).toMatchObject({ create: [], remove: ['stray'] });
  });
});

describe('an update that surges', () => {
  it('puts new pods beside all old ones that do not work, and beside as many that do as the surge allows', () => {
    const pods = [
      pod('a', 'a', 'old'),
      pod('b', 'b', 'old', { ready: false }),
      pod('c', 'c', 'old', { ready: false }),
      pod('d', 'd', 'old'),
    ];
    expect(planOf(surge(1), ['a', 'b', 'c', 'd'], pods)).toMatchObject({ create: ['b', 'c', 'a'], remove: [] });
  });

  it('counts nodes whose new pod is not available yet, and no others', () => {
    const waiting = [pod('a-old', 'a', 'old'), pod('a-new', 'a', 'new', { ready: false, age: 5 })];
    const rest = [pod('b', 'b', 'old'), pod('c', 'c', 'old', { ready: false })];
    expect(planOf(surge(1), ['a', 'b', 'c'], [...waiting, ...rest])).toMatchObject({ create: ['c'], remove: [] });
    expect(planOf(surge(2), ['a', 'b', 'c'], [...waiting, ...rest])).toMatchObject({ create: ['c', 'b'], remove: [] });
  });

  it('removes an old pod that is not ready as soon as a new one is beside it, ready or not', () => {
    const old = pod('old', 'a', 'old', { ready: false });
    const young = pod('new', 'a', 'new', { ready: false, age: 5 });
    expect(planOf(surge(1), ['a'], [old, young])).toMatchObject({ create: [], remove: ['old'] });
  });

  it('removes an old pod that is ready when the new one has been ready for long enough', () => {
    const old = pod('old', 'a', 'old');
    const set = setWith({ maxSurge: 1, maxUnavailable: 0 }, 10);
    const fresh = pod('new', 'a', 'new', { age: 5 });
    expect(planOf(set, ['a'], [old, fresh])).toMatchObject({ create: [], remove: [], after: 5000 });
    const settled = pod('new', 'a', 'new', { age: 10 });
    expect(planOf(set, ['a'], [old, settled])).toMatchObject({ create: [], remove: ['old'] });
  });

  it('puts a new pod beside one that is on its way out; without surge its place is not free yet', () => {
    const going = pod('old', 'a', 'old', { deleted: true });
    expect(planOf(surge(1), ['a'], [going])).toMatchObject({ create: ['a'] });
    expect(planOf(inPlace(1), ['a'], [going])).toMatchObject({ create: [] });
  });

  it('leaves a pod that has ended in its place until the pause before its successor is over', () => {
    const ended = pod('new', 'a', 'new', { phase: 'Failed', ready: false });
    expect(planOf(surge(1), ['a'], [ended])).toMatchObject({ create: [], remove: ['new'] });
  });
});

describe('an update in place', () => {
  it('takes old pods that do not work, and of those that do as many as may be missing', () => {
    const pods = [
      pod('a', 'a', 'old'),
      pod('b', 'b', 'old', { ready: false }),
      pod('c', 'c', 'old'),
      pod('d', 'd', 'new'),
    ];
    expect(planOf(inPlace(1), ['a', 'b', 'c', 'd'], pods)).toMatchObject({ create: [], remove: ['b'] });
    expect(planOf(inPlace(2), ['a', 'b', 'c', 'd'], pods)).toMatchObject({ create: [], remove: ['b', 'a'] });
  });

  it('waits until what is missing elsewhere has been begun', () => {
    expect(planOf(inPlace(2), ['a', 'b'], [pod('a', 'a', 'old')])).toMatchObject({ create: ['b'], remove: [] });
  });
});

describe('pods of one node', () => {
  it('that was deleted and has ended leaves its place though a finalizer holds it', () => {
    const held = pod('held', 'a', 'old', { deleted: true, phase: 'Succeeded', ready: false });
    for (const set of [inPlace(1), surge(1)]) {
      expect(planOf(set, ['a'], [held])).toMatchObject({
        create: ['a'],
        remove: [],
        status: { currentNumberScheduled: 0 },
      });
    }
  });

  it('are too many: one that is scheduled stays, though others are older', () => {
    const pods = [
      pod('waiting', 'a', 'new', { waits: true, ready: false, age: 90, phase: 'Pending' }),
      pod('placed', 'a', 'new', { age: 30 }),
      pod('later', 'a', 'new', { age: 20 }),
    ];
    expect(planOf(inPlace(1), ['a'], pods).remove).toEqual(['later', 'waiting']);
  });

  it('of a node that is gone are left to the collection of pods, those that never got there are not', () => {
    const pods = [
      pod('placed', 'gone', 'old'),
      pod('waiting', 'gone', 'new', { waits: true, phase: 'Pending', ready: false }),
    ];
    expect(planOf(inPlace(1), ['a'], [...pods, pod('a', 'a', 'new')]).remove).toEqual(['waiting']);
    expect(planOf(inPlace(1), ['a'], [pod('placed', 'gone', 'old'), pod('a', 'a', 'new')]).remove).toEqual([]);
  });
});
