/** Runs processes of the suite: to list its tests, and to run some of them. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { UserError } from '../../src/cli/user-error.ts';
import { run } from '../support/clients.ts';
import { LogReader, sameTest, type TestResult } from './log.ts';
import { focusOf } from './plan.ts';

export interface Target {
  /** The suite's program. */
  readonly suite: string;
  readonly kubeconfig: string;
  /** The suite's own version of it. */
  readonly kubectl: string;
  readonly nodes: number;
  /** By which the suite reads the internet. */
  readonly proxy: string;
}

/** Full names of the tests that match. Throws UserError when an expression is none. */
export async function listTests(suite: string, focus: string, skip?: string): Promise<readonly string[]> {
  const selection = [`--ginkgo.focus=${focus}`, ...(skip === undefined ? [] : [`--ginkgo.skip=${skip}`])];
  const { code, stdout, stderr } = await run(
    suite,
    ['--provider=local', '--ginkgo.dryRun', '--ginkgo.noColor', ...selection],
    { env: { KUBECONFIG: '/dev/null' } },
  );
  const bad = /regexp: .*/.exec(stdout + stderr)?.[0];
  if (bad !== undefined) throw new UserError(`--focus or --skip is no regular expression: ${bad}`, '', 2);
  if (code !== 0) throw new UserError(`the suite cannot list its tests (exit code ${code}):\n${stderr.slice(-2_000)}`);
  const reader = new LogReader();
  return stdout.split('\n').flatMap((line) => reader.read(line)?.name ?? []);
}

export interface Batch {
  readonly names: readonly string[];
  readonly log: string;
  readonly signal: AbortSignal;
  readonly tell: (result: TestResult) => void;
}

/** v1.20's tests give up by themselves after half an hour at most; a process that is silent for longer hangs. */
const patience = 45 * 60_000;

/** Runs the tests in one process. Tells exactly one result for each, unless the signal ends it. */
export async function runBatch(target: Target, { names, log, signal, tell }: Batch): Promise<void> {
  const left = new Set(names);
  const child = spawn(target.suite, argumentsOf(target, names), {
    // Not in the terminal's group: an interrupt is for us, and the cluster goes with its tests.
    detached: true,
    env: { ...process.env, KUBECONFIG: target.kubeconfig, HTTP_PROXY: target.proxy },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = createWriteStream(log);
  const kill = (): void => void child.kill('SIGKILL');
  let hung = false;
  const giveUp = (): void => {
    hung = true;
    kill();
  };
  let timer = setTimeout(giveUp, patience);
  signal.addEventListener('abort', kill, { once: true });
  const reader = new LogReader();
  createInterface({ input: child.stdout }).on('line', (line) => {
    output.write(`${line}\n`);
    const result = reader.read(line);
    const name = result && [...left].find((each) => sameTest(each, result.name));
    if (result === undefined || name === undefined) return;
    left.delete(name);
    tell({ ...result, name });
    clearTimeout(timer);
    timer = setTimeout(giveUp, patience);
  });
  child.stderr.pipe(output, { end: false });
  const end = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => resolve(by === null ? `exit code ${code}` : `ended by ${by}`));
  });
  clearTimeout(timer);
  signal.removeEventListener('abort', kill);
  await new Promise<void>((resolve) => void output.end(() => resolve()));
  if (signal.aborted) return;
  const why = hung ? `nothing ended within ${patience / 60_000} minutes` : `the suite's process ended first (${end})`;
  for (const name of left) tell({ name, outcome: 'lost', detail: [why] });
}

function argumentsOf({ kubeconfig, kubectl, nodes }: Target, names: readonly string[]): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--kubectl-path=${kubectl}`,
    '--provider=local',
    `--num-nodes=${nodes}`,
    '--system-pods-startup-timeout=1m',
    '--disable-log-dump',
    '--ginkgo.noColor',
    `--ginkgo.focus=${focusOf(names)}`,
  ];
}
