/** The running cluster, asked as its administrator. */
import { UserError } from '../../cli/user-error.ts';
import type { HttpsClient } from '../../client/https-client.ts';
import { ConnectionError } from '../../client/transport.ts';
import { apiClient } from '../credentials/api-client.ts';
import type { CommandEnvironment } from '../environment.ts';
import type { Layout } from '../layout.ts';
import { requireServer, type ClusterSettings } from '../settings/settings.ts';

/** What it takes to ask. */
export type Asking = Omit<CommandEnvironment, 'programs'>;

/** Does something through the API of this machine's cluster. Throws a UserError when that is not running. */
export async function asAdministrator<T>(
  { layout, clock, random }: Asking,
  work: (client: HttpsClient, settings: ClusterSettings) => Promise<T>,
): Promise<T> {
  const settings = requireServer(layout);
  const server = `https://127.0.0.1:${settings.port}`;
  const client = apiClient({ pki: layout.pki, server, clock, random }, 'admin');
  try {
    return await work(client, settings);
  } catch (error) {
    throw error instanceof ConnectionError && error.isRefused ? notRunning(layout) : error;
  } finally {
    await client.close();
  }
}

/** One request; the answer's JSON. Throws a UserError when it is not 200. */
export function askCluster(asking: Asking, path: string, method: 'GET' | 'POST' | 'DELETE' = 'GET'): Promise<unknown> {
  return asAdministrator(asking, async (client) => {
    const answer = await client.request({ method, path });
    const text = Buffer.from(answer.body).toString();
    if (answer.status !== 200) throw new UserError(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as unknown;
  });
}

export function notRunning(layout: Layout): UserError {
  return new UserError(`cluster ${layout.name} is not running`, `start it with: ${layout.command('up')}`);
}
