/** Service traffic through a real kernel: a node with a bridge, three pods, and somebody outside. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import type { Service, ServiceSpec } from '../api/core/service.ts';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { Lab, until, type LabNamespace } from '../network/lab.ts';
import { createNft } from '../network/nft.ts';
import { NftTable } from '../network/nft-table.ts';
import { endpointSlice, podWithHostPort, service } from './fixtures.ts';
import { createForgetter } from './leftovers.ts';
import { createNodeSetup } from './node-setup.ts';
import { ProxyState } from './proxy-state.ts';
import { definitionOf } from './ruleset.ts';

const lab = new Lab();
let node: LabNamespace;
let outside: LabNamespace;
let pods: readonly LabNamespace[];
const table = new NftTable(definitionOf('coracle-test'));
const state = new ProxyState(table, { name: 'one', zone: undefined });

async function apply(): Promise<void> {
  const nft = createNft(node.run);
  const leftovers = state.update();
  const change = table.change();
  await nft.apply(change.script);
  change.commit();
  await createForgetter({ run: node.run, nft, table: 'coracle-test', log: silentLogger }).forget(leftovers);
}

const get = async (from: LabNamespace, target: string): Promise<string> => {
  const { code, stdout } = await from.try(`busybox nc -w 2 ${target.replace(':', ' ')} </dev/null 2>&1`);
  return code === 0 ? stdout : `failed`;
};

/** Says who answers, and from which address it was asked. */
const server = (name: string): string =>
  `${process.execPath} -e 'require("net").createServer(s => s.on("error", () => {}).end("${name} " + s.remoteAddress)).listen(8080, "0.0.0.0")'`;

const udpServer = (name: string): string =>
  `${process.execPath} -e 'const s = require("dgram").createSocket("udp4"); s.on("message", (m, r) => s.send("${name}", r.port, r.address)); s.bind(8080)'`;

/** One question from a fixed source port, so that the second one belongs to the same flow. */
async function askUdp(from: LabNamespace, address: string, port: number, sourcePort: number): Promise<string> {
  const script = `const s = require("dgram").createSocket("udp4"); s.on("message", (m) => { console.log(String(m)); s.close(); });
    s.bind(${sourcePort}, () => s.send("?", ${port}, "${address}")); setTimeout(() => process.exit(1), 2000).unref()`;
  return (await from.try(`${process.execPath} -e '${script}'`)).stdout;
}

async function timeOf(action: () => Promise<unknown>): Promise<number> {
  const start = systemClock.monotonic();
  await action();
  return systemClock.monotonic() - start;
}

const slices = new Map<string, EndpointSlice>();

async function put(
  wanted: Service,
  ips: readonly string[],
  nodeName = 'one',
  changes: Partial<EndpointSlice> = {},
): Promise<void> {
  const { name } = wanted.metadata;
  const endpoints = ips.map((ip) => ({ addresses: [ip], conditions: { ready: true }, nodeName }));
  const slice = endpointSlice(name, ips, { endpoints, ...changes });
  state.service(`default/${name}`, wanted);
  state.slice(`default/${name}-1`, slice, slices.get(name));
  slices.set(name, slice);
  await apply();
}

beforeAll(async () => {
  node = await lab.namespace();
  outside = await lab.namespace();
  await node.sh(`
    ip link add cb0 type bridge && ip addr add 10.244.0.1/24 dev cb0 && ip link set cb0 up
    ip link add up0 type veth peer name eth0 netns ${outside.pid}
    ip addr add 172.30.0.1/24 dev up0 && ip link set up0 up`);
  await outside.sh(`
    ip addr add 172.30.0.2/24 dev eth0 && ip link set eth0 up
    ip route add 10.96.0.0/12 via 172.30.0.1 && ip route add 192.168.77.0/24 via 172.30.0.1`);
  pods = await Promise.all(
    ['10.244.0.11', '10.244.0.12', '10.244.0.13'].map((ip) => lab.pod(node, 'cb0', ip, '10.244.0.1')),
  );
  await Promise.all(pods.map((pod, at) => pod.serve(server(`pod${at + 1}`), 'busybox netstat -tln | grep -q 8080')));
  const setup = createNodeSetup({ run: node.run, log: silentLogger, bridge: 'cb0', serviceCidrs: ['10.96.0.0/12'] });
  await setup();
  state.ranges([
    { set: 'pods4', key: '10.244.0.0/16', value: '' },
    { set: 'service-ranges4', key: '10.96.0.0/12', value: '' },
  ]);
  state.service('default/web', service('web', { nodePort: 30080, type: 'NodePort' }));
  state.slice('default/web-1', endpointSlice('web', ['10.244.0.11', '10.244.0.12']), undefined);
  await apply();
});

