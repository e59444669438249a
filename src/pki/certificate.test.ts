import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import {
  coversNames,
  createAuthority,
  createSigningRequest,
  expiryOf,
  issueCertificate,
  readSigningRequest,
  signRequest,
} from './certificate.ts';

const random = seededRandom(1);
const validity = { from: 1_767_225_600_000, until: 1_798_761_600_000 };

describe('certificates', () => {
  test('an issued certificate chains to its authority and names user, groups and hosts', async () => {
    const authority = await createAuthority('kubernetes', validity, random);
    const issued = await issueCertificate(
      authority,
      {
        commonName: 'system:node:one',
        organizations: ['system:nodes', 'other'],
        dnsNames: ['one'],
        addresses: ['10.96.0.1', '::1'],
        usages: ['client', 'server'],
      },
      validity,
      random,
    );
    const certificate = new X509Certificate(issued.certificate);
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(certificate.subject.split('\n')).toEqual(['O=system:nodes', 'O=other', 'CN=system:node:one']);
    expect(coversNames(issued.certificate, { dnsNames: ['one'], addresses: ['10.96.0.1', '::1'] })).toBe(true);
    expect(coversNames(issued.certificate, { addresses: ['10.96.0.2'] })).toBe(false);
    expect(expiryOf(issued.certificate)).toBe(validity.until);
  });

  test('a signing request is read back and signed with what was granted, not what was asked', async () => {
    const authority = await createAuthority('kubernetes', validity, random);
    const { request } = await createSigningRequest({ commonName: 'jane', organizations: ['dev'], dnsNames: ['x'] });
    expect(await readSigningRequest(request)).toMatchObject({
      commonName: 'jane',
      organizations: ['dev'],
      dnsNames: ['x'],
    });
    const certificate = await signRequest(
      authority,
      request,
      { commonName: 'jane', usages: ['client'] },
      validity,
      random,
    );
    expect(new X509Certificate(certificate).subject).toBe('CN=jane');
    expect(new X509Certificate(certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  test('a request with a broken signature is refused', async () => {
    const { request } = await createSigningRequest({ commonName: 'jane' });
    const der = Buffer.from(request.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    await expect(readSigningRequest(der.toString('base64'))).rejects.toThrow(/signed|signature|verif/i);
  });
});
