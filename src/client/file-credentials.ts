/** Credentials in files that others renew: mounted service account tokens, an agent's certificate. */
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import type { Credentials, TlsMaterial } from './credentials.ts';

/** Milliseconds for which a token that was read is used without looking again. */
const freshness = 60_000;

export interface CredentialFiles {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
}

/**
 * Reads certificate and key for every new connection, and the token once a minute or when it is refused. Being
 * refused is worth another attempt when the token was an old one, or the certificate's file has changed since.
 */
export function fileCredentials(files: CredentialFiles, clock: Clock): Credentials {
  let stamp: number | undefined;
  const stampNow = (): number | undefined =>
    files.certificate === undefined ? undefined : statSync(files.certificate, { throwIfNoEntry: false })?.mtimeMs;
  let known: { readonly token: string; readonly at: number } | undefined;
  return {
    async tls(): Promise<TlsMaterial> {
      const { certificate, key } = files;
      stamp = stampNow();
      return {
        ...(certificate !== undefined && { certificate: await readFile(certificate) }),
        ...(key !== undefined && { key: await readFile(key) }),
      };
    },
    async token(): Promise<string | undefined> {
      if (files.token === undefined) return undefined;
      if (known !== undefined && clock.monotonic() - known.at < freshness) return known.token;
      const token = (await readFile(files.token, 'utf8')).trim();
      known = { token, at: clock.monotonic() };
      return token;
    },
    refused(): boolean {
      const again = known !== undefined || stampNow() !== stamp;
      known = undefined;
      return again;
    },
  };
}
