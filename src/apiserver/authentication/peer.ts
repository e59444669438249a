/** The certificate that a client has shown, and which of our authorities has signed it. */
import { createHash, X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { timestamp } from '../../base/clock.ts';
import { AuthenticationError } from '../access.ts';

/** Kubernetes' own object identifier. */
const uidAttribute = '1.3.6.1.4.1.57683.2';

/** Certificates that may sign clients'. */
export type Authority = readonly X509Certificate[];

export interface Peer {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Unique ids of the user that the subject gives; one at most is right. */
  readonly uids: readonly string[];
  /** SHA-256 of the certificate, in lower-case hex. */
  readonly fingerprint: string;
  /** End of the certificate: milliseconds since the epoch. */
  readonly until: number;
}

export function authorityOf(pem: string): Authority {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].map(
    ([one]) => new X509Certificate(one),
  );
}

/** The name that the certificate gives; undefined when it has none, or another authority's signature. */
export function signedBy(socket: TLSSocket, authority: Authority): Peer | undefined {
  const shown = socket.getPeerCertificate(true) as DetailedPeerCertificate | undefined;
  if (shown?.raw === undefined || !socket.authorized) return undefined;
  if (!chainLeadsTo(shown, authority)) return undefined;
  const named = (field: string): readonly string[] =>
    [(shown.subject as unknown as Readonly<Record<string, string | string[]>>)[field] ?? []].flat();
  return {
    commonName: named('CN')[0] ?? '',
    organizations: named('O'),
    uids: named(uidAttribute),
    fingerprint: createHash('sha256').update(shown.raw).digest('hex'),
    until: new X509Certificate(shown.raw).validToDate.getTime(),
  };
}

/** TLS asks for the end of a certificate when the connection begins; it may live longer than that. */
export function checkEnd({ until }: Peer, now: number): void {
  if (now <= until) return;
  throw new AuthenticationError(
    `x509: certificate has expired or is not yet valid: current time ${timestamp(now)} is after ${timestamp(until)}`,
  );
}

/** TLS has checked the chain; here it only matters at which of the authorities it ends. */
function chainLeadsTo(leaf: DetailedPeerCertificate, authority: Authority): boolean {
  let each: DetailedPeerCertificate | undefined = leaf;
  for (let depth = 0; depth < 8 && each?.raw !== undefined; depth += 1) {
    const certificate = new X509Certificate(each.raw);
    if (authority.some((one) => one.fingerprint256 === certificate.fingerprint256)) return true;
    if (authority.some((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey))) return true;
    // A resumed session tells the leaf alone; a root points at itself.
    if (each.issuerCertificate === each) return false;
    each = each.issuerCertificate as DetailedPeerCertificate | undefined;
  }
  return false;
}
