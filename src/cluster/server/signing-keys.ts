/**
 * The keys of service accounts' tokens: `pki/sa.key` signs, those of `pki/sa.pub` verify, the newest first.
 *
 * Rotation: the new public key is written down before its private key signs anything; the older ones stay, and
 * their tokens count, until they are retired. Whenever that is cut short, every token that was given out counts.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../api/core/secret.ts';
import { keyIdOf, publicKeysOf, type TokenKeys } from '../../apiserver/authentication/token-issuer.ts';
import { methodNotAllowed } from '../../apiserver/errors.ts';
import type { Exchange } from '../../apiserver/http/exchange.ts';
import { isTrue, type RequestInfo } from '../../apiserver/http/request-info.ts';
import { sendJson } from '../../apiserver/http/respond.ts';
import { timestamp, type Clock } from '../../base/clock.ts';
import { writeFileDurably } from '../../base/file.ts';
import type { SigningKeyList } from '../../cli/manager.ts';
import { isConflict, isNotFound, type Client } from '../../client/client.ts';
import { createSigningKey } from '../../pki/certificate.ts';
import { signingKeyPath } from './rotation.ts';

const signingFile = 'sa.key';
const verifyingFile = 'sa.pub';

export function readTokenKeys(pki: string): TokenKeys {
  return Object.freeze({
    privateKey: readFileSync(join(pki, signingFile), 'utf8'),
    publicKeys: publicKeysOf(readFileSync(join(pki, verifyingFile), 'utf8')),
  });
}

/** Nodes get new tokens for their pods before an hour is over. */
const handover = 3_607_000;

export class SigningKeys {
  readonly #pki: string;
  readonly #clock: Clock;
  #current: TokenKeys;

  constructor({ pki, clock }: { readonly pki: string; readonly clock: Clock }) {
    this.#pki = pki;
    this.#clock = clock;
    this.#current = readTokenKeys(pki);
  }

  get current(): TokenKeys {
    return this.#current;
  }

  /** Signs with a new key from now on. */
  async rotate(): Promise<void> {
    const { privateKey, publicKey } = await createSigningKey();
    writeFileDurably(join(this.#pki, verifyingFile), [publicKey, ...this.#current.publicKeys].join(''), 0o644);
    writeFileDurably(join(this.#pki, signingFile), privateKey);
    this.#current = readTokenKeys(this.#pki);
  }

  /** From now on only tokens of the key that signs count. */
  async retire(): Promise<void> {
    const signing = await keyIdOf(this.#current.privateKey);
    const kept: string[] = [];
    for (const each of this.#current.publicKeys) if ((await keyIdOf(each)) === signing) kept.push(each);
    writeFileDurably(join(this.#pki, verifyingFile), kept.join(''), 0o644);
    this.#current = readTokenKeys(this.#pki);
  }

  /** Milliseconds since the epoch at which pods have tokens of the key that signs. */
  get settledAt(): number {
    return statSync(join(this.#pki, signingFile)).mtimeMs + handover;
  }

  async list(): Promise<SigningKeyList> {
    const signing = await keyIdOf(this.#current.privateKey);
    const ids = await Promise.all(this.#current.publicKeys.map(keyIdOf));
    const waiting = ids.length > 1 && this.settledAt > this.#clock.now();
    return {
      keys: ids.map((id) => ({ id, signs: id === signing })),
      ...(waiting ? { settledAt: timestamp(this.settledAt) } : {}),
    };
  }
}

type Page = (exchange: Exchange, info: RequestInfo) => Promise<void>;

/** Pages by which the command reaches the running server. `client` writes Secrets. */
export function signingKeyPages(keys: SigningKeys, client: () => Client): ReadonlyMap<string, Page> {
  const onPost = (work: (info: RequestInfo) => Promise<object>): Page => {
    return async (exchange, info) => {
      if (exchange.method !== 'POST') throw methodNotAllowed();
      sendJson(exchange, 200, { ...(await keys.list()), ...(await work(info)), ...(await keys.list()) });
    };
  };
  return new Map<string, Page>([
    [signingKeyPath(), async (exchange) => sendJson(exchange, 200, await keys.list())],
    [
      signingKeyPath('rotate'),
      onPost(async () => {
        await keys.rotate();
        return {};
      }),
    ],
    [
      signingKeyPath('retire'),
      onPost(async ({ query }) => {
        const { settledAt } = await keys.list();
        if (settledAt !== undefined && !isTrue(query.get('force'))) return { refused: true };
        await keys.retire();
        return { rewritten: await renewTokens(keys, client()) };
      }),
    ],
  ]);
}

/** Tokens in Secrets have no end: whoever uses one gets it anew, from the controller that fills such Secrets. */
async function renewTokens(keys: SigningKeys, client: Client): Promise<number> {
  const signing = await keyIdOf(keys.current.privateKey);
  let count = 0;
  const fieldSelector = 'type=kubernetes.io/service-account-token';
  for (const { metadata, data = {} } of (await client.list(Secret, { fieldSelector })).items) {
    const token = data['token'];
    if (token === undefined || signerOf(token) === signing) continue;
    try {
      const { resourceVersion } = metadata;
      await client.patch(Secret, metadata, { metadata: { resourceVersion }, data: { token: null } }, { type: 'merge' });
      count += 1;
    } catch (error) {
      // Whoever changed or deleted it meanwhile has made it another one.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
  return count;
}

/** The id of the key that has signed a token, which is base64 once more in a Secret. */
function signerOf(encoded: string): string {
  const [header = ''] = Buffer.from(encoded, 'base64').toString().split('.');
  try {
    return String((JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid?: unknown }).kid);
  } catch {
    return '';
  }
}
