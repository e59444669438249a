import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Lease } from '../../api/coordination/lease.ts';
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Taint, Toleration } from '../../api/core/taint.ts';
import { microTimestamp, timestamp } from '../../base/clock.ts';
import { podGarbageCollector } from '../pod-garbage-collector/controller.ts';
import { taintEvictionController } from '../taint-eviction/controller.ts';
import { Simulation } from '../testing/simulation.ts';
import { nodeLifecycleController } from './controller.ts';

const second = 1000;
let simulation: Simulation;

beforeEach(() => {
  simulation = new Simulation({
    nodes: 0,
    controllers: (deps, events) => [
      nodeLifecycleController(deps, events),
      taintEvictionController(deps, events),
      podGarbageCollector(deps),
    ],
  });
  for (const name of ['one', 'two']) addNode(name);
});
afterEach(() => simulation.stop());

const conditionTypes = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

function addNode(name: string, taints: readonly Taint[] = []): void {
  const now = timestamp(simulation.clock.now());
  const conditions = conditionTypes.map((type) => ({
    type,
    status: type === 'Ready' ? 'True' : 'False',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }));
  simulation.client.seed(Node, { metadata: { name }, spec: { taints }, status: { conditions } });
}

function addPod(name: string, nodeName: string, tolerations: readonly Toleration[] = []): void {
  simulation.client.seed(Pod, {
    metadata: { name, namespace: 'default' },
    spec: { nodeName, containers: [{ name: 'web', image: 'web' }], tolerations },
  });
}

function beat(name: string): void {
  const renewTime = microTimestamp(simulation.clock.now());
  simulation.client.seed(Lease, { metadata: { name, namespace: 'kube-node-lease' }, spec: { renewTime } });
}

/** Runs so many seconds in which only these nodes give signs of life. */
async function live(seconds: number, ...names: readonly string[]): Promise<void> {
  for (let left = seconds; left > 0; left -= 10) {
    names.forEach(beat);
    await simulation.run(Math.min(10, left) * second);
  }
}

const node = (name: string): Node => simulation.client.all(Node).find(({ metadata }) => metadata.name === name) as Node;
const taintsOf = (name: string): readonly string[] =>
  (node(name).spec?.taints ?? []).map(({ key, effect }) => `${key.split('/')[1]}:${effect}`);
const readiness = (name: string): string | undefined =>
  node(name).status?.conditions?.find(({ type }) => type === 'Ready')?.status;
const podNames = (): readonly string[] => simulation.client.all(Pod).map(({ metadata }) => metadata.name);
const told = (reason: string): readonly string[] =>
  simulation.events.filter((event) => event.reason === reason).map(({ message }) => message);

