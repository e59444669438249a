/** What the process sees of itself and its surroundings: environment, memory, names. */
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
