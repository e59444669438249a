/** One question to an upstream, over UDP or TCP, each from a socket of its own (so that ports cannot be guessed). */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { randomInt } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Exchange, Upstream } from './handlers/forward.ts';

class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
}

/** The answer comes with the id that the query had. */
export function createExchange(clock: Clock): Exchange {
  return async (upstream, query, transport, timeout) => {
    const message = Buffer.from(query);
    const id = randomInt(65_536);
    message.writeUInt16BE(id, 0);
    const answer = await (transport === 'udp' ? overUdp : overTcp)(clock, upstream, message, timeout);
    answer.set(query.subarray(0, 2), 0);
    return answer;
  };
}

function overUdp(clock: Clock, upstream: Upstream, message: Buffer, timeout: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(upstream.host.includes(':') ? 'udp6' : 'udp4');
    const finish = (error: Error | undefined, answer?: Buffer): void => {
      timer.cancel();
      socket.removeAllListeners();
      // What still arrives after an answer is nobody's business.
      socket.on('error', () => {});
      socket.close();
      if (answer === undefined) reject(error ?? new UpstreamError('closed'));
      else resolve(answer);
    };
    const timer = clock.after(timeout, () =>
      finish(new UpstreamError(`${upstream.host} did not answer in ${timeout} ms`)),
    );
    socket.on('error', (error) => finish(error));
    socket.on('message', (answer) => {
      // Somebody else's guess: wait for the right one.
      if (answer.length >= 12 && answer.readUInt16BE(0) === message.readUInt16BE(0)) finish(undefined, answer);
    });
    socket.connect(upstream.port, upstream.host, () => socket.send(message));
  });
}

function overTcp(clock: Clock, upstream: Upstream, message: Buffer, timeout: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: upstream.host, port: upstream.port });
    let received = Buffer.alloc(0);
    const timer = clock.after(timeout, () =>
      socket.destroy(new UpstreamError(`${upstream.host} did not answer in ${timeout} ms`)),
    );
    socket.on('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      resolve(Buffer.from(received.subarray(2, 2 + received.readUInt16BE(0))));
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      timer.cancel();
      reject(new UpstreamError(`${upstream.host} closed the connection`));
    });
  });
}
