/** DaemonSets over time, in a simulated cluster. */
import { afterEach, describe, expect, it } from 'vitest';
import { ControllerRevision } from '../../api/apps/controller-revision.ts';
import { DaemonSet, type DaemonSetSpec } from '../../api/apps/daemon-set.ts';
import { Pod } from '../../api/core/pod.ts';
import type { PodSpec } from '../../api/core/pod-spec.ts';
import { isActive } from '../workload/pods.ts';
import { Simulation, type PodLife } from '../testing/simulation.ts';
import { daemonSetController } from './controller.ts';

const second = 1000;
const minute = 60 * second;
const labels = { app: 'web' };
const ref = { namespace: 'default', name: 'web' };
const hashLabel = 'controller-revision-hash';

let simulation: Simulation;
afterEach(() => simulation.stop());

function start(spec: Partial<DaemonSetSpec> = {}, pod: Partial<PodSpec> = {}): void {
  const life = (): PodLife => ({ start: 10 * second, stop: 5 * second });
  simulation = new Simulation({ nodes: 2, life, controllers: (deps, events) => [daemonSetController(deps, events)] });
  create(spec, pod);
}

function create(spec: Partial<DaemonSetSpec> = {}, pod: Partial<PodSpec> = {}): void {
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'one' }], ...pod } };
  simulation.put(DaemonSet, { metadata: ref, spec: { selector: { matchLabels: labels }, template, ...spec } });
}

const set = (): DaemonSet => simulation.client.all(DaemonSet)[0] as DaemonSet;
const pods = (): readonly Pod[] => simulation.client.all(Pod).filter(isActive);
const revisions = (): readonly ControllerRevision[] => simulation.client.all(ControllerRevision);
const setImage = (value: string): Promise<unknown> => {
  const change = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value }];
  return simulation.client.patch(DaemonSet, ref, change, { type: 'json' });
};

async function rests(): Promise<boolean> {
  simulation.client.writes.length = 0;
  await simulation.run(10 * minute);
  return simulation.client.writes.length === 0;
}

describe('a rollout that surges', () => {
  it('counts as done when the last old pod is gone', async () => {
    const rollingUpdate = { maxSurge: 2, maxUnavailable: 0 };
    start({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
    await simulation.run(minute);
    await setImage('two');
    const seen: (readonly [number, number])[] = [];
    await simulation.run(minute, () => {
      const { status, metadata } = set();
      const old = simulation.client.all(Pod).filter(({ spec }) => spec?.containers[0]?.image === 'one').length;
      const { updatedNumberScheduled: updated = 0, observedGeneration } = status ?? {};
      if (observedGeneration === metadata.generation) seen.push([updated, old]);
    });
    // Never does it call more nodes updated than have no old pod.
    expect(seen.filter(([updated, old]) => updated > 2 - old)).toEqual([]);
    expect(seen).toContainEqual([0, 2]);
    expect(seen.at(-1)).toEqual([2, 0]);
    expect(set().status).toMatchObject({ updatedNumberScheduled: 2, numberAvailable: 2 });
  });
});

describe('a pod of a DaemonSet', () => {
  it('that a finalizer holds after it has ended is succeeded at once', async () => {
    start();
    await simulation.run(minute);
    const [first] = pods();
    const metadata = { finalizers: ['example.com/keep'] };
    await simulation.client.patch(Pod, first?.metadata ?? { name: '' }, { metadata }, { type: 'merge' });
    await simulation.client.delete(Pod, first?.metadata ?? { name: '' }, {});
    await simulation.run(minute);
    expect(simulation.client.all(Pod)).toHaveLength(3);
    expect(new Set(pods().map(({ spec }) => spec?.nodeName)).size).toBe(2);
    expect(await rests()).toBe(true);
  });

  it('asks for its node and nothing else, tolerates everything once, and tells of which template it is', async () => {
    const zone = { key: 'zone', operator: 'Exists' as const };
    const preferred = [{ weight: 1, preference: { matchExpressions: [zone] } }];
    const tolerations = [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists' as const, effect: 'NoExecute' as const },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 } as const,
      { key: 'own', operator: 'Exists' as const },
    ];
    const required = {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'none', operator: 'DoesNotExist' as const }] },
        { matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['node-1'] }] },
      ],
    };
    const nodeAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: required,
      preferredDuringSchedulingIgnoredDuringExecution: preferred,
    };
    start({}, { tolerations, affinity: { nodeAffinity } });
    await simulation.run(minute);
    expect(pods()).toHaveLength(2);
    for (const { metadata, spec } of pods()) {
      const matchFields = [{ key: 'metadata.name', operator: 'In', values: [spec?.nodeName] }];
      expect(spec?.affinity).toEqual({
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
          preferredDuringSchedulingIgnoredDuringExecution: preferred,
        },
      });
      expect(spec?.tolerations?.map(({ key, tolerationSeconds }) => [key, tolerationSeconds])).toEqual([
        ['node.kubernetes.io/not-ready', undefined],
        ['node.kubernetes.io/unreachable', undefined],
        ['own', undefined],
        ['node.kubernetes.io/disk-pressure', undefined],
        ['node.kubernetes.io/memory-pressure', undefined],
        ['node.kubernetes.io/pid-pressure', undefined],
        ['node.kubernetes.io/unschedulable', undefined],
      ]);
      expect(metadata.labels).toMatchObject({ 'pod-template-generation': '1' });
    }
  });
});

