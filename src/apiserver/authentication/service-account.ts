/** Bearer tokens of service accounts: the signature, and whether what the token is bound to is still there. */
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { Secret } from '../../api/core/secret.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import { parseTimestamp, type Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { AuthenticationError, type ObjectReader, type UserInfo } from '../access.ts';
import type { TokenIssuer, VerifiedToken } from './token-issuer.ts';
import type { TokenAuthenticator, TokenCheck } from './tokens.ts';
import { credentialId } from './x509.ts';

export interface ServiceAccountOptions {
  readonly issuer: TokenIssuer;
  readonly reader: ObjectReader;
  readonly clock: Clock;
}

/** Signatures that were checked; the oldest are forgotten and checked again. */
const maxVerified = 2_000;
/** A token still works this long, in milliseconds, after its object's deletion was due: status updates need it. */
const deletionLeeway = 60_000;

export class ServiceAccountTokens implements TokenAuthenticator {
  readonly #options: ServiceAccountOptions;
  readonly #verified = new Map<string, VerifiedToken>();
  /** Of the keys by which those were verified. */
  #generation: object | undefined;

  constructor(options: ServiceAccountOptions) {
    this.#options = options;
  }

  /** undefined for tokens of others; throws AuthenticationError for bad ones of ours. */
  async check(token: string, audiences: readonly string[]): Promise<TokenCheck | undefined> {
    const verified = await this.#verify(token);
    if (verified === undefined) return undefined;
    if (verified.expires <= this.#options.clock.now())
      throw new AuthenticationError('the service account token has expired');
    const legacy = verified.audiences.length === 0;
    const shared = legacy ? audiences : audiences.filter((audience) => verified.audiences.includes(audience));
    if (shared.length === 0) {
      throw new AuthenticationError(
        `the token is meant for ${verified.audiences.join(', ')}, not for ${audiences.join(', ')}`,
      );
    }
    this.#checkBindings(verified);
    return { user: userOf(verified), audiences: shared };
  }

  async #verify(token: string): Promise<VerifiedToken | undefined> {
    const generation = this.#options.issuer.generation();
    if (generation !== this.#generation) this.#verified.clear();
    this.#generation = generation;
    const known = this.#verified.get(token);
    if (known !== undefined) return known;
    let verified: VerifiedToken | undefined;
    try {
      verified = await this.#options.issuer.verify(token);
    } catch (error) {
      throw new AuthenticationError(`the service account token is not valid: ${messageOf(error)}`);
    }
    if (verified === undefined) return undefined;
    this.#verified.set(token, verified);
    const [oldest] = this.#verified.keys();
    if (this.#verified.size > maxVerified && oldest !== undefined) this.#verified.delete(oldest);
    return verified;
  }

  #checkBindings({ namespace, serviceAccount, pod, secret, node }: VerifiedToken): void {
    const { reader } = this.#options;
    this.#checkLive('service account', serviceAccount, reader.get(ServiceAccount, namespace, serviceAccount.name));
    if (pod !== undefined) this.#checkLive('pod', pod, reader.get(Pod, namespace, pod.name));
    else if (node !== undefined) this.#checkLive('node', node, reader.get(Node, '', node.name));
    if (secret !== undefined) this.#checkLive('secret', secret, reader.get(Secret, namespace, secret.name));
  }

  #checkLive(
    what: string,
    wanted: { readonly name: string; readonly uid: string },
    present: { readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string } } | undefined,
  ): void {
    if (present === undefined || (wanted.uid !== '' && present.metadata.uid !== wanted.uid)) {
      throw new AuthenticationError(`the token's ${what} ${wanted.name} is gone`);
    }
    const { deletionTimestamp } = present.metadata;
    if (
      deletionTimestamp !== undefined &&
      parseTimestamp(deletionTimestamp) + deletionLeeway < this.#options.clock.now()
    ) {
      throw new AuthenticationError(`the token's ${what} ${wanted.name} has been deleted`);
    }
  }
}

function userOf({ namespace, serviceAccount, pod, node, id }: VerifiedToken): UserInfo {
  const extra: Record<string, readonly string[]> = {};
  if (id !== '') extra[credentialId] = [`JTI=${id}`];
  if (node !== undefined) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  if (pod !== undefined) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  return {
    username: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    uid: serviceAccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
