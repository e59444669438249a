/**
 * `coracle test guest`: makes the guest's disks when they are not there, starts it with a cluster in it, and runs the
 * tests against that. docs/decisions/guest.md says why so.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../src/cli/user-error.ts';
import { readReport } from '../../tools/test-report.ts';
import { lock } from '../support/lock.ts';
import { step } from '../support/tools.ts';
import { guestVariable, placeVariable } from './bed.ts';
import { makeCheckout } from './checkout-disk.ts';
import { Guest } from './guest.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { ensureHostPrograms, ensureRoot, makeEmptyDisk } from './root-disk.ts';
import { cacheVariable, type Workplace, workplaceAt } from './workplace.ts';

const root = join(import.meta.dirname, '..', '..');
const defaultCache = join(root, '.build', 'guest');

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(usage);
    return 0;
  }
  if (process.getuid?.() !== 0)
    throw new UserError('making the root file system of the guest needs root', 'run it as root');
  const place = await workplaceAt(process.env[cacheVariable] ?? defaultCache, signal);
  using _ = lock(join(place.folder, 'lock'), `set ${cacheVariable} to another folder`);
  await ensureHostPrograms();
  await ensureRoot(place);
  const { guest, isNew } = await guestOf(place);
  try {
    if (isNew) await step('starting a cluster in it', () => guest.up());
    return options.shell ? await shell(guest) : await runTests(guest, place, options, signal);
  } finally {
    if (options.keep) tellKept(guest);
    else await guest.kill();
  }
}

/** The one that an earlier run left, or a new one. */
async function guestOf(place: Workplace): Promise<{ readonly guest: Guest; readonly isNew: boolean }> {
  const folder = join(place.folder, 'running');
  if (existsSync(join(folder, 'guest.json'))) {
    const guest = Guest.at(folder);
    if (guest.isRunning && existsSync(join(folder, 'kubeconfig'))) {
      console.log(`the guest of an earlier run goes on (process ${guest.address.pid})`);
      return { guest, isNew: false };
    }
    await guest.kill();
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await step('making a disk of this checkout', () => makeCheckout(place));
  const data = join(folder, 'data.ext4');
  await makeEmptyDisk(place, data);
  const boot = (): Promise<Guest> => Guest.boot({ place, folder, data: { source: data, writes: 'keep' } });
  return { guest: await step('starting the guest', boot), isNew: true };
}

function tellKept(guest: Guest): void {
  const [program = '', ...args] = guest.shellCommand;
  console.log(`\nthe guest is left running: KUBECONFIG=${join(guest.address.folder, 'kubeconfig')}
  into it:   ${program} ${args.join(' ')}
  to end it: kill ${guest.address.pid}`);
}

function shell(guest: Guest): Promise<number> {
  const [program = '', ...args] = guest.shellCommand;
  return exitOf(program, args);
}

/** 0: all that match have passed. Throws UserError when none match. */
async function runTests(guest: Guest, place: Workplace, { focus }: Options, signal: AbortSignal): Promise<number> {
  console.log('');
  const report = join(place.folder, 'report.json');
  rmSync(report, { force: true });
  const filter = focus === undefined ? [] : ['--testNamePattern', focus];
  const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
  const env = { [guestVariable]: guest.address.folder, [placeVariable]: place.folder };
  const code = await exitOf('vitest', ['run', '--project', 'guest', ...reporters, ...filter], env, signal);
  const found = readReport(report);
  if (code === 0 && found?.passed === 0) {
    throw new UserError(`none of the tests match --focus '${focus}'`, "try --focus 'AppArmor'", 2);
  }
  return code;
}

function exitOf(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' });
    signal?.addEventListener('abort', () => void child.kill('SIGTERM'), { once: true });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 130));
  });
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
    console.error(`coracle test guest: ${error.message}${error.remedy === '' ? '' : `\n  ${error.remedy}`}`);
    process.exitCode = error.exitCode;
  } else {
    throw error;
  }
}
