/** The server that api.ts measures: the API over TLS on a durable journal, and nothing else. Runs as a bundle. */
import { join } from 'node:path';
import { startHarness } from '../api/harness.ts';
import { createAudit, type Audit } from '../../src/apiserver/audit/audit.ts';
import { FileLog } from '../../src/apiserver/audit/file-log.ts';
import { readAuditPolicy } from '../../src/apiserver/audit/policy.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
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

/** CPU time since the start, in microseconds; the answer to any message. */
export interface ServerUsage {
  /** All threads: with the journal's, the garbage collector's, and those that compress. */
  readonly process: number;
  /** The thread that answers requests. */
  readonly main: number;
}

const [directory = '.', level = ''] = process.argv.slice(2);
const journal = new SqliteJournal({ path: join(directory, 'state.db') });
const store = await openStore({ journal, clock: systemClock });
const harness = await startHarness({ store, ...(level === '' ? {} : { audit: await auditAt(level) }) });

/** Everything in the log, at this level. */
async function auditAt(wanted: string): Promise<Audit> {
  const policy = await readAuditPolicy(`apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: ${wanted}}]\n`);
  const log = new FileLog({ path: join(directory, 'audit.log'), clock: systemClock, logger: silentLogger });
  return createAudit({ policy, clock: systemClock, random: systemRandom, write: (line) => log.write(line) });
}
const sum = ({ user, system }: NodeJS.CpuUsage): number => user + system;
process.on('message', () => {
  const usage: ServerUsage = { process: sum(process.cpuUsage()), main: sum(process.threadCpuUsage()) };
  process.send?.(usage);
});
process.once('SIGTERM', () => void harness.stop().then(() => process.exit(0)));
// Whoever measures is gone: nobody else would end this process.
process.once('disconnect', () => process.exit(1));
process.send?.({
  port: harness.port,
  ca: harness.ca.certificate,
  key: harness.admin.key,
  cert: harness.admin.certificate,
  rss: process.memoryUsage().rss,
} satisfies ServerReady);
