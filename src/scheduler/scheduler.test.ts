import { afterEach, describe, expect, test } from 'vitest';
import { Node } from '../api/core/node.ts';
import { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../api/core/persistent-volume.ts';
import { Pod } from '../api/core/pod.ts';
import { StorageClass } from '../api/storage/storage-class.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { seededRandom } from '../base/random.ts';
import { runAll } from '../base/service.ts';
import { Informers } from '../client/informers.ts';
import { MemoryClient } from '../client/testing/memory-client.ts';
import { Scheduler } from './scheduler.ts';
import { node, pod, type PodOptions } from './testing.ts';

let stop: () => Promise<void> = () => Promise.resolve();
afterEach(() => stop());

interface Running {
  readonly clock: FakeClock;
  readonly client: MemoryClient;
  /** Lets everything that is due now happen, and tells where the pod is. */
  readonly placeOf: (name: string) => Promise<string | undefined>;
}

function run(): Running {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const client = new MemoryClient({ clock, random });
  const informers = new Informers({ client, clock, random });
  const events = { normal: () => {}, warning: () => {}, record: () => {} };
  const scheduler = new Scheduler({ client, informers, clock, random, events, logger: silentLogger });
  const abort = new AbortController();
  const running = runAll([scheduler, informers], abort.signal);
  stop = () => {
    abort.abort();
    return running;
  };
  const placeOf = async (name: string): Promise<string | undefined> => {
    await clock.advance(0);
    return client.get(Pod, { namespace: 'default', name }).then(({ spec }) => spec?.nodeName);
  };
  return { clock, client, placeOf };
}

/** As DaemonSets pin their pods. */
const onlyOn = (name: string): PodOptions => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
      },
    },
  },
});

test('a pod goes to its node as soon as the node tells what it has, though others are there already', async () => {
  const { client, clock, placeOf } = run();
  client.seed(Node, node('first'));
  const { status, ...bare } = node('second');
  client.seed(Node, bare);
  await clock.advance(0);
  client.seed(Pod, pod('proxy', onlyOn('second')));
  expect(await placeOf('proxy')).toBeUndefined();
  await client.patch(Node, { name: 'second' }, { status }, { type: 'merge', subresource: 'status' });
  await clock.advance(1_000);
  expect(await placeOf('proxy')).toBe('second');
});

test('a pod waits where no node is, and goes to the first that comes', async () => {
  const { client, placeOf } = run();
  client.seed(Pod, pod('web'));
  expect(await placeOf('web')).toBeUndefined();
  client.seed(Node, node('first'));
  expect(await placeOf('web')).toBe('first');
});

describe('preemption', () => {
  const cpu = (amount: string, priority: number): PodOptions => ({ requests: { cpu: amount }, priority });
  const nominationOf = (client: MemoryClient, name: string): Promise<string | undefined> =>
    client.get(Pod, { namespace: 'default', name }).then(({ status }) => status?.nominatedNodeName);

  async function withVictim(): Promise<Running> {
    const running = run();
    running.client.seed(Node, node('a'));
    running.client.seed(Node, node('b'));
    for (const [name, on] of [
      ['low-a', 'a'],
      ['low-b', 'b'],
    ] as const) {
      const low = pod(name, { ...cpu('3', 0), nodeName: on });
      // Its containers take their time to stop.
      running.client.seed(Pod, { ...low, metadata: { ...low.metadata, finalizers: ['example.com/slow'] } });
    }
    await running.clock.advance(0);
    return running;
  }

  test('while its victim stops a pod asks nobody else to go, whatever happens meanwhile', async () => {
    const { client, clock } = await withVictim();
    client.seed(Pod, pod('high', cpu('3', 10)));
    await clock.advance(0);
    const first = await nominationOf(client, 'high');
    expect(first).toMatch(/^[ab]$/);
    client.seed(Node, node('tainted', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }));
    client.seed(Node, node('small', { cpu: '1' }));
    await clock.advance(60_000);
    expect(await nominationOf(client, 'high')).toBe(first);
    const { items } = await client.list(Pod);
    expect(items.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)).toHaveLength(1);
    const { status } = await client.get(Pod, { namespace: 'default', name: 'high' });
    expect(status?.conditions?.[0]?.message).toMatch(
      /preemption: not eligible due to a terminating pod on the nominated node\.$/,
    );
  });

  test('where room is made is known after a restart, from the status', async () => {
    const { client, clock, placeOf } = run();
    client.seed(Node, node('a'));
    const victim = pod('victim', { ...cpu('1', 0), nodeName: 'a' });
    client.seed(Pod, { ...victim, metadata: { ...victim.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } });
    client.seed(Pod, { ...pod('high', cpu('4', 10)), status: { nominatedNodeName: 'a' } });
    await clock.advance(0);
    // There is room for it now, but not beside the pod that waits.
    client.seed(Pod, pod('low', cpu('3', 0)));
    expect(await placeOf('low')).toBeUndefined();
    await client.delete(Pod, { namespace: 'default', name: 'victim' }, { gracePeriodSeconds: 0 });
    await clock.advance(10_000);
    expect(await placeOf('high')).toBe('a');
    expect(await placeOf('low')).toBeUndefined();
  });

  test('a nomination that helps no more is taken out of the status', async () => {
    const { client, clock } = run();
    client.seed(Node, node('a'));
    client.seed(Pod, { ...pod('high', cpu('9', 10)), status: { nominatedNodeName: 'a' } });
    await clock.advance(0);
    expect(await nominationOf(client, 'high')).toBeUndefined();
  });
});

