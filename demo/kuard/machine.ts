/** What the process sees of itself and its surroundings: environment, memory, names. */
import { promises as dns } from 'node:dns';
import { HttpError, json, type Router } from './router.ts';

const maxAllocation = 4 * 1024 ** 3;

export function addEnvironment(router: Router, base: string): void {
  router.on('GET', `${base}/api`, () => json({ commandLine: process.argv.slice(1), env: { ...process.env } }));
}

/** Memory can be taken and given back, to see limits at work. */
export function addMemory(router: Router, base: string): void {
  let taken: Buffer[] = [];
  router.on('GET', `${base}/api`, () => {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    return json({ memStats: { Alloc: heapUsed + external, HeapAlloc: heapUsed, HeapSys: heapTotal, Sys: rss } });
  });
  router.on('POST', `${base}/api/alloc`, ({ url }) => {
    const size = Number(url.searchParams.get('size') ?? Number.NaN);
    if (!Number.isInteger(size) || size < 0 || size > maxAllocation) throw new HttpError(400, 'bad size param');
    // Filled: memory that was never written to takes no room.
    taken.push(Buffer.alloc(size, 'x'));
    return { body: '' };
  });
  router.on('POST', `${base}/api/clear`, () => {
    taken = [];
    return { body: '' };
  });
}

export function addDns(router: Router, base: string): void {
  router.on('POST', `${base}/api`, async (request) => {
    const { type = 'A', name = '' } = JSON.parse(await request.body()) as { type?: string; name?: string };
    if (!/^[A-Za-z]{1,5}$/.test(type)) throw new HttpError(400, `Unknown DNS type: ${type}`);
    try {
      const records: unknown = await dns.resolve(name, type.toUpperCase());
      const lines = (Array.isArray(records) ? records : [records]).map(
        (record) => `${name}.\tIN\t${type.toUpperCase()}\t${render(record)}`,
      );
      return json({ result: `;; ANSWER SECTION:\n${lines.join('\n')}\n` });
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (code === 'ERR_INVALID_ARG_VALUE') throw new HttpError(400, `Unknown DNS type: ${type}`);
      return json({ result: `;; status: ${code === 'ENOTFOUND' ? 'NXDOMAIN' : code}\n;; ${message}\n` });
    }
  });
}

function render(record: unknown): string {
  if (typeof record === 'string') return record;
  if (Array.isArray(record)) return record.map((part) => JSON.stringify(part)).join(' ');
  return Object.values(record as object).join(' ');
}
