/** A Node stream as a transport's response. */
import type { Readable } from 'node:stream';
import { isAbort, messageOf } from '../base/errors.ts';
import { ConnectionError, type TransportResponse } from './transport.ts';

/** `complete` tells, once the stream has closed, whether everything has come: a broken connection ends it too. */
export function responseOf(
  status: number,
  headers: Readonly<Record<string, string | string[] | number | undefined>>,
  body: Readable,
  complete: () => boolean,
): TransportResponse {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(':'))
      flat[name] = Array.isArray(value) ? value.join(', ') : String(value);
  }
  return {
    status,
    headers: flat,
    whole: () => collect(body, complete),
    chunks: () => follow(body, complete),
  };
}

function collect(body: Readable, complete: () => boolean): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    body.on('data', (chunk: Buffer) => chunks.push(chunk));
    body.once('error', (error) => reject(brokenOff(error)));
    body.once('close', () => {
      if (!complete()) return reject(brokenOff(body.errored ?? undefined));
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
  });
}

async function* follow(body: Readable, complete: () => boolean): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
    if (!body.closed) await new Promise<void>((resolve) => body.once('close', () => resolve()));
  } catch (error) {
    throw brokenOff(error);
  } finally {
    body.destroy();
  }
  if (!complete()) throw brokenOff(undefined);
}

function brokenOff(error: unknown): unknown {
  if (isAbort(error) || error instanceof ConnectionError) return error;
  const why = error === undefined ? '' : `: ${messageOf(error)}`;
  return new ConnectionError(`the connection broke while the answer was read${why}`, false, error);
}
