import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Event } from '../api/core/event.ts';
import { Node } from '../api/core/node.ts';
import { Pod } from '../api/core/pod.ts';
import type { Machine } from './machine/machine.ts';
import { annotation } from './pod/names.ts';
import { Harness, simMachine, type HarnessOptions } from './testing/harness.ts';

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.stop();
  harness = undefined;
});

async function start(options: HarnessOptions = {}): Promise<Harness> {
  harness = await Harness.start(options);
  return harness;
}

const box = { name: 'box', image: 'busybox', imagePullPolicy: 'IfNotPresent' } as const;
const withRequests = (requests: Readonly<Record<string, string>>) => ({
  containers: [{ ...box, resources: { requests } }],
});

describe('a node that is full', () => {
  test("refuses a pod that does not fit, in upstream's words", async () => {
    const it = await start();
    it.create('large', withRequests({ cpu: '3' }));
    await it.phase('large', 'Running');
    it.create('more', withRequests({ cpu: '2' }));
    const { status } = await it.phase('more', 'Failed');
    expect(status?.reason).toBe('OutOfcpu');
    expect(status?.message).toBe(
      "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000",
    );
    expect((await it.runtime.listPodSandboxes()).length).toBe(1);
  });

  test('takes it once there is room', async () => {
    const it = await start();
    it.create('large', withRequests({ cpu: '3' }));
    await it.phase('large', 'Running');
    await it.client.delete(Pod, { namespace: 'default', name: 'large' });
    await it.gone('large');
    it.create('next', withRequests({ cpu: '3' }));
    expect((await it.phase('next', 'Running')).status?.reason).toBeUndefined();
  });

  test('counts no pod that the API has forgotten, though it is still being stopped', async () => {
    const it = await start();
    it.create('large', withRequests({ cpu: '3' }));
    await it.phase('large', 'Running');
    const stopping = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const stop = it.runtime.stopContainer.bind(it.runtime);
    it.runtime.stopContainer = async (id, seconds) => {
      stopping.resolve();
      await held.promise;
      return stop(id, seconds);
    };
    it.client.remove(Pod, { namespace: 'default', name: 'large' });
    await stopping.promise;
    it.create('next', withRequests({ cpu: '3' }));
    expect((await it.phase('next', 'Running')).status?.reason).toBeUndefined();
    held.resolve();
  });

  test('refuses a host port that is taken', async () => {
    const it = await start();
    const ports = [{ containerPort: 80, hostPort: 8080 }];
    it.create('first', { containers: [{ ...box, ports }] });
    await it.phase('first', 'Running');
    it.create('second', { containers: [{ ...box, ports }] });
    expect((await it.phase('second', 'Failed')).status?.reason).toBe('NodePorts');
  });
});

test('when memory runs out the pod furthest over its request goes, and the node says so', async () => {
  let available = 6 * 1024 ** 3;
  const machine = { ...simMachine, memoryAvailable: () => Promise.resolve(available) };
  const it = await start({ agent: { machine } });
  it.create('modest', withRequests({ memory: '1Gi' }));
  it.create('greedy', { containers: [box] });
  await it.phase('modest', 'Running');
  await it.phase('greedy', 'Running');
  available = 50 * 1024 ** 2;
  await it.clock.advance(10_000);
  const { status } = await it.phase('greedy', 'Failed');
  available = 6 * 1024 ** 3;
  expect(status?.reason).toBe('Evicted');
  expect(status?.message).toContain(
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ',
  );
  expect(status?.conditions?.find((each) => each.type === 'DisruptionTarget')?.reason).toBe('TerminationByKubelet');
  const pressure = () =>
    it.client.all(Node)[0]?.status?.conditions?.find((each) => each.type === 'MemoryPressure')?.status;
  await it.until('pressure is told', () => pressure() === 'True');
  expect((await it.pod('modest'))?.status?.phase).toBe('Running');
  await it.clock.advance(320_000);
  await it.until('pressure is over', () => pressure() === 'False');
});

