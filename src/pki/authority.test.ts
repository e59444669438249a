import { createPrivateKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import 'reflect-metadata';
import { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } from '@peculiar/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemRandom as random } from '../base/random.ts';
import { readAuthority } from './authority.ts';
import { createAuthority, issueCertificate, isIssuedBy, type KeyPair } from './certificate.ts';

const now = 1_767_225_600_000;
const day = 24 * 3_600_000;
const validity = { from: now - day, until: now + 100 * day };
// oxlint-disable-next-line no-restricted-globals -- the library takes Dates
const dates = { notBefore: new Date(validity.from), notAfter: new Date(validity.until) };

let own: KeyPair;
beforeAll(async () => {
  own = await createAuthority('own', validity, random);
});

type Algorithm = {
  name: string;
  hash: string;
  namedCurve?: string;
  modulusLength?: number;
  publicExponent?: Uint8Array;
};
const rsa: Algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
const p384: Algorithm = { name: 'ECDSA', hash: 'SHA-384', namedCurve: 'P-384' };

/** An authority as other tools make them; signed by `above`, or by itself. */
async function foreign(
  algorithm: Algorithm,
  { usages = KeyUsageFlags.keyCertSign, above }: { usages?: KeyUsageFlags; above?: KeyPair } = {},
): Promise<KeyPair> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const extensions = [new BasicConstraintsExtension(true, undefined, true), new KeyUsagesExtension(usages, true)];
  const common = { serialNumber: '0a', ...dates, extensions };
  const signer =
    above === undefined
      ? undefined
      : await webcrypto.subtle.importKey(
          'pkcs8',
          createPrivateKey(above.key).export({ type: 'pkcs8', format: 'der' }),
          { name: 'ECDSA', namedCurve: 'P-256' },
          false,
          ['sign'],
        );
  const certificate =
    above === undefined
      ? await X509CertificateGenerator.createSelfSigned({
          ...common,
          name: 'O=Example, CN=Root',
          keys,
          signingAlgorithm: algorithm,
        })
      : await X509CertificateGenerator.create({
          ...common,
          subject: 'O=Example, CN=Intermediate',
          issuer: new X509Certificate(above.certificate).subject,
          publicKey: keys.publicKey,
          signingKey: signer!,
          signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
        });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { certificate: certificate.toString('pem'), key: key.export({ type: 'pkcs8', format: 'pem' }) };
}

describe('an authority that somebody brings', () => {
  it.each([
    ['RSA', rsa],
    ['P-384', p384],
  ])('may have a key of another kind: %s', async (_name, algorithm) => {
    const root = await foreign(algorithm);
    const authority = readAuthority(root.certificate, root.key, now);
    const request = { commonName: 'ann', usages: ['client'] as const };
    const issued = await issueCertificate(authority, request, validity, random);
    expect(isIssuedBy(issued.certificate, authority.certificate)).toBe(true);
    const [leaf, issuer] = [new X509Certificate(issued.certificate), new X509Certificate(authority.certificate)];
    expect([leaf.issuer, leaf.verify(issuer.publicKey)]).toEqual([issuer.subject, true]);
  });

  it('may have a key in the older forms of OpenSSL', async () => {
    const sec1 = createPrivateKey(own.key).export({ type: 'sec1', format: 'pem' });
    expect(sec1).toContain('EC PRIVATE KEY');
    expect(readAuthority(own.certificate, sec1, now)).toMatchObject({ key: own.key });
  });

  it('may be signed by another one, if that follows in the file', async () => {
    const below = await foreign(p384, { above: own });
    const authority = readAuthority(`${below.certificate}\n${own.certificate}`, below.key, now);
    expect(authority.certificate.match(/BEGIN/gu)).toHaveLength(2);
    expect(() => readAuthority(below.certificate, below.key, now)).toThrow(
      /signed by another authority \(CN=own\), which is not in the file; append it/u,
    );
    const other = await createAuthority('other', validity, random);
    expect(() => readAuthority(below.certificate + other.certificate, below.key, now)).toThrow(
      '"O=Example, CN=Intermediate" is not signed by "CN=other", which follows it',
    );
  });

  it('must have a key that fits', async () => {
    const { key } = await createAuthority('own', validity, random);
    expect(() => readAuthority(own.certificate, key, now)).toThrow(
      'the key does not belong to the certificate "CN=own"',
    );
  });

  it('must be an authority', async () => {
    const leaf = await issueCertificate(own, { commonName: 'leaf', usages: ['server'] }, validity, random);
    expect(() => readAuthority(leaf.certificate, leaf.key, now)).toThrow('"CN=leaf" is none of an authority');
    const mute = await foreign(p384, { usages: KeyUsageFlags.digitalSignature });
    expect(() => readAuthority(mute.certificate, mute.key, now)).toThrow('keyCertSign');
  });

  it('must not have ended, nor begin later', async () => {
    expect(() => readAuthority(own.certificate, own.key, validity.until)).toThrow(/"CN=own" ended on Apr/u);
    expect(() => readAuthority(own.certificate, own.key, validity.from - 1000)).toThrow('is not valid before');
  });

  it('must be readable', async () => {
    expect(() => readAuthority('nothing', own.key, now)).toThrow('there is no PEM certificate');
    expect(() => readAuthority(own.certificate, 'nothing', now)).toThrow('there is no PEM private key');
    const secret = { cipher: 'aes-256-cbc', passphrase: 'x', type: 'pkcs8', format: 'pem' } as const;
    const locked = createPrivateKey(own.key).export(secret);
    expect(() => readAuthority(own.certificate, locked, now)).toThrow('the key is encrypted');
  });

  it.each([
    ['of the kind ed25519', generateKeyPairSync('ed25519').privateKey],
    ['of the curve secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey],
    ['RSA with 1024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
  ])('must have a key that clients accept, not one %s', async (what, key) => {
    const pem = key.export({ type: 'pkcs8', format: 'pem' });
    expect(() => readAuthority(own.certificate, pem, now)).toThrow(`the key is ${what}; it must be RSA`);
  });
});
