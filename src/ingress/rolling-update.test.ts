import 'reflect-metadata';
import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import {
  backend,
  client,
  expose,
  get,
  ingressForEachTest,
  pause,
  route,
  servers,
  sliceOf,
} from './testing/test-bed.ts';

ingressForEachTest();

describe('a rolling update under constant load', () => {
  /** A pod as users write them: it goes on serving for a while after it was told to end, then closes. */
  async function pod(name: string): Promise<{ readonly port: number; readonly end: () => Promise<void> }> {
    const port = await backend((request, response) => {
      request.resume();
      systemClock.after(2, () => response.end(name));
    });
    const server = servers.at(-1)!;
    const end = async (): Promise<void> => {
      await systemClock.sleep(60);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    };
    return { port, end };
  }

  it('loses not one request', async () => {
    let old = [await pod('v0'), await pod('v0')];
    expose(
      'web',
      old.map(({ port }) => port),
    );
    route('a.example', 'web');
    await pause();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const seen = new Map<string, number>();
    const over = new AbortController();
    const worker = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const answer = await get('a.example', '/', { agent }).catch((error: unknown) => ({
          status: 0,
          body: String(error),
        }));
        const key = answer.status === 200 ? answer.body : `${answer.status} ${answer.body}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    };
    const load = Promise.all(Array.from({ length: 8 }, worker));
    for (const version of ['v1', 'v2', 'v3']) {
      const young: typeof old = [];
      for (const leaving of old) {
        const coming = await pod(version);
        young.push(coming);
        client.seed(EndpointSlice, sliceOf('web', coming.port));
        const ref = { namespace: 'default', name: `web-${leaving.port}` };
        const slice = await client.get(EndpointSlice, ref);
        const conditions = { ready: false, serving: true, terminating: true };
        await client.update(EndpointSlice, { ...slice, endpoints: [{ addresses: ['127.0.0.1'], conditions }] });
        await leaving.end();
        await client.delete(EndpointSlice, ref);
      }
      old = young;
    }
    over.abort();
    await load;
    agent.destroy();
    expect([...seen.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual(['v0', 'v1', 'v2', 'v3']);
  });
});
