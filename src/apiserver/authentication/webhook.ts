/**
 * A service outside says whose a token is: it is sent a TokenReview.
 *
 * Upstream: apiserver plugin/pkg/authenticator/token/webhook, pkg/authentication/token/cache.
 */
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { BoundedCache } from '../bounded-cache.ts';
import { AuthenticationError, type UserInfo } from '../access.ts';
import { allAuthenticated } from './groups.ts';
import type { TokenAuthenticator, TokenCheck } from './tokens.ts';

/** POSTs a review and returns the answer's body. Rejects when there is none. */
export type AskWebhook = (review: object) => Promise<unknown>;

export interface WebhookTokenOptions {
  readonly ask: AskWebhook;
  readonly clock: Clock;
  /** Milliseconds for which answers count, yes and no; 0: not at all. Default two minutes. */
  readonly lifetime?: number;
}

const twoMinutes = 120_000;
const mostCached = 4_096;

interface Answer {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: Partial<UserInfo>;
    readonly audiences?: readonly string[];
    readonly error?: string;
  };
}

/** What the service said; `check` is absent for tokens that it does not know. */
interface Known {
  readonly check?: TokenCheck;
}

export function webhookTokens({ ask, clock, lifetime = twoMinutes }: WebhookTokenOptions): TokenAuthenticator {
  const known = new BoundedCache<Known>(clock, mostCached);
  // Requests with one token that come at once are one question.
  const asking = new Map<string, Promise<Known>>();
  const find = async (key: string, token: string, audiences: readonly string[]): Promise<Known> => {
    try {
      const { status = {} } = (await asked(ask, token, audiences)) as Answer;
      // Errors are thrown here, and not remembered.
      return known.set(key, knownOf(status, audiences), lifetime);
    } finally {
      asking.delete(key);
    }
  };
  return {
    async check(token, audiences) {
      const key = JSON.stringify([token, audiences]);
      let answer: Known | Promise<Known> | undefined = known.get(key) ?? asking.get(key);
      if (answer === undefined) {
        answer = find(key, token, audiences);
        asking.set(key, answer);
      }
      return (await answer).check;
    },
  };
}

function knownOf(status: NonNullable<Answer['status']>, audiences: readonly string[]): Known {
  if (status.authenticated !== true) {
    if (status.error !== undefined && status.error !== '') throw new AuthenticationError(status.error);
    return {};
  }
  // A service that knows nothing of audiences vouches for this API server's own.
  const said = status.audiences ?? [];
  const shared = said.length === 0 ? audiences : said.filter((audience) => audiences.includes(audience));
  return shared.length === 0 ? {} : { check: { user: userOf(status.user ?? {}), audiences: shared } };
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
