/** Connections that live longer than the certificate by which they were made. */
import { Agent, request } from 'node:https';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { guardedHarness, type Guarded } from './access-harness.ts';
import { certificates } from './harness.ts';

let guarded: Guarded;
let agent: Agent;
/** Milliseconds by which time has gone on. */
let shift = 0;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + shift };

beforeAll(async () => {
  guarded = await guardedHarness({ clock });
  const { ca, admin } = await certificates();
  agent = new Agent({ keepAlive: true, maxSockets: 1, ca: ca.certificate, cert: admin.certificate, key: admin.key });
});
afterAll(async () => {
  agent.destroy();
  await guarded.harness.stop();
});

async function get(path: string): Promise<{ code: number | undefined; reused: boolean; message: string }> {
  const outgoing = request({ host: '127.0.0.1', port: guarded.harness.port, path, agent });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [NodeJS.ReadableStream & { statusCode?: number }];
  const { message = '' } = JSON.parse(await text(incoming)) as { message?: string };
  return { code: incoming.statusCode, reused: outgoing.reusedSocket, message };
}

test('a client certificate that has ended names nobody, on connections from before too', async () => {
  const path = '/api/v1/namespaces';
  expect(await get(path)).toMatchObject({ code: 200, reused: false });
  expect(await get(path)).toMatchObject({ code: 200, reused: true });
  shift = 2 * 24 * 3_600_000;
  expect(await get(path)).toEqual({ code: 401, reused: true, message: 'Unauthorized' });
  shift = 0;
  expect(await get(path)).toMatchObject({ code: 200, reused: true });
});