describe('revisions of a DaemonSet', () => {
  it('that lost their owner are taken back, and with them the pods that run them', async () => {
    start();
    await simulation.run(minute);
    await setImage('two');
    await simulation.run(minute);
    const before = { pods: pods().map(({ metadata }) => metadata.uid), revisions: revisions() };
    expect(before.revisions).toHaveLength(2);
    // As a deletion that orphans leaves them.
    await simulation.stop();
    simulation.client.remove(DaemonSet, ref);
    const metadata = { ownerReferences: null };
    for (const each of simulation.client.all(Pod))
      await simulation.client.patch(Pod, each.metadata, { metadata }, { type: 'merge' });
    for (const each of revisions())
      await simulation.client.patch(ControllerRevision, each.metadata, { metadata }, { type: 'merge' });
    create({}, { containers: [{ name: 'web', image: 'two' }] });
    await simulation.restart();
    await simulation.run(minute);
    expect(pods().map(({ metadata: { uid } }) => uid)).toEqual(before.pods);
    expect(revisions().map(({ metadata: { name } }) => name)).toEqual(
      before.revisions.map(({ metadata: { name } }) => name),
    );
    for (const { metadata: owned } of revisions())
      expect(owned.ownerReferences).toMatchObject([{ uid: set().metadata.uid, controller: true }]);
    expect(await rests()).toBe(true);
  });

  it('of one template become one, and its pods are not replaced', async () => {
    start();
    await simulation.run(minute);
    const [only] = revisions();
    const uids = pods().map(({ metadata }) => metadata.uid);
    const { ownerReferences, labels: labelled } = only?.metadata ?? {};
    const twin = { name: 'web-twin', namespace: 'default', labels: { ...labelled, [hashLabel]: 'twin' } };
    simulation.client.seed(ControllerRevision, {
      metadata: { ...twin, ...(ownerReferences === undefined ? {} : { ownerReferences }) },
      data: only?.data,
      revision: 7,
    });
    await simulation.run(minute);
    expect(revisions().map(({ metadata: { name } }) => name)).toEqual(['web-twin']);
    expect(pods().map(({ metadata: { uid } }) => uid)).toEqual(uids);
    expect(pods().map(({ metadata }) => metadata.labels?.[hashLabel])).toEqual(['twin', 'twin']);
    expect(await rests()).toBe(true);
  });

  it('that have no hash get their own name for one', async () => {
    start();
    await simulation.run(minute);
    const [only] = revisions();
    const metadata = { labels: { [hashLabel]: null } };
    await simulation.client.patch(ControllerRevision, only?.metadata ?? { name: '' }, { metadata }, { type: 'merge' });
    await simulation.run(2 * minute);
    expect(revisions()[0]?.metadata.labels).toMatchObject({ [hashLabel]: only?.metadata.name });
    expect(await rests()).toBe(true);
  });

  it('beyond the limit go, those that pods run counted in', async () => {
    start({ revisionHistoryLimit: 1, updateStrategy: { type: 'OnDelete' } });
    await simulation.run(minute);
    for (const image of ['two', 'three']) {
      await setImage(image);
      await simulation.run(minute);
    }
    // The first is what the pods run; the second nobody runs, and one old one is all that is kept.
    expect(new Set(revisions().map(({ revision }) => revision))).toEqual(new Set([1, 3]));
  });

  it('are not made again for a set that is being deleted', async () => {
    start();
    await simulation.run(minute);
    await simulation.client.patch(
      DaemonSet,
      ref,
      { metadata: { finalizers: ['example.com/keep'] } },
      { type: 'merge' },
    );
    await simulation.client.delete(DaemonSet, ref, {});
    await simulation.run(second);
    for (const { metadata } of revisions()) simulation.client.remove(ControllerRevision, metadata);
    await simulation.run(minute);
    expect(revisions()).toEqual([]);
    expect(await rests()).toBe(true);
  });
});
