/** OpenID Connect: ID tokens of an issuer outside, checked by the keys that it publishes. */
import type { CompactVerifyGetKey, JSONWebKeySet, JWTPayload } from 'jose';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { AuthenticationError, type UserInfo } from '../access.ts';
import { allAuthenticated } from './groups.ts';
import type { TokenAuthenticator } from './tokens.ts';

export interface OidcOptions {
  /** https URL; tokens name it exactly so. */
  readonly issuer: string;
  readonly clientId: string;
  /** Default `sub`. */
  readonly usernameClaim?: string;
  /** Default `ISSUER#` for every claim but `email`; `-` for none. */
  readonly usernamePrefix?: string;
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
  /** Default RS256. */
  readonly signingAlgorithms?: readonly string[];
  readonly requiredClaims?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** GET of a JSON document over HTTPS. */
  readonly fetchJson: (url: string) => Promise<unknown>;
}

/** Keys are asked for again at most this often, in milliseconds, when a token names one that is not known. */
const cooldown = 10_000;
/** Keys that are withdrawn stop counting after this long. */
const keyLifetime = 3_600_000;

export function oidcTokens(options: OidcOptions): TokenAuthenticator {
  const keys = new IssuerKeys(options);
  return {
    async check(token, audiences) {
      const { decodeJwt, jwtVerify } = await import('jose');
      if (claimed(token, decodeJwt) !== options.issuer) return undefined;
      const { issuer, clientId: audience, signingAlgorithms = ['RS256'], clock } = options;
      try {
        const { payload } = await jwtVerify(token, (header, jws) => keys.find(header, jws), {
          issuer,
          audience,
          algorithms: [...signingAlgorithms],
          requiredClaims: ['exp'],
          // oxlint-disable-next-line no-restricted-globals -- the library takes the time as a Date
          currentDate: new Date(clock.now()),
        });
        return { user: userOf(payload, options), audiences };
      } catch (error) {
        if (error instanceof AuthenticationError) throw error;
        throw new AuthenticationError(`oidc: verify token: ${messageOf(error)}`);
      }
    },
  };
}

function claimed(token: string, decode: (token: string) => JWTPayload): string | undefined {
  try {
    return decode(token).iss;
  } catch {
    // Not a JWT: somebody else's token.
    return undefined;
  }
}

type FindKey = CompactVerifyGetKey;

/** The issuer's keys, fetched when first needed, and again when a token names an unknown one. */
class IssuerKeys {
  readonly #options: OidcOptions;
  #known: { readonly find: FindKey; readonly at: number } | undefined;
  #loading: Promise<FindKey> | undefined;

  constructor(options: OidcOptions) {
    this.#options = options;
  }

  readonly find: FindKey = async (header, jws) => {
    const { errors } = await import('jose');
    const age = this.#known === undefined ? Infinity : this.#options.clock.now() - this.#known.at;
    const find = this.#known === undefined || age > keyLifetime ? await this.#load() : this.#known.find;
    try {
      return await find(header, jws);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || age < cooldown) throw error;
      return (await this.#load())(header, jws);
    }
  };

  #load(): Promise<FindKey> {
    this.#loading ??= this.#fetch().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #fetch(): Promise<FindKey> {
    const { issuer, fetchJson, clock } = this.#options;
    const { createLocalJWKSet } = await import('jose');
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { issuer: named, jwks_uri: place } = (await fetchJson(url)) as { issuer?: string; jwks_uri?: string };
    if (named !== issuer) throw new AuthenticationError(`${url} is of issuer ${named}, not of ${issuer}`);
    if (place === undefined) throw new AuthenticationError(`${url} names no jwks_uri`);
    const find = createLocalJWKSet((await fetchJson(place)) as JSONWebKeySet) as FindKey;
    this.#known = { find, at: clock.now() };
    return find;
  }
}

function userOf(payload: JWTPayload, options: OidcOptions): UserInfo {
  const { usernameClaim = 'sub', requiredClaims = {} } = options;
  for (const [claim, wanted] of Object.entries(requiredClaims)) {
    if (payload[claim] !== wanted) throw new AuthenticationError(`oidc: the claim ${claim} is not ${wanted}`);
  }
  const name = payload[usernameClaim];
  if (typeof name !== 'string' || name === '') {
    throw new AuthenticationError(`oidc: the claim ${usernameClaim} is missing`);
  }
  if (usernameClaim === 'email' && (payload['email_verified'] ?? true) !== true) {
    throw new AuthenticationError('oidc: email not verified');
  }
  return {
    username: prefixOf(options, usernameClaim) + name,
    groups: [...groupsOf(payload, options), allAuthenticated],
  };
}

function groupsOf(payload: JWTPayload, { groupsClaim, groupsPrefix = '' }: OidcOptions): readonly string[] {
  if (groupsClaim === undefined) return [];
  const groups: readonly unknown[] = [payload[groupsClaim] ?? []].flat();
  return groups.map((group) => {
    if (typeof group === 'string') return groupsPrefix + group;
    throw new AuthenticationError(`oidc: the claim ${groupsClaim} holds other things than names`);
  });
}

function prefixOf({ usernamePrefix, issuer }: OidcOptions, claim: string): string {
  if (usernamePrefix === '-') return '';
  return usernamePrefix ?? (claim === 'email' ? '' : `${issuer}#`);
}
