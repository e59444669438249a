/**
 * `coracle test [STEP...]`: everything that must be green, in the order of cost. Without steps, all of them.
 * Each step's output goes to the terminal as it comes; the last line counts the tests.
 *
 * `coracle test upstream [FLAG...]` is not one of them: it builds and runs Kubernetes' own tests, for an hour or so.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePrerequisites } from '../src/cluster/prerequisites.ts';

const root = join(import.meta.dirname, '..');
const reports = join(root, '.build', 'reports');

interface Step {
  readonly name: string;
  readonly what: string;
  readonly command: readonly string[];
  /** Writes a vitest report that is counted at the end. */
  readonly counted?: true;
}

const vitest = (project: string): Step => ({
  name: project,
  what: `${project} tests`,
  command: [
    'vitest',
    'run',
    '--project',
    project,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(reports, `${project}.json`)}`,
  ],
  counted: true,
});

const steps: readonly Step[] = [
  { name: 'layers', what: 'lint rules are those of the layer map', command: ['node', 'tools/layers.ts', '--check'] },
  { name: 'format', what: 'format', command: ['oxfmt', '--check'] },
  { name: 'lint', what: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'types', what: 'types', command: ['tsc', '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'dead-code', what: 'dead code', command: ['knip'] },
  vitest('unit'),
  vitest('api'),
  vitest('root'),
  vitest('conformance'),
  vitest('e2e'),
  { name: 'bench', what: 'short benchmarks', command: ['node', 'test/bench/bench.ts', '--short'] },
];

function run(command: readonly string[]): Promise<number> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    const passOn = (): void => void child.kill('SIGTERM');
    process.on('SIGTERM', passOn);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGTERM', passOn);
      resolve(code ?? (signal === null ? 1 : 128));
    });
  });
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

function count(project: string, counts: Counts): void {
  const report = JSON.parse(readFileSync(join(reports, `${project}.json`), 'utf8')) as Record<string, number>;
  counts.passed += report['numPassedTests'] ?? 0;
  counts.failed += report['numFailedTests'] ?? 0;
  counts.skipped += (report['numPendingTests'] ?? 0) + (report['numTodoTests'] ?? 0);
}

const wanted = process.argv.slice(2);
if (wanted[0] === 'upstream') {
  // An interrupt is the tests' to answer: they take their cluster away first.
  process.on('SIGINT', () => {});
  process.exit(await run(['node', 'test/upstream/upstream.ts', ...wanted.slice(1)]));
}
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0 || wanted.includes('--help')) {
  console.error(`usage: coracle test [STEP...]\nsteps: ${steps.map(({ name }) => name).join(', ')}
not among them: coracle test upstream, Kubernetes' own tests (see its --help)`);
  process.exit(unknown.length > 0 && !wanted.includes('--help') ? 2 : 0);
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const chosen = steps.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (process.getuid?.() === 0) ensurePrerequisites((line) => console.log(line));

const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
const broken: string[] = [];
const began = performance.now();
for (const step of chosen) {
  console.log(`\n== ${step.what}`);
  const start = performance.now();
  const code = await run(step.command);
  console.log(
    `== ${step.what}: ${code === 0 ? 'ok' : `failed (exit ${code})`}, ${Math.round((performance.now() - start) / 100) / 10} s`,
  );
  if (code !== 0) broken.push(step.name);
  if (step.counted === true) count(step.name, counts);
}

console.log(`\nall steps: ${Math.round((performance.now() - began) / 1000)} s`);
if (broken.length > 0) console.log(`failed: ${broken.join(', ')}`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(broken.length === 0 ? 0 : 1);