describe('a disk that runs full', () => {
  const fullUntil = (isFreed: () => Promise<boolean>) => {
    let full = false;
    const machine: Machine = {
      ...simMachine,
      async disk(path) {
        const facts = await simMachine.disk(path);
        return full && !(await isFreed()) ? { ...facts, availableBytes: 1024 ** 3 } : facts;
      },
    };
    return { machine, fill: () => (full = true) };
  };
  const ends = { behaviour: () => ({ exitAfter: 1000 }) };
  const nodeEvents = (it: Harness) =>
    it.client
      .all(Event)
      .filter((each) => each.involvedObject.kind === 'Node' && each.reason === 'EvictionThresholdMet');

  test('is freed of containers of pods that are over, and then of their images, before a pod goes', async () => {
    const { machine, fill } = fullUntil(async () => (await it.images.listImages()).length === 0);
    const it = await start({ ...ends, agent: { machine } });
    it.create('done', { containers: [box], restartPolicy: 'Never' });
    await it.phase('done', 'Running');
    await it.clock.advance(1000);
    const before = await it.phase('done', 'Succeeded');
    await it.clock.advance(120_000);
    expect((await it.images.listImages()).length).toBe(1);
    fill();
    await it.until('the image is gone', async () => {
      await it.clock.advance(1000);
      return (await it.images.listImages()).length === 0;
    });
    expect(await it.runtime.listContainers()).toEqual([]);
    await it.until('it is told', () => nodeEvents(it).length > 0);
    expect(nodeEvents(it)[0]?.message).toBe('Attempting to reclaim ephemeral-storage');
    // What was told of the pod stays, also when the agent starts anew.
    const { phase, containerStatuses } = before.status ?? {};
    expect((await it.pod('done'))?.status).toMatchObject({ phase, containerStatuses });
    await it.stopAgent();
    await it.startAgent();
    await it.clock.advance(1000);
    await it.events('done');
    expect((await it.pod('done'))?.status).toMatchObject({ phase, containerStatuses });
    expect(await it.runtime.listContainers()).toEqual([]);
  });

  test('that nothing can free costs the pod that takes most', async () => {
    const { machine, fill } = fullUntil(() => Promise.resolve(false));
    const it = await start({ agent: { machine } });
    it.create('web', { containers: [box] });
    await it.phase('web', 'Running');
    fill();
    await it.until('it is evicted', async () => {
      await it.clock.advance(1000);
      return (await it.pod('web'))?.status?.phase === 'Failed';
    });
    const { status } = await it.phase('web', 'Failed');
    expect(status).toMatchObject({ reason: 'Evicted' });
    expect(status?.message).toMatch(/^The node was low on resource: ephemeral-storage\. Threshold quantity: /);
    await it.until('what it wrote is gone', async () => (await it.runtime.listContainers()).length === 0);
    expect((await it.phase('web', 'Failed')).status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(143);
  });
});

test('when inodes run out the pod with most files goes, and the node keeps its pressure until enough are had', async () => {
  let inodesFree = 900_000;
  const machine: Machine = { ...simMachine, disk: async (path) => ({ ...(await simMachine.disk(path)), inodesFree }) };
  const config = {
    evictionHard: { 'nodefs.inodesFree': '5%' },
    evictionMinimumReclaim: { 'nodefs.inodesFree': '10k' },
    evictionPressureTransition: 30,
  };
  const it = await start({ agent: { machine }, config });
  const stats = it.runtime.containerStats.bind(it.runtime);
  it.runtime.containerStats = async (id) => {
    const found = await stats(id);
    const many = (await it.runtime.containerStatus(id))?.name === 'many';
    return found && { ...found, diskBytes: many ? 1 : 1024 ** 3, diskInodes: many ? 1000 : 1 };
  };
  for (const name of ['many', 'large', 'third']) {
    it.create(name, { containers: [{ ...box, name }] });
    await it.phase(name, 'Running');
  }
  const pressure = () =>
    it.client.all(Node)[0]?.status?.conditions?.find((each) => each.type === 'DiskPressure')?.status;
  inodesFree = 49_000;
  await it.clock.advance(10_000);
  const { status } = await it.phase('many', 'Failed');
  expect(status?.message).toBe('The node was low on resource: inodes. Threshold quantity: 50000, available: 49k. ');
  await it.until('pressure is told', () => pressure() === 'True');
  // More than the threshold, and less than what is to be reclaimed.
  inodesFree = 55_000;
  await it.clock.advance(10_000);
  await it.until(
    'another one goes',
    async () =>
      (await it.pod('large'))?.status?.phase === 'Failed' || (await it.pod('third'))?.status?.phase === 'Failed',
  );
  inodesFree = 60_000;
  await it.clock.advance(80_000);
  await it.until('pressure is over', () => pressure() === 'False');
  const phases = await Promise.all(['large', 'third'].map(async (name) => (await it.pod(name))?.status?.phase));
  expect(new Set(phases)).toEqual(new Set(['Failed', 'Running']));
  // It had never been passed before.
  inodesFree = 55_000;
  await it.clock.advance(20_000);
  expect(pressure()).toBe('False');
});

describe('a pod over its own limit of local storage', () => {
  test.each([
    ['10Mi', '10Mi'],
    ['1024Mi', '1Gi'],
    ['20M', '20M'],
  ])('of %s is evicted for its own fault', async (limit, told) => {
    const it = await start();
    const stats = it.runtime.containerStats.bind(it.runtime);
    it.runtime.containerStats = async (id) => {
      const found = await stats(id);
      return found === undefined ? undefined : { ...found, diskBytes: 2 * 1024 ** 3 };
    };
    it.create('greedy', { containers: [{ ...box, resources: { limits: { 'ephemeral-storage': limit } } }] });
    await it.phase('greedy', 'Running');
    await it.until('it is evicted', async () => {
      await it.clock.advance(1000);
      return (await it.pod('greedy'))?.status?.phase === 'Failed';
    });
    const { status } = await it.phase('greedy', 'Failed');
    expect(status?.reason).toBe('Evicted');
    expect(status?.message).toBe(`Pod ephemeral local storage usage exceeds the total limit of containers ${told}. `);
    // A Job that forgives disruptions would start it again for ever.
    expect(status?.conditions?.some((each) => each.type === 'DisruptionTarget')).toBe(false);
  });
});

test('below a soft threshold a pod goes only when that has lasted, and with time to end', async () => {
  let available = 6 * 1024 ** 3;
  const machine = { ...simMachine, memoryAvailable: () => Promise.resolve(available) };
  const config = {
    evictionSoft: { 'memory.available': '1Gi' },
    evictionSoftGracePeriod: { 'memory.available': 60 },
    evictionMaxPodGracePeriod: 20,
  };
  const stops: number[] = [];
  const it = await start({ agent: { machine }, config });
  const stop = it.runtime.stopContainer.bind(it.runtime);
  it.runtime.stopContainer = (id, seconds) => {
    stops.push(seconds);
    return stop(id, seconds);
  };
  it.create('web', { containers: [box], terminationGracePeriodSeconds: 45 });
  await it.phase('web', 'Running');
  available = 512 * 1024 ** 2;
  await it.clock.advance(40_000);
  const pressure = () =>
    it.client.all(Node)[0]?.status?.conditions?.find((each) => each.type === 'MemoryPressure')?.status;
  await it.until('pressure is told at once', () => pressure() === 'True');
  // There is enough again: the time counts from the beginning.
  available = 6 * 1024 ** 3;
  await it.clock.advance(10_000);
  available = 512 * 1024 ** 2;
  await it.clock.advance(50_000);
  expect((await it.pod('web'))?.status?.phase).toBe('Running');
  await it.clock.advance(30_000);
  expect((await it.phase('web', 'Failed')).status).toMatchObject({ reason: 'Evicted' });
  expect(stops[0]).toBe(20);
});

describe('resize in place', () => {
  const limited = (cpu: string) => ({ containers: [{ ...box, resources: { requests: { cpu }, limits: { cpu } } }] });

  test('changes a running container without restarting it', async () => {
    const it = await start();
    const pod = it.create('web', limited('500m'));
    await it.phase('web', 'Running');
    const [before] = await it.runtime.listContainers();
    await it.client.update(Pod, { ...pod, ...(await it.pod('web')), spec: { ...pod.spec, ...limited('1') } });
    await it.until('resized', async () => (await it.runtime.listContainers())[0]?.resources.cpuQuota === 100_000);
    const [after] = await it.runtime.listContainers();
    expect(after?.id).toBe(before?.id);
    await it.until('told', async () => {
      const status = (await it.pod('web'))?.status?.containerStatuses?.[0];
      return status?.resources?.limits?.['cpu'] === '1' && status.restartCount === 0;
    });
  });

  test('that the node can never hold is told to be infeasible', async () => {
    const it = await start();
    const pod = it.create('web', limited('500m'));
    await it.phase('web', 'Running');
    await it.client.update(Pod, { ...pod, ...(await it.pod('web')), spec: { ...pod.spec, ...limited('64') } });
    const pending = async () =>
      (await it.pod('web'))?.status?.conditions?.find((each) => each.type === 'PodResizePending');
    await it.until('told', async () => (await pending()) !== undefined);
    expect(await pending()).toMatchObject({ status: 'True', reason: 'Infeasible' });
    expect((await it.runtime.listContainers())[0]?.resources.cpuQuota).toBe(50_000);
  });
});

test('a manifest in the static pod folder runs, is mirrored, and ends with its file', async () => {
  const folder = join('/tmp', `coracle-static-${process.pid}`);
  await mkdir(folder, { recursive: true });
  const manifest = join(folder, 'web.yaml');
  await writeFile(
    manifest,
    'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  terminationGracePeriodSeconds: 1\n' +
      '  containers: [{name: box, image: busybox, imagePullPolicy: IfNotPresent}]\n',
  );
  try {
    const it = await start({ config: { staticPodPath: folder } });
    const pod = await it.phase('web-one', 'Running');
    expect(pod.metadata.annotations?.[annotation.configSource]).toBe('file');
    expect(pod.metadata.annotations?.[annotation.configMirror]).toBeDefined();
    // Deleting the mirror does not touch the pod: it comes back.
    const [running] = await it.runtime.listContainers();
    it.client.remove(Pod, { namespace: 'default', name: 'web-one' });
    await it.clock.advance(200);
    await it.phase('web-one', 'Running');
    expect((await it.runtime.listContainers())[0]?.id).toBe(running?.id);
    // Deleting it with a grace period does not leave one that is Terminating for ever.
    const { uid } = (await it.phase('web-one', 'Running')).metadata;
    await it.client.delete(Pod, { namespace: 'default', name: 'web-one' }, { gracePeriodSeconds: 1 });
    await it.clock.advance(200);
    await it.until('there is a new mirror', async () => {
      await it.clock.advance(200);
      const now = await it.pod('web-one');
      return now !== undefined && now.metadata.uid !== uid && now.metadata.deletionTimestamp === undefined;
    });
    expect((await it.runtime.listContainers())[0]?.id).toBe(running?.id);
    await rm(manifest);
    await it.until('the pod is gone', async () => {
      await it.clock.advance(1000);
      return (await it.runtime.listPodSandboxes()).length === 0;
    });
    await it.gone('web-one');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a static pod whose mirror could not be made at first gets it soon', async () => {
  const folder = join('/tmp', `coracle-static-retry-${process.pid}`);
  await mkdir(folder, { recursive: true });
  const manifest =
    'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: box, image: busybox}]}\n';
  await writeFile(join(folder, 'web.yaml'), manifest);
  try {
    const it = await start();
    await it.stopAgent();
    const create = it.client.create.bind(it.client);
    let refusals = 1;
    it.client.create = (kind, object, ...rest) => {
      if ((kind as unknown) === Pod && refusals-- > 0) return Promise.reject(new Error('nothing listens there'));
      return create(kind, object, ...rest);
    };
    await it.startAgent({ staticPodPath: folder });
    await it.until('it was refused', () => refusals === 0);
    await it.clock.advance(2000);
    const { metadata } = await it.phase('web-one', 'Running');
    expect(metadata.annotations?.[annotation.configMirror]).toBeDefined();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe('images', () => {
  test('that nothing uses are removed when the node is told to keep them for so long, and not before', async () => {
    const it = await start({ config: { imageMaximumAge: 3_600 } });
    it.create('short', { containers: [{ ...box, imagePullPolicy: 'Always' }] });
    await it.phase('short', 'Running');
    const names = async (): Promise<readonly string[]> =>
      (await it.images.listImages()).flatMap(({ repoTags }) => repoTags);
    await it.clock.advance(2 * 3_600_000);
    expect(await names()).toEqual([expect.stringContaining('busybox')]);
    await it.client.delete(Pod, { namespace: 'default', name: 'short' });
    await it.gone('short');
    await it.clock.advance(3_000_000);
    expect(await names()).toHaveLength(1);
    await it.clock.advance(1_200_000);
    expect(await names()).toEqual([]);
  });

  test('are kept for ever otherwise, while there is room', async () => {
    const it = await start();
    it.create('short', { containers: [{ ...box, imagePullPolicy: 'Always' }] });
    await it.phase('short', 'Running');
    await it.client.delete(Pod, { namespace: 'default', name: 'short' });
    await it.gone('short');
    await it.clock.advance(48 * 3_600_000);
    expect(await it.images.listImages()).toHaveLength(1);
  });
});
