import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startInternet } from './internet.ts';

/** What a client that uses the proxy gets. */
async function through(proxy: string, url: string): Promise<string> {
  const [answer] = (await once(get(proxy, { path: url, agent: false }), 'response')) as [IncomingMessage];
  return `${answer.statusCode} ${await text(answer)}`;
}

test("answers for the page that the suite's pre-check reads, and hands everything else on", async () => {
  const node = createServer((asked, answer) => void answer.writeHead(418).end(`node ${asked.url}`));
  node.listen(0, '127.0.0.1');
  await once(node, 'listening');
  const internet = await startInternet();
  onTestFinished(async () => {
    await internet.stop();
    node.close();
  });
  expect(await through(internet.proxy, 'http://google.com')).toBe('200 here\n');
  const { port } = node.address() as AddressInfo;
  expect(await through(internet.proxy, `http://127.0.0.1:${port}/hostName`)).toBe('418 node /hostName');
  expect(await through(internet.proxy, '/')).toBe('400 ');
  node.close();
  node.closeAllConnections();
  await expect(through(internet.proxy, `http://127.0.0.1:${port}/`)).rejects.toThrow('socket hang up');
});
