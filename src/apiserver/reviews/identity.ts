/** Questions about identity: whose token is this, and who am I (kubectl auth whoami). */
import type { TokenReview } from '../../api/authentication/token-review.ts';
import { messageOf } from '../../base/errors.ts';
import { timestamp, type Clock } from '../../base/clock.ts';
import { AuthenticationError, type UserInfo } from '../access.ts';
import type { TokenAuthenticator } from '../authentication/tokens.ts';
import { badRequest } from '../errors.ts';
import { draftMeta, type DraftObject } from '../registry/snapshot.ts';
import type { VirtualHandler } from '../server-types.ts';

export interface IdentityReviewOptions {
  readonly tokens: TokenAuthenticator;
  /** What a token must be good for when the question does not say. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

export function identityReviews(options: IdentityReviewOptions): readonly [string, VirtualHandler][] {
  return [
    [
      'authentication.k8s.io/tokenreviews',
      {
        check: ({ spec }) => checkToken(spec as TokenReview['spec']),
        answer: async (draft) => ({ ...draft, status: await review(draft['spec'] as TokenReview['spec'], options) }),
      },
    ],
    [
      'authentication.k8s.io/selfsubjectreviews',
      {
        answer: (draft, user) => {
          draftMeta(draft).creationTimestamp = timestamp(options.clock.now());
          return { ...draft, status: { userInfo: shown(user) } };
        },
      },
    ],
  ];
}

function checkToken({ token = '' }: TokenReview['spec']): void {
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
}

async function review(
  { token = '', audiences = [] }: TokenReview['spec'],
  options: IdentityReviewOptions,
): Promise<DraftObject> {
  const wanted = audiences.length === 0 ? options.audiences : audiences;
  try {
    const found = await options.tokens.check(token, wanted);
    if (found === undefined) return { user: {} };
    return { authenticated: true, user: shown(found.user), audiences: found.audiences };
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    return { user: {}, error: messageOf(error) };
  }
}

function shown({ username, uid, groups, extra }: UserInfo): DraftObject {
  return {
    username,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  };
}
