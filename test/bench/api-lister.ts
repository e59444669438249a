/** Lists everything again and again, in a process of its own: what it does with the answers must not slow the others. */
import { once } from 'node:events';
import { Client } from './api-client.ts';
import type { ServerReady } from './api-server.ts';

export interface Listing {
  readonly ready: ServerReady;
  readonly path: string;
  readonly headers: Record<string, string>;
}

process.once('disconnect', () => process.exit(1));
const [{ ready, path, headers }] = (await once(process, 'message')) as [Listing];
const client = new Client(ready, 1);
await client.call('GET', path, undefined, headers);
process.send?.('listing');
// Until it is ended from outside.
for (;;) await client.call('GET', path, undefined, headers);
