import { afterEach, expect, test } from 'vitest';
import { ConfigMap } from '../../api/core/config-map.ts';
import { Namespace } from '../../api/core/namespace.ts';
import { Pod } from '../../api/core/pod.ts';
import { timestamp } from '../../base/clock.ts';
import { Simulation } from '../testing/simulation.ts';
import { namespaceController } from './controller.ts';

let simulation: Simulation;
afterEach(() => simulation.stop());

test('the content of a namespace goes after its pods, which may be held up', async () => {
  simulation = new Simulation({ nodes: 0, controllers: (deps) => [namespaceController(deps, () => [ConfigMap, Pod])] });
  const namespace = 'going';
  simulation.client.seed(ConfigMap, { metadata: { name: 'config', namespace } });
  simulation.client.seed(Pod, {
    metadata: { name: 'held', namespace, finalizers: ['example.com/hold'] },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  simulation.client.seed(Namespace, {
    metadata: {
      name: namespace,
      finalizers: ['example.com/watch'],
      deletionTimestamp: timestamp(simulation.clock.now()),
    },
    spec: { finalizers: ['kubernetes'] },
  });
  await simulation.run(5_000);
  expect(simulation.client.all(Pod)[0]?.metadata.deletionTimestamp).toBeDefined();
  expect(simulation.client.all(ConfigMap)).toHaveLength(1);
  expect(
    simulation.client.all(Namespace)[0]?.status?.conditions?.map(({ status, message }) => [status, message]),
  ).toEqual([
    ['False', 'All resources successfully discovered'],
    ['False', 'All legacy kube types successfully parsed'],
    ['False', 'All content successfully deleted, may be waiting on finalization'],
    ['True', 'Some resources are remaining: pods. has 1 resource instances'],
    ['True', 'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances'],
  ]);
  simulation.client.remove(Pod, { name: 'held', namespace });
  await simulation.run(10);
  expect(simulation.client.all(ConfigMap)).toEqual([]);
});
