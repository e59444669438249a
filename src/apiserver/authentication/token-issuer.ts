/**
 * Service account tokens: signed JWTs bound to an account and, mostly, to a pod. The claims are upstream's,
 * so that other systems can verify them by the keys that we publish.
 */
import { createPublicKey } from 'node:crypto';
import type { CryptoKey, JWK, JWTPayload } from 'jose';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';

export interface Bound {
  readonly name: string;
  readonly uid: string;
}

export interface TokenClaims {
  readonly namespace: string;
  readonly serviceAccount: Bound;
  readonly pod?: Bound;
  readonly secret?: Bound;
  readonly node?: Bound;
}

export interface TokenOrder extends TokenClaims {
  readonly audiences: readonly string[];
  readonly seconds: number;
  /** When the holder should be warned that it uses an old token: seconds from now. */
  readonly warnAfterSeconds?: number;
}

export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** By which the token is recognised in the audit log. */
  readonly id: string;
}

export interface VerifiedToken extends TokenClaims {
  readonly audiences: readonly string[];
  readonly id: string;
  /** Milliseconds since the epoch; Infinity for tokens in Secrets. */
  readonly expires: number;
}

export interface TokenIssuer {
  /** URL that tokens name as their issuer. */
  readonly issuer: string;
  /** What a token without other wishes is good for: this API server. */
  readonly audiences: readonly string[];
  issue(order: TokenOrder): Promise<IssuedToken>;
  /** A token without an end, for Secrets of type kubernetes.io/service-account-token. */
  issueForSecret(claims: TokenClaims & { readonly secret: Bound }): Promise<string>;
  /** undefined when it is not a token of this issuer; rejects when it is one and is wrong. */
  verify(token: string): Promise<VerifiedToken | undefined>;
  /** Another object once the keys are others: what was verified before may not be valid any more. */
  generation(): object;
  /** The public keys, as a JWK set. */
  keys(): Promise<{ readonly keys: readonly JWK[] }>;
}

export interface TokenIssuerOptions {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Asked for every token: the same object as long as the keys are the same. */
  readonly keys: () => TokenKeys;
  readonly clock: Clock;
  readonly random: Random;
}

export interface TokenKeys {
  /** PEM, PKCS #8: signs new tokens. */
  readonly privateKey: string;
  /** PEM, SPKI: verify tokens, the newest first; older ones stay until their tokens have ended. */
  readonly publicKeys: readonly string[];
}

/** Keys of a file that holds one or several, the newest first. */
export function publicKeysOf(pem: string): readonly string[] {
  return [...pem.matchAll(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g)].map(([key]) => `${key}\n`);
}

const algorithm = 'ES256';
const legacyIssuer = 'kubernetes/serviceaccount';
const claimOf = (name: string): string => `kubernetes.io/serviceaccount/${name}`;

export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { issuer, audiences, clock, random } = options;
  let known: { readonly of: TokenKeys; readonly keys: Promise<Keys> } | undefined;
  const loaded = (): Promise<Keys> => {
    const of = options.keys();
    if (known?.of !== of) known = { of, keys: load(of) };
    return known.keys;
  };
  const sign = async (payload: JWTPayload): Promise<string> => {
    const { SignJWT } = await import('jose');
    const { privateKey, kid } = await loaded();
    return await new SignJWT(payload).setProtectedHeader({ alg: algorithm, kid }).sign(privateKey);
  };
  return {
    issuer,
    audiences,
    async issue(order) {
      const now = Math.floor(clock.now() / 1000);
      const exp = now + order.seconds;
      const id = random.uuid();
      const token = await sign({
        iss: issuer,
        sub: subjectOf(order),
        aud: [...(order.audiences.length === 0 ? audiences : order.audiences)],
        exp,
        iat: now,
        nbf: now,
        jti: id,
        'kubernetes.io': privateClaims(order, now),
      });
      return { token, expires: exp * 1000, id };
    },
    issueForSecret: (claims) =>
      sign({
        iss: legacyIssuer,
        sub: subjectOf(claims),
        [claimOf('namespace')]: claims.namespace,
        [claimOf('secret.name')]: claims.secret.name,
        [claimOf('service-account.name')]: claims.serviceAccount.name,
        [claimOf('service-account.uid')]: claims.serviceAccount.uid,
      }),
    verify: (token) => verify(token, options, loaded),
    generation: options.keys,
    async keys() {
      const { jwks } = await loaded();
      return { keys: jwks };
    },
  };
}

