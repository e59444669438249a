/**
 * Browsers cannot set headers on a WebSocket, so they bring their token among the subprotocols:
 * `base64url.bearer.authorization.k8s.io.TOKEN`, beside the one that they mean.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { unauthorized } from '../errors.ts';

const prefix = 'base64url.bearer.authorization.k8s.io.';

/** The headers as if the token had come where tokens belong. Throws 401 when it is not clear which is meant. */
export function withBearerProtocol(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
  const [encoded, another] = offered.filter((each) => each.startsWith(prefix));
  if (encoded === undefined || headers.authorization !== undefined) return headers;
  const left = offered.filter((each) => each !== encoded);
  if (another !== undefined) throw unauthorized('Unauthorized: several tokens among the WebSocket subprotocols');
  if (left.length === 0) throw unauthorized('Unauthorized: a token needs a WebSocket subprotocol beside it');
  const token = Buffer.from(encoded.slice(prefix.length), 'base64url').toString();
  return { ...headers, 'sec-websocket-protocol': left.join(', '), authorization: `Bearer ${token}` };
}
