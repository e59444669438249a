/** A certificate authority with one server and one client certificate, for tests. */
import { systemRandom } from '../../base/random.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../pki/certificate.ts';

export interface TestCertificates {
  readonly authority: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
}

const validity = { from: 0, until: 4_000_000_000_000 };

export async function testCertificates(clientName: string): Promise<TestCertificates> {
  const authority = await createAuthority('test authority', validity, systemRandom);
  const server = { commonName: 'node', addresses: ['127.0.0.1'], usages: ['server'] } as const;
  const client = { commonName: clientName, usages: ['client'] } as const;
  return {
    authority: authority.certificate,
    server: await issueCertificate(authority, server, validity, systemRandom),
    client: await issueCertificate(authority, client, validity, systemRandom),
  };
}
