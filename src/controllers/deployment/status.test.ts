/** Conditions over time, as upstream's progress_test.go, sync_test.go and deployment_util_test.go have them. */
import { afterEach, describe, expect, it } from 'vitest';
import { Deployment, type DeploymentCondition, type DeploymentSpec } from '../../api/apps/deployment.ts';
import { ReplicaSet } from '../../api/apps/replica-set.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Service } from '../../base/service.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Dependencies } from '../dependencies.ts';
import { replicaSetController } from '../replica-set/controller.ts';
import { Simulation, type PodLife } from '../testing/simulation.ts';
import { deploymentController } from './controller.ts';
import { planDeployment } from './plan.ts';

const second = 1000;

const labels = { app: 'web' };
const ref = { namespace: 'default', name: 'web' };

let simulation: Simulation;
afterEach(() => simulation.stop());

const both = (deps: Dependencies, events: Events): readonly Service[] => [
  deploymentController(deps, events),
  replicaSetController(deps, events),
];

function start(spec: Partial<DeploymentSpec> = {}, controllers = both): void {
  const life = ({ spec: pod }: Pod): PodLife => ({
    start: second,
    stop: second,
    broken: pod?.containers[0]?.image === 'broken',
  });
  simulation = new Simulation({ nodes: 2, controllers, life });
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'one' }] } };
  const whole = { replicas: 3, selector: { matchLabels: labels }, template, ...spec };
  simulation.put(Deployment, { metadata: ref, spec: whole });
}

const deployment = (): Deployment => simulation.client.all(Deployment)[0] as Deployment;

function condition(type: string): DeploymentCondition | undefined {
  return deployment().status?.conditions?.find((each) => each.type === type);
}

const patch = (spec: object): Promise<unknown> => simulation.client.patch(Deployment, ref, { spec }, { type: 'merge' });
const setImage = (value: string): Promise<unknown> => {
  const change = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value }];
  return simulation.client.patch(Deployment, ref, change, { type: 'json' });
};

/** What Progressing said in every state at rest, in the order in which it said it. */
async function said(milliseconds: number): Promise<readonly string[]> {
  const reasons: string[] = [];
  await simulation.run(milliseconds, () => {
    const { status, reason } = condition('Progressing') ?? {};
    if (reasons.at(-1) !== `${status} ${reason}`) reasons.push(`${status} ${reason}`);
  });
  return reasons;
}

describe('Progressing', () => {
  it('never says that a rollout is late that has only begun, however long ago the one before ended', async () => {
    start({ progressDeadlineSeconds: 60 });
    await simulation.run(10 * 60 * second);
    await setImage('two');
    // What the controller writes first, before anything has moved.
    const sets = simulation.client.all(ReplicaSet);
    const { status } = planDeployment(deployment(), sets, () => [], simulation.clock.now());
    expect(status.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetCreated',
    });
    expect(await said(20 * second)).toEqual(['True ReplicaSetUpdated', 'True NewReplicaSetAvailable']);
  });

  it('says that a rollout is late that has begun and gets no pods', async () => {
    start({ progressDeadlineSeconds: 60 });
    await simulation.run(10 * 60 * second);
    await setImage('broken');
    await simulation.run(90 * second);
    expect(condition('Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    // And goes on saying so while it is paused.
    await patch({ paused: true });
    await simulation.run(second);
    expect(condition('Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
  });

  it('does not speak of scaling what is complete', async () => {
    start();
    await simulation.run(10 * 60 * second);
    const before = condition('Progressing');
    await patch({ replicas: 5 });
    expect(await said(20 * second)).toEqual(['True NewReplicaSetAvailable']);
    expect(condition('Progressing')).toEqual(before);
    expect(deployment().status).toMatchObject({ replicas: 5, availableReplicas: 5 });
  });
});
