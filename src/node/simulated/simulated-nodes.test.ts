import { afterEach, describe, expect, test } from 'vitest';
import { Lease } from '../../api/coordination/lease.ts';
import { Node } from '../../api/core/node.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { Pod } from '../../api/core/pod.ts';
import { simulatedNode } from '../../api/core/simulated-node.ts';
import { StorageClass } from '../../api/storage/storage-class.ts';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { seededRandom } from '../../base/random.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { simulatedNodes } from './simulated-nodes.ts';

const hour = 3_600_000;
let stop: () => Promise<void> = () => Promise.resolve();
afterEach(() => stop());

interface Cluster {
  readonly clock: FakeClock;
  readonly client: MemoryClient;
}

function cluster(): Cluster {
  const clock = new FakeClock();
  return { clock, client: new MemoryClient({ clock, random: seededRandom(1) }) };
}

/** Runs them until they are stopped; what ran before ends first. */
async function simulate({ clock, client }: Cluster, count: number): Promise<void> {
  await stop();
  const abort = new AbortController();
  let ready = false;
  const running = simulatedNodes({
    client,
    clock,
    random: seededRandom(2),
    logger: silentLogger,
    count,
    prefix: 'test',
    address: '192.0.2.1',
    onReady: () => (ready = true),
  }).run(abort.signal);
  stop = async () => {
    abort.abort();
    await running.catch(() => {});
  };
  await clock.advance(1_000);
  expect(ready).toBe(true);
}

function bind({ client }: Cluster, name: string, nodeName: string, spec: Partial<Pod['spec']> = {}): void {
  client.seed(Pod, {
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'none' }], nodeName, ...spec },
  });
}

const addresses = ({ client }: Cluster): readonly string[] => client.all(Pod).map(({ status }) => status?.podIP ?? '');

