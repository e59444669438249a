/** Whether the certificate and the key of a TLS Secret belong together: what Go's tls.X509KeyPair says of them. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';

const block = /-----BEGIN ([^-\r\n]+)-----\r?\n[\s\S]*?-----END \1-----/g;

interface Block {
  readonly type: string;
  readonly text: string;
}

const blocksOf = (pem: string): Block[] => [...pem.matchAll(block)].map(([text, type = '']) => ({ type, text }));

/** What is wrong with the pair; undefined when nothing is. Both in PEM. */
export function tlsPairComplaint(certificates: string, key: string): string | undefined {
  const [found, others] = sortOut(blocksOf(certificates), (type) => type === 'CERTIFICATE');
  if (found === undefined) return noCertificate(others);
  const [own, skipped] = sortOut(blocksOf(key), (type) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'));
  if (own === undefined) return noKey(skipped);
  const certificate = certificateOf(found.text);
  if (certificate === undefined) return 'x509: malformed certificate';
  const privateKey = privateKeyOf(own.text);
  if (privateKey === undefined) return 'tls: failed to parse private key';
  const { asymmetricKeyType } = certificate.publicKey;
  if (asymmetricKeyType !== privateKey.asymmetricKeyType) return 'tls: private key type does not match public key type';
  return certificate.checkPrivateKey(privateKey) ? undefined : 'tls: private key does not match public key';
}

/** The first block of the sort that is sought, and the sorts before it. */
function sortOut(blocks: readonly Block[], sought: (type: string) => boolean): [Block | undefined, readonly string[]] {
  const at = blocks.findIndex(({ type }) => sought(type));
  const before = at === -1 ? blocks : blocks.slice(0, at);
  return [blocks[at], before.map(({ type }) => type)];
}

function noCertificate(others: readonly string[]): string {
  if (others.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (others.length === 1 && others[0]?.endsWith('PRIVATE KEY') === true) {
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  }
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${others.join(' ')}]`;
}

function noKey(others: readonly string[]): string {
  if (others.length === 0) return 'tls: failed to find any PEM data in key input';
  if (others.length === 1 && others[0] === 'CERTIFICATE') {
    return 'tls: found a certificate rather than a key in the PEM for the private key';
  }
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${others.join(' ')}]`;
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function privateKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
