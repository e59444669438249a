/**
 * All benchmarks, one after the other: `npm run bench`, or `--short` for what CI runs. Prints the rows and writes
 * them to .build/bench/NAME.json, so that two commits can be compared.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

interface Bench {
  readonly name: string;
  readonly args: readonly string[];
  /** How it is asked to be brief; left out of the short form when it can't. */
  readonly short?: readonly string[];
  readonly root?: true;
}

const benches: readonly Bench[] = [
  { name: 'cluster', args: [], short: ['--short'], root: true },
  { name: 'scale', args: [], short: ['--short'], root: true },
  { name: 'control-plane', args: [], short: ['--short'] },
  { name: 'store', args: [] },
  { name: 'api', args: [], short: ['--quick'] },
  { name: 'client', args: [] },
  { name: 'runtime', args: [], root: true },
  { name: 'streams', args: [], root: true },
  { name: 'proxy', args: [], root: true },
  { name: 'dns', args: [] },
  { name: 'ingress', args: [] },
];

const short = process.argv.includes('--short');
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const results = join(import.meta.dirname, '..', '..', '.build', 'bench');
mkdirSync(results, { recursive: true });

let failed = 0;
for (const { name, args, short: brief, root } of benches) {
  if (wanted.length > 0 ? !wanted.includes(name) : short && brief === undefined) continue;
  if (root === true && process.getuid?.() !== 0) {
    console.log(`\n== ${name}: left out, it needs root`);
    continue;
  }
  console.log(`\n== ${name}`);
  const program = join(import.meta.dirname, `${name}.ts`);
  const { status } = spawnSync(
    process.execPath,
    [program, ...(short ? (brief ?? []) : args), '--json', join(results, `${name}.json`)],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: 900_000,
    },
  );
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
