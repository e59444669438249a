import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRouter } from './app.ts';
import { Keygen } from './keygen.ts';
import { parseOptions, UsageError } from './options.ts';
import { identityOf } from './page.ts';

describe('flags', () => {
  test('as the notes write them', () => {
    const { keygen, address } = parseOptions([
      '--keygen-enable',
      '--keygen-exit-on-complete',
      '--keygen-num-to-gen=10',
      '--keygen-exit-code',
      '3',
    ]);
    expect(keygen).toMatchObject({ enable: true, exitOnComplete: true, numToGen: 10, exitCode: 3 });
    expect(address).toBe(':8080');
  });

  test('a word that is no flag is passed over', () => {
    expect(parseOptions(['extra-value', '--keygen-enable']).keygen.enable).toBe(true);
  });

  test.each([['--nonesuch'], ['--keygen-num-to-gen=x'], ['-x'], ['--address']])('%s is refused', (...args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });
});

describe('the application', () => {
  let server: Server;
  let exits: number[];
  const ask = (path: string, options?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, options);

  beforeEach(async () => {
    exits = [];
    const keygen = new Keygen(parseOptions([]).keygen, (code) => exits.push(code));
    const router = createRouter(identityOf('green'), keygen);
    server = createServer((request, response) => void router.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('probes fail as often as they are told, then succeed, and remember', async () => {
    await ask('/healthy/api', { method: 'PUT', body: '{"failNext": 2}' });
    const seen = [];
    for (let count = 0; count < 3; count += 1) seen.push((await ask('/healthy')).status);
    expect(seen).toEqual([500, 500, 200]);
    const { history } = (await (await ask('/healthy/api')).json()) as { history: { code: number }[] };
    expect(history.map(({ code }) => code)).toEqual([200, 500, 500]);
    await ask('/ready/api', { method: 'PUT', body: '{"failNext": -1}' });
    expect(await (await ask('/ready')).text()).toBe('fail, permanent');
  });

  test('the work queue: create, enqueue, dequeue in order, empty, stats, drain', async () => {
    const queue = '/memq/server/queues/keygen';
    expect((await ask(`${queue}/enqueue`, { method: 'POST', body: 'x' })).status).toBe(400);
    expect((await ask(queue, { method: 'PUT' })).status).toBe(200);
    for (const body of ['a', 'b', 'c']) await ask(`${queue}/enqueue`, { method: 'POST', body });
    expect(await (await ask(`${queue}/dequeue`, { method: 'POST' })).json()).toMatchObject({
      kind: 'message',
      body: 'a',
    });
    await ask(`${queue}/drain`, { method: 'POST' });
    expect((await ask(`${queue}/dequeue`, { method: 'POST' })).status).toBe(204);
    expect(await (await ask('/memq/server/stats')).json()).toEqual({
      kind: 'stats',
      queues: [{ name: 'keygen', depth: 0, enqueued: 3, dequeued: 1, drained: 2 }],
    });
  });

  test('a worker takes from a queue until it is empty, then exits with the code it was given', async () => {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/memq/server`;
    await ask('/memq/server/queues/q', { method: 'PUT' });
    await ask('/memq/server/queues/q/enqueue', { method: 'POST', body: 'one' });
    const wanted = { enable: true, exitOnComplete: true, exitCode: 5, memQServer: base, memQQueue: 'q' };
    await ask('/keygen', { method: 'PUT', body: JSON.stringify(wanted) });
    await expect.poll(() => exits, { timeout: 9_000 }).toEqual([5]);
    const { history } = (await (await ask('/keygen')).json()) as { history: { data: string }[] };
    expect(history.map(({ data }) => data)).toContainEqual(
      expect.stringMatching(/Item done: SHA256:[A-Za-z0-9+/]{43}$/),
    );
    expect(history.at(-1)?.data).toBe('(ID 0) Workload exiting');
  });

  test('page, environment and file system', async () => {
    expect(await (await ask('/')).text()).toContain('v0.10.0-green');
    expect((await (await ask('/a/env/api')).json()) as object).toHaveProperty('env.PATH');
    expect(await (await ask('/fs/proc/self/comm')).text()).not.toBe('');
    expect((await ask('/fs/nonesuch')).status).toBe(404);
    expect((await ask('/nowhere')).status).toBe(404);
    expect((await ask('/', { method: 'DELETE' })).status).toBe(405);
  });
});
