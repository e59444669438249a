/** The client over the network. */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Client } from './client.ts';
import type { ClusterAccess } from './credentials.ts';
import { HttpsTransport } from './https-transport.ts';
import { RestClient } from './rest-client.ts';

export interface HttpsClientOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly random?: Random;
  readonly userAgent?: string;
  /** Milliseconds for a whole request, watches excepted. Default 60,000. */
  readonly timeout?: number;
}

export interface HttpsClient extends Client {
  /** Closes the connections; what is under way fails. */
  close(): Promise<void>;
}

export function createHttpsClient(options: HttpsClientOptions): HttpsClient {
  const { access, clock, ...rest } = options;
  const transport = new HttpsTransport(access, clock);
  return Object.assign(new RestClient({ ...rest, transport, clock }), { close: () => transport.close() });
}
