/** One request to the running cluster, as its administrator. */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { UserError } from '../cli/user-error.ts';
import { apiClient } from './api-client.ts';
import type { Layout } from './layout.ts';
import { requireServer } from './settings.ts';

export interface Askable {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly random: Random;
}

/** The answer's JSON. Throws a UserError when it is not 200. */
export async function askCluster(
  { layout, clock, random }: Askable,
  path: string,
  method: 'GET' | 'POST' | 'DELETE' = 'GET',
): Promise<unknown> {
  const settings = requireServer(layout);
  const server = `https://127.0.0.1:${settings.port}`;
  const client = apiClient({ pki: layout.pki, server, clock, random }, 'admin');
  try {
    const answer = await client.request({ method, path });
    const text = Buffer.from(answer.body).toString();
    if (answer.status !== 200) throw new UserError(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as unknown;
  } finally {
    await client.close();
  }
}
