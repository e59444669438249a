/** Which pods a StatefulSet has, what it says of them, and which revision those have that come back. */
import { describe, expect, it } from 'vitest';
import { StatefulSet, type StatefulSetSpec } from '../../api/apps/stateful-set.ts';
import { Pod } from '../../api/core/pod.ts';
import { Simulation, type PodLife } from '../testing/simulation.ts';
import { controllerOf } from '../workload/ownership.ts';
import { statefulSetController } from './controller.ts';

const second = 1000;
const minute = 60 * second;
const labels = { app: 'web' };
const web = { namespace: 'default', name: 'web' };
const pod = (name: string): typeof web => ({ namespace: 'default', name });
const containers = (image: string): readonly [{ readonly name: string; readonly image: string }] => [
  { name: 'web', image },
];
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

function specOf(more: Partial<StatefulSetSpec> = {}): StatefulSetSpec {
  return {
    replicas: 3,
    serviceName: 'web',
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: containers('one') } },
    ...more,
  };
}

async function within(
  test: (simulation: Simulation) => Promise<void>,
  life: (pod: Pod) => PodLife = () => ({ start: second, stop: second }),
): Promise<void> {
  const simulation = new Simulation({
    nodes: 2,
    life,
    controllers: (deps, events) => [statefulSetController(deps, events)],
  });
  try {
    await test(simulation);
  } finally {
    await simulation.stop();
  }
}

const started = (simulation: Simulation, spec: StatefulSetSpec): Promise<void> => {
  simulation.put(StatefulSet, { metadata: web, spec });
  return simulation.run(minute);
};
const relabel = (simulation: Simulation, name: string, next: Record<string, string | null>): Promise<Pod> =>
  simulation.client.patch(Pod, pod(name), { metadata: { labels: next } }, { type: 'merge' });
const setImage = (simulation: Simulation, image: string): Promise<StatefulSet> =>
  simulation.client.patch(
    StatefulSet,
    web,
    [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }],
    { type: 'json' },
  );
const statusOf = async (simulation: Simulation): Promise<NonNullable<StatefulSet['status']>> => {
  const { status } = await simulation.client.get(StatefulSet, web);
  if (status === undefined) throw new Error('the StatefulSet has no status');
  return status;
};
/** `name of controller` by pod; of orphans nothing. */
const controllers = (simulation: Simulation): Readonly<Record<string, string>> =>
  Object.fromEntries(simulation.client.all(Pod).map((each) => [each.metadata.name, controllerOf(each)?.name ?? '']));
const images = (simulation: Simulation): readonly string[] =>
  simulation.client.all(Pod).map(({ spec }) => spec?.containers[0]?.image ?? '');

describe('the members of a StatefulSet', () => {
  it.each(['other', 'web', 'web-', 'web-x', 'web-01', 'web-1-2', 'web2-0'])(
    'have names that it gives: a pod called %s is not adopted, and released when it was',
    async (name) => {
      await within(async (simulation) => {
        const spec = { containers: containers('one') };
        simulation.put(Pod, { metadata: { ...pod(name), labels }, spec });
        await started(simulation, specOf({ replicas: 1 }));
        expect(controllers(simulation)).toEqual({ [name]: '', 'web-0': 'web' });
        const { ownerReferences } = (await simulation.client.get(Pod, pod('web-0'))).metadata;
        await simulation.client.patch(Pod, pod(name), { metadata: { ownerReferences } }, { type: 'merge' });
        await simulation.run(minute);
        expect(controllers(simulation)).toEqual({ [name]: '', 'web-0': 'web' });
        expect(await statusOf(simulation)).toMatchObject({ replicas: 1, readyReplicas: 1 });
      });
    },
  );

  it('are adopted as soon as their labels fit', async () => {
    await within(async (simulation) => {
      const spec = { containers: containers('one') };
      simulation.put(Pod, { metadata: { ...pod('web-1'), labels: { app: 'other' } }, spec });
      await started(simulation, specOf({ replicas: 1 }));
      const orphan = await relabel(simulation, 'web-1', labels);
      await simulation.run(second / 2);
      // Of one pod too many, which therefore goes.
      expect(controllers(simulation)).toEqual({ 'web-0': 'web', 'web-1': 'web' });
      await simulation.run(minute);
      expect(controllers(simulation)).toEqual({ 'web-0': 'web' });
      expect(orphan.metadata.labels).toEqual(labels);
    });
  });

  it('are made again as soon as a foreign pod leaves their name free', async () => {
    await within(async (simulation) => {
      await started(simulation, specOf({ replicas: 1 }));
      await relabel(simulation, 'web-0', { app: 'quarantine' });
      // The next attempt is far away by now.
      await simulation.run(60 * minute);
      expect(controllers(simulation)).toEqual({ 'web-0': '' });
      expect(simulation.events.filter(({ reason }) => reason === 'FailedCreate')).toEqual([]);
      await simulation.client.delete(Pod, pod('web-0'), { gracePeriodSeconds: 0 });
      await simulation.run(2 * second);
      expect(controllers(simulation)).toEqual({ 'web-0': 'web' });
    });
  });

  it.each([podNameLabel, podIndexLabel])('get their label %s back', async (label) => {
    await within(async (simulation) => {
      await started(simulation, specOf());
      await relabel(simulation, 'web-1', { [label]: null });
      await simulation.run(second);
      expect((await simulation.client.get(Pod, pod('web-1'))).metadata.labels).toMatchObject({
        ...labels,
        [podNameLabel]: 'web-1',
        [podIndexLabel]: '1',
      });
      expect(simulation.events).toContainEqual(
        expect.objectContaining({
          type: 'Normal',
          reason: 'SuccessfulUpdate',
          message: 'update Pod web-1 in StatefulSet web successful',
        }),
      );
      simulation.client.writes.length = 0;
      await simulation.run(10 * minute);
      expect(simulation.client.writes).toEqual([]);
    });
  });
});

