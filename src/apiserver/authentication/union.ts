/** Several authenticators, asked in turn; who presents nothing is anonymous. */
import type { Authenticator, UserInfo } from '../access.ts';

export const anonymousUser: UserInfo = Object.freeze({
  username: 'system:anonymous',
  groups: ['system:unauthenticated'],
});

/** The first that knows the caller. `anonymous`: whether the unknown are let through as `system:anonymous`. */
export function anyOf(authenticators: readonly Authenticator[], anonymous = true): Authenticator {
  return {
    async authenticate(request) {
      for (const each of authenticators) {
        const user = await each.authenticate(request);
        if (user !== undefined) return user;
      }
      // Credentials that nobody understands are wrong ones, not none at all.
      return anonymous && request.headers.authorization === undefined ? anonymousUser : undefined;
    },
  };
}
