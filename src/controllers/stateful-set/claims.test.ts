/** Claims of StatefulSets: whose they are, and what their pods wait for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ControllerRevision } from '../../api/apps/controller-revision.ts';
import { StatefulSet, type StatefulSetSpec } from '../../api/apps/stateful-set.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { Pod } from '../../api/core/pod.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import type { Service } from '../../base/service.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Dependencies } from '../dependencies.ts';
import { garbageCollector } from '../garbage-collector/controller.ts';
import { Simulation, type PodLife } from '../testing/simulation.ts';
import { statefulSetController } from './controller.ts';

const second = 1000;
const minute = 60 * second;
const labels = { app: 'web' };
const kept = { whenDeleted: 'Retain', whenScaled: 'Retain' } as const;
const scaled = { whenDeleted: 'Retain', whenScaled: 'Delete' } as const;
const deleted = { whenDeleted: 'Delete', whenScaled: 'Retain' } as const;
const both = { whenDeleted: 'Delete', whenScaled: 'Delete' } as const;
type Policy = NonNullable<StatefulSetSpec['persistentVolumeClaimRetentionPolicy']>;

const web = { namespace: 'default', name: 'web' };
const claim = (ordinal: number): typeof web => ({ namespace: 'default', name: `data-web-${ordinal}` });

function specOf(policy: Policy, more: Partial<StatefulSetSpec> = {}): StatefulSetSpec {
  return {
    replicas: 2,
    serviceName: 'web',
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'one' }] } },
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }],
    persistentVolumeClaimRetentionPolicy: policy,
    ...more,
  };
}

async function within(
  options: Partial<ConstructorParameters<typeof Simulation>[0]>,
  test: (simulation: Simulation) => Promise<void>,
): Promise<void> {
  const controllers = (deps: Dependencies, events: Events): readonly Service[] => [statefulSetController(deps, events)];
  const simulation = new Simulation({ nodes: 2, controllers, ...options });
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
const change = (simulation: Simulation, spec: Partial<StatefulSetSpec>): Promise<StatefulSet> =>
  simulation.client.patch(StatefulSet, web, { spec }, { type: 'merge' });
const pods = (simulation: Simulation): readonly string[] =>
  simulation.client.all(Pod).map(({ metadata }) => metadata.name);
const told = (simulation: Simulation, reason: string): readonly string[] => [
  ...new Set(simulation.events.flatMap((event) => (event.reason === reason ? [event.message] : []))),
];
/** Of every claim, as `claim: Kind/name` of its owners; those that do not control it have a question mark. */
const owners = (simulation: Simulation): readonly string[] =>
  simulation.client.all(PersistentVolumeClaim).map(({ metadata }) => {
    const each = ({ kind, name, controller }: OwnerReference): string =>
      `${kind}/${name}${controller === true ? '' : '?'}`;
    return `${metadata.name}: ${(metadata.ownerReferences ?? []).map(each).join(' ')}`;
  });
/** As others write into the claim. */
const own = (simulation: Simulation, ordinal: number, ownerReferences: readonly OwnerReference[]): Promise<unknown> =>
  simulation.client.patch(PersistentVolumeClaim, claim(ordinal), { metadata: { ownerReferences } }, { type: 'merge' });
/** It has a finalizer, as claims that pods use, and is deleted. */
async function deleteUsed(simulation: Simulation, ordinal: number): Promise<void> {
  const metadata = { finalizers: ['kubernetes.io/pvc-protection'] };
  await simulation.client.patch(PersistentVolumeClaim, claim(ordinal), { metadata }, { type: 'merge' });
  await simulation.client.delete(PersistentVolumeClaim, claim(ordinal));
}

