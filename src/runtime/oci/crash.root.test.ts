import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import type { ContainerStatus } from '../runtime.ts';
import { canRunContainers, openTestBed, type TestBed } from './testing/test-bed.ts';

const rounds = Number(process.env['CRASH_ROUNDS'] ?? 12);
const firstSeed = Number(process.env['CRASH_SEED'] ?? 1);

describe.skipIf(!canRunContainers)('an agent killed at any step of pods lives', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'coracle-crash-'));
    mkdirSync(join(folder, 'counts'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const startsOf = (name: string): number => {
    const file = join(folder, 'counts', name);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
  };

  /** What is wrong with a container that was found; empty when it is what it says. */
  async function faultsOf(bed: TestBed, container: ContainerStatus): Promise<readonly string[]> {
    const starts = startsOf(container.labels['name'] ?? '');
    const faults = starts > 1 ? [`started ${starts} times`] : [];
    if (container.state === 'created' && starts > 0) faults.push('said not to have been started, but was');
    if (container.state === 'created') await bed.runtime.startContainer(container.id);
    if (container.state === 'running') faults.push(...(await faultsOfRunning(bed, container)));
    return faults;
  }

  async function faultsOfRunning(bed: TestBed, container: ContainerStatus): Promise<readonly string[]> {
    const faults: string[] = [];
    if (!existsSync(`/proc/${container.pid}`)) faults.push('said to run, but does not');
    // It may end on its own at any time.
    const result = await bed.runtime.execSync(container.id, ['echo', 'here'], 20).catch(() => undefined);
    const ended = (await bed.runtime.containerStatus(container.id))?.state === 'exited';
    if (!ended && Buffer.from(result?.stdout ?? '').toString() !== 'here\n') faults.push('runs, but executes nothing');
    return faults;
  }

  test(
    'containers are what the record says, started at most once, and nothing leaks',
    { timeout: 300_000 + rounds * 20_000 },
    async () => {
      const faults: string[] = [];
      for (let seed = firstSeed; seed < firstSeed + rounds; seed += 1) {
        if (await killAgentMidway(folder, seed)) faults.push(`seed ${seed}: the agent ended by itself`);
        const again = await killRecoveries(folder, seed);
        faults.push(...again.map((fault) => `seed ${seed}: ${fault}`));
        const bed = await openTestBed({ name: 'crash', podCidr: '10.97.12.0/24', folder });
        const containers = await bed.runtime.listContainers();
        const sandboxes = await bed.runtime.listPodSandboxes();
        const leaks = (known: readonly string[]): void =>
          void faults.push(...bed.leaks(known).map(({ kind, what }) => `seed ${seed}: left ${kind} ${what}`));
        const found = [...containers, ...sandboxes].map((each) => each.id);
        leaks(found);
        faults.push(...lost(folder, found).map((what) => `seed ${seed}: lost ${what}`));
        for (const container of containers) {
          faults.push(...(await faultsOf(bed, container)).map((fault) => `seed ${seed}: ${container.id} ${fault}`));
        }
        for (const { id } of sandboxes) await bed.runtime.removePodSandbox(id);
        leaks([]);
        await (seed === firstSeed + rounds - 1 ? bed.destroy() : bed.close());
      }
      expect(faults).toEqual([]);
    },
  );
});

function startAgent(folder: string, seed: number): ChildProcessByStdio<null, Readable, null> {
  const script = new URL('testing/crashing-agent.ts', import.meta.url).pathname;
  return spawn(process.execPath, [script, folder, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Whether the agent had ended before it was killed, which it must not. */
async function killAfter(child: ChildProcess, milliseconds: number): Promise<boolean> {
  await systemClock.sleep(milliseconds);
  if (child.exitCode !== null) return true;
  child.kill('SIGKILL');
  await once(child, 'exit');
  return false;
}

/** Kills an agent at its work. */
async function killAgentMidway(folder: string, seed: number): Promise<boolean> {
  const child = startAgent(folder, seed);
  for (let text = ''; !text.includes('ready') && child.exitCode === null;) {
    text += String((await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]))[0]);
  }
  return killAfter(child, seededRandom(seed * 7919).next() * 600);
}

/** Kills up to three of its successors, each while it still cleans up after the one before; returns what went wrong. */
async function killRecoveries(folder: string, seed: number): Promise<readonly string[]> {
  const random = seededRandom(seed * 104_729);
  const faults: string[] = [];
  for (let left = Math.floor(random.next() * 4); left > 0; left -= 1) {
    const child = startAgent(folder, seed + left * 1_000_000);
    // Its first word comes when its modules are loaded, before it recovers.
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    if (await killAfter(child, random.next() * 250)) faults.push('a successor ended by itself');
  }
  return faults;
}

/** What the agents were told is there, did not take away, and is not among what was found. */
function lost(folder: string, found: readonly string[]): readonly string[] {
  const journal = join(folder, 'journal');
  if (!existsSync(journal)) return [];
  const kept = new Map<string, string>();
  for (const line of readFileSync(journal, 'utf8').trim().split('\n')) {
    const [word = '', id = ''] = line.split(' ');
    if (word === 'leave') kept.delete(id);
    else kept.set(id, line);
  }
  rmSync(journal);
  return [...kept].filter(([id]) => !found.includes(id)).map(([, line]) => line);
}
