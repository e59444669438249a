/** As whom the audit asks: certificates that are good for an hour and are never written down. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../pki/certificate.ts';
import { readKeyPair } from '../credentials/credentials.ts';

export interface Identities {
  readonly administrator: KeyPair;
  /** Known, but without any right of its own. */
  readonly stranger: KeyPair;
  /** A node that is not there. */
  readonly strangeNode: KeyPair;
  /** Says that it is in system:masters, but another authority signed that. */
  readonly foreigner: KeyPair;
}

export const strangerName = 'coracle-audit';
export const strangeNodeName = 'coracle-audit';
const hour = 3_600_000;

export async function makeIdentities(pki: string, clock: Clock, random: Random): Promise<Identities> {
  const validity = { from: clock.now() - 60_000, until: clock.now() + hour };
  const authority = readKeyPair(pki, 'ca');
  const foreign = await createAuthority('kubernetes', validity, random);
  const issue = (from: KeyPair, commonName: string, ...organizations: string[]): Promise<KeyPair> =>
    issueCertificate(from, { commonName, organizations, usages: ['client'] }, validity, random);
  return {
    administrator: readKeyPair(pki, 'admin'),
    stranger: await issue(authority, strangerName),
    strangeNode: await issue(authority, `system:node:${strangeNodeName}`, 'system:nodes'),
    foreigner: await issue(foreign, 'kubernetes-admin', 'system:masters'),
  };
}
