/** `coracle secrets`: new keys for Secrets on the disk, while the server runs or without it. */
import { join } from 'node:path';
import { methodNotAllowed } from '../../apiserver/errors.ts';
import type { Exchange } from '../../apiserver/http/exchange.ts';
import { sendJson } from '../../apiserver/http/respond.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { RotatedSecrets } from '../../cli/manager.ts';
import { SqliteJournal } from '../../store/journal/sqlite.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import type { Layout } from '../layout.ts';
import { journalProgram } from './journal-program.ts';
import { rotatePath } from './rotation.ts';
import { SecretKeys } from './secret-keys.ts';

export function secretsPages(secrets: SecretKeys, store: Store): ReadonlyMap<string, (exchange: Exchange) => unknown> {
  let running: Promise<number> | undefined;
  return new Map([
    [
      rotatePath,
      async (exchange: Exchange) => {
        if (exchange.method !== 'POST') throw methodNotAllowed();
        // Two at the same time would be one too many: the second waits for the first's result.
        running ??= secrets.rotate(store).finally(() => (running = undefined));
        sendJson(exchange, 200, { rewritten: await running, key: secrets.current.id } satisfies RotatedSecrets);
      },
    ],
  ]);
}

export interface StoppedCluster {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly random: Random;
}

/** For a cluster that does not run: the database is opened here. */
export async function rotateStopped({ layout, clock, random }: StoppedCluster): Promise<RotatedSecrets> {
  const secrets = new SecretKeys({ folder: layout.pki, clock, random });
  const journal = new SqliteJournal({ path: join(layout.store, 'state.db'), ...journalProgram() });
  const store = await openStore({ journal, codec: secrets.codec, clock });
  try {
    return { rewritten: await secrets.rotate(store), key: secrets.current.id };
  } finally {
    await store.close();
  }
}