describe('a claim that goes with a pod that was scaled away', () => {
  it('is not given to the pod that comes back: that waits until the claim is gone, and gets another', async () => {
    await within({}, async (simulation) => {
      await started(simulation, specOf(scaled));
      await change(simulation, { replicas: 1 });
      await simulation.run(minute);
      expect(owners(simulation)).toEqual(['data-web-0: ', 'data-web-1: Pod/web-1']);
      const { uid } = (await simulation.client.get(PersistentVolumeClaim, claim(1))).metadata;
      await change(simulation, { replicas: 2 });
      await simulation.run(minute);
      expect(pods(simulation)).toEqual(['web-0']);
      simulation.client.remove(PersistentVolumeClaim, claim(1));
      await simulation.run(minute);
      expect(pods(simulation)).toEqual(['web-0', 'web-1']);
      const { metadata } = await simulation.client.get(PersistentVolumeClaim, claim(1));
      expect(metadata.uid).not.toBe(uid);
      expect(owners(simulation)).toEqual(['data-web-0: ', 'data-web-1: ']);
    });
  });

  it('is never under a pod of which the garbage collector knows nothing, whenever the set is scaled up again', async () => {
    const collected = [StatefulSet, ControllerRevision, Pod, PersistentVolumeClaim];
    const controllers = (deps: Dependencies, events: Events): readonly Service[] => [
      statefulSetController(deps, events),
      garbageCollector(deps, events, collected),
    ];
    const policies = fc.constantFrom(scaled, both);
    const management = fc.constantFrom('OrderedReady' as const, 'Parallel' as const);
    const pause = fc.integer({ min: 0, max: 500 });
    await fc.assert(
      fc.asyncProperty(policies, management, pause, fc.nat(), async (policy, podManagementPolicy, wait, seed) => {
        await within(
          { controllers, faults: { delay: 800 }, life: () => ({ start: second, stop: 10 }), seed },
          async (simulation) => {
            await started(simulation, specOf(policy, { podManagementPolicy }));
            await change(simulation, { replicas: 1 });
            const look = (): void => {
              for (const { metadata } of simulation.client.all(Pod)) {
                const mine = simulation.client
                  .all(PersistentVolumeClaim)
                  .find(({ metadata: { name } }) => name === `data-${metadata.name}`);
                const of = mine?.metadata.ownerReferences?.filter(({ kind }) => kind === 'Pod') ?? [];
                expect(of.filter(({ uid }) => uid !== metadata.uid)).toEqual([]);
              }
            };
            await simulation.run(wait, look);
            await change(simulation, { replicas: 2 });
            await simulation.run(minute, look);
            expect(pods(simulation)).toEqual(['web-0', 'web-1']);
            const owner = policy.whenDeleted === 'Delete' ? 'StatefulSet/web' : '';
            expect(owners(simulation)).toEqual([`data-web-0: ${owner}`, `data-web-1: ${owner}`]);
          },
        );
      }),
      { numRuns: 64 },
    );
  });
});

describe('a claim that is being deleted', () => {
  it('holds up its pod, which an event tells', async () => {
    await within({}, async (simulation) => {
      simulation.put(PersistentVolumeClaim, { metadata: { ...claim(0), finalizers: ['example.com/hold'] } });
      await simulation.client.delete(PersistentVolumeClaim, claim(0));
      await started(simulation, specOf(kept));
      expect(pods(simulation)).toEqual([]);
      expect(told(simulation, 'FailedCreate')).toEqual([
        'create Pod web-0 in StatefulSet web failed error: pvc data-web-0 is being deleted',
      ]);
      simulation.client.remove(PersistentVolumeClaim, claim(0));
      await simulation.run(minute);
      expect(pods(simulation)).toEqual(['web-0', 'web-1']);
    });
  });

  it('does not hide from the status what the pods do', async () => {
    const life = ({ metadata }: Pod): PodLife => ({ start: metadata.name === 'web-0' ? second : 1e9, stop: second });
    await within({ life }, async (simulation) => {
      await started(simulation, specOf(kept));
      await deleteUsed(simulation, 1);
      await simulation.client.delete(Pod, { namespace: 'default', name: 'web-0' });
      await simulation.run(minute);
      const { status } = await simulation.client.get(StatefulSet, web);
      expect(status).toMatchObject({ replicas: 2, readyReplicas: 1 });
    });
  });
});

