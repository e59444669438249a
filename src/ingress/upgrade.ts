/** WebSockets and other upgrades: after the backend has agreed, bytes go both ways untouched. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Backend } from './backends.ts';
import type { Pool } from './http1-client.ts';
import { headText, type Forwarding } from './request-head.ts';
import type { RouteSettings } from './annotations.ts';

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly client: Duplex;
  /** What the client sent behind its head. */
  readonly first: Buffer;
  readonly forwarding: Forwarding;
  readonly settings: RouteSettings;
  readonly backend: Backend;
  readonly clock: Clock;
  /** Called when both sides are done. */
  readonly done: (status: number, bytes: number) => void;
}

export async function forwardUpgrade(upgrade: Upgrade): Promise<void> {
  const { client, backend, settings } = upgrade;
  const tried = new Set<Pool>();
  client.on('error', () => client.destroy());
  while (tried.size < settings.tries) {
    const pool = backend.pick(tried);
    if (pool === undefined) break;
    try {
      const connection = await pool.acquire(settings.connectTimeout);
      join(upgrade, pool, connection.takeSocket());
      return;
    } catch {
      // The next endpoint is tried; when none is left the client hears it.
      backend.failed(pool);
      tried.add(pool);
    }
  }
  const status = tried.size === 0 ? 503 : 502;
  client.end(
    `HTTP/1.1 ${status} ${status === 503 ? 'Service Temporarily Unavailable' : 'Bad Gateway'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
  upgrade.done(status, 0);
}

function join({ request, client, first, forwarding, done }: Upgrade, pool: Pool, backend: Duplex): void {
  let bytes = 0;
  let status = 0;
  pool.active += 1;
  backend.write(headText(request, forwarding), 'latin1');
  if (first.length > 0) backend.write(first);
  backend.once('data', (chunk: Buffer) => {
    status = Number(/^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1', 0, 16))?.[1] ?? 0);
  });
  backend.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  backend.pipe(client);
  client.pipe(backend);
  const close = (): void => {
    client.destroy();
    backend.destroy();
  };
  client.on('close', close);
  backend.on('error', close);
  backend.on('close', () => {
    close();
    pool.active -= 1;
    done(status, bytes);
  });
}
