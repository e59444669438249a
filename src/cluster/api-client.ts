/** The cluster's API over HTTPS, as one of the identities in a folder of certificates. */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { fileCredentials } from '../client/file-credentials.ts';
import { createHttpsClient, type HttpsClient } from '../client/https-client.ts';
import { certificatePath, keyPath, readKeyPair } from './credentials.ts';

export interface ApiClientOptions {
  /** Folder of the certificates. */
  readonly pki: string;
  /** Such as `https://127.0.0.1:6443`. */
  readonly server: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** `identity` names the certificate. */
export function apiClient({ pki, server, clock, random }: ApiClientOptions, identity: string): HttpsClient {
  // Read for every new connection: certificates are renewed while everything runs.
  const files = { certificate: certificatePath(pki, identity), key: keyPath(pki, identity) };
  return createHttpsClient({
    access: {
      server,
      certificateAuthority: readKeyPair(pki, 'ca').certificate,
      credentials: fileCredentials(files, clock),
    },
    clock,
    random,
    userAgent: `coracle/${identity}`,
  });
}