describe('the status of a StatefulSet', () => {
  const slow = (): PodLife => ({ start: second, stop: 20 * second });

  it('counts pods that are going, but not among those of a revision', async () => {
    await within(async (simulation) => {
      await started(simulation, specOf());
      await simulation.client.delete(Pod, pod('web-2'));
      await simulation.run(5 * second);
      expect(await statusOf(simulation)).toMatchObject({
        replicas: 3,
        readyReplicas: 3,
        availableReplicas: 3,
        currentReplicas: 2,
        updatedReplicas: 2,
      });
    }, slow);
  });

  it('counts pods that have failed', async () => {
    await within(async (simulation) => {
      await started(simulation, specOf());
      const failed = await simulation.client.get(Pod, pod('web-2'));
      // It is deleted, but stays for a while.
      await simulation.client.patch(Pod, pod('web-2'), { metadata: { finalizers: ['a/b'] } }, { type: 'merge' });
      await simulation.client.patch(
        Pod,
        failed.metadata,
        { status: { phase: 'Failed' } },
        { type: 'merge', subresource: 'status' },
      );
      await simulation.run(5 * second);
      expect(await statusOf(simulation)).toMatchObject({ replicas: 3, readyReplicas: 2, updatedReplicas: 2 });
    }, slow);
  });
});

describe('a pod that comes back during an update', () => {
  /** The new revision never gets ready, so that the update stays at web-2. */
  const stuck = ({ spec }: Pod): PodLife => ({
    start: second,
    stop: second,
    broken: spec?.containers[0]?.image === 'two',
  });

  it.each([
    { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, image: 'two' },
    { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }, image: 'one' },
    { updateStrategy: { type: 'OnDelete' }, image: 'two' },
  ] as const)('has the revision that $updateStrategy gives it', async ({ updateStrategy, image }) => {
    await within(async (simulation) => {
      await started(simulation, specOf({ updateStrategy }));
      await setImage(simulation, 'two');
      await simulation.run(minute);
      expect(images(simulation)[0]).toBe('one');
      await simulation.client.delete(Pod, pod('web-0'));
      await simulation.run(minute);
      expect(images(simulation)[0]).toBe(image);
    }, stuck);
  });
});

describe('an update is over, and the new revision the current one,', () => {
  const revisions = async (simulation: Simulation): Promise<readonly (string | undefined)[]> => {
    const { currentRevision, updateRevision } = await statusOf(simulation);
    return [currentRevision, updateRevision];
  };

  it('never with OnDelete', async () => {
    await within(async (simulation) => {
      await started(simulation, specOf({ updateStrategy: { type: 'OnDelete' } }));
      const [first] = await revisions(simulation);
      await setImage(simulation, 'two');
      for (const name of ['web-0', 'web-1', 'web-2']) await simulation.client.delete(Pod, pod(name));
      await simulation.run(minute);
      expect(images(simulation)).toEqual(['two', 'two', 'two']);
      const [current, update] = await revisions(simulation);
      expect(current).toBe(first);
      expect(update).not.toBe(first);
      expect(await statusOf(simulation)).toMatchObject({ updatedReplicas: 3 });
    });
  });

  it('with a partition, too, when all pods have it', async () => {
    const slower = ({ spec }: Pod): PodLife => ({
      start: spec?.containers[0]?.image === 'two' ? 5 * second : second,
      stop: second,
    });
    await within(async (simulation) => {
      const path = '/spec/updateStrategy/rollingUpdate/partition';
      await started(simulation, specOf({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } }));
      const [first] = await revisions(simulation);
      await setImage(simulation, 'two');
      while (images(simulation).includes('one')) await simulation.run(second);
      // The last pod has begun to start when the partition comes.
      await simulation.client.patch(StatefulSet, web, [{ op: 'replace', path, value: 1 }], { type: 'json' });
      await simulation.run(second);
      expect((await revisions(simulation))[0]).toBe(first);
      await simulation.run(minute);
      const [current, update] = await revisions(simulation);
      expect(current).not.toBe(first);
      expect(current).toBe(update);
    }, slower);
  });

  it('only when as many as there should be are there, ready and updated', async () => {
    const never = ({ metadata }: Pod): PodLife => ({ start: second, stop: second, broken: metadata.name === 'web-1' });
    await within(async (simulation) => {
      await started(simulation, specOf({ replicas: 1 }));
      const [first] = await revisions(simulation);
      await simulation.client.patch(StatefulSet, web, { spec: { replicas: 0 } }, { type: 'merge' });
      await simulation.run(minute);
      const template = { metadata: { labels }, spec: { containers: containers('two') } };
      await simulation.client.patch(StatefulSet, web, { spec: { replicas: 2, template } }, { type: 'merge' });
      await simulation.run(minute);
      expect(images(simulation)).toEqual(['two', 'two']);
      const [current, update] = await revisions(simulation);
      expect(current).toBe(first);
      expect(update).not.toBe(first);
    }, never);
  });
});