afterAll(() => lab.close());

describe('a ClusterIP', () => {
  it('answers from both endpoints to the host, which has no default route', async () => {
    const seen = new Set<string>();
    await until(async () => {
      seen.add((await get(node, '10.96.0.10:80')).split(' ')[0] ?? '');
      return seen.size === 2;
    });
    expect([...seen].sort()).toEqual(['pod1', 'pod2']);
  });

  it('shows a pod on the same bridge by its own address', async () => {
    expect(await get(pods[2]!, '10.96.0.10:80')).toMatch(/^pod[12] 10\.244\.0\.13$/);
  });

  it('leads a pod to itself, masqueraded', async () => {
    await put(service('self', { clusterIP: '10.96.0.11' }), ['10.244.0.11']);
    expect(await get(pods[0]!, '10.96.0.11:80')).toBe('pod1 10.244.0.1');
  });

  it('refuses at once without endpoints, from pods and from the host', async () => {
    await put(service('empty', { clusterIP: '10.96.0.12' }), []);
    for (const from of [node, pods[0]!]) expect(await get(from, '10.96.0.12:80')).toBe('failed');
    expect(await timeOf(() => get(pods[0]!, '10.96.0.12:80'))).toBeLessThan(1000);
  });

  it('refuses ports that no Service has, instead of sending them outside', async () => {
    expect(await timeOf(() => get(pods[0]!, '10.96.0.10:81'))).toBeLessThan(1000);
  });

  it('moves traffic when endpoints change', async () => {
    await put(service('moving', { clusterIP: '10.96.0.13' }), ['10.244.0.11']);
    expect(await get(node, '10.96.0.13:80')).toMatch(/^pod1/);
    await put(service('moving', { clusterIP: '10.96.0.13' }), ['10.244.0.12']);
    expect(await get(node, '10.96.0.13:80')).toMatch(/^pod2/);
  });
});

describe('a NodePort', () => {
  it('answers on every address of the node and on 127.0.0.1', async () => {
    for (const address of ['127.0.0.1', '10.244.0.1', '172.30.0.1']) {
      expect(await get(node, `${address}:30080`)).toMatch(/^pod[12] /);
    }
  });

  it('answers to those outside, masqueraded under policy Cluster', async () => {
    expect(await get(outside, '172.30.0.1:30080')).toMatch(/^pod[12] 10\.244\.0\.1$/);
  });

  it('keeps the client address under policy Local, and still serves pods and the host', async () => {
    const spec = {
      type: 'NodePort',
      nodePort: 30081,
      clusterIP: '10.96.0.14',
      externalTrafficPolicy: 'Local',
    } as const;
    await put(service('near', spec), ['10.244.0.11']);
    expect(await get(outside, '172.30.0.1:30081')).toBe('pod1 172.30.0.2');
    expect(await get(pods[1]!, '172.30.0.1:30081')).toMatch(/^pod1/);
    expect(await get(node, '127.0.0.1:30081')).toMatch(/^pod1/);
  });

  it('drops outsiders under policy Local when all endpoints are elsewhere', async () => {
    const spec = {
      type: 'NodePort',
      nodePort: 30082,
      clusterIP: '10.96.0.15',
      externalTrafficPolicy: 'Local',
    } as const;
    await put(service('far', spec), ['10.244.0.12'], 'two');
    expect(await get(outside, '172.30.0.1:30082')).toBe('failed');
    expect(await get(node, '172.30.0.1:30082')).toMatch(/^pod2/);
  });

  it('gives nobody else the 127.0.0.1 of the node', async () => {
    await outside.sh('ip route add 127.0.0.5/32 via 172.30.0.1 || true');
    await node.serve(server('private').replace('8080', '9999'), 'busybox netstat -tln | grep -q 9999');
    const { stdout } = await outside.try('ip route get 127.0.0.5');
    expect(stdout).toBeDefined();
    expect(await get(node, '127.0.0.1:9999')).toBe('private 127.0.0.1');
  });
});

