/**
 * `coracle test upstream`: builds Kubernetes' own end-to-end tests when they are not there, starts a cluster, runs
 * them and sums up. docs/decisions/upstream-suite.md says why these, and what is left out.
 */
import { availableParallelism } from 'node:os';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../src/cli/user-error.ts';
import { clientProgram, run, type RunResult } from '../support/clients.ts';
import { type TestCluster, testCluster } from '../support/cluster.ts';
import { ensurePrograms } from './build.ts';
import { ensureImages } from './images.ts';
import { startInternet } from './internet.ts';
import { sortOut, type Sorted } from './left-out.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { planOf } from './plan.ts';
import { nameSecrets } from './service-accounts.ts';
import { listTests, runBatch, type Target } from './suite.ts';
import { isGreen, leftLines, type Outcome, type Run, summaryOf } from './summary.ts';
import { lock } from '../support/lock.ts';
import { durationText, step } from '../support/tools.ts';
import { type Workplace, workplaceAt } from './workplace.ts';

const defaultCache = join(import.meta.dirname, '..', '..', '.build', 'upstream');
/** With room for tests' pods. Some tests want pods on different ones. */
const workers = 2;

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(usage);
    return 0;
  }
  if (process.getuid?.() !== 0)
    throw new UserError('the tests run real containers, which needs root', 'run it as root');
  const place = await workplaceAt(process.env['CORACLE_UPSTREAM_CACHE'] ?? defaultCache, signal);
  // Listing changes nothing, once the suite is built.
  using _ =
    options.list && existsSync(place.suite)
      ? undefined
      : lock(join(place.folder, 'lock'), 'set CORACLE_UPSTREAM_CACHE to another folder and give another --name');
  await ensurePrograms(place);
  const sorted = await choose(place, options);
  if (options.list) return list(sorted);
  refuseNone(sorted);
  await ensureImages(place);
  const result = await withCluster(place, options, (target) => runTests(target, place, options, sorted, signal));
  for (const line of ['', ...summaryOf(result)]) console.log(line);
  if (result.interrupted) return 130;
  return isGreen(result) ? 0 : 1;
}

function list({ chosen, left }: Sorted): number {
  for (const line of [...chosen.toSorted(), '', ...leftLines(left)]) console.log(line);
  console.log(`${chosen.length} tests would run`);
  return 0;
}

function refuseNone({ chosen, left }: Sorted): void {
  if (chosen.length > 0) return;
  for (const line of leftLines(left)) console.log(line);
  throw new UserError('all tests that match are left out', '--all runs them all the same');
}

async function choose({ suite }: Workplace, { focus, skip, all }: Options): Promise<Sorted> {
  const names = await listTests(suite, focus, skip);
  if (names.length === 0) {
    throw new UserError(`none of the suite's tests match --focus '${focus}'`, "try --list --focus 'ConfigMap'", 2);
  }
  return all ? { chosen: names, left: [] } : sortOut(names);
}

async function withCluster(
  place: Workplace,
  { name, keep, beyondConformance }: Options,
  work: (target: Target) => Promise<Run>,
): Promise<Run> {
  const folder = join(place.folder, 'clusters', name);
  mkdirSync(folder, { recursive: true });
  const cluster = testCluster(name, folder);
  const nodes = beyondConformance ? workers + 1 : workers;
  try {
    await step(`starting cluster ${name} with ${nodes} nodes`, () => must(cluster.up('--nodes', String(nodes))));
    if (beyondConformance) await reserveFirstNode(cluster);
    await step('loading the test images', () => must(cluster.coracle('image', 'load', place.images)));
    const secrets = await nameSecrets(cluster.kubeconfig);
    const { proxy, stop } = await startInternet();
    try {
      const kubectl = clientProgram('kubectl', '1.20');
      return await work({ suite: place.suite, kubeconfig: cluster.kubeconfig, kubectl, nodes: workers, proxy });
    } finally {
      await stop();
      await secrets.stop();
    }
  } finally {
    if (keep)
      console.log(`\ncluster ${name} is left running: KUBECONFIG=${cluster.kubeconfig}\n  ${resetLine(cluster)}`);
    else await step(`deleting cluster ${name}`, () => cluster.destroy());
  }
}