test('they are there, ready, tainted, and with a Lease each that an hour may pass over', async () => {
  const test = cluster();
  await simulate(test, 3);
  const nodes = test.client.all(Node);
  expect(nodes.map(({ metadata }) => metadata.name)).toEqual(['test-sim-00001', 'test-sim-00002', 'test-sim-00003']);
  expect(nodes[0]?.spec?.taints).toEqual([{ key: simulatedNode, value: 'true', effect: 'NoSchedule' }]);
  expect(nodes[0]?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
  expect(test.client.all(Lease).map(({ spec }) => spec?.leaseDurationSeconds)).toEqual([3600, 3600, 3600]);
  test.client.writes.length = 0;
  await test.clock.advance(hour);
  // Each renewed three times in an hour, and nothing else.
  expect(test.client.writes.map(({ verb, plural }) => `${verb} ${plural}`)).toEqual(Array(9).fill('patch leases'));
});

test('pods run with addresses of their own, and are gone once they are deleted', async () => {
  const test = cluster();
  await simulate(test, 2);
  bind(test, 'one', 'test-sim-00001', {
    initContainers: [{ name: 'first' }, { name: 'beside', restartPolicy: 'Always' }],
  });
  bind(test, 'two', 'test-sim-00002');
  bind(test, 'host', 'test-sim-00002', { hostNetwork: true });
  bind(test, 'real', 'a-real-node');
  await test.clock.advance(1_000);
  const [host, one, real, two] = test.client.all(Pod).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  expect(one?.status).toMatchObject({ phase: 'Running', podIP: '240.0.0.2', hostIP: '192.0.2.1' });
  expect(one?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
  expect(one?.status?.initContainerStatuses?.map(({ state }) => Object.keys(state ?? {})[0])).toEqual([
    'terminated',
    'running',
  ]);
  expect(two?.status?.podIP).toBe('240.0.0.3');
  expect(host?.status?.podIP).toBe('192.0.2.1');
  expect(real?.status).toBeUndefined();
  await test.client.delete(Pod, { namespace: 'default', name: 'one' });
  await test.clock.advance(1_000);
  expect(test.client.all(Pod).map(({ metadata }) => metadata.name)).not.toContain('one');
});

describe('pods whose containers are not to be started again', () => {
  const ofJob = { apiVersion: 'batch/v1', kind: 'Job', name: 'job', uid: 'job', controller: true };
  const put = (
    { client }: Cluster,
    name: string,
    metadata: Partial<Pod['metadata']>,
    restartPolicy: 'Never' | 'OnFailure' | 'Always' = 'Never',
  ): void => {
    const spec = { containers: [{ name: 'main', image: 'none' }], nodeName: 'test-sim-00001', restartPolicy };
    client.seed(Pod, { metadata: { name, namespace: 'default', ...metadata }, spec });
  };
  const lasting = (duration: string, exitCode = '0') => ({
    annotations: { 'coracle.dev/simulated-duration': duration, 'coracle.dev/simulated-exit-code': exitCode },
  });
  const phases = ({ client }: Cluster): Readonly<Record<string, string | undefined>> =>
    Object.fromEntries(client.all(Pod).map(({ metadata, status }) => [metadata.name, status?.phase]));

  test('end when it is time: those of jobs soon, others when they say so, the rest never', async () => {
    const test = cluster();
    await simulate(test, 1);
    put(test, 'job', { ownerReferences: [ofJob] });
    put(test, 'slow-job', { ownerReferences: [ofJob], ...lasting('1m') });
    put(test, 'own', lasting('10s', '3'));
    put(test, 'plain', {});
    put(test, 'again', lasting('1s'), 'Always');
    put(test, 'retried', { ownerReferences: [ofJob], ...lasting('1s', '3') }, 'OnFailure');
    await test.clock.advance(500);
    expect(new Set(Object.values(phases(test)))).toEqual(new Set(['Running']));
    await test.clock.advance(11_000);
    const running = { plain: 'Running', again: 'Running', retried: 'Running' };
    expect(phases(test)).toEqual({ ...running, job: 'Succeeded', 'slow-job': 'Running', own: 'Failed' });
    const own = test.client.all(Pod).find(({ metadata }) => metadata.name === 'own');
    expect(own?.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(own?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'False' }));
    // Whoever simulates them may change meanwhile.
    await simulate(test, 1);
    await test.clock.advance(60_000);
    expect(phases(test)).toMatchObject({ ...running, 'slow-job': 'Succeeded' });
  });

  test('fail at once when their annotations make no sense, and say why', async () => {
    const test = cluster();
    await simulate(test, 1);
    put(test, 'code', lasting('1s', '300'));
    put(test, 'long', lasting('long'));
    await test.clock.advance(2_000);
    expect(phases(test)).toEqual({ code: 'Failed', long: 'Failed' });
    expect(test.client.all(Pod).map(({ status }) => status?.message)).toEqual([
      'annotation coracle.dev/simulated-exit-code: "300" is not a number from 0 to 255',
      'annotation coracle.dev/simulated-duration: time: invalid duration "long"',
    ]);
  });
});

test('a claim whose first pod was sent to one gets a volume there, and others do not', async () => {
  const test = cluster();
  test.client.seed(StorageClass, {
    metadata: { name: 'local-path' },
    provisioner: 'coracle.dev/local-path',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  for (const [name, node] of Object.entries({ here: 'test-sim-00001', real: 'another' })) {
    test.client.seed(PersistentVolumeClaim, {
      metadata: { name, namespace: 'default', annotations: { 'volume.kubernetes.io/selected-node': node } },
      spec: { storageClassName: 'local-path', resources: { requests: { storage: '1Gi' } } },
      status: { phase: 'Pending' },
    });
  }
  await simulate(test, 1);
  await test.clock.advance(1_000);
  expect(test.client.all(PersistentVolume).map(({ spec }) => [spec?.claimRef?.name, spec?.nodeAffinity])).toEqual([
    [
      'here',
      {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['test-sim-00001'] }] },
          ],
        },
      },
    ],
  ]);
});

test('after a restart pods keep their addresses, and what was missed is made up for', async () => {
  const test = cluster();
  await simulate(test, 2);
  for (const name of ['one', 'two', 'three']) bind(test, name, 'test-sim-00001');
  await test.clock.advance(1_000);
  await stop();
  const before = addresses(test);
  await test.client.delete(Pod, { namespace: 'default', name: 'two' });
  for (const name of ['four', 'five']) bind(test, name, 'test-sim-00002');
  await simulate(test, 2);
  expect(test.client.all(Pod)).toHaveLength(4);
  expect(new Set(addresses(test)).size).toBe(4);
  expect(addresses(test)).toContain(before[0]);
});

test('fewer than before: the others go, and those that were given up are ready again', async () => {
  const test = cluster();
  await simulate(test, 4);
  await stop();
  const conditions = [{ type: 'Ready', status: 'Unknown' }];
  const ref = { name: 'test-sim-00001' };
  await test.client.patch(Node, ref, { status: { conditions } }, { type: 'merge', subresource: 'status' });
  await simulate(test, 2);
  expect(test.client.all(Node).map(({ metadata }) => metadata.name)).toEqual(['test-sim-00001', 'test-sim-00002']);
  expect(test.client.all(Node)[0]?.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Ready', status: 'True' }),
  );
});
