/** Bootstrap tokens: `abcdef.0123456789abcdef`, each a Secret in kube-system that is named after its first half. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../api/core/secret.ts';
import { parseTimestamp } from '../../base/clock.ts';

export const tokenNamespace = 'kube-system';
export const tokenSecretType = 'bootstrap.kubernetes.io/token';
/** Tokens that machines join with bring them into this group; its rights are those that kubeadm gives it. */
export const joiningGroup = 'system:bootstrappers:kubeadm:default-node-token';

/** The ConfigMap by which machines that want to join find the cluster, its key, and where signatures stand. */
export const clusterInfo = {
  namespace: 'kube-public',
  name: 'cluster-info',
  key: 'kubeconfig',
  signature: (tokenId: string): string => `jws-kubeconfig-${tokenId}`,
} as const;

export const tokenSecretName = (id: string): string => `bootstrap-token-${id}`;

export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

/** Undefined when the text is no token. */
export function parseToken(text: string): BootstrapToken | undefined {
  const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export interface KnownToken extends BootstrapToken {
  /** Milliseconds since the epoch; Infinity for a token without an end, NaN for an end that can't be read. */
  readonly expires: number;
  readonly usages: readonly ('authentication' | 'signing')[];
  readonly groups: readonly string[];
  readonly description: string;
}

/** What a Secret says of a token; undefined when it holds none, or is named after another. */
export function tokenOf({ type, metadata, data }: Secret): KnownToken | undefined {
  if (type !== tokenSecretType || metadata.namespace !== tokenNamespace) return undefined;
  const text = (name: string): string => Buffer.from(data?.[name] ?? '', 'base64').toString();
  const token = { id: text('token-id'), secret: text('token-secret') };
  // Not as strict as with what is typed: upstream signs with any secret, and nobody can join with another form.
  if (!/^[a-z0-9]{6}$/.test(token.id) || token.secret === '') return undefined;
  if (metadata.name !== tokenSecretName(token.id)) return undefined;
  const expiration = text('expiration');
  const groups = text('auth-extra-groups').split(',');
  return {
    ...token,
    expires: expiration === '' ? Infinity : parseTimestamp(expiration),
    usages: (['authentication', 'signing'] as const).filter((use) => text(`usage-bootstrap-${use}`) === 'true'),
    groups: groups.filter((group) => group !== ''),
    description: text('description'),
  };
}

/** A JWS without its content (RFC 7515, appendix F) over HMAC-SHA256: proof that the signer knows the token. */
export function signatureOf(content: string, { id, secret }: BootstrapToken): string {
  const header = base64url(JSON.stringify({ alg: 'HS256', kid: id }));
  const signature = createHmac('sha256', secret)
    .update(`${header}.${base64url(content)}`)
    .digest('base64url');
  return `${header}..${signature}`;
}

/** Whether this is the token's signature of the content. Other signers may order the header's fields otherwise. */
export function isSignatureOf(signature: string, content: string, { secret }: BootstrapToken): boolean {
  const [header = '', middle, given = '', ...rest] = signature.split('.');
  if (middle !== '' || rest.length > 0 || !isHmac(header)) return false;
  const wanted = createHmac('sha256', secret)
    .update(`${header}.${base64url(content)}`)
    .digest();
  const present = Buffer.from(given, 'base64url');
  return present.length === wanted.length && timingSafeEqual(present, wanted);
}

function isHmac(header: string): boolean {
  try {
    return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg?: unknown }).alg === 'HS256';
  } catch {
    return false;
  }
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url');