it('a pod that waits to start gets claims that went missing made again, one that runs does not', async () => {
  const life = ({ metadata }: Pod): PodLife => ({ start: metadata.name === 'web-0' ? second : 1e9, stop: second });
  await within({ life }, async (simulation) => {
    await started(simulation, specOf(deleted));
    simulation.client.remove(PersistentVolumeClaim, claim(0));
    simulation.client.remove(PersistentVolumeClaim, claim(1));
    await simulation.run(minute);
    expect(owners(simulation)).toEqual(['data-web-1: StatefulSet/web']);
  });
});

describe('the owners of claims', () => {
  it.each([
    { policy: kept, present: '', away: '' },
    { policy: deleted, present: 'StatefulSet/web', away: 'StatefulSet/web' },
    { policy: scaled, present: '', away: 'Pod/web-1' },
    { policy: both, present: 'StatefulSet/web', away: 'Pod/web-1' },
  ])('control them as the policy says: $policy', async ({ policy, present, away }) => {
    await within({}, async (simulation) => {
      await started(simulation, specOf(policy));
      expect(owners(simulation)).toEqual([`data-web-0: ${present}`, `data-web-1: ${present}`]);
      simulation.client.writes.length = 0;
      await simulation.run(10 * minute);
      expect(simulation.client.writes).toEqual([]);
      await change(simulation, { replicas: 1 });
      await simulation.run(minute);
      expect(owners(simulation)).toEqual([`data-web-0: ${present}`, `data-web-1: ${away}`]);
    });
  });

  it('follow a policy that changes, and an owner that does not control becomes one that does', async () => {
    await within({}, async (simulation) => {
      await started(simulation, specOf(deleted));
      const { uid } = (await simulation.client.get(StatefulSet, web)).metadata;
      await own(simulation, 0, [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid }]);
      await simulation.run(minute);
      expect(owners(simulation)).toEqual(['data-web-0: StatefulSet/web', 'data-web-1: StatefulSet/web']);
      await change(simulation, { persistentVolumeClaimRetentionPolicy: kept });
      await simulation.run(minute);
      expect(owners(simulation)).toEqual(['data-web-0: ', 'data-web-1: ']);
      expect(told(simulation, 'SuccessfulUpdate')).toEqual([
        'update Pod web-0 in StatefulSet web successful',
        'update Pod web-1 in StatefulSet web successful',
      ]);
    });
  });

  it('stay when somebody else controls the claim, which an event tells; ours go, other owners too stay', async () => {
    const other = { apiVersion: 'example.com/v1', kind: 'Backup', name: 'daily', uid: 'backup' };
    await within({}, async (simulation) => {
      await started(simulation, specOf(deleted));
      const { ownerReferences = [] } = (await simulation.client.get(PersistentVolumeClaim, claim(0))).metadata;
      await own(simulation, 0, [...ownerReferences, { ...other, controller: true }]);
      await own(simulation, 1, [...ownerReferences, other]);
      await simulation.run(minute);
      expect(owners(simulation)).toEqual(['data-web-0: Backup/daily', 'data-web-1: StatefulSet/web Backup/daily?']);
      expect(told(simulation, 'ConflictingController')).toEqual([
        'PersistentVolumeClaim data-web-0 has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim',
      ]);
    });
  });

  it('stay when they are a former set of the name: its claims go with it', async () => {
    await within({}, async (simulation) => {
      const former = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'former', controller: true };
      simulation.put(PersistentVolumeClaim, { metadata: { ...claim(0), ownerReferences: [former] } });
      await started(simulation, specOf(deleted));
      const { ownerReferences } = (await simulation.client.get(PersistentVolumeClaim, claim(0))).metadata;
      expect(ownerReferences).toEqual([former]);
      expect(told(simulation, 'ConflictingController')).toHaveLength(1);
    });
  });

  it('are pods that are scaled away while somebody else deletes them', async () => {
    await within({ life: () => ({ start: second, stop: 20 * second }) }, async (simulation) => {
      await started(simulation, specOf(scaled));
      await simulation.client.delete(Pod, { namespace: 'default', name: 'web-1' });
      await change(simulation, { replicas: 1 });
      await simulation.run(minute);
      expect(owners(simulation)).toEqual(['data-web-0: ', 'data-web-1: Pod/web-1']);
    });
  });
});
