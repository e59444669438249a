/** A server killed while it writes: nothing that was acknowledged is lost, and no revision is used twice. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SqliteJournal } from './journal/sqlite.ts';
import { openStore } from './open-store.ts';
import { Acknowledgements } from './testing/acknowledged.ts';

const program = new URL('./testing/crash-writer.ts', import.meta.url).pathname;

/** Runs the writer until it has acknowledged so many commits, then kills it. */
async function writeAndKill(path: string, commits: number, acknowledged: Acknowledgements): Promise<void> {
  const child = spawn(process.execPath, [program, path, '8'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.note(line);
    seen += 1;
    if (seen === commits) child.kill('SIGKILL');
  }
  await ended;
}

test(
  'kill -9 in a loop under writes loses nothing acknowledged and uses no revision twice',
  { timeout: 60_000 },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'crash-'));
    const path = join(directory, 'store.db');
    const random = seededRandom(7);
    const acknowledged = new Acknowledgements();
    try {
      for (let round = 0; round < 6; round += 1) {
        await writeAndKill(path, 1 + Math.floor(random.next() * 1500), acknowledged);
        const store = await openStore({ journal: new SqliteJournal({ path }), clock: systemClock });
        acknowledged.check(store);
        await store.close();
      }
      expect(acknowledged.count).toBeGreaterThan(1000);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
