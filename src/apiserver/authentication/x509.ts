/** Client certificates: the common name is the user, the organisations are the groups. */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { AuthenticationError, type Authenticator, type UserInfo } from '../access.ts';
import { allAuthenticated } from './groups.ts';
import { signedBy, type Authority } from './peer.ts';

/** `authority`: whose certificates name users; those of others that TLS trusts (front proxies) do not. */
export function clientCertificates(authority: Authority): Authenticator {
  /** Certificates are checked once per connection. */
  const known = new WeakMap<TLSSocket, UserInfo | 'none' | AuthenticationError>();
  return {
    authenticate: ({ socket }) => {
      if (socket === undefined) return Promise.resolve(undefined);
      let found = known.get(socket);
      if (found === undefined) known.set(socket, (found = identityOf(socket, authority)));
      if (found instanceof AuthenticationError) return Promise.reject(found);
      return Promise.resolve(found === 'none' ? undefined : found);
    },
  };
}

function identityOf(socket: TLSSocket, authority: Authority): UserInfo | 'none' | AuthenticationError {
  const certificate = socket.getPeerCertificate() as PeerCertificate | undefined;
  if (certificate?.subject === undefined) return 'none';
  if (!socket.authorized) {
    return new AuthenticationError(`the client certificate is not trusted: ${String(socket.authorizationError)}`);
  }
  const peer = signedBy(socket, authority);
  if (peer === undefined) return 'none';
  const { commonName: username, organizations } = peer;
  if (username === '') return new AuthenticationError('the client certificate has no common name');
  return { username, groups: [...organizations, allAuthenticated] };
}
