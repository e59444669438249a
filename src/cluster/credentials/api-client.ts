/** The cluster's API over HTTPS, as one of the identities in a folder of certificates. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { fileCredentials } from '../../client/file-credentials.ts';
import { createHttpsClient, type HttpsClient } from '../../client/https-client.ts';
import { combinedPath } from '../joining/certificates.ts';
import { certificatePath, keyPath } from './credentials.ts';

export interface ApiClientOptions {
  /** Folder of the certificates. */
  readonly pki: string;
  /** Such as `https://127.0.0.1:6443`. */
  readonly server: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Certificate and key are one file, as on machines that have joined. */
  readonly combined?: boolean;
}

/** `identity` names the certificate. */
export function apiClient(
  { pki, server, clock, random, combined = false }: ApiClientOptions,
  identity: string,
): HttpsClient {
  // Read for every new connection: certificates are renewed while everything runs.
  const both = combinedPath(pki, identity);
  const files = combined
    ? { certificate: both, key: both }
    : { certificate: certificatePath(pki, identity), key: keyPath(pki, identity) };
  return createHttpsClient({
    access: {
      server,
      certificateAuthority: readFileSync(certificatePath(pki, 'ca'), 'utf8'),
      credentials: fileCredentials(files, clock),
    },
    clock,
    random,
    userAgent: `coracle/${identity}`,
  });
}
