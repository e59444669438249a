import { afterEach, expect, test } from 'vitest';
import { Endpoints } from '../../api/core/endpoints.ts';
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { Service } from '../../api/core/service.ts';
import { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import { endpointSliceMirroringController } from '../endpoint-slice-mirroring/controller.ts';
import { endpointsController } from '../endpoints/controller.ts';
import { Simulation } from '../testing/simulation.ts';
import { endpointSliceController } from './controller.ts';

let simulation: Simulation;
afterEach(() => simulation.stop());

const metadata = { name: 'web', namespace: 'default' };

function start(spec: Partial<NonNullable<Service['spec']>> = {}): void {
  simulation = new Simulation({
    nodes: 0,
    controllers: (deps, events) => [
      endpointSliceController(deps, events),
      endpointsController(deps, events),
      endpointSliceMirroringController(deps, events),
    ],
  });
  simulation.client.seed(Service, { metadata, spec: { clusterIP: '10.96.0.10', ports: [{ port: 80 }], ...spec } });
}

function addPod(name: string, podIP: string, nodeName: string): void {
  simulation.client.seed(Pod, {
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    spec: { nodeName, containers: [{ name: 'c', image: 'i' }] },
    status: { phase: 'Running', podIP, conditions: [{ type: 'Ready', status: 'True' }] },
  });
}

const addressed = (): readonly (readonly string[])[] =>
  simulation.client.all(EndpointSlice).map(({ endpoints }) => endpoints.map(({ addresses }) => addresses[0] ?? ''));

test('a pod is no endpoint while its node is not there', async () => {
  start({ selector: { app: 'web' } });
  addPod('one', '10.0.0.1', 'late');
  await simulation.run(1000);
  expect(addressed()).toEqual([[]]);
  const [slice] = simulation.client.all(EndpointSlice);
  simulation.client.seed(Node, { metadata: { name: 'late' } });
  await simulation.run(1000);
  expect(addressed()).toEqual([['10.0.0.1']]);
  expect(simulation.client.all(EndpointSlice)[0]?.metadata.name).toBe(slice?.metadata.name);
});

test('but for a Service that publishes addresses whatever becomes of them', async () => {
  start({ selector: { app: 'web' }, publishNotReadyAddresses: true });
  addPod('one', '10.0.0.1', 'late');
  await simulation.run(1000);
  expect(addressed()).toEqual([['10.0.0.1']]);
});

const address = (at: number): { readonly ip: string } => ({ ip: `10.1.${at >> 8}.${at & 255}` });
const addresses = (count: number): readonly { readonly ip: string }[] =>
  Array.from({ length: count }, (_, at) => address(at));

test('Endpoints written by hand are mirrored in one slice each, up to a thousand addresses of a subset', async () => {
  start();
  simulation.client.seed(Endpoints, { metadata, subsets: [{ addresses: addresses(1001), ports: [{ port: 80 }] }] });
  await simulation.run(1000);
  expect(addressed().map(({ length }) => length)).toEqual([1000]);
  expect(simulation.events).toContainEqual({
    type: 'Warning',
    reason: 'TooManyAddressesToMirror',
    message: 'A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 1 addresses were skipped',
    about: 'Endpoints default/web',
  });
});

test('annotations of Endpoints written by hand are mirrored when they change', async () => {
  start();
  simulation.client.seed(Endpoints, { metadata, subsets: [{ addresses: [address(1)], ports: [{ port: 80 }] }] });
  await simulation.run(1000);
  await simulation.client.patch(Endpoints, metadata, { metadata: { annotations: { note: 'new' } } }, { type: 'merge' });
  await simulation.run(1000);
  expect(simulation.client.all(EndpointSlice)[0]?.metadata.annotations).toEqual({ note: 'new' });
});

test('Endpoints that are whole again say so', async () => {
  start({ selector: { app: 'web' } });
  simulation.client.seed(Node, { metadata: { name: 'one' } });
  addPod('one', '10.0.0.1', 'one');
  await simulation.run(1000);
  const cut = { 'endpoints.kubernetes.io/over-capacity': 'truncated', note: 'kept' };
  await simulation.client.patch(Endpoints, metadata, { metadata: { annotations: cut } }, { type: 'merge' });
  addPod('two', '10.0.0.2', 'one');
  await simulation.run(1000);
  expect(simulation.client.all(Endpoints)[0]?.metadata.annotations).toMatchObject({ note: 'kept' });
  expect(simulation.client.all(Endpoints)[0]?.metadata.annotations).not.toHaveProperty([
    'endpoints.kubernetes.io/over-capacity',
  ]);
});
