/** OpenID discovery for service account tokens: how others find the keys that verify them. */
import type { Exchange } from '../http/exchange.ts';
import { sendBytes } from '../http/respond.ts';
import { methodNotAllowed } from '../errors.ts';
import type { TokenIssuer } from './token-issuer.ts';

const keysPath = '/openid/v1/jwks';
const cacheControl = 'public, max-age=3600';

/** `address`: host and port under which clients reach this server. */
export function issuerDiscovery(
  issuer: TokenIssuer,
  address: () => string,
): ReadonlyMap<string, (exchange: Exchange) => Promise<void>> {
  const send = (exchange: Exchange, type: string, value: object): void => {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') throw methodNotAllowed();
    const headers = { 'content-type': type, 'cache-control': cacheControl };
    sendBytes(exchange, 200, headers, Buffer.from(JSON.stringify(value)));
  };
  return new Map([
    [
      '/.well-known/openid-configuration',
      async (exchange: Exchange) => {
        const { keys } = await issuer.keys();
        send(exchange, 'application/json', {
          issuer: issuer.issuer,
          jwks_uri: `https://${address()}${keysPath}`,
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: [...new Set(keys.map(({ alg }) => alg))],
        });
      },
    ],
    [keysPath, async (exchange: Exchange) => send(exchange, 'application/jwk-set+json', await issuer.keys())],
  ]);
}
