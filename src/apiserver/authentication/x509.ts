/** Client certificates: the common name is the user, the organisations are the groups. */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { AuthenticationError, type Authenticator, type UserInfo } from '../access.ts';

/** Certificates are checked once per connection. */
const known = new WeakMap<TLSSocket, UserInfo | 'none' | AuthenticationError>();

export function clientCertificates(): Authenticator {
  return {
    authenticate: ({ socket }) => {
      if (socket === undefined) return Promise.resolve(undefined);
      let found = known.get(socket);
      if (found === undefined) known.set(socket, (found = identityOf(socket)));
      if (found instanceof AuthenticationError) return Promise.reject(found);
      return Promise.resolve(found === 'none' ? undefined : found);
    },
  };
}

function identityOf(socket: TLSSocket): UserInfo | 'none' | AuthenticationError {
  const certificate = socket.getPeerCertificate() as PeerCertificate | undefined;
  if (certificate?.subject === undefined) return 'none';
  if (!socket.authorized) {
    return new AuthenticationError(`the client certificate is not trusted: ${String(socket.authorizationError)}`);
  }
  const { CN, O } = certificate.subject as { readonly CN?: string | string[]; readonly O?: string | string[] };
  const [username = ''] = [CN ?? ''].flat();
  if (username === '') return new AuthenticationError('the client certificate has no common name');
  const groups = O === undefined ? [] : [O].flat();
  return { username, groups: [...groups, 'system:authenticated'] };
}
