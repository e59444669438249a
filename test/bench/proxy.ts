/** Sync and update times and memory of the service proxy, in a network namespace of its own. Needs root. */
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { Lab } from '../../src/network/lab.ts';
import { createNft } from '../../src/network/nft.ts';
import { NftTable } from '../../src/network/nft-table.ts';
import { endpointSlice, service } from '../../src/proxy/fixtures.ts';
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
      state.slice(`default/svc-${at}-1`, endpointSlice(`svc-${at}`, ips), undefined);
    }
    const sync = async (): Promise<void> => {
      state.update();
      const change = rules.change();
      await nft.apply(change.script);
      change.commit();
    };
    await time(`full sync of ${services} services with 4 endpoints each`, sync);
    for (const name of ['one endpoint moves', 'one endpoint moves back']) {
      const slice = (last: string) => endpointSlice('svc-7', ['10.244.0.7', '10.244.20.7', '10.244.40.7', last]);
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

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await benchProxy());
