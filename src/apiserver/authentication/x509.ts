/**
 * Client certificates: the common name is the user, the organisations are the groups. What the certificate is
 * recognised by goes with the user into the audit log.
 */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { AuthenticationError, type Authenticator, type UserInfo } from '../access.ts';
import { allAuthenticated } from './groups.ts';
import { checkEnd, signedBy, type Authority, type Peer } from './peer.ts';

/** `authority`: whose certificates name users; those of others that TLS trusts (front proxies) do not. */
export function clientCertificates(authority: Authority, clock: Clock): Authenticator {
  /** Signatures are checked once per connection. */
  const known = new WeakMap<TLSSocket, Known | 'none' | AuthenticationError>();
  return {
    async authenticate({ socket }) {
      if (socket === undefined) return undefined;
      let found = known.get(socket);
      if (found === undefined) known.set(socket, (found = identityOf(socket, authority)));
      if (found instanceof AuthenticationError) throw found;
      if (found === 'none') return undefined;
      checkEnd(found.peer, clock.now());
      return found.user;
    },
  };
}

export const credentialId = 'authentication.kubernetes.io/credential-id';

interface Known {
  readonly user: UserInfo;
  readonly peer: Peer;
}

function identityOf(socket: TLSSocket, authority: Authority): Known | 'none' | AuthenticationError {
  const certificate = socket.getPeerCertificate() as PeerCertificate | undefined;
  if (certificate?.subject === undefined) return 'none';
  if (!socket.authorized) {
    return new AuthenticationError(`the client certificate is not trusted: ${String(socket.authorizationError)}`);
  }
  const peer = signedBy(socket, authority);
  if (peer === undefined) return 'none';
  const { commonName: username, organizations, uids, fingerprint } = peer;
  if (username === '') return new AuthenticationError('the client certificate has no common name');
  if (uids.length > 1) {
    return new AuthenticationError(`expected 1 UID, but found multiple: [${uids.join(' ')}]`);
  }
  const [uid] = uids;
  if (uid === '') return new AuthenticationError('UID cannot be an empty string');
  const user: UserInfo = {
    username,
    groups: [...organizations, allAuthenticated],
    ...(uid === undefined ? {} : { uid }),
    extra: { [credentialId]: [`X509SHA256=${fingerprint}`] },
  };
  return { user, peer };
}
