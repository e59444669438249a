/** What somebody sends who means harm: refused in time, with little spent on it, while others get their answers. */
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { startHarness, type Harness } from './harness.ts';

let api: Harness;
beforeAll(async () => {
  api = await startHarness({ log: silentLogger });
});
afterAll(() => api.stop());

const configMaps = '/api/v1/namespaces/default/configmaps';
const isAlive = async (): Promise<boolean> => (await api.call('GET', '/version')).status === 200;

test('bodies beyond the limit are refused, announced or not', async () => {
  const large = `{"data":{"a":"${'x'.repeat(4 * 1024 * 1024)}"}}`;
  const answer = await api.call('POST', configMaps, large, { 'content-type': 'application/json' });
  expect(answer.status).toBe(413);
  expect(answer.json.reason).toBe('RequestEntityTooLarge');
  expect(await isAlive()).toBe(true);
});

test('a compressed body is not unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  expect((await api.call('POST', configMaps, bomb, headers)).status).toBe(400);
  expect(await isAlive()).toBe(true);
});

test('a JSON patch that copies its copies is refused', async () => {
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'default' } });
  await api.call('POST', configMaps, { metadata: { name: 'c' } });
  const doubling = Array.from({ length: 40 }, (_, at) => ({ op: 'copy', from: '/metadata', path: `/metadata/x${at}` }));
  const began = systemClock.monotonic();
  const headers = { 'content-type': 'application/json-patch+json' };
  expect((await api.call('PATCH', `${configMaps}/c`, doubling, headers)).status).toBe(422);
  expect(systemClock.monotonic() - began).toBeLessThan(2_000);
});

test('a YAML bomb does not unfold', async () => {
  const levels = Array.from(
    { length: 30 },
    (_, at) => `l${at + 1}: &l${at + 1} [${Array(9).fill(`*l${at}`).join(',')}]`,
  );
  const bomb = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\nl0: &l0 x\n${levels.join('\n')}`;
  const began = systemClock.monotonic();
  const answer = await api.call('PATCH', `${configMaps}/bomb?fieldManager=x`, bomb, {
    'content-type': 'application/apply-patch+yaml',
  });
  expect(answer.status).toBe(400);
  expect(systemClock.monotonic() - began).toBeLessThan(2_000);
});

test.each(['application/json', 'application/yaml', 'application/merge-patch+json'])(
  'deep nesting: %s',
  async (type) => {
    const deep = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"},"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const patching = type.startsWith('application/merge');
    const path = patching ? `${configMaps}/d` : configMaps;
    const answer = await api.call(patching ? 'PATCH' : 'POST', path, deep, { 'content-type': type });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await isAlive()).toBe(true);
  },
);

test.each(['..%2f..%2fsecrets%2fx', '%2e%2e', 'a%00b', '..', '.', 'a%2fb'])(
  'names lead nowhere else: %s',
  async (name) => {
    const answer = await api.call('GET', `${configMaps}/${name}`);
    expect([400, 404, 403]).toContain(answer.status);
    const made = await api.call('POST', configMaps, { metadata: { name: decodeURIComponent(name) } });
    expect(made.status).toBe(422);
  },
);

/** Sends text as it is, and answers with all that comes back until the server closes, or for so long. */
function raw(text: string, milliseconds: number): Promise<string> {
  const { port, ca, admin } = api;
  return new Promise((resolve, reject) => {
    let all = '';
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: ca.certificate,
      key: admin.key,
      cert: admin.certificate,
      ALPNProtocols: ['http/1.1'],
    });
    const timer = systemClock.after(milliseconds, () => socket.destroy());
    socket.on('secureConnect', () => socket.write(text));
    socket.on('data', (chunk) => (all += String(chunk)));
    socket.on('error', reject);
    socket.on('close', () => {
      timer.cancel();
      resolve(all);
    });
  });
}

test.each([
  ['length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x'],
  ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
  ['a bare line feed', 'X: a\nTransfer-Encoding: chunked\r\n\r\n'],
  ['an odd encoding', 'Transfer-Encoding: xchunked\r\n\r\n'],
])('headers that smuggle a second request are refused: %s', async (_what, rest) => {
  const answer = await raw(`POST ${configMaps} HTTP/1.1\r\nHost: x\r\n${rest}`, 2_000);
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d/u);
  expect(answer.match(/HTTP\/1\.1/gu)).toHaveLength(1);
});

test('clients that never finish their headers do not keep others waiting', async () => {
  const slow = Array.from({ length: 100 }, () =>
    raw('GET /version HTTP/1.1\r\nHost: x\r\nX-Slow:', 3_000).catch(() => ''),
  );
  await systemClock.sleep(300);
  const began = systemClock.monotonic();
  expect(await isAlive()).toBe(true);
  expect(systemClock.monotonic() - began).toBeLessThan(1_000);
  await Promise.all(slow);
});