describe('a node that is no longer heard of', () => {
  it('is given for as long as its Lease promises, if that is more than a minute', async () => {
    await live(10, 'one', 'two');
    const spec = { renewTime: microTimestamp(simulation.clock.now()), leaseDurationSeconds: 3600 };
    simulation.client.seed(Lease, { metadata: { name: 'two', namespace: 'kube-node-lease' }, spec });
    await live(3500, 'one');
    expect(readiness('two')).toBe('True');
    await live(200, 'one');
    expect(readiness('two')).toBe('Unknown');
  });

  it('is not given up because the wall clock jumped', async () => {
    await live(30, 'one', 'two');
    simulation.clock.jump(simulation.clock.now() + 86_400_000);
    await live(60, 'one', 'two');
    simulation.clock.jump(simulation.clock.now() - 2 * 86_400_000);
    await live(60, 'one', 'two');
    expect([readiness('one'), readiness('two')]).toEqual(['True', 'True']);
    expect(told('NodeNotReady')).toEqual([]);
  });

  it('is Unknown after 50 seconds, tainted, and its pods are not ready', async () => {
    addPod('patient', 'two', [{ operator: 'Exists' }]);
    await live(30, 'one', 'two');
    await live(39, 'one');
    expect(readiness('two')).toBe('True');
    await live(2, 'one');
    expect(node('two').status?.conditions?.map(({ status, reason }) => [status, reason])).toEqual(
      conditionTypes.map(() => ['Unknown', 'NodeStatusUnknown']),
    );
    expect(taintsOf('two')).toEqual(['unreachable:NoSchedule', 'unreachable:NoExecute']);
    expect(taintsOf('one')).toEqual([]);
    expect(told('NodeNotReady')).toEqual(['Node two status is now: NodeNotReady', 'Node is not ready']);
    expect(simulation.client.all(Pod)[0]?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe(
      'False',
    );
  });

  it('loses its pods when their patience ends, at once without any', async () => {
    addPod('hasty', 'two');
    addPod('patient', 'two', [
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 },
    ]);
    addPod('daemon', 'two', [{ operator: 'Exists' }]);
    await live(60, 'one');
    expect(podNames()).toEqual(['daemon', 'patient']);
    await live(70, 'one');
    expect(podNames()).toEqual(['daemon']);
    expect(told('TaintManagerEviction')).toEqual([
      'Marking for deletion Pod default/hasty',
      'Marking for deletion Pod default/patient',
    ]);
  });

  it('keeps its pods when it comes back in time', async () => {
    addPod('patient', 'two', [
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 },
    ]);
    await live(60, 'one');
    beat('two');
    const { status = {} } = node('two');
    const conditions = status.conditions?.map((each) => ({
      ...each,
      status: each.type === 'Ready' ? 'True' : 'False',
      lastHeartbeatTime: timestamp(simulation.clock.now()),
    }));
    await simulation.client.update(
      Node,
      { ...node('two'), status: { ...status, ...(conditions && { conditions }) } },
      { subresource: 'status' },
    );
    await live(120, 'one', 'two');
    expect(taintsOf('two')).toEqual([]);
    expect(podNames()).toEqual(['patient']);
    expect(told('TaintManagerEviction')).toEqual(['Cancelling deletion of Pod default/patient']);
  });

  it('keeps its pods when all nodes are lost, for then it is the network', async () => {
    addPod('hasty', 'two');
    await live(300);
    expect(taintsOf('one')).toEqual(['unreachable:NoSchedule']);
    expect(podNames()).toEqual(['hasty']);
  });
});

/** The node itself says so, as an agent does whose runtime is down. */
function say(name: string, ready: 'True' | 'False'): void {
  const now = timestamp(simulation.clock.now());
  const conditions = (node(name).status?.conditions ?? []).map((each) =>
    each.type === 'Ready' ? { ...each, status: ready, lastHeartbeatTime: now } : each,
  );
  simulation.client.seed(Node, { ...node(name), status: { ...node(name).status, conditions } });
}

describe('a node that says itself that it is not ready', () => {
  const patience = ['not-ready', 'unreachable'].map((key) => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 100,
  })) as readonly Toleration[];

  it('goes on saying how its pods are', async () => {
    addPod('web', 'two', [{ operator: 'Exists' }]);
    say('two', 'False');
    await live(20, 'one', 'two');
    expect(taintsOf('two')).toEqual(['not-ready:NoSchedule', 'not-ready:NoExecute']);
    expect(simulation.client.all(Pod)[0]?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe(
      'True',
    );
    expect(told('NodeNotReady')).toEqual([]);
  });

  it('gives its pods no new respite by falling silent', async () => {
    addPod('patient', 'two', patience);
    await live(10, 'one', 'two');
    say('two', 'False');
    await live(80, 'one');
    expect(taintsOf('two')).toEqual(['unreachable:NoSchedule', 'unreachable:NoExecute']);
    expect(podNames()).toEqual(['patient']);
    await live(30, 'one');
    expect(podNames()).toEqual([]);
  });
});

describe('the first toleration that fits', () => {
  it('counts, and not the least patient one', async () => {
    addPod('daemon', 'two', [{ operator: 'Exists' }, { operator: 'Exists', tolerationSeconds: 1 }]);
    await live(120, 'one');
    expect(podNames()).toEqual(['daemon']);
  });
});

