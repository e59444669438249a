/** Several authenticators, asked in turn; who presents nothing is anonymous. */
import { messageOf } from '../../base/errors.ts';
import { AuthenticationError, type Authenticator, type UserInfo } from '../access.ts';

export const anonymousUser: UserInfo = Object.freeze({
  username: 'system:anonymous',
  groups: ['system:unauthenticated'],
});

/**
 * The first that knows the caller: bad credentials of one kind do not spoil good ones of another. `anonymous`:
 * whether those who present nothing are let through as `system:anonymous`.
 */
export function anyOf(authenticators: readonly Authenticator[], anonymous = true): Authenticator {
  return {
    async authenticate(request) {
      const errors: AuthenticationError[] = [];
      for (const each of authenticators) {
        try {
          const user = await each.authenticate(request);
          if (user !== undefined) return user;
        } catch (error) {
          if (!(error instanceof AuthenticationError)) throw error;
          errors.push(error);
        }
      }
      const [first] = errors;
      if (first !== undefined) throw errors.length === 1 ? first : joined(errors);
      // Credentials that nobody understands are wrong ones, not none at all.
      return anonymous && request.headers.authorization === undefined ? anonymousUser : undefined;
    },
  };
}

function joined(errors: readonly AuthenticationError[]): AuthenticationError {
  return errors.find(({ told }) => told) ?? new AuthenticationError(errors.map(messageOf).join('; '));
}
