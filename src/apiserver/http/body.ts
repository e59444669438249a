/** Reading request bodies: whole, within a limit, and without waiting for ever. */
import type { Clock } from '../../base/clock.ts';
import { badRequest, timeout, tooLarge, type StatusError } from '../errors.ts';
import type { Exchange } from './exchange.ts';

/** Upstream's limit for everything that is decoded. */
const bodyLimit = 3 * 1024 * 1024;
/** A client that takes longer to send 3 MiB keeps a connection busy on purpose. */
const patience = 60_000;

const empty = new Uint8Array();

/** The whole body. Throws 413 beyond the limit, 400 when the client breaks off, 504 when it dawdles. */
export function readBody(exchange: Exchange, clock: Clock, limit: number = bodyLimit): Promise<Uint8Array> {
  const announced = Number(exchange.headers['content-length'] ?? 0);
  if (announced > limit) return Promise.reject(tooLarge(`limit is ${limit}`));
  const { body } = exchange;
  if (body.readableEnded) return Promise.resolve(empty);
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    // A body that has ended says nothing more but that it is closed: its listeners may stay.
    const finish = (): void => {
      timer.cancel();
      const whole = chunks.length === 1 ? (chunks[0] ?? empty) : Buffer.concat(chunks);
      exchange.bodyRead?.(whole);
      resolve(whole);
    };
    const fail = (error: StatusError): void => {
      timer.cancel();
      body.off('data', onData);
      body.off('end', finish);
      body.pause();
      reject(error);
    };
    const onData = (chunk: Uint8Array): void => {
      size += chunk.length;
      if (size > limit) return fail(tooLarge(`limit is ${limit}`));
      chunks.push(chunk);
    };
    const onClose = (): void => {
      if (!body.readableEnded) fail(badRequest('the request was broken off before its body was complete'));
    };
    const timer = clock.after(patience, () =>
      fail(timeout(`request body was not complete after ${patience / 1000} seconds`)),
    );
    body.on('data', onData);
    body.on('end', finish);
    body.on('close', onClose);
    body.on('error', onClose);
  });
}