describe('load balancers and external addresses', () => {
  const balancer = (changes: ServiceSpec): Service => ({
    ...service('balanced', { type: 'LoadBalancer', clusterIP: '10.96.0.16', ...changes }),
    status: { loadBalancer: { ingress: [{ ip: '192.168.77.5' }] } },
  });

  it('answer at the address that the status names', async () => {
    await put(balancer({ externalIPs: ['192.168.77.6'] }), ['10.244.0.11']);
    for (const from of [outside, pods[1]!]) {
      expect(await get(from, '192.168.77.5:80')).toMatch(/^pod1/);
      expect(await get(from, '192.168.77.6:80')).toMatch(/^pod1/);
    }
  });

  it('let only the given source ranges in', async () => {
    await put(
      balancer({ loadBalancerSourceRanges: ['10.9.0.0/16', '10.9.0.0/16', '198.51.100.0/25', '198.51.100.0/26'] }),
      ['10.244.0.11'],
    );
    expect(await get(outside, '192.168.77.5:80')).toBe('failed');
    await put(
      balancer({ loadBalancerSourceRanges: ['172.30.0.0/16', '172.30.0.0/16', '198.51.100.0/25', '198.51.100.0/26'] }),
      ['10.244.0.11'],
    );
    expect(await get(outside, '192.168.77.5:80')).toMatch(/^pod1/);
  });
});

describe('session affinity', () => {
  it('keeps a client on its endpoint, and forgets the endpoint when it leaves', async () => {
    const sticky = service('sticky', { clusterIP: '10.96.0.17', sessionAffinity: 'ClientIP' });
    await put(sticky, ['10.244.0.11', '10.244.0.12']);
    const answers = new Set<string>();
    for (let at = 0; at < 12; at += 1) answers.add(await get(node, '10.96.0.17:80'));
    expect(answers.size).toBe(1);
    const [first = ''] = answers;
    await put(sticky, [first.startsWith('pod1') ? '10.244.0.12' : '10.244.0.11']);
    expect(await get(node, '10.96.0.17:80')).toMatch(first.startsWith('pod1') ? /^pod2/ : /^pod1/);
  });
});

describe('host ports', () => {
  it('lead to the pod from outside, from the host and from 127.0.0.1', async () => {
    state.pod('default/p', podWithHostPort('10.244.0.13', 8088, 8080));
    await apply();
    expect(await get(outside, '172.30.0.1:8088')).toBe('pod3 172.30.0.2');
    expect(await get(node, '127.0.0.1:8088')).toMatch(/^pod3/);
    expect(await get(pods[2]!, '172.30.0.1:8088')).toMatch(/^pod3/);
  });
});

describe('pods going out', () => {
  it('have the address of the node', async () => {
    await outside.serve(server('world'), 'busybox netstat -tln | grep -q 8080');
    expect(await get(pods[0]!, '172.30.0.2:8080')).toBe('world 172.30.0.1');
  });
});

describe('UDP', () => {
  it('does not stay with an endpoint that left', async () => {
    const udp = {
      ports: [{ name: 'http', port: 53, protocol: 'UDP', targetPort: 8080 }],
      clusterIP: '10.96.0.18',
    } as const;
    const ports = [{ name: 'http', port: 8080, protocol: 'UDP' }] as const;
    for (const [at, pod] of pods.entries())
      await pod.serve(udpServer(`pod${at + 1}`), 'busybox netstat -uln | grep -q 8080');
    await put(service('dns', udp), ['10.244.0.11'], 'one', { ports });
    const ask = (): Promise<string> => askUdp(node, '10.96.0.18', 53, 45_000);
    expect(await ask()).toBe('pod1');
    await put(service('dns', udp), ['10.244.0.12'], 'one', { ports });
    expect(await ask()).toBe('pod2');
  });
});

