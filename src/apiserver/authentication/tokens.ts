/** Bearer tokens of any kind: asked in turn whose one is. */
import { messageOf } from '../../base/errors.ts';
import { AuthenticationError, type Authenticator, type UserInfo } from '../access.ts';
import { bearerToken } from './bearer.ts';

export interface TokenCheck {
  readonly user: UserInfo;
  /** Those of the wanted audiences for which the token is good. */
  readonly audiences: readonly string[];
}

export interface TokenAuthenticator {
  /** Undefined for tokens of others; throws AuthenticationError for bad ones of its own. */
  check(token: string, audiences: readonly string[]): Promise<TokenCheck | undefined>;
}

/** The first that knows the token. What the others complained about is told when none does. */
export function anyToken(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    async check(token, audiences) {
      const complaints: string[] = [];
      for (const each of authenticators) {
        try {
          const found = await each.check(token, audiences);
          if (found !== undefined) return found;
        } catch (error) {
          if (!(error instanceof AuthenticationError)) throw error;
          complaints.push(messageOf(error));
        }
      }
      if (complaints.length > 0) throw new AuthenticationError(complaints.join('; '));
      return undefined;
    },
  };
}

const basicIsGone =
  'HTTP basic authentication is not supported (Kubernetes dropped it in 1.19): ' +
  'use a client certificate, a bearer token (kubectl create token), or OpenID Connect';

/** `Authorization: Bearer`; other schemes are refused, with a sentence for the one that once worked. */
export function bearerTokens(tokens: TokenAuthenticator, audiences: readonly string[]): Authenticator {
  return {
    async authenticate({ headers }) {
      const { authorization } = headers;
      if (authorization === undefined) return undefined;
      if (/^basic\b/i.test(authorization)) throw new AuthenticationError(basicIsGone, { told: true });
      const token = bearerToken(authorization);
      if (token === undefined) return undefined;
      const found = await tokens.check(token, audiences);
      if (found === undefined) throw new AuthenticationError('the bearer token is not known');
      return found.user;
    },
  };
}
