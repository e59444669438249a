import 'reflect-metadata';
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../base/clock.ts';
import { backend, expose, get, ingressForEachTest, pause, ports, route, servers } from './testing/test-bed.ts';

ingressForEachTest();

describe('long connections', () => {
  it('upgrades to WebSockets', async () => {
    const port = await backend((_, response) => response.end());
    const sockets = new WebSocketServer({ server: servers.at(-1)! });
    sockets.on('connection', (socket) =>
      socket.on('message', (message) => socket.send(`echo ${(message as Buffer).toString()}`)),
    );
    expose('ws', [port]);
    route('ws.example', 'ws');
    await pause();
    const socket = new WebSocket(`ws://127.0.0.1:${ports.http}/chat`, { headers: { host: 'ws.example' } });
    const answer = await new Promise((resolve, reject) => {
      socket.on('open', () => socket.send('hello'));
      socket.on('message', (message) => resolve((message as Buffer).toString()));
      socket.on('error', reject);
    });
    expect(answer).toBe('echo hello');
    socket.close();
  });

  it('give back an answer that is no upgrade, and do not let a second request past the rules', async () => {
    const asked: string[] = [];
    expose('web', [
      await backend((request, response) => {
        asked.push(request.url ?? '');
        response.writeHead(403, { 'content-length': '2' }).end('no');
      }),
    ]);
    route('a.example', 'web');
    await pause();
    const answer = await new Promise<string>((resolve) => {
      const upgrade = 'GET /one HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
      const socket = connectTcp(ports.http, '127.0.0.1', () =>
        socket.write(`${upgrade}GET /two HTTP/1.1\r\nHost: elsewhere\r\n\r\n`),
      );
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[^]*Connection: close\r\n\r\nno$/);
    expect(asked).toEqual(['/one']);
  });

  it('stay HTTP/1.1 when a client offers h2c', async () => {
    expose('web', [await backend((request, response) => response.end(`plain ${request.headers.upgrade}`))]);
    route('a.example', 'web');
    await pause();
    const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABk' };
    expect(await get('a.example', '/', { headers })).toMatchObject({ status: 200, body: 'plain undefined' });
  });

  it('survive a backend that breaks in the middle: the client sees that the answer is not whole', async () => {
    const port = await backend((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('part');
      systemClock.after(20, () => response.destroy());
    });
    expose('web', [port]);
    route('a.example', 'web');
    await pause();
    await expect(get('a.example')).rejects.toThrow('aborted');
  });

  it('are not confused by two lengths or a length beside chunks', async () => {
    expose('web', [await backend((_, response) => response.end('ok'))]);
    route('a.example', 'web');
    await pause();
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp(ports.http, '127.0.0.1', () =>
        socket.write(
          'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        ),
      );
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', () => resolve(text));
    });
    expect(answer).not.toContain('200 OK');
  });
});