test('a zone that is gone lets a spread pod go where it could not before', async () => {
  const { client, clock, placeOf } = run();
  const zone = (name: string): { labels: Record<string, string> } => ({ labels: { zone: name } });
  client.seed(Node, node('a', zone('a')));
  client.seed(Node, node('b', { ...zone('b'), spec: { unschedulable: true } }));
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
  client.seed(Pod, pod('first', { ...spread, nodeName: 'a' }));
  client.seed(Pod, pod('second', spread));
  expect(await placeOf('second')).toBeUndefined();
  await client.delete(Node, { name: 'b' });
  await clock.advance(1_000);
  expect(await placeOf('second')).toBe('a');
});

describe('volumes that are there for claims that wait for their first user (upstream volumebinding/binder.go)', () => {
  const local = (name: string, host: string): PersistentVolume => ({
    metadata: { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      storageClassName: 'local',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [host] }] },
          ],
        },
      },
    },
    status: { phase: 'Available' },
  });

  test('are reserved on the node, each for one, and the pods go there when the claims are bound', async () => {
    const { client, clock, placeOf } = run();
    client.seed(StorageClass, {
      metadata: { name: 'local', uid: 'class', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    for (const host of ['a', 'b']) client.seed(Node, node(host));
    for (const [name, host] of [
      ['pv-a', 'a'],
      ['pv-b1', 'b'],
      ['pv-b2', 'b'],
    ] as const) {
      client.seed(PersistentVolume, local(name, host));
    }
    for (const name of ['one', 'two']) {
      client.seed(PersistentVolumeClaim, {
        metadata: {
          name,
          namespace: 'default',
          uid: `uid-${name}`,
          resourceVersion: '1',
          creationTimestamp: '2026-01-01T00:00:00Z',
        },
        spec: {
          storageClassName: 'local',
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1Gi' } },
        },
      });
    }
    await clock.advance(0);
    for (const claimName of ['one', 'two']) {
      const volumes = [{ name: 'data', persistentVolumeClaim: { claimName } }];
      client.seed(Pod, pod(claimName, { volumes, nodeSelector: { 'kubernetes.io/hostname': 'b' } }));
    }
    expect(await placeOf('one')).toBeUndefined();
    const { items } = await client.list(PersistentVolume);
    const reserved = items.map(({ spec, metadata }) => [
      metadata.name,
      spec?.claimRef?.uid,
      metadata.annotations?.['pv.kubernetes.io/bound-by-controller'],
    ]);
    expect(reserved).toEqual([
      ['pv-a', undefined, undefined],
      ['pv-b1', 'uid-one', 'yes'],
      ['pv-b2', 'uid-two', 'yes'],
    ]);
    const claims = await client.list(PersistentVolumeClaim);
    expect(claims.items.map(({ metadata }) => metadata.annotations)).toEqual([undefined, undefined]);
    for (const [name, volumeName] of [
      ['one', 'pv-b1'],
      ['two', 'pv-b2'],
    ]) {
      const metadata = { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } };
      const ref = { namespace: 'default', name: name ?? '' };
      await client.patch(PersistentVolumeClaim, ref, { metadata, spec: { volumeName } }, { type: 'merge' });
    }
    await clock.advance(1_000);
    expect(await placeOf('one')).toBe('b');
    expect(await placeOf('two')).toBe('b');
  });
});

