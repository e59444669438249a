/**
 * A service outside decides: it is sent a SubjectAccessReview.
 *
 * Upstream: apiserver plugin/pkg/authorizer/webhook.
 */
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Attributes, Authorizer, Decision } from '../access.ts';
import type { AskWebhook } from '../authentication/webhook.ts';
import { BoundedCache } from '../bounded-cache.ts';

export interface WebhookAuthorizerOptions {
  readonly ask: AskWebhook;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds for which answers count; 0: not at all. Default five minutes, and half a one for a no. */
  readonly allowedLifetime?: number;
  readonly otherLifetime?: number;
  /** What it comes to when the service does not answer. Default NoOpinion. */
  readonly failurePolicy?: FailurePolicy;
}

export type FailurePolicy = 'NoOpinion' | 'Deny';

const mostCached = 8_192;
/** Whoever asks for names as long as that must not fill the cache. */
const longestKey = 10_000;

interface Answer {
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean; readonly reason?: string };
}

export function webhookAuthorizer({
  ask,
  clock,
  log,
  allowedLifetime = 300_000,
  otherLifetime = 30_000,
  failurePolicy = 'NoOpinion',
}: WebhookAuthorizerOptions): Authorizer {
  const known = new BoundedCache<Decision>(clock, mostCached);
  return {
    async authorize(attributes) {
      const review = reviewOf(attributes);
      const key = JSON.stringify(review.spec);
      const cached = known.get(key);
      if (cached !== undefined) return cached;
      try {
        const decision = decisionOf((await ask(review)) as Answer);
        if (key.length > longestKey) return decision;
        return known.set(key, decision, decision.verdict === 'allow' ? allowedLifetime : otherLifetime);
      } catch (error) {
        // Nobody is let in because a service is down; others may still have an opinion.
        log.warn('the webhook for access did not answer', { error: messageOf(error) });
        const verdict = failurePolicy === 'Deny' ? 'deny' : 'no-opinion';
        return { verdict, reason: '', error: messageOf(error) };
      }
    },
  };
}

function decisionOf({ status = {} }: Answer): Decision {
  const { allowed = false, denied = false, reason = '' } = status;
  if (allowed && denied) throw new Error('webhook subject access review returned both allow and deny response');
  return { verdict: allowed ? 'allow' : denied ? 'deny' : 'no-opinion', reason };
}

function reviewOf({ user, verb, path, resource }: Attributes): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: object;
} {
  const { username, ...rest } = user;
  const spec =
    resource === undefined
      ? { nonResourceAttributes: { path, verb } }
      : { resourceAttributes: { verb, ...withoutSelectors(resource) } };
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: username, ...rest, ...spec },
  };
}

function withoutSelectors({ fieldSelector, labelSelector, ...named }: NonNullable<Attributes['resource']>): object {
  return {
    ...named,
    ...(fieldSelector === undefined ? {} : { fieldSelector: { rawSelector: fieldSelector } }),
    ...(labelSelector === undefined ? {} : { labelSelector: { rawSelector: labelSelector } }),
  };
}
