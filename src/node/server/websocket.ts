/** WebSocket upgrades on the kubelet's own server, and a WebSocket as a plain byte stream. */
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';

const largestMessage = 64 * 1024 * 1024;

/** The first of the offered subprotocols that is known; undefined when none is. */
export function chooseProtocol(request: IncomingMessage, known: readonly string[]): string | undefined {
  const offered = offeredProtocols(request);
  if (offered.length === 0) return known.includes('') ? '' : undefined;
  return known.find((each) => offered.includes(each));
}

function offeredProtocols(request: IncomingMessage): readonly string[] {
  const header = request.headers['sec-websocket-protocol'] ?? '';
  return header
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** Accepts the upgrade. `protocol` may hold characters that the library refuses (`SPDY/3.1+portforward.k8s.io`). */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
): Promise<WebSocket> {
  const server = new WebSocketServer({ noServer: true, maxPayload: largestMessage, perMessageDeflate: false });
  delete request.headers['sec-websocket-protocol'];
  if (protocol !== '') server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    server.handleUpgrade(request, socket, head, (accepted) => {
      socket.off('error', reject);
      resolve(accepted);
    });
  });
}

/** Messages as bytes, for a protocol tunnelled in them. Ends when the peer closes. */
export function asStream(socket: WebSocket): Duplex {
  const stream = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => socket.send(chunk, { binary: true }, (error) => done(error)),
    // What is written at once goes as one message.
    writev: (chunks, done) =>
      socket.send(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), { binary: true }, (error) => done(error)),
    final: (done) => {
      socket.close(1000);
      done();
    },
    destroy: (error, done) => {
      socket.terminate();
      done(error);
    },
  });
  socket.on('message', (data: Buffer) => {
    if (!stream.push(data)) socket.pause();
  });
  socket.on('close', () => stream.push(null));
  socket.on('error', (error) => stream.destroy(error));
  return stream;
}
