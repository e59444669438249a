/** A service outside says whose a token is: it is sent a TokenReview. */
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { BoundedCache } from '../bounded-cache.ts';
import { AuthenticationError, type UserInfo } from '../access.ts';
import { allAuthenticated } from './groups.ts';
import type { TokenAuthenticator, TokenCheck } from './tokens.ts';

/** POSTs a review and returns the answer's body. Rejects when there is none. */
export type AskWebhook = (review: object) => Promise<unknown>;

/** Milliseconds for which answers count. */
const lifetime = 120_000;
const mostCached = 2_000;

interface Answer {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: Partial<UserInfo>;
    readonly audiences?: readonly string[];
    readonly error?: string;
  };
}

export function webhookTokens(ask: AskWebhook, clock: Clock): TokenAuthenticator {
  const known = new BoundedCache<TokenCheck>(clock, mostCached);
  return {
    async check(token, audiences) {
      const key = JSON.stringify([token, audiences]);
      const cached = known.get(key);
      if (cached !== undefined) return cached;
      const { status = {} } = (await asked(ask, token, audiences)) as Answer;
      const found = checkOf(status, audiences);
      return found === undefined ? undefined : known.set(key, found, lifetime);
    },
  };
}

function checkOf(status: NonNullable<Answer['status']>, audiences: readonly string[]): TokenCheck | undefined {
  if (status.authenticated !== true) {
    if (status.error !== undefined && status.error !== '') throw new AuthenticationError(status.error);
    return undefined;
  }
  const shared = status.audiences?.filter((audience) => audiences.includes(audience)) ?? audiences;
  if (shared.length === 0) throw new AuthenticationError('the webhook says that the token is for other audiences');
  return { user: userOf(status.user ?? {}), audiences: shared };
}

function userOf({ username = '', uid, groups = [], extra }: Partial<UserInfo>): UserInfo {
  return {
    username,
    groups: [...new Set([...groups, allAuthenticated])],
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined ? {} : { extra }),
  };
}

async function asked(ask: AskWebhook, token: string, audiences: readonly string[]): Promise<unknown> {
  try {
    return await ask({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } });
  } catch (error) {
    throw new AuthenticationError(`the webhook for tokens did not answer: ${messageOf(error)}`);
  }
}