describe('many nodes that fail', () => {
  const evicted = (): readonly string[] =>
    simulation.client
      .all(Node)
      .filter(({ spec }) => spec?.taints?.some(({ effect }) => effect === 'NoExecute'))
      .map(({ metadata }) => metadata.name);

  it('one after the other are driven from no more when the last one is lost', async () => {
    await live(10, 'one', 'two');
    await live(60, 'one');
    expect(evicted()).toEqual(['two']);
    await live(60);
    expect(evicted()).toEqual([]);
  });

  it('in one zone keep their pods while most of that zone is lost, and in another one do not', async () => {
    const names = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2'];
    for (const name of names) {
      addNode(name);
      const labels = { 'topology.kubernetes.io/zone': name.slice(0, 1) };
      await simulation.client.patch(Node, { name }, { metadata: { labels } }, { type: 'merge' });
    }
    await live(10, 'one', 'two', ...names);
    for (const name of ['a1', 'a2', 'a3', 'b1', 'b2']) say(name, 'False');
    await live(5, 'one', 'two', ...names);
    // The first one was lost alone.
    expect(evicted()).toEqual(['a1', 'b1']);
    await live(30, 'one', 'two', ...names);
    expect(evicted()).toEqual(['a1', 'b1', 'b2']);
    say('a3', 'True');
    await live(30, 'one', 'two', ...names);
    expect(evicted()).toEqual(['a1', 'a2', 'b1', 'b2']);
  });
});

describe('taints', () => {
  it('follow cordoning and pressure, and leave foreign ones alone', async () => {
    await simulation.client.patch(
      Node,
      { name: 'one' },
      { spec: { unschedulable: true, taints: [{ key: 'mine', effect: 'NoSchedule' }] } },
      { type: 'merge' },
    );
    await live(10, 'one', 'two');
    expect(taintsOf('one')).toEqual(['undefined:NoSchedule', 'unschedulable:NoSchedule']);
    await simulation.client.patch(Node, { name: 'one' }, { spec: { unschedulable: null } }, { type: 'merge' });
    await live(10, 'one', 'two');
    expect(node('one').spec?.taints).toEqual([{ key: 'mine', effect: 'NoSchedule' }]);
  });
});

describe('labels by their old names', () => {
  it('follow those of today', async () => {
    const labels = { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'arm64', 'beta.kubernetes.io/arch': 'other' };
    await simulation.client.patch(Node, { name: 'one' }, { metadata: { labels } }, { type: 'merge' });
    await live(10, 'one', 'two');
    expect(node('one').metadata.labels).toEqual({
      ...labels,
      'beta.kubernetes.io/os': 'linux',
      'beta.kubernetes.io/arch': 'arm64',
    });
    expect(Object.keys(node('two').metadata.labels ?? {})).toEqual([]);
  });
});

describe('a new node', () => {
  const born = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' as const };

  it('keeps the taint that it is born with until it says that it is ready, and loses it at once then', async () => {
    simulation.client.seed(Node, { metadata: { name: 'new' }, spec: { taints: [born] } });
    await live(10, 'one', 'two', 'new');
    expect(taintsOf('new')).toEqual(['not-ready:NoSchedule']);
    addNode('new', [born]);
    await simulation.run(1);
    expect(taintsOf('new')).toEqual([]);
  });

  it('is given no taint when it came without one', async () => {
    simulation.client.seed(Node, { metadata: { name: 'bare' } });
    await live(10, 'one', 'two', 'bare');
    expect(taintsOf('bare')).toEqual([]);
  });
});

describe('pods of a node that is gone', () => {
  it('fail and go after 40 seconds', async () => {
    addPod('orphan', 'two');
    await live(10, 'one', 'two');
    simulation.client.remove(Node, { name: 'two' });
    await live(35, 'one');
    expect(podNames()).toEqual(['orphan']);
    simulation.client.writes.length = 0;
    await live(10, 'one');
    expect(podNames()).toEqual([]);
    const update = simulation.client.writes.find(({ verb, plural }) => verb === 'update' && plural === 'pods');
    const status = (update?.body as Pod | undefined)?.status;
    expect(status?.phase).toBe('Failed');
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByPodGC',
        message: 'PodGC: node no longer exists',
      }),
    );
  });
});

describe('nodes that register together', () => {
  it('may all be used soon, however slow the server is', async () => {
    const slow = new Simulation({
      nodes: 0,
      faults: { busy: 100 },
      controllers: (deps, events) => [nodeLifecycleController(deps, events)],
    });
    const notReady: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
    const conditions = [{ type: 'Ready', status: 'True' }];
    for (let at = 0; at < 500; at += 1) {
      slow.client.seed(Node, { metadata: { name: `n-${at}` }, spec: { taints: [notReady] }, status: { conditions } });
    }
    await slow.run(10 * second);
    expect(slow.client.all(Node).filter(({ spec }) => (spec?.taints ?? []).length > 0)).toEqual([]);
    await slow.stop();
  });
});
