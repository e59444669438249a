/**
 * A process that writes until it is killed: `node crash-writer.ts FILE WRITERS [COMMITS]`. For each commit that
 * was acknowledged it prints one line, `key revision value`, and only then writes that key again.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import { SqliteJournal } from '../journal/sqlite.ts';
import { openStore } from '../open-store.ts';

const [path = '', writers = '1', commits = 'Infinity'] = process.argv.slice(2);
const store = await openStore({ journal: new SqliteJournal({ path, lockTimeout: 5000 }), clock: systemClock });
writeSync(1, `opened ${store.revision}\n`);
let left = Number(commits);

async function write(writer: number): Promise<void> {
  for (let n = 0; left > 0; n += 1) {
    left -= 1;
    const key = `writer-${writer}/${n % 20}`;
    const value = { n, text: 'x'.repeat((n * 37) % 3000) };
    const { revision } =
      n % 7 === 6
        ? await store.commit([{ type: 'delete', key, expect: 'any' }])
        : await store.commit([{ type: 'put', key, value, bytes: Buffer.from(JSON.stringify(value)), expect: 'any' }]);
    writeSync(1, `${key} ${revision} ${n % 7 === 6 ? 'deleted' : n}\n`);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
await store.close();
