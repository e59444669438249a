import { afterEach, describe, expect, it } from 'vitest';
import { DaemonSet } from '../../api/apps/daemon-set.ts';
import { Deployment } from '../../api/apps/deployment.ts';
import { ReplicaSet } from '../../api/apps/replica-set.ts';
import { StatefulSet } from '../../api/apps/stateful-set.ts';
import { Job } from '../../api/batch/job.ts';
import type { Draft, Kind, KubernetesObject } from '../../api/kind.ts';
import { PodDisruptionBudget } from '../../api/policy/pod-disruption-budget.ts';
import { daemonSetController } from '../daemon-set/controller.ts';
import { deploymentController } from '../deployment/controller.ts';
import { disruptionController } from '../disruption/controller.ts';
import { jobController } from '../job/controller.ts';
import { replicaSetController } from '../replica-set/controller.ts';
import { statefulSetController } from '../stateful-set/controller.ts';
import { Simulation } from '../testing/simulation.ts';
import { sameStatus, soonest } from './status.ts';

const metadata = { name: 'web', namespace: 'default' };
const labels = { app: 'web' };
const selector = { matchLabels: labels };
const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'one' }] } };

let simulation: Simulation;
afterEach(() => simulation.stop());

interface Case {
  readonly kind: Kind;
  readonly spec: object;
  readonly status: object;
  readonly beside?: readonly { readonly kind: Kind; readonly spec: object }[];
}

const cases: readonly Case[] = [
  {
    kind: Deployment,
    spec: { replicas: 3, selector, template },
    status: { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, observedGeneration: 1 },
  },
  {
    kind: ReplicaSet,
    spec: { replicas: 3, selector, template },
    status: { replicas: 3, readyReplicas: 3, availableReplicas: 3, observedGeneration: 1 },
  },
  {
    kind: DaemonSet,
    spec: { selector, template },
    status: { currentNumberScheduled: 3, numberReady: 3, numberAvailable: 3, observedGeneration: 1 },
  },
  {
    kind: StatefulSet,
    spec: { replicas: 2, serviceName: 'web', selector, template },
    status: { replicas: 2, readyReplicas: 2, currentReplicas: 2, updatedReplicas: 2 },
  },
  {
    kind: Job,
    spec: { parallelism: 2, completions: 2, template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
    status: { active: 2, ready: 2 },
  },
  {
    kind: PodDisruptionBudget,
    spec: { minAvailable: 2, selector },
    status: { currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1 },
    beside: [{ kind: ReplicaSet, spec: { replicas: 3, selector, template } }],
  },
];

describe('a status that meets conflicts', () => {
  // Every so many writes meet one, whichever they are: the last status is among them for some number.
  for (const conflictEvery of [2, 3, 4, 5, 7]) {
    it.each(cases)(
      `is right in the end: $kind.kind, every ${conflictEvery}`,
      async ({ kind, spec, status, beside }) => {
        simulation = new Simulation({
          nodes: 3,
          faults: { conflictEvery },
          controllers: (deps, events) => [
            deploymentController(deps, events),
            replicaSetController(deps, events),
            daemonSetController(deps, events),
            statefulSetController(deps, events),
            ...jobController(deps, events),
            disruptionController(deps, events, () => []),
          ],
        });
        for (const each of [...(beside ?? []), { kind, spec }]) put(each.kind, each.spec);
        await simulation.run(60_000);
        expect(simulation.client.all(kind)[0]).toMatchObject({ status });
        // And at rest.
        simulation.client.writes.length = 0;
        await simulation.run(600_000);
        expect(simulation.client.writes).toEqual([]);
      },
    );
  }
});

function put(kind: Kind, spec: object): void {
  simulation.put(kind as Kind<KubernetesObject>, { metadata, spec } as Draft<KubernetesObject>);
}

describe('a status', () => {
  it('with zeros says what one without them says', () => {
    simulation = new Simulation({ controllers: () => [] });
    expect(sameStatus(undefined, { replicas: 0, conditions: [], message: '' })).toBe(true);
    expect(sameStatus({ replicas: 1 }, { replicas: 1, readyReplicas: 0 })).toBe(true);
    expect(sameStatus({ replicas: 1 }, { replicas: 0 })).toBe(false);
    expect(sameStatus({ conditions: [{ type: 'A' }] }, { conditions: [] })).toBe(false);
  });

  it('comes back when the first of several wishes is due', () => {
    simulation = new Simulation({ controllers: () => [] });
    expect(soonest({}, { after: 5 }, { after: 3 })).toEqual({ after: 3 });
    expect(soonest({}, {})).toEqual({});
  });
});