/**
 * Makes the first node what the suite takes for a control plane. That node shares the machine's network and mounts,
 * where the kubelet's port may be somebody else's and tests had better mount nothing; the others have their own.
 */
async function reserveFirstNode({ name, kubeconfig }: TestCluster): Promise<void> {
  const taint = ['taint', '--overwrite', 'node', `${name}-1`, 'node-role.kubernetes.io/master=:NoSchedule'];
  await must(run(clientProgram('kubectl', '1.20'), taint, { env: { KUBECONFIG: kubeconfig } }));
}

/** Throws UserError with what was said. */
async function must(result: Promise<RunResult>): Promise<void> {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new UserError(`the cluster is not ready for tests:\n${stdout}${stderr}`.trimEnd());
}

const resetLine = ({ name, folder }: TestCluster): string =>
  `to delete it: ./coracle reset --name ${name} --data-dir ${join(folder, 'data')}`;

async function runTests(
  target: Target,
  place: Workplace,
  { processes }: Options,
  { chosen, left }: Sorted,
  signal: AbortSignal,
): Promise<Run> {
  const reports = join(place.folder, 'reports', new Date().toISOString().slice(0, 19).replaceAll(':', '-'));
  mkdirSync(reports, { recursive: true });
  const plan = planOf(chosen, processes);
  console.log(`\n${chosen.length} tests, logs in ${reports}`);
  if (processes > availableParallelism()) console.log(`(more processes than the ${availableParallelism()} cores)`);
  const began = performance.now();
  const outcomes: Outcome[] = [];
  let number = 0;
  const runOne = async (names: readonly string[]): Promise<void> => {
    number += 1;
    const log = join(reports, `${String(number).padStart(3, '0')}.log`);
    let last = performance.now();
    const tell = (result: Outcome): void => {
      outcomes.push(result);
      const seconds = durationText((performance.now() - last) / 1000);
      last = performance.now();
      console.log(`[${outcomes.length}/${chosen.length}] ${result.outcome} after ${seconds}: ${result.name}`);
      for (const line of result.outcome === 'passed' ? [] : result.detail) console.log(`    ${line}`);
    };
    await runBatch(target, { names, log, signal, tell: (result) => tell({ ...result, log }) });
  };
  await drain(plan.parallel, processes, signal, runOne);
  await drain(plan.serial, 1, signal, runOne);
  const result = { outcomes, left, seconds: (performance.now() - began) / 1000, interrupted: signal.aborted };
  writeFileSync(join(reports, 'summary.txt'), `${summaryOf(result).join('\n')}\n`);
  return result;
}

/** Works through the batches, so many at a time. */
async function drain(
  batches: readonly (readonly string[])[],
  width: number,
  signal: AbortSignal,
  work: (batch: readonly string[]) => Promise<void>,
): Promise<void> {
  const queue = [...batches];
  const worker = async (): Promise<void> => {
    for (let batch = queue.shift(); batch !== undefined && !signal.aborted; batch = queue.shift()) await work(batch);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

const interrupt = new AbortController();
const stop = (): void => {
  if (interrupt.signal.aborted) return;
  console.log('\nstopping; what was started is cleaned up');
  interrupt.abort();
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
try {
  process.exitCode = await main(process.argv.slice(2), interrupt.signal);
} catch (error) {
  if (interrupt.signal.aborted) {
    process.exitCode = 130;
  } else if (error instanceof UserError) {
    console.error(`coracle test upstream: ${error.message}${error.remedy === '' ? '' : `\n  ${error.remedy}`}`);
    process.exitCode = error.exitCode;
  } else {
    throw error;
  }
}
