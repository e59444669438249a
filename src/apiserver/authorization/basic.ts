/** The least that a cluster needs: administrators may do everything, everybody may ask for health and version. */
import type { Attributes, Authorizer, Decision } from '../access.ts';

const allow = (reason: string): Decision => ({ verdict: 'allow', reason });
const noOpinion: Decision = { verdict: 'no-opinion', reason: '' };

/** Paths that clients need before anyone knows them. */
const publicPath = /^\/(healthz|livez|readyz)(\/.*)?$|^\/version\/?$/;

export function isPublic({ resource, verb, path }: Attributes): boolean {
  return resource === undefined && verb === 'get' && publicPath.test(path);
}

export const administrators: Authorizer = {
  authorize: ({ user }) => (user.groups.includes('system:masters') ? allow('system:masters') : noOpinion),
};

export const publicPaths: Authorizer = {
  authorize: (attributes) => (isPublic(attributes) ? allow('public') : noOpinion),
};

/** The first that allows or denies. */
export function firstOpinion(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      const reasons: string[] = [];
      const errors: string[] = [];
      for (const each of authorizers) {
        const pending = each.authorize(attributes);
        const decision = pending instanceof Promise ? await pending : pending;
        if (decision.verdict !== 'no-opinion') return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
        if (decision.error !== undefined) errors.push(decision.error);
      }
      const reason = reasons.join(', ');
      return { verdict: 'no-opinion', reason, ...(errors.length === 0 ? {} : { error: errors.join(', ') }) };
    },
  };
}
