/**
 * Stands in for the one page of the internet that the suite itself reads, before each of its tests of networking. It is
 * a proxy for the suite's process: pods have nothing to do with it.
 */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const page = 'google.com';

export interface Internet {
  /** For the environment: HTTP_PROXY. */
  readonly proxy: string;
  readonly stop: () => Promise<void>;
}

export async function startInternet(): Promise<Internet> {
  const server = createServer((incoming, outgoing) => {
    if (URL.parse(incoming.url ?? '')?.hostname === page) outgoing.end('here\n');
    else handOn(incoming, outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    proxy: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** To the nodes, which some tests ask themselves. */
function handOn(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url = '' } = incoming;
  if (!URL.canParse(url)) {
    outgoing.writeHead(400).end();
    return;
  }
  const onward = request(url, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => {
    // As it was without a proxy: no answer.
    outgoing.destroy();
  });
  incoming.pipe(onward);
}