describe('IPv6', () => {
  const server6 = (name: string): string =>
    `${process.execPath} -e 'require("net").createServer(s => s.on("error", () => {}).end("${name} " + s.remoteAddress)).listen({ port: 8086, host: "::", ipv6Only: true })'`;
  const get6 = async (from: LabNamespace, address: string, port: number): Promise<string> => {
    const script = `const s = require("net").connect(${port}, "${address}"); s.on("data", (text) => console.log(String(text)));
      s.on("error", () => console.log("failed")); s.setTimeout(2000, () => s.destroy())`;
    return (await from.try(`${process.execPath} -e '${script}'`)).stdout;
  };
  const ports = [{ name: 'http', port: 8086, protocol: 'TCP' }] as const;
  const service6 = (name: string, clusterIP: string): Service =>
    service(name, { clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' });

  beforeAll(async () => {
    await node.sh('ip -6 addr add fd00:10:244::1/64 dev cb0 nodad');
    for (const [at, pod] of pods.entries()) {
      // A cluster address leaves by the link it came from until it is translated, so the kernel tells pods that it is
      // on their link; with IPv4 that is switched off on the node, which IPv6 has no setting for.
      await pod.sh('echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_redirects');
      await pod.sh(
        `ip -6 addr add fd00:10:244::1${at + 1}/64 dev eth0 nodad; ip -6 route add default via fd00:10:244::1`,
      );
      await pod.serve(server6(`pod${at + 1}`), 'busybox netstat -tln | grep -q 8086');
    }
    const serviceCidrs = ['fd00:10:96::/112'];
    await createNodeSetup({ run: node.run, log: silentLogger, bridge: 'cb0', serviceCidrs })();
    state.ranges([
      { set: 'pods4', key: '10.244.0.0/16', value: '' },
      { set: 'pods6', key: 'fd00:10:244::/56', value: '' },
      { set: 'service-ranges4', key: '10.96.0.0/12', value: '' },
      { set: 'service-ranges6', key: 'fd00:10:96::/112', value: '' },
    ]);
    await put(service6('six', 'fd00:10:96::10'), ['fd00:10:244::11', 'fd00:10:244::12'], 'one', {
      addressType: 'IPv6',
      ports,
    });
  });

  it('a ClusterIP answers to the host, and to pods under their own addresses', async () => {
    const seen = new Set<string>();
    await until(async () => {
      seen.add((await get6(node, 'fd00:10:96::10', 80)).split(' ')[0] ?? '');
      return seen.has('pod1') && seen.has('pod2');
    });
    expect(await get6(pods[2]!, 'fd00:10:96::10', 80)).toMatch(/^pod[12] fd00:10:244::13$/);
  });

  it('refuses at once without endpoints, and ports that no Service has', async () => {
    await put(service6('empty-six', 'fd00:10:96::11'), [], 'one', { addressType: 'IPv6', ports });
    for (const [address, port] of [
      ['fd00:10:96::11', 80],
      ['fd00:10:96::10', 81],
    ] as const) {
      const began = systemClock.monotonic();
      expect([address, port, await get6(pods[2]!, address, port)]).toEqual([address, port, 'failed']);
      expect(systemClock.monotonic() - began).toBeLessThan(1_500);
    }
  });

  it('endpoints of the other family are not mixed in', async () => {
    await put(service('four', { clusterIP: '10.96.0.40' }), ['fd00:10:244::11'], 'one', { addressType: 'IPv6', ports });
    expect(await get(node, '10.96.0.40:80')).toBe('failed');
  });
});

describe('healing', () => {
  it('brings everything back after nft flush ruleset', async () => {
    await node.sh('nft flush ruleset');
    expect(await table.verify(createNft(node.run))).toBe(true);
    await apply();
    expect(await table.verify(createNft(node.run))).toBe(false);
    expect(await get(node, '10.96.0.10:80')).toMatch(/^pod[12]/);
  });
});
