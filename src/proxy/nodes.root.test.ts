/** Services across two nodes that share nothing but a link: VXLAN between them, a proxy's table on each. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLogger } from '../base/log.ts';
import { Lab, until, type LabNamespace } from '../network/lab.ts';
import { createNft } from '../network/nft.ts';
import { NftTable } from '../network/nft-table.ts';
import { Overlay, podMtu } from '../network/overlay.ts';
import { endpointSlice, service } from './fixtures.ts';
import { createNodeSetup } from './node-setup.ts';
import { ProxyState } from './proxy-state.ts';
import { definitionOf } from './ruleset.ts';

const lab = new Lab();
let link: LabNamespace;
const nodes: {
  readonly space: LabNamespace;
  readonly pod: LabNamespace;
  readonly address: string;
  readonly podCidr: string;
}[] = [];

async function makeNode(number: number): Promise<void> {
  const space = await lab.namespace();
  const address = `192.0.2.${number}`;
  const podCidr = `10.244.${number}.0/24`;
  await link.sh(
    `ip link add p${number} type veth peer name eth0 netns ${space.pid} && ip link set p${number} master sw0 up`,
  );
  await space.sh(`
    ip addr add ${address}/24 dev eth0 && ip link set eth0 up
    ip link add br0 type bridge && ip link set br0 mtu ${podMtu('vxlan', 1500)} && ip addr add 10.244.${number}.1/24 dev br0 && ip link set br0 up`);
  const pod = await lab.pod(space, 'br0', `10.244.${number}.5`, `10.244.${number}.1`);
  await pod.sh(`ip link set eth0 mtu ${podMtu('vxlan', 1500)}`);
  const script = `require("net").createServer(s => s.on("error", () => {}).end("pod${number} " + s.remoteAddress)).listen(8080, "0.0.0.0")`;
  await pod.serve(`${process.execPath} -e '${script}'`, 'busybox netstat -tln | grep -q 8080');
  nodes.push({ space, pod, address, podCidr });
}

async function startProxy(at: number): Promise<void> {
  const { space, address, podCidr } = nodes[at]!;
  await new Overlay({ run: space.run, backend: 'vxlan', device: 'test-vx', vni: 9, address, podCidr }).apply([
    nodes[1 - at]!,
  ]);
  await createNodeSetup({ run: space.run, log: silentLogger, bridge: 'br0', serviceCidrs: ['10.96.0.0/12'] })();
  const table = new NftTable(definitionOf('coracle-test'));
  const state = new ProxyState(table, { name: `node${at + 1}`, zone: undefined });
  state.ranges([
    { set: 'pods4', key: '10.244.0.0/16', value: '' },
    { set: 'service-ranges4', key: '10.96.0.0/12', value: '' },
  ]);
  const endpoints = [{ addresses: ['10.244.2.5'], nodeName: 'node2' }];
  state.service('default/web', service('web', { type: 'NodePort', nodePort: 30080 }));
  state.slice('default/web-1', endpointSlice('web', [], { endpoints }), undefined);
  state.update();
  await createNft(space.run).apply(table.change().script);
}

const get = async (from: LabNamespace, target: string): Promise<string> =>
  (await from.try(`busybox nc -w 2 ${target.replace(':', ' ')} </dev/null`)).stdout;

beforeAll(async () => {
  link = await lab.namespace();
  await link.sh('ip link add sw0 type bridge && ip link set sw0 up && ip addr add 192.0.2.100/24 dev sw0');
  for (const number of [1, 2]) await makeNode(number);
  for (const at of [0, 1]) await startProxy(at);
  await until(async () => (await get(nodes[0]!.space, '10.244.2.5:8080')) !== '');
});
afterAll(() => lab.close());

it('a pod reaches a Service whose pod is on the other node, and is seen by its own address', async () => {
  expect(await get(nodes[0]!.pod, '10.96.0.10:80')).toBe('pod2 10.244.1.5');
});

it('a node reaches it, and its answer comes back', async () => {
  expect(await get(nodes[0]!.space, '10.96.0.10:80')).toMatch(/^pod2 10\.244\.1\./);
});

it('a node port of one node leads to the pod on the other', async () => {
  expect(await get(link, '192.0.2.1:30080')).toMatch(/^pod2 10\.244\.1\./);
  expect(await get(nodes[0]!.space, '127.0.0.1:30080')).toMatch(/^pod2 10\.244\.1\./);
});

it('a node that is cut off is not reached, and is again when it is back', async () => {
  await link.sh('ip link set p2 down');
  expect(await get(nodes[0]!.pod, '10.96.0.10:80')).toBe('');
  await link.sh('ip link set p2 up');
  await until(async () => (await get(nodes[0]!.pod, '10.96.0.10:80')) === 'pod2 10.244.1.5');
  expect(await get(nodes[0]!.pod, '10.96.0.10:80')).toBe('pod2 10.244.1.5');
});
