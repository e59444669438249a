/**
 * `coracle test [STEP...]`: everything that must be green, in the order of cost. Without steps, all of them.
 * Each step's output goes to the terminal as it comes; at the end stands what failed and why, and the last line counts
 * the tests. Tests on real machines that failed run once more, by themselves: docs/decisions/unsteady-tests.md.
 *
 * `coracle test upstream [FLAG...]` is not one of them: it builds and runs Kubernetes' own tests, for an hour or so.
 * Nor is `coracle test guest [FLAG...]`: tests in a virtual machine, for a quarter of an hour.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePrerequisites } from '../src/cluster/machine/prerequisites.ts';
import { describeFailure, readReport, type TestReport } from './test-report.ts';

const root = join(import.meta.dirname, '..');
const reports = join(root, '.build', 'reports');

interface Step {
  readonly name: string;
  readonly what: string;
  readonly command: readonly string[];
  /** A project of vitest, which writes a report. */
  readonly tests?: 'pure' | 'on a machine';
}

const report = (name: string): string => join(reports, `${name}.json`);

const vitest = (project: string, reportName: string, files: readonly string[] = []): readonly string[] => [
  'vitest',
  'run',
  '--project',
  project,
  '--passWithNoTests',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report(reportName)}`,
  ...files,
];

const tests = (name: string, kind: 'pure' | 'on a machine'): Step => ({
  name,
  what: `${name} tests`,
  command: vitest(name, name),
  tests: kind,
});

const steps: readonly Step[] = [
  { name: 'layers', what: 'lint rules are those of the layer map', command: ['node', 'tools/layers.ts', '--check'] },
  { name: 'format', what: 'format', command: ['oxfmt', '--check'] },
  { name: 'lint', what: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'types', what: 'types', command: ['tsc', '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'dead-code', what: 'dead code', command: ['knip'] },
  tests('unit', 'pure'),
  tests('api', 'pure'),
  tests('root', 'on a machine'),
  tests('conformance', 'on a machine'),
  tests('e2e', 'on a machine'),
  { name: 'bench', what: 'short benchmarks', command: ['node', 'test/bench/bench.ts', '--short'] },
];

function run(command: readonly string[], stdin: 'ignore' | 'inherit' = 'ignore'): Promise<number> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: [stdin, 'inherit', 'inherit'] });
    const passOn = (): void => void child.kill('SIGTERM');
    process.on('SIGTERM', passOn);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGTERM', passOn);
      resolve(code ?? (signal === null ? 1 : 128));
    });
  });
}

/** Runs it as one would by hand, with a headline before and its outcome after. */
async function announced(what: string, command: readonly string[]): Promise<boolean> {
  console.log(`\n== ${what}`);
  const start = performance.now();
  const code = await run(command);
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  console.log(`== ${what}: ${code === 0 ? 'ok' : `failed (exit ${code})`}, ${seconds} s`);
  return code === 0;
}

const wanted = process.argv.slice(2);
/** Tests that are run only when asked for, with a command line of their own. */
const apart: Readonly<Record<string, string>> = {
  upstream: 'test/upstream/upstream.ts',
  guest: 'test/guest/run.ts',
};
const program = apart[wanted[0] ?? ''];
if (program !== undefined) {
  // An interrupt is the tests' to answer: they take their cluster away first.
  process.on('SIGINT', () => {});
  process.exit(await run(['node', program, ...wanted.slice(1)], 'inherit'));
}
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0 || wanted.includes('--help')) {
  console.error(`usage: coracle test [STEP...]\nsteps: ${steps.map(({ name }) => name).join(', ')}
not among them: coracle test upstream, Kubernetes' own tests, and coracle test guest, tests in a virtual machine
(see their --help)`);
  process.exit(unknown.length > 0 && !wanted.includes('--help') ? 2 : 0);
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const chosen = steps.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (process.getuid?.() === 0) ensurePrerequisites((line) => console.log(line));

const began = performance.now();
const broken: string[] = [];
const seen: TestReport[] = [];
for (const step of chosen) {
  const green = await announced(step.what, step.command);
  const first = step.tests === undefined ? undefined : readReport(report(step.name));
  if (first !== undefined) seen.push(first);
  if (green) continue;
  const files = first?.failedFiles ?? [];
  const steady =
    step.tests === 'on a machine' &&
    files.length > 0 &&
    (await announced(`${step.what} that failed, once more`, vitest(step.name, `${step.name}-again`, files)));
  if (!steady) broken.push(step.name);
}

const sum = (of: (report: TestReport) => number): number => seen.reduce((total, one) => total + of(one), 0);
const failures = seen.flatMap((one) => one.failures);
for (const failure of failures) console.log(`\n${describeFailure(failure)}`);
console.log(`\nall steps: ${Math.round((performance.now() - began) / 1000)} s`);
if (broken.length > 0) console.log(`failed: ${broken.join(', ')}`);
if (broken.length === 0 && failures.length > 0) {
  console.log('unsteady: what is told above failed at first, and not when it ran by itself. It is a bug all the same.');
}
console.log(`${sum((one) => one.passed)} passed, ${failures.length} failed, ${sum((one) => one.skipped)} skipped`);
process.exit(broken.length === 0 ? 0 : 1);
