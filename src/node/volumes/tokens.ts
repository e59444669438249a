/** Service account tokens for pods, from the TokenRequest API, kept until most of their life is over. */
import type { ServiceAccountTokenProjection } from '../../api/core/volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import type { TokenRequest } from '../../api/authentication/token-request.ts';
import { parseTimestamp, timestamp, type Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import type { PodFacts } from '../container/fields.ts';
import { namespaceOf } from '../pod/names.ts';
import { VolumeError } from './volume.ts';

interface Token {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly refreshAt: number;
  readonly expiresAt: number;
}

export interface TokensOptions {
  readonly client: Client;
  readonly clock: Clock;
}

const defaultExpiration = 3600;
const longestLife = 24 * 3600 * 1000;
const refreshShare = 0.8;

export class Tokens {
  readonly #options: TokensOptions;
  /** Pod uid to its tokens by audience and lifetime. */
  readonly #kept = new Map<string, Map<string, Token>>();
  /** Likewise, of those that drivers have been handed: these are not written into volumes, nor renewed by the clock. */
  readonly #forDrivers = new Map<string, Map<string, Token>>();

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  /** A valid token; an older one that still lives when the API does not answer. */
  async get(facts: Pick<PodFacts, 'pod'>, wanted: ServiceAccountTokenProjection): Promise<string> {
    const { audience = '', expirationSeconds = defaultExpiration } = wanted;
    return (await this.#valid(this.#kept, facts.pod, audience, expirationSeconds)).text;
  }

  async #valid(all: Map<string, Map<string, Token>>, pod: Pod, audience: string, expiration: number): Promise<Token> {
    const { uid } = pod.metadata;
    const kept = all.get(uid) ?? new Map<string, Token>();
    all.set(uid, kept);
    const key = `${expiration}/${audience}`;
    const before = kept.get(key);
    const now = this.#options.clock.now();
    if (before !== undefined && before.refreshAt > now) return before;
    try {
      const token = await this.#request({ pod }, audience, expiration);
      kept.set(key, token);
      return token;
    } catch (error) {
      if (before !== undefined && before.expiresAt > now) return before;
      throw error;
    }
  }

  /** When the first of the pod's tokens should be replaced. */
  refreshAt(uid: string): number | undefined {
    const times = [...(this.#kept.get(uid)?.values() ?? [])].map((token) => token.refreshAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  forget(uid: string): void {
    this.#kept.delete(uid);
    this.#forDrivers.delete(uid);
  }

  /** A token for a CSI driver, as the driver is handed it: the same one until most of its life is over. */
  async forDriver(
    pod: Pod,
    audience: string,
    seconds = defaultExpiration,
  ): Promise<{ readonly token: string; readonly expirationTimestamp: string }> {
    const { text, expiresAt } = await this.#valid(this.#forDrivers, pod, audience, seconds);
    return { token: text, expirationTimestamp: timestamp(expiresAt) };
  }

  async #request({ pod }: Pick<PodFacts, 'pod'>, audience: string, expirationSeconds: number): Promise<Token> {
    const name = pod.spec?.serviceAccountName ?? 'default';
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name, namespace: namespaceOf(pod) },
      spec: {
        audiences: audience === '' ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: pod.metadata.name, uid: pod.metadata.uid },
      },
    };
    const ref = { namespace: namespaceOf(pod), name };
    const answer = (await this.#options.client.post(ServiceAccount, ref, 'token', body)) as Partial<TokenRequest>;
    const { token, expirationTimestamp } = answer.status ?? {};
    if (token === undefined) throw new VolumeError(`failed to fetch token: the API answered without one`);
    const now = this.#options.clock.now();
    const expiresAt = expirationTimestamp === undefined ? NaN : parseTimestamp(expirationTimestamp);
    const life = Number.isNaN(expiresAt) ? expirationSeconds * 1000 : expiresAt - now;
    return { text: token, expiresAt: now + life, refreshAt: now + Math.min(longestLife, life * refreshShare) };
  }
}
