import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { success } from './streams.ts';
import { webSocketStreams } from './websocket-streams.ts';

/** Takes a turn of the event loop for each message, as a socket does whose peer reads slowly. */
class SlowSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly channels: number[] = [];

  send(message: Buffer, _options: object, done: (error?: Error) => void): void {
    setImmediate(() => {
      if (this.readyState === this.OPEN) this.channels.push(message[0] ?? -1);
      done();
    });
  }

  close(): void {
    this.readyState = 3;
    this.emit('close');
  }
}

const request = { stdin: false, stdout: true, stderr: true, tty: false };

test('the status comes after all output, also after what still waits to be sent', async () => {
  const socket = new SlowSocket();
  const streams = webSocketStreams(socket as unknown as WebSocket, 'v5.channel.k8s.io', request);
  for (const part of ['one', 'two', 'three']) streams.stdout?.write(part);
  streams.stderr?.write('complaint');
  await streams.finish(success);
  expect(socket.channels).toEqual([1, 2, 1, 1, 3]);
});
