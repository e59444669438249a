/** The front on real sockets: who keeps it waiting is cut off. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { certificates } from './harness.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { createFront, type Front } from '../../src/apiserver/http/listener.ts';

let front: Front | undefined;
afterEach(() => front?.close(0));

test.each(['', 'GET /version HTTP/1.1\r\n', 'GET /version HTTP/1.1\r\nHost: x\r\nX-Slow:'])(
  'headers that do not come to an end: %j',
  async (text) => {
    const { ca, server } = await certificates();
    let asked = 0;
    front = createFront({
      tls: { key: server.key, cert: server.certificate, clientCa: ca.certificate },
      clock: systemClock,
      log: silentLogger,
      handle: () => (asked += 1),
      upgrade: () => (asked += 1),
      headerPatience: 500,
    });
    const { port } = await front.listen(0, '127.0.0.1');
    const socket = connect({ host: '127.0.0.1', port, ca: ca.certificate, ALPNProtocols: ['http/1.1'] });
    await once(socket, 'secureConnect');
    const began = systemClock.monotonic();
    if (text !== '') socket.write(text);
    // More now and then, as those do who want to look alive.
    const drip = (): void => {
      if (socket.destroyed) return;
      if (text !== '') socket.write('x');
      systemClock.after(100, drip);
    };
    drip();
    socket.on('error', () => {});
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(systemClock.monotonic() - began).toBeLessThan(5_000);
    expect(asked).toBe(0);
  },
);
