/** A certificate authority that somebody brings: taken only when it can do what it is for. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { messageOf } from '../base/errors.ts';
import type { KeyPair } from './certificate.ts';

/** Why it can't be used, in words for whoever brought it. */
export class AuthorityError extends Error {
  override readonly name = 'AuthorityError';
}

const curves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const leastRsaBits = 2_048;

/**
 * The certificate (with those above it, up to the root, when it is not a root itself) and the key as PKCS #8.
 * `now` in milliseconds since the epoch. Throws AuthorityError.
 */
export function readAuthority(certificatePem: string, keyPem: string, now: number): KeyPair {
  const [certificate, ...above] = certificatesOf(certificatePem);
  if (certificate === undefined) throw new AuthorityError('there is no PEM certificate in it');
  const key = keyOf(keyPem);
  checkKey(key);
  if (!certificate.checkPrivateKey(key)) {
    throw new AuthorityError(`the key does not belong to the certificate ${nameOf(certificate)}`);
  }
  checkPurpose(certificate);
  for (const each of [certificate, ...above]) checkTime(each, now);
  checkChain(certificate, above);
  return {
    certificate: [certificate, ...above].map((each) => each.toString()).join(''),
    key: key.export({ type: 'pkcs8', format: 'pem' }),
  };
}

function certificatesOf(pem: string): readonly X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];
  return found.map((each) => {
    try {
      return new X509Certificate(each);
    } catch (error) {
      throw new AuthorityError(`a certificate in it can't be read: ${messageOf(error)}`);
    }
  });
}

function keyOf(pem: string): KeyObject {
  if (/ENCRYPTED/u.test(pem)) {
    throw new AuthorityError('the key is encrypted; write it without: openssl pkey -in KEY -out PLAIN-KEY');
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw new AuthorityError('there is no PEM private key in the key file');
  }
}

function checkKey({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): void {
  if (type === 'ec' && curves.has(details.namedCurve ?? '')) return;
  const bits = details.modulusLength ?? 0;
  if (type === 'rsa' && bits >= leastRsaBits) return;
  const what =
    type === 'ec'
      ? `of the curve ${details.namedCurve}`
      : type === 'rsa'
        ? `RSA with ${bits} bits`
        : `of the kind ${type}`;
  throw new AuthorityError(
    `the key is ${what}; it must be RSA with 2048 bits or more, or of the curve P-256, P-384 or P-521`,
  );
}

/** By its basic constraints, and by its key usage if it has one. */
function checkPurpose(certificate: X509Certificate): void {
  if (certificate.ca) return;
  throw new AuthorityError(
    `the certificate ${nameOf(certificate)} is none of an authority (it lacks CA:TRUE, or the key usage keyCertSign)`,
  );
}

function checkTime(certificate: X509Certificate, now: number): void {
  const { validFromDate, validToDate, validFrom, validTo } = certificate;
  if (validToDate.getTime() <= now)
    throw new AuthorityError(`the certificate ${nameOf(certificate)} ended on ${validTo}`);
  if (validFromDate.getTime() > now) {
    throw new AuthorityError(`the certificate ${nameOf(certificate)} is not valid before ${validFrom}`);
  }
}

/** Clients trust what is in the file: it must reach up to a root. */
function checkChain(certificate: X509Certificate, above: readonly X509Certificate[]): void {
  let below = certificate;
  for (const each of above) {
    if (!below.checkIssued(each) || !below.verify(each.publicKey)) {
      throw new AuthorityError(`the certificate ${nameOf(below)} is not signed by ${nameOf(each)}, which follows it`);
    }
    below = each;
  }
  if (below.checkIssued(below)) return;
  throw new AuthorityError(
    `the certificate ${nameOf(below)} is signed by another authority (${oneLine(below.issuer)}), which is not in the file; append it, up to the root`,
  );
}

const oneLine = (name: string): string => name.split('\n').join(', ');
const nameOf = ({ subject, serialNumber }: X509Certificate): string =>
  subject === undefined || subject === '' ? `number ${serialNumber}` : JSON.stringify(oneLine(subject));