test('a pod that is made smaller in place makes room when its node has done it, not when it is asked', async () => {
  const { client, clock, placeOf } = run();
  client.seed(Node, node('a'));
  const large = pod('large', { requests: { cpu: '3' }, nodeName: 'a' });
  const running = (cpu: string): NonNullable<Pod['status']> => ({
    phase: 'Running',
    containerStatuses: [
      {
        name: 'main',
        image: 'app:1',
        imageID: '',
        ready: true,
        restartCount: 0,
        allocatedResources: { cpu },
        resources: { requests: { cpu } },
      },
    ],
  });
  client.seed(Pod, { ...large, status: running('3') });
  client.seed(Pod, pod('waiting', { requests: { cpu: '2' } }));
  expect(await placeOf('waiting')).toBeUndefined();
  const containers = [{ name: 'main', image: 'app:1', resources: { requests: { cpu: '1' } } }];
  await client.patch(Pod, { namespace: 'default', name: 'large' }, { spec: { containers } }, { type: 'merge' });
  await clock.advance(20_000);
  expect(await placeOf('waiting')).toBeUndefined();
  const status = running('1');
  await client.patch(
    Pod,
    { namespace: 'default', name: 'large' },
    { status },
    { type: 'merge', subresource: 'status' },
  );
  await clock.advance(20_000);
  expect(await placeOf('waiting')).toBe('a');
});

describe('where room was made for a pod is forgotten (upstream test/integration/scheduler/preemption/nominatednodename)', () => {
  const cpu = (amount: string, priority: number): PodOptions => ({ requests: { cpu: amount }, priority });

  /** Less important pods on node `a`, which take their time to go, and a pod in the middle that waits for them. */
  async function waiting(size: string, lows: readonly string[], middle: string): Promise<Running> {
    const running = run();
    const { client, clock } = running;
    client.seed(Node, node('a', { cpu: size }));
    for (const [at, amount] of lows.entries()) {
      const low = pod(`low-${at}`, { ...cpu(amount, 100), nodeName: 'a' });
      client.seed(Pod, { ...low, metadata: { ...low.metadata, finalizers: ['example.com/slow'] } });
    }
    await clock.advance(0);
    client.seed(Pod, pod('middle', cpu(middle, 200)));
    await clock.advance(0);
    expect(await nominationOf(running, 'middle')).toBe('a');
    return running;
  }

  const nominationOf = async ({ client }: Running, name: string): Promise<string | undefined> =>
    (await client.get(Pod, { namespace: 'default', name })).status?.nominatedNodeName;

  async function letGo({ client, clock }: Running, ...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const finalizers = { metadata: { finalizers: null } };
      await client.patch(Pod, { namespace: 'default', name }, finalizers, { type: 'merge' });
      await client.delete(Pod, { namespace: 'default', name }, { gracePeriodSeconds: 0 });
    }
    await clock.advance(20_000);
  }

  test('when a more important one asks others to go there', async () => {
    const running = await waiting('5', ['1', '1', '1', '1'], '4');
    running.client.seed(Pod, pod('high', cpu('3', 300)));
    await running.clock.advance(20_000);
    expect(await nominationOf(running, 'high')).toBe('a');
    expect(await nominationOf(running, 'middle')).toBeUndefined();
  });

  test('when a more important one takes the room', async () => {
    const running = await waiting('2', ['1'], '2');
    running.client.seed(Pod, pod('high', cpu('1', 300)));
    expect(await running.placeOf('high')).toBe('a');
    await letGo(running, 'low-0');
    expect(await nominationOf(running, 'middle')).toBeUndefined();
  });

  test('when the node is gone, and none is left', async () => {
    const running = await waiting('1', ['1'], '1');
    await running.client.delete(Node, { name: 'a' });
    await letGo(running, 'low-0');
    expect(await nominationOf(running, 'middle')).toBeUndefined();
  });

  test('when the node is gone, and no other will do', async () => {
    const running = await waiting('1', ['1'], '1');
    running.client.seed(Node, node('tainted', { cpu: '1', spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }));
    await running.client.delete(Node, { name: 'a' });
    await letGo(running, 'low-0');
    expect(await nominationOf(running, 'middle')).toBeUndefined();
    const { status } = await running.client.get(Pod, { namespace: 'default', name: 'middle' });
    expect(status?.conditions?.[0]?.message).toBe(
      '0/1 nodes are available: 1 node(s) had untolerated taint(s). preemption: 0/1 nodes are available: ' +
        '1 Preemption is not helpful for scheduling.',
    );
  });
});
