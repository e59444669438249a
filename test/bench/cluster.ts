/**
 * A whole cluster on this machine: start-up, pods, memory, idle CPU. Needs root.
 *
 *     node test/bench/cluster.ts [--json FILE] [--short]
 *
 * Running means that the container's process has started, as the runtime says, not that a status was written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Pod } from '../../src/api/core/pod.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createHttpsClient } from '../../src/client/https-client.ts';
import { Informer } from '../../src/client/informer.ts';
import { loadAccess } from '../../src/client/kubeconfig.ts';
import { ok } from '../support/clients.ts';
import { testCluster } from '../support/cluster.ts';
import { quantile, reporter } from './report.ts';

const short = process.argv.includes('--short');
const { rows, report } = reporter();

const cluster = testCluster('bench');

interface Status {
  readonly processes: readonly {
    readonly name: string;
    readonly pid: number;
    readonly pssBytes: number;
    readonly rssBytes: number;
  }[];
}

interface UpReport {
  readonly milliseconds: number;
}

const status = async (): Promise<Status> => JSON.parse((await cluster.coracle('status', '--json')).stdout) as Status;
const up = async (): Promise<UpReport> => JSON.parse(await ok(cluster.up('--json'))) as UpReport;

/** Ticks of 10 ms that a process has used. */
const ticks = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
};

/** From process start to a phase, in milliseconds, out of the process's state file. */
function sinceStart(process_: string, phase: string): number {
  const { phases } = JSON.parse(readFileSync(`/run/coracle/bench/${process_}.json`, 'utf8')) as {
    phases: readonly { name: string; milliseconds: number }[];
  };
  const end = phases.findIndex(({ name }) => name.endsWith(phase));
  return phases.slice(0, end + 1).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}

async function startUp(): Promise<void> {
  report('first start', (await up()).milliseconds, 'ms', 2_000);
  const starts: { api: number; node: number; whole: number }[] = [];
  for (let at = 0; at < (short ? 3 : 7); at += 1) {
    await ok(cluster.coracle('down'));
    const { milliseconds } = await up();
    starts.push({
      api: sinceStart('server', 'API ready'),
      node: sinceStart('agent-bench-1', 'node ready'),
      whole: milliseconds,
    });
  }
  report(
    'second start: API ready (median)',
    quantile(
      starts.map(({ api }) => api),
      0.5,
    ),
    'ms',
    600,
  );
  report(
    'second start: node Ready (median)',
    quantile(
      starts.map(({ node }) => node),
      0.5,
    ),
    'ms',
    1_000,
  );
  report(
    'second start: up returns (median)',
    quantile(
      starts.map(({ whole }) => whole),
      0.5,
    ),
    'ms',
  );
}

const podOf = (name: string) => ({
  metadata: { name, namespace: 'default', labels: { bench: 'pods' } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      { name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent' as const, command: ['sleep', '3600'] },
    ],
  },
});

async function pods(): Promise<void> {
  const access = await loadAccess({ clock: systemClock, environment: { KUBECONFIG: cluster.kubeconfig } });
  const client = createHttpsClient({ access, clock: systemClock });
  const informer = new Informer<Pod>({ client, kind: Pod, clock: systemClock, labelSelector: 'bench=pods' });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  const seen = new Map<string, () => void>();
  const look = (pod: Pod): void => {
    if (pod.status?.phase === 'Running') seen.get(pod.metadata.name)?.();
  };
  informer.subscribe({ added: look, updated: look });
  await informer.whenSynced();
  const start = async (name: string): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    seen.set(name, resolve);
    const began = performance.now();
    await client.create(Pod, podOf(name));
    await promise;
    return performance.now() - began;
  };
  await start('warm-up');
  const times: number[] = [];
  for (let at = 0; at < (short ? 10 : 40); at += 1) times.push(await start(`one-${at}`));
  report('pod: create to Running seen, p50', quantile(times, 0.5), 'ms', 150);
  report('pod: create to Running seen, p99', quantile(times, 0.99), 'ms', 600);
  const began = performance.now();
  await Promise.all(Array.from({ length: 40 }, (_, at) => start(`many-${at}`)));
  report('40 pods at once', 40 / ((performance.now() - began) / 1000), 'pods/s', 12);
  stop.abort();
  await running;
  await client.request({ method: 'DELETE', path: '/api/v1/namespaces/default/pods?labelSelector=bench%3Dpods' });
  await client.close();
}

async function footprint(): Promise<void> {
  await systemClock.sleep(5_000);
  const { processes } = await status();
  const before = processes.map(({ pid }) => ticks(pid));
  const seconds = short ? 20 : 60;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const used = processes.reduce((sum, { pid }, at) => sum + ticks(pid) - (before[at] ?? 0), 0);
  report(`idle CPU over ${seconds} s`, used / seconds, '% of a core', 0.5);
  const after = (await status()).processes;
  const total = (of: 'pssBytes' | 'rssBytes'): number => after.reduce((sum, each) => sum + each[of], 0) / 2 ** 20;
  report('memory of all processes, PSS', total('pssBytes'), 'MiB', 170);
  report('memory of all processes, RSS', total('rssBytes'), 'MiB');
}

const keep = setInterval(() => {}, 2 ** 30);
try {
  await startUp();
  await footprint();
  await pods();
} finally {
  clearInterval(keep);
  await cluster.destroy();
}
const target = process.argv.indexOf('--json');
if (target > 0) writeFileSync(process.argv[target + 1] ?? 'cluster.json', JSON.stringify(rows, null, 2));