interface Keys {
  readonly privateKey: CryptoKey;
  readonly kid: string;
  readonly verifiers: ReadonlyMap<string, CryptoKey>;
  readonly jwks: readonly JWK[];
}

/** The id under which a key, public or private, signs and is published. Throws for what is no key. */
export async function keyIdOf(pem: string): Promise<string> {
  const { calculateJwkThumbprint } = await import('jose');
  return calculateJwkThumbprint(createPublicKey(pem).export({ format: 'jwk' }));
}

async function load({ privateKey, publicKeys }: TokenKeys): Promise<Keys> {
  const { calculateJwkThumbprint, importPKCS8, importSPKI } = await import('jose');
  const verifiers = new Map<string, CryptoKey>();
  const jwks: JWK[] = [];
  for (const pem of publicKeys) {
    const jwk = createPublicKey(pem).export({ format: 'jwk' }) as JWK;
    const kid = await calculateJwkThumbprint(jwk);
    verifiers.set(kid, await importSPKI(pem, algorithm));
    jwks.push({ ...jwk, use: 'sig', alg: algorithm, kid });
  }
  // Not the first public key's: a rotation that was cut short has added one that does not sign yet.
  const kid = await keyIdOf(privateKey);
  return { privateKey: await importPKCS8(privateKey, algorithm), kid, verifiers, jwks };
}

async function verify(
  token: string,
  { issuer, clock }: TokenIssuerOptions,
  loaded: () => Promise<Keys>,
): Promise<VerifiedToken | undefined> {
  const { decodeJwt, jwtVerify, errors } = await import('jose');
  let claimed: string | undefined;
  try {
    claimed = decodeJwt(token).iss;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
  if (claimed !== issuer && claimed !== legacyIssuer) return undefined;
  const { verifiers } = await loaded();
  const { payload } = await jwtVerify(
    token,
    ({ kid = '' }) => {
      const key = verifiers.get(kid);
      if (key === undefined) throw new errors.JWKSNoMatchingKey();
      return key;
    },
    // oxlint-disable-next-line no-restricted-globals -- the library takes the time as a Date
    { algorithms: [algorithm], currentDate: new Date(clock.now()) },
  );
  return claimed === legacyIssuer ? legacyClaims(payload) : boundClaims(payload);
}

function subjectOf({ namespace, serviceAccount }: TokenClaims): string {
  return `system:serviceaccount:${namespace}:${serviceAccount.name}`;
}

function privateClaims(order: TokenOrder, now: number): Record<string, unknown> {
  return {
    namespace: order.namespace,
    ...(order.node === undefined ? {} : { node: order.node }),
    ...(order.pod === undefined ? {} : { pod: order.pod }),
    ...(order.secret === undefined ? {} : { secret: order.secret }),
    serviceaccount: order.serviceAccount,
    ...(order.warnAfterSeconds === undefined ? {} : { warnafter: now + order.warnAfterSeconds }),
  };
}

function boundClaims(payload: JWTPayload): VerifiedToken {
  const claims = payload['kubernetes.io'] as Record<string, unknown>;
  const bound = (name: string): Bound | undefined => claims[name] as Bound | undefined;
  const [pod, secret, node] = ['pod', 'secret', 'node'].map(bound);
  return {
    namespace: claims['namespace'] as string,
    serviceAccount: bound('serviceaccount') ?? { name: '', uid: '' },
    ...(pod === undefined ? {} : { pod }),
    ...(secret === undefined ? {} : { secret }),
    ...(node === undefined ? {} : { node }),
    audiences: [payload.aud ?? []].flat(),
    id: payload.jti ?? '',
    expires: (payload.exp ?? 0) * 1000,
  };
}

function legacyClaims(payload: JWTPayload): VerifiedToken {
  const text = (name: string): string => {
    const claim = payload[claimOf(name)];
    return typeof claim === 'string' ? claim : '';
  };
  return {
    namespace: text('namespace'),
    serviceAccount: { name: text('service-account.name'), uid: text('service-account.uid') },
    secret: { name: text('secret.name'), uid: '' },
    audiences: [],
    id: '',
    expires: Number.POSITIVE_INFINITY,
  };
}
