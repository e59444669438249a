/**
 * X.509 certificates: a certificate authority, the certificates that it issues, and requests that it signs.
 * ECDSA P-256 throughout: keys take a millisecond to make. The ASN.1 library is loaded at first use, since
 * an ordinary start finds all its certificates on disk.
 */
import { createHash, createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import type * as X509 from '@peculiar/x509';
import type { Random } from '../base/random.ts';

export interface KeyPair {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface CertificateSubject {
  /** The user name that the API server sees. */
  readonly commonName: string;
  /** The user's groups. */
  readonly organizations?: readonly string[];
}

export interface CertificateRequest extends CertificateSubject {
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  readonly usages: readonly ('client' | 'server')[];
}

export interface Validity {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly until: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const subjectAlternativeName = '2.5.29.17';
const extendedUsages = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' } as const;

type Library = typeof X509;

async function library(): Promise<Library> {
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}

/** A new self-signed certificate authority. */
export async function createAuthority(commonName: string, validity: Validity, random: Random): Promise<KeyPair> {
  const x509 = await library();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(random),
    name: [{ CN: [commonName] }],
    notBefore: dateOf(validity.from),
    notAfter: dateOf(validity.until),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate.toString('pem')), key: await exportKey(keys.privateKey) };
}

/** A certificate with a new key, signed by the authority. */
export async function issueCertificate(
  authority: KeyPair,
  request: CertificateRequest,
  validity: Validity,
  random: Random,
): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await sign(authority, keys.publicKey, request, validity, random);
  return { certificate, key: await exportKey(keys.privateKey) };
}

/** What a PKCS #10 request asks for; throws when it is not one or its signature is wrong. */
export async function readSigningRequest(requestPem: string): Promise<
  CertificateSubject & {
    readonly dnsNames: readonly string[];
    readonly addresses: readonly string[];
    readonly emails: readonly string[];
    readonly uris: readonly string[];
  }
> {
  const x509 = await library();
  const request = new x509.Pkcs10CertificateRequest(requestPem);
  if (!(await request.verify())) throw new Error('the certificate request is not signed by its own key');
  const extension = request.getExtension(subjectAlternativeName);
  const names = extension === null ? [] : new x509.SubjectAlternativeNameExtension(extension.rawData).names.toJSON();
  const of = (type: string): readonly string[] => names.filter((name) => name.type === type).map((name) => name.value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: of('dns'),
    addresses: of('ip'),
    emails: of('email'),
    uris: of('url'),
  };
}

/** Signs the key of a PKCS #10 request; subject and names are the caller's, after checking the request. */
export async function signRequest(
  authority: KeyPair,
  requestPem: string,
  granted: CertificateRequest,
  validity: Validity,
  random: Random,
): Promise<string> {
  const x509 = await library();
  const request = new x509.Pkcs10CertificateRequest(requestPem);
  const publicKey = await request.publicKey.export();
  return await sign(authority, publicKey, granted, validity, random);
}

/** A PKCS #10 request with a new key, for TLS bootstrap. */
export async function createSigningRequest(
  subject: CertificateSubject & { readonly dnsNames?: readonly string[]; readonly addresses?: readonly string[] },
): Promise<{ readonly request: string; readonly key: string }> {
  const x509 = await library();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names = alternativeNames(subject);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: nameOf(subject),
    keys,
    signingAlgorithm: algorithm,
    extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
  });
  return { request: pem(request.toString('pem')), key: await exportKey(keys.privateKey) };
}

