/** Lists everything again and again, in a process of its own: what it does with the answers must not slow the others. */
import { Client } from './api-client.ts';
import type { ServerReady } from './api-server.ts';

export interface Listing {
  readonly ready: ServerReady;
  readonly path: string;
  readonly headers: Record<string, string>;
}

process.once('message', async ({ ready, path, headers }: Listing) => {
  const client = new Client(ready, 1);
  await client.call('GET', path, undefined, headers);
  process.send?.('listing');
  for (;;) await client.call('GET', path, undefined, headers);
});
