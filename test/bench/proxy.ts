/** Sync and update times and memory of the service proxy, in a network namespace of its own. Needs root. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { runAll } from '../../src/base/service.ts';
import { Service } from '../../src/api/core/service.ts';
import { EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import { Informers } from '../../src/client/informers.ts';
import { MemoryClient } from '../../src/client/testing/memory-client.ts';
import { Lab, type LabNamespace } from '../../src/network/lab.ts';
import { createNft } from '../../src/network/nft.ts';
import { NftTable } from '../../src/network/nft-table.ts';
import { endpointSlice, service } from '../../src/proxy/fixtures.ts';
import { createProxy } from '../../src/proxy/proxy.ts';
import { ProxyState } from '../../src/proxy/proxy-state.ts';
import { definitionOf } from '../../src/proxy/ruleset.ts';

export interface ProxyRow {
  readonly name: string;
  readonly milliseconds: number;
}

const services = 5000;
const table = 'coracle-bench';

export async function benchProxy(): Promise<readonly ProxyRow[]> {
  const lab = new Lab();
  const rows: ProxyRow[] = [];
  const time = async (name: string, action: () => Promise<void> | void): Promise<void> => {
    const start = systemClock.monotonic();
    await action();
    rows.push({ name, milliseconds: Math.round((systemClock.monotonic() - start) * 10) / 10 });
  };
  try {
    const { run } = await lab.namespace();
    const nft = createNft(run);
    const rules = new NftTable(definitionOf(table));
    const state = new ProxyState(rules, { name: 'one', zone: undefined });
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < services; at += 1) {
      const [high, low] = [at >> 8, at & 255];
      state.service(`default/svc-${at}`, service(`svc-${at}`, { clusterIP: `10.96.${high}.${low}` }));
      const ips = [0, 1, 2, 3].map((pod) => `10.244.${high + pod * 20}.${low}`);
      state.slice(`default/svc-${at}-1`, sliceOf(`svc-${at}`, ips), undefined);
    }
    const sync = async (): Promise<void> => {
      state.update();
      const change = rules.change();
      await nft.apply(change.script);
      change.commit();
    };
    await time(`full sync of ${services} services with 4 endpoints each`, sync);
    for (const name of ['one endpoint moves', 'one endpoint moves back']) {
      const slice = (last: string) => sliceOf('svc-7', ['10.244.0.7', '10.244.20.7', '10.244.40.7', last]);
      const [from, to] = name.endsWith('back') ? ['10.245.0.1', '10.244.60.7'] : ['10.244.60.7', '10.245.0.1'];
      state.slice('default/svc-7-1', slice(to), slice(from));
      await time(name, sync);
    }
    await time('comparison with the kernel', async () => void (await rules.verify(nft)));
    await time('check that the table is there', async () => void (await nft.hasSet(table, rules.marker)));
    const heap = Math.round((process.memoryUsage().heapUsed - before) / 1024 / 1024);
    rows.push({ name: `heap for all of it: ${heap} MB`, milliseconds: 0 });
  } finally {
    await lab.close();
  }
  return rows;
}

/** A hundred endpoints of the cluster are on this node, as many as pods fit on one. */
function sliceOf(name: string, ips: readonly string[]): EndpointSlice {
  const endpoints = ips.map((ip) => ({
    addresses: [ip],
    nodeName: ip.startsWith('10.244.0.') && Number(ip.split('.')[3]) < 100 ? 'one' : 'two',
  }));
  return endpointSlice(name, ips, { endpoints });
}

/**
 * From a change of an EndpointSlice in the API to the first answer of the new endpoint, with a client that
 * connects again and again: milliseconds at p50, p99 and the worst.
 */
export async function benchMove(changes = 30): Promise<readonly ProxyRow[]> {
  const lab = new Lab();
  const stop = new AbortController();
  const client = new MemoryClient({ clock: systemClock });
  try {
    const node = await lab.namespace();
    await node.sh('ip link add cb0 type bridge && ip addr add 10.244.0.1/24 dev cb0 && ip link set cb0 up');
    for (const [name, ip] of [
      ['a', '10.244.0.11'],
      ['b', '10.244.0.12'],
    ] as const) {
      const pod = await lab.pod(node, 'cb0', ip, '10.244.0.1');
      const script = `require("net").createServer(s => s.on("error", () => {}).end("${name}")).listen(8080, "0.0.0.0")`;
      await pod.serve(`${process.execPath} -e '${script}'`, 'busybox netstat -tln | grep -q 8080');
    }
    client.seed(Service, service('web'));
    client.seed(EndpointSlice, endpointSlice('web', ['10.244.0.11']));
    const informers = new Informers({ client, clock: systemClock });
    const common = { client, informers, clock: systemClock, log: silentLogger, nodeName: 'one', table, bridge: 'cb0' };
    const proxy = createProxy({
      ...common,
      podCidrs: ['10.244.0.0/16'],
      serviceCidrs: ['10.96.0.0/12'],
      run: node.run,
    });
    const running = runAll([informers, proxy], stop.signal);
    const times = await watchMoves(node, client, changes);
    stop.abort();
    await running;
    const at = (share: number): number =>
      Math.round((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0) * 10) / 10;
    return [
      { name: 'endpoint change to traffic moved, p50', milliseconds: at(0.5) },
      { name: 'endpoint change to traffic moved, p99', milliseconds: at(0.99) },
      { name: 'endpoint change to traffic moved, worst', milliseconds: at(1) },
    ];
  } finally {
    stop.abort();
    await lab.close();
  }
}

/** The client in the node's namespace prints `name time` whenever another endpoint answers. */
async function watchMoves(node: LabNamespace, client: MemoryClient, changes: number): Promise<readonly number[]> {
  const script = `const net = require("net"); let last = ""; const go = () => { let text = "";
    net.connect(80, "10.96.0.10").on("data", d => text += d).on("error", () => {}).on("close", () => {
      if (text && text !== last) console.log(last = text, Date.now()); setTimeout(go, 1); }); }; go();`;
  const child = spawn('nsenter', [`--net=${node.path}`, '--', process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<number> => Number(((await lines.next()).value as string).split(' ')[1]);
  try {
    await next();
    const times: number[] = [];
    for (let at = 0; at < changes; at += 1) {
      await systemClock.sleep(30);
      const slice = await client.get(EndpointSlice, { namespace: 'default', name: 'web-1' });
      const start = systemClock.now();
      await client.update(EndpointSlice, {
        ...slice,
        endpoints: [{ addresses: [at % 2 === 0 ? '10.244.0.12' : '10.244.0.11'] }],
      });
      times.push((await next()) - start);
    }
    return times.toSorted((a, b) => a - b);
  } finally {
    child.kill('SIGKILL');
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.table([...(await benchProxy()), ...(await benchMove())]);