/** What pins an authority: `sha256:` and the hash of its public key (SubjectPublicKeyInfo, DER) in hex. */
export function publicKeyHash(certificatePem: string): string {
  const key = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

/** Milliseconds since the epoch from which a PEM certificate counts. */
export function startOf(certificatePem: string): number {
  return new X509Certificate(certificatePem).validFromDate.getTime();
}

/** Milliseconds since the epoch at which a PEM certificate expires. */
export function expiryOf(certificatePem: string): number {
  return new X509Certificate(certificatePem).validToDate.getTime();
}

/** From its beginning to its end, in milliseconds. */
export function lifetimeOf(certificatePem: string): number {
  const { validFromDate, validToDate } = new X509Certificate(certificatePem);
  return validToDate.getTime() - validFromDate.getTime();
}

/** Whether the authority, the first certificate of its file, has signed the other one. */
export function isIssuedBy(certificatePem: string, authorityPem: string): boolean {
  const [certificate, authority] = [new X509Certificate(certificatePem), new X509Certificate(authorityPem)];
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** Whether the certificate names every one of these DNS names and addresses. */
export function coversNames(
  certificatePem: string,
  request: Pick<CertificateRequest, 'dnsNames' | 'addresses'>,
): boolean {
  const certificate = new X509Certificate(certificatePem);
  return (
    (request.dnsNames ?? []).every((name) => certificate.checkHost(name) !== undefined) &&
    (request.addresses ?? []).every((address) => certificate.checkIP(address) !== undefined)
  );
}

/** A key for signing service account tokens: PEM, PKCS #8 and SPKI. */
export async function createSigningKey(): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const spki = await webcrypto.subtle.exportKey('spki', keys.publicKey);
  return { privateKey: await exportKey(keys.privateKey), publicKey: pemOf('PUBLIC KEY', spki) };
}

async function sign(
  authority: KeyPair,
  publicKey: webcrypto.CryptoKey,
  request: CertificateRequest,
  validity: Validity,
  random: Random,
): Promise<string> {
  const x509 = await library();
  const issuer = new x509.X509Certificate(new X509Certificate(authority.certificate).raw);
  const signer = signerOf(authority.key);
  const names = alternativeNames(request);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(random),
    subject: nameOf(request),
    // As it is, not as text: clients compare the bytes.
    issuer: issuer.subjectName,
    notBefore: dateOf(validity.from),
    notAfter: dateOf(Math.min(validity.until, expiryOf(authority.certificate))),
    signingAlgorithm: signer.algorithm,
    publicKey,
    signingKey: await webcrypto.subtle.importKey('pkcs8', signer.pkcs8, signer.algorithm, false, ['sign']),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension(request.usages.map((usage) => extendedUsages[usage])),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return pem(certificate.toString('pem'));
}

function nameOf(subject: CertificateSubject): Record<string, string[]>[] {
  // One relative name for each organization: that is how groups are read back.
  return [...(subject.organizations ?? []).map((each) => ({ O: [each] })), { CN: [subject.commonName] }];
}

function alternativeNames(
  request: Pick<CertificateRequest, 'dnsNames' | 'addresses'>,
): { type: 'dns' | 'ip'; value: string }[] {
  return [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
}

/** Positive, 16 bytes, random: never the same for two certificates of one authority. */
function serialNumber(random: Random): string {
  const raw = random.bytes(16);
  raw[0] = ((raw[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(raw).toString('hex');
}

function dateOf(milliseconds: number): Date {
  // oxlint-disable-next-line no-restricted-globals -- a conversion for the library, not a reading of the clock
  return new Date(milliseconds);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return pemOf('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', key));
}

const elliptic: Readonly<Record<string, EcAlgorithm>> = {
  prime256v1: algorithm,
  secp384r1: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
};
const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

interface EcAlgorithm {
  readonly name: string;
  readonly namedCurve: string;
  readonly hash: string;
}

/** Authorities that users bring have keys of their own kinds. */
function signerOf(keyPem: string): {
  readonly algorithm: EcAlgorithm | typeof rsa;
  readonly pkcs8: Uint8Array<ArrayBuffer>;
} {
  const key = createPrivateKey(keyPem);
  const { namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const found = key.asymmetricKeyType === 'rsa' ? rsa : elliptic[namedCurve];
  if (found === undefined) throw new Error(`an authority's key can't be ${key.asymmetricKeyType} ${namedCurve}`);
  return { algorithm: found, pkcs8: new Uint8Array(key.export({ type: 'pkcs8', format: 'der' })) };
}

function pemOf(label: string, der: ArrayBuffer): string {
  const body =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g)
      ?.join('\n') ?? '';
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

function pem(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
