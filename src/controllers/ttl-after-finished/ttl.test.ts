import { expect, it } from 'vitest';
import { Job } from '../../api/batch/job.ts';
import { timestamp } from '../../base/clock.ts';
import { Simulation } from '../testing/simulation.ts';
import { ttlAfterFinishedController } from './controller.ts';

it('deletes a job, and what it owns first, when its time has passed since its end', async () => {
  const simulation = new Simulation({ controllers: (deps) => [ttlAfterFinishedController(deps)] });
  const lastTransitionTime = timestamp(simulation.clock.now());
  const add = (name: string, type: string, ttlSecondsAfterFinished?: number): void => {
    const template = { spec: { containers: [] } };
    simulation.client.seed(Job, {
      metadata: { name, namespace: 'default' },
      spec: { template, ...(ttlSecondsAfterFinished !== undefined && { ttlSecondsAfterFinished }) },
      status: { conditions: [{ type, status: 'True', lastTransitionTime }] },
    });
  };
  add('complete', 'Complete', 30);
  add('failed', 'Failed', 60);
  add('suspended', 'Suspended', 1);
  add('kept', 'Complete');
  const going = (): readonly string[] =>
    simulation.client
      .all(Job)
      .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
      .map(({ metadata }) => metadata.name);
  await simulation.run(29_000);
  expect(going()).toEqual([]);
  await simulation.run(2_000);
  expect(going()).toEqual(['complete']);
  await simulation.run(60_000);
  expect(going()).toEqual(['complete', 'failed']);
  expect(simulation.client.all(Job)[0]?.metadata.finalizers).toEqual(['foregroundDeletion']);
  await simulation.stop();
});
