import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { canRunContainers, openTestBed } from './testing/test-bed.ts';

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

  test(
    'containers are what the record says, started at most once, and nothing leaks',
    { timeout: 300_000 },
    async () => {
      for (let seed = firstSeed; seed < firstSeed + rounds; seed += 1) {
        await killAgentMidway(folder, seed);
        const bed = await openTestBed({ name: 'crash', podCidr: '10.97.12.0/24', folder });
        const containers = await bed.runtime.listContainers();
        const sandboxes = await bed.runtime.listPodSandboxes();
        const known = [...containers, ...sandboxes].map((each) => each.id);
        expect(bed.leaks(known), `leaks after seed ${seed}`).toEqual([]);
        for (const container of containers) {
          const starts = startsOf(container.labels['name'] ?? '');
          const what = `seed ${seed}: ${container.state} ${container.reason}`;
          expect(starts, what).toBeLessThanOrEqual(1);
          if (container.state === 'created') expect(starts, what).toBe(0);
          if (container.state === 'running') {
            expect(existsSync(`/proc/${container.pid}`), what).toBe(true);
            const { stdout } = await bed.runtime.execSync(container.id, ['echo', 'here'], 20);
            expect(Buffer.from(stdout).toString(), what).toBe('here\n');
          }
          // What had not run can still be started.
          if (container.state === 'created') await bed.runtime.startContainer(container.id);
        }
        for (const { id } of sandboxes) await bed.runtime.removePodSandbox(id);
        expect(bed.leaks(), `leaks after seed ${seed} and removal`).toEqual([]);
        if (seed === firstSeed + rounds - 1) await bed.destroy();
        else await bed.close();
      }
    },
  );
});

async function killAgentMidway(folder: string, seed: number): Promise<void> {
  const script = new URL('testing/crashing-agent.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, folder, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  await systemClock.sleep(seededRandom(seed * 7919).next() * 600);
  expect(child.exitCode, `the agent of seed ${seed} ended by itself`).toBe(null);
  child.kill('SIGKILL');
  await once(child, 'exit');
}
