import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    { timeout: 600_000 },
    async () => {
      const faults: string[] = [];
      for (let seed = firstSeed; seed < firstSeed + rounds; seed += 1) {
        if (await killAgentMidway(folder, seed)) faults.push(`seed ${seed}: the agent ended by itself`);
        const bed = await openTestBed({ name: 'crash', podCidr: '10.97.12.0/24', folder });
        const containers = await bed.runtime.listContainers();
        const sandboxes = await bed.runtime.listPodSandboxes();
        const leaks = (known: readonly string[]): void =>
          void faults.push(...bed.leaks(known).map(({ kind, what }) => `seed ${seed}: left ${kind} ${what}`));
        leaks([...containers, ...sandboxes].map((each) => each.id));
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

/** Whether the agent had ended before it was killed, which it must not. */
async function killAgentMidway(folder: string, seed: number): Promise<boolean> {
  const script = new URL('testing/crashing-agent.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, folder, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  await systemClock.sleep(seededRandom(seed * 7919).next() * 600);
  if (child.exitCode !== null) return true;
  child.kill('SIGKILL');
  await once(child, 'exit');
  return false;
}
