/** Requests over connections of their own, as whoever the audit wants to be; nothing is trusted but looked at. */
import { request as httpsRequest } from 'node:https';
import { createConnection } from 'node:net';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Answer, TlsFact } from '../../benchmark/facts.ts';
import type { KeyPair } from '../../pki/certificate.ts';
import { isRecord } from '../../schema/freeze.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface Question {
  readonly method?: string;
  readonly path: string;
  readonly body?: object;
  readonly contentType?: string;
}

export interface FullAnswer extends Answer {
  /** The answer's JSON; undefined when it is none. */
  readonly value: unknown;
}

/** Milliseconds without an answer. */
const patience = 10_000;

/** Does not throw: what can't be asked has status 0. Without an identity it asks as nobody. */
export function ask({ host, port }: Place, question: Question, identity?: KeyPair): Promise<FullAnswer> {
  const { method = 'GET', path, body, contentType = 'application/json' } = question;
  return new Promise((resolve) => {
    const failed = (error: unknown): void => resolve({ status: 0, message: messageOf(error), value: undefined });
    const request = httpsRequest({
      host,
      port,
      path,
      method,
      agent: false,
      timeout: patience,
      // Whom we talk to is looked at elsewhere; here it counts what is answered.
      rejectUnauthorized: false,
      headers: { accept: 'application/json', 'user-agent': 'coracle/audit', 'content-type': contentType },
      ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
    });
    request.on('error', failed);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${patience / 1000} s`)));
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', failed);
      response.on('end', () => resolve(answerOf(response.statusCode ?? 0, Buffer.concat(chunks).toString())));
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function answerOf(status: number, text: string): FullAnswer {
  const value = parsed(text);
  const message = isRecord(value) && typeof value['message'] === 'string' ? value['message'] : text.slice(0, 200);
  return { status, message, value };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What no server of ours should agree to: no forward secrecy, or no authenticated encryption. */
const weak = [
  'AES128-SHA',
  'AES256-SHA',
  'AES128-SHA256',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-RSA-AES128-SHA256',
].join(':');

/** The client's own library would refuse old versions otherwise, and the server would not be asked. */
const anything = '@SECLEVEL=0';

export async function tlsFact(place: Place, authority: string): Promise<TlsFact> {
  const address = `${place.host}:${place.port}`;
  const shown = await shake(place, { ca: authority });
  if ('error' in shown) {
    return { address, unreachable: shown.error, expires: 0, oldVersions: [], weakCiphers: [] };
  }
  const oldVersions: string[] = [];
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const old = await shake(place, { minVersion: version, maxVersion: version, ciphers: `DEFAULT${anything}` });
    if (!('error' in old)) oldVersions.push(version);
  }
  const weakly = await shake(place, { maxVersion: 'TLSv1.2', ciphers: `${weak}${anything}` });
  return {
    address,
    ...(shown.distrusted === undefined ? {} : { distrusted: shown.distrusted }),
    expires: shown.expires,
    oldVersions,
    weakCiphers: 'error' in weakly ? [] : [weakly.cipher],
  };
}

interface Offer {
  readonly ca?: string;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
  readonly ciphers?: string;
}

interface Shaken {
  readonly expires: number;
  readonly distrusted?: string;
  readonly cipher: string;
}

function shake(place: Place, offer: Offer): Promise<Shaken | { readonly error: string }> {
  return new Promise((resolve) => {
    const socket = connect({ ...place, ...offer, rejectUnauthorized: false, timeout: patience });
    socket.once('error', (error) => resolve({ error: messageOf(error) }));
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${patience / 1000} s`)));
    socket.once('secureConnect', () => {
      resolve(shakenOf(socket));
      socket.destroy();
    });
  });
}

function shakenOf(socket: TLSSocket): Shaken {
  const raw = socket.getPeerX509Certificate();
  const expires = raw === undefined ? 0 : raw.validToDate.getTime();
  const cipher = socket.getCipher().standardName;
  if (socket.authorized) return { expires, cipher };
  return { expires, cipher, distrusted: String(socket.authorizationError ?? 'not trusted') };
}

/** What answers over plain HTTP at a port; undefined when nothing listens there. */
export function plainAnswer({ host, port }: Place): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: patience });
    socket.once('error', (error) => resolve(codeOf(error) === 'ECONNREFUSED' ? undefined : messageOf(error)));
    socket.once('timeout', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('connect', () => {
      socket.destroy();
      resolve('a connection was accepted');
    });
  });
}
