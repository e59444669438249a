import { afterEach, expect, test } from 'vitest';
import { ConfigMap } from '../../api/core/config-map.ts';
import { Namespace } from '../../api/core/namespace.ts';
import { Simulation } from '../testing/simulation.ts';
import { rootCaController } from './controller.ts';

let simulation: Simulation;
afterEach(() => simulation.stop());

const at = { namespace: 'web', name: 'kube-root-ca.crt' };

test('what is changed about the authority of a namespace is put right', async () => {
  simulation = new Simulation({ controllers: (deps) => [rootCaController(deps, 'PEM')] });
  simulation.client.seed(Namespace, { metadata: { name: 'web' } });
  await simulation.run(1000);
  const made = await simulation.client.get(ConfigMap, at);
  expect(made.data).toEqual({ 'ca.crt': 'PEM' });
  expect(made.metadata.annotations?.['kubernetes.io/description']).toMatch(/authority/u);
  for (const change of [
    { data: { 'ca.crt': 'mine' } },
    { data: { 'ca.crt': 'PEM', more: 'here' } },
    { metadata: { annotations: { 'kubernetes.io/description': null, note: 'kept' } } },
  ]) {
    await simulation.client.patch(ConfigMap, at, change, { type: 'merge' });
    await simulation.run(1000);
    const { data, metadata } = await simulation.client.get(ConfigMap, at);
    expect(data).toEqual(made.data);
    expect(metadata.annotations).toMatchObject(made.metadata.annotations ?? {});
  }
  await simulation.client.delete(ConfigMap, at);
  await simulation.run(1000);
  expect((await simulation.client.get(ConfigMap, at)).data).toEqual(made.data);
});
