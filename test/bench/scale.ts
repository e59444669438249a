/**
 * A cluster of simulated nodes full of pods: how long until all run, what the API takes meanwhile, what it weighs,
 * and what it costs at rest. Needs root.
 *
 *     node test/bench/scale.ts [--json FILE] [--short] [--nodes N] [--pods N] [--name NAME]
 *
 * The pods come from Deployments, through the same controllers and scheduler as all others; only the nodes are
 * simulated. Meanwhile somebody writes and reads small objects, and waits for each answer.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Deployment } from '../../src/api/apps/deployment.ts';
import { ConfigMap } from '../../src/api/core/config-map.ts';
import { simulatedNode } from '../../src/api/core/simulated-node.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Client } from '../../src/client/client.ts';
import { createHttpsClient } from '../../src/client/https-client.ts';
import { loadAccess } from '../../src/client/kubeconfig.ts';
import { ok } from '../support/clients.ts';
import { testCluster } from '../support/cluster.ts';
import { quantile, reporter } from './report.ts';

const short = process.argv.includes('--short');
const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at === -1 ? undefined : process.argv[at + 1];
};
const nodes = Number(option('--nodes') ?? (short ? 200 : 5_000));
const pods = Number(option('--pods') ?? (short ? 2_000 : 50_000));
const perDeployment = Math.min(500, pods);
const { rows, report } = reporter();

const cluster = testCluster(option('--name') ?? 'bench-scale');

interface Status {
  readonly processes: readonly { readonly name: string; readonly pid: number; readonly pssBytes: number }[];
}
const status = async (): Promise<Status> => JSON.parse((await cluster.coracle('status', '--json')).stdout) as Status;

/** Seconds of CPU that a process has used. */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

const namespace = 'default';
const deployment = (index: number) => {
  const labels = { app: `scale-${index}` };
  return {
    metadata: { name: `scale-${index}`, namespace },
    spec: {
      replicas: Math.min(perDeployment, pods - index * perDeployment),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { [simulatedNode]: 'true' },
          tolerations: [{ key: simulatedNode, operator: 'Exists' as const }],
          containers: [{ name: 'main', image: 'none', resources: { requests: { cpu: '100m', memory: '64Mi' } } }],
        },
      },
    },
  };
};

/** How many pods run, as the Deployments tell. */
async function readyPods(client: Client): Promise<number> {
  const { items } = await client.list(Deployment, { namespace });
  return items.reduce((sum, each) => sum + (each.status?.readyReplicas ?? 0), 0);
}

/** One write and one read after the other, until told to stop. */
async function ask(
  client: Client,
  stop: AbortSignal,
): Promise<{ readonly writes: number[]; readonly reads: number[] }> {
  const writes: number[] = [];
  const reads: number[] = [];
  const timed = async (into: number[], call: () => Promise<unknown>): Promise<void> => {
    const began = performance.now();
    await call();
    into.push(performance.now() - began);
  };
  for (let at = 0; !stop.aborted; at += 1) {
    const ref = { namespace, name: `asked-${at}` };
    await timed(writes, () => client.create(ConfigMap, { metadata: ref, data: { at: String(at) } }));
    await timed(reads, () => client.get(ConfigMap, ref));
    await timed(writes, () => client.delete(ConfigMap, ref));
    await systemClock.sleep(50);
  }
  return { writes, reads };
}

async function fill(client: Client): Promise<void> {
  const stop = new AbortController();
  const asked = ask(client, stop.signal);
  const began = performance.now();
  for (let index = 0; index * perDeployment < pods; index += 1) await client.create(Deployment, deployment(index));
  for (let ready = 0; ready < pods;) {
    await systemClock.sleep(500);
    ready = await readyPods(client);
    if (process.argv.includes('--progress'))
      console.log(`${Math.round((performance.now() - began) / 1000)} s ${ready}`);
  }
  const seconds = (performance.now() - began) / 1000;
  stop.abort();
  const { writes, reads } = await asked;
  report(`${pods} pods on ${nodes} nodes are ready after`, seconds, 's', short ? undefined : 120);
  report('pods a second', pods / seconds, '/s');
  report('meanwhile: write, p50', quantile(writes, 0.5), 'ms');
  report('meanwhile: write, p99', quantile(writes, 0.99), 'ms', 1_000);
  report('meanwhile: read, p99', quantile(reads, 0.99), 'ms', 1_000);
}

async function footprint(): Promise<void> {
  const { processes } = await status();
  for (const { name, pid } of processes) report(`CPU until here, ${name}`, cpuOf(pid), 's');
  for (const { name, pssBytes } of processes) report(`memory of ${name}, PSS`, pssBytes / 2 ** 20, 'MiB');
  const total = processes.reduce((sum, { pssBytes }) => sum + pssBytes, 0) / 2 ** 20;
  report('memory of all, PSS', total, 'MiB', 6 * 1024);
  await systemClock.sleep(15_000);
  const before = processes.map(({ pid }) => cpuOf(pid));
  const seconds = 30;
  await systemClock.sleep(seconds * 1000);
  processes.forEach(({ name, pid }, at) => {
    report(`CPU at rest, ${name}`, ((cpuOf(pid) - (before[at] ?? 0)) / seconds) * 100, '% of a core');
  });
}

const keep = setInterval(() => {}, 2 ** 30);
try {
  const { milliseconds } = JSON.parse(await ok(cluster.up('--json', '--sim-nodes', String(nodes)))) as {
    milliseconds: number;
  };
  report(`start with ${nodes} simulated nodes`, milliseconds / 1000, 's');
  const access = await loadAccess({ clock: systemClock, environment: { KUBECONFIG: cluster.kubeconfig } });
  const client = createHttpsClient({ access, clock: systemClock });
  await fill(client);
  await client.close();
  await footprint();
} finally {
  clearInterval(keep);
  await cluster.destroy();
}
const target = option('--json');
if (target !== undefined) writeFileSync(target, JSON.stringify(rows, null, 2));
