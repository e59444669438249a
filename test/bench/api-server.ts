/** The server that api.ts measures: the API over TLS on a durable journal, and nothing else. */
import { join } from 'node:path';
import { startHarness } from '../api/harness.ts';
import { systemClock } from '../../src/base/clock.ts';
import { SqliteJournal } from '../../src/store/journal/sqlite.ts';
import { openStore } from '../../src/store/open-store.ts';

export interface ServerReady {
  readonly port: number;
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
  readonly rss: number;
}

const [directory = '.'] = process.argv.slice(2);
const journal = new SqliteJournal({ path: join(directory, 'state.db') });
const store = await openStore({ journal, clock: systemClock });
const harness = await startHarness({ store });
process.once('SIGTERM', () => void harness.stop().then(() => process.exit(0)));
process.send?.({
  port: harness.port,
  ca: harness.ca.certificate,
  key: harness.admin.key,
  cert: harness.admin.certificate,
  rss: process.memoryUsage().rss,
} satisfies ServerReady);
