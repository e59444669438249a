/** The token commands: what lets another machine join. */
import { ConfigMap } from '../../api/core/config-map.ts';
import { Secret } from '../../api/core/secret.ts';
import { timestamp, type Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { ClusterManager, NewToken, TokenOptions, TokenRow } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { isAlreadyExists, isNotFound, type Client } from '../../client/client.ts';
import {
  clusterInfo,
  joiningGroup,
  parseToken,
  tokenNamespace as namespace,
  tokenOf,
  tokenSecretName,
  tokenSecretType,
  type BootstrapToken,
} from '../../controllers/bootstrap-token/token.ts';
import { publicKeyHash } from '../../pki/certificate.ts';
import { readKeyPair } from '../credentials/credentials.ts';
import { nodeAddress } from '../settings/nodes.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { asAdministrator, type Asking } from './administrator.ts';

type TokenCommands = Pick<ClusterManager, 'createToken' | 'listTokens' | 'deleteToken'>;

/** How long the signer may take to sign for a new token, in milliseconds. */
const signingPatience = 10_000;
const signingPause = 20;

export function tokenCommands(environment: Asking): TokenCommands {
  return {
    createToken: (options) => asAdministrator(environment, (...of) => create(environment, options, ...of)),
    listTokens: () => asAdministrator(environment, list),
    deleteToken: (name) => asAdministrator(environment, (client) => remove(client, name)),
  };
}

async function create(
  { layout, clock, random }: Asking,
  { token: wanted, ttlSeconds, description }: TokenOptions,
  client: Client,
  settings: ClusterSettings,
): Promise<NewToken> {
  if (settings.furtherNodes.length > 0) {
    throw new UserError(
      `cluster ${layout.name} has nodes in namespaces of this machine, whose pods other machines could not reach`,
      `take them away first: ${layout.command(`node rm ${settings.furtherNodes.map(({ name }) => name).join(' ')}`)}`,
    );
  }
  const token = wanted === undefined ? newToken(random) : required(wanted);
  const expires = ttlSeconds === 0 ? undefined : clock.now() + ttlSeconds * 1000;
  const data = {
    'token-id': token.id,
    'token-secret': token.secret,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    'auth-extra-groups': joiningGroup,
    ...(expires === undefined ? {} : { expiration: timestamp(expires) }),
    ...(description === undefined ? {} : { description }),
  };
  const encoded = Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')] as const);
  const secret = {
    metadata: { namespace, name: tokenSecretName(token.id) },
    type: tokenSecretType,
    data: Object.fromEntries(encoded),
  };
  await client.create(Secret, secret).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
    throw new UserError(
      `there is a token ${token.id} already`,
      `delete it first: ${layout.command(`token delete ${token.id}`)}`,
    );
  });
  // Whoever copies the command line finds it working.
  await untilSigned(client, clock, token);
  const text = `${token.id}.${token.secret}`;
  const hash = publicKeyHash(readKeyPair(layout.pki, 'ca').certificate);
  const address = `${nodeAddress(settings)}:${settings.port}`;
  return {
    token: text,
    hash,
    address,
    command: `coracle join ${address} --token ${text} --ca-hash ${hash}`,
    ...(expires === undefined ? {} : { expires }),
  };
}

async function untilSigned(client: Client, clock: Clock, { id }: BootstrapToken): Promise<void> {
  const deadline = clock.monotonic() + signingPatience;
  for (;;) {
    const { data = {} } = await client.get(ConfigMap, clusterInfo);
    if (data[clusterInfo.signature(id)] !== undefined) return;
    if (clock.monotonic() > deadline) {
      throw new UserError(
        `token ${id} was made, but the server does not sign with it`,
        'see whether its controllers run: coracle why controllers, coracle logs server',
      );
    }
    await clock.sleep(signingPause);
  }
}

async function list(client: Client): Promise<readonly TokenRow[]> {
  const { items } = await client.list(Secret, { namespace, fieldSelector: `type=${tokenSecretType}` });
  return items.flatMap((secret) => {
    const token = tokenOf(secret);
    if (token === undefined) return [];
    const { id, expires, usages, groups, description } = token;
    const end = expires === Infinity ? {} : { expires };
    return [{ token: `${id}.${token.secret}`, ...end, usages, groups, description }];
  });
}

/** By the whole token or by its first half. */
async function remove(client: Client, name: string): Promise<string> {
  const id = parseToken(name)?.id ?? (/^[a-z0-9]{6}$/.test(name) ? name : required(name).id);
  await client.delete(Secret, { namespace, name: tokenSecretName(id) }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    throw new UserError(`there is no token ${id}`, 'see: coracle token list');
  });
  return id;
}

function required(text: string): BootstrapToken {
  const token = parseToken(text);
  if (token !== undefined) return token;
  throw new UserError(
    `${JSON.stringify(text)} is no bootstrap token`,
    'one looks like abcdef.0123456789abcdef: 6 and 16 lower-case letters and digits',
    2,
  );
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

function newToken(random: Random): BootstrapToken {
  return { id: word(random, 6), secret: word(random, 16) };
}

function word(random: Random, length: number): string {
  // Bytes beyond the last whole multiple of the alphabet would make its first letters likelier.
  const usable = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of random.bytes(length)) {
      if (byte < usable && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
