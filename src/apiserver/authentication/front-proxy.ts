/**
 * Requests that a proxy has authenticated: it shows a certificate of the front proxy's authority, and says who
 * asks in headers. Nobody else's headers count.
 */
import type { IncomingHttpHeaders } from 'node:http2';
import type { Clock } from '../../base/clock.ts';
import { AuthenticationError, type Authenticator } from '../access.ts';
import { allAuthenticated } from './groups.ts';
import { extraKeyOf, valuesOf } from './headers.ts';
import { checkEnd, signedBy, type Authority } from './peer.ts';

export interface FrontProxyOptions {
  readonly authority: Authority;
  /** Common names that may speak for others; any, when empty. */
  readonly allowedNames: readonly string[];
  readonly clock: Clock;
}

const extraPrefix = 'x-remote-extra-';

export function frontProxy({ authority, allowedNames, clock }: FrontProxyOptions): Authenticator {
  return {
    async authenticate({ headers, socket }) {
      const [username] = valuesOf(headers['x-remote-user']);
      if (username === undefined || socket === undefined) return undefined;
      const certificate = signedBy(socket, authority);
      if (certificate === undefined) return undefined;
      if (allowedNames.length > 0 && !allowedNames.includes(certificate.commonName)) {
        throw new AuthenticationError(`x509: subject with cn=${certificate.commonName} is not in the allowed list`);
      }
      checkEnd(certificate, clock.now());
      const extra = extraOf(headers);
      const [uid] = valuesOf(headers['x-remote-uid']);
      return {
        username,
        groups: [...new Set([...valuesOf(headers['x-remote-group']), allAuthenticated])],
        ...(uid === undefined ? {} : { uid }),
        ...(Object.keys(extra).length === 0 ? {} : { extra }),
      };
    },
  };
}

function extraOf(headers: IncomingHttpHeaders): Record<string, readonly string[]> {
  const extra: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(extraPrefix)) extra[extraKeyOf(name.slice(extraPrefix.length))] = valuesOf(value);
  }
  return extra;
}
