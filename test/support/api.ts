/** Bare HTTPS to a cluster's API with the administrator's certificate: what a client sees, and no retries. */
import { readFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { parse } from 'yaml';

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The parsed body; undefined when it is no JSON. */
  readonly body: unknown;
}

export interface BareApi {
  request(method: string, path: string, body?: unknown, type?: string): Promise<Answer>;
  /** Calls back with each event until the stream ends or the signal aborts; rejects when it breaks off. */
  watch(path: string, event: (event: unknown) => void, signal: AbortSignal): Promise<void>;
  close(): void;
}

interface Kubeconfig {
  readonly clusters: readonly { cluster: { server: string; 'certificate-authority-data': string } }[];
  readonly users: readonly { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

export function bareApi(kubeconfig: string): BareApi {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const [{ cluster } = { cluster: undefined }] = config.clusters;
  const [{ user } = { user: undefined }] = config.users;
  if (cluster === undefined || user === undefined) throw new Error(`${kubeconfig} names no cluster`);
  const decoded = (text: string): Buffer => Buffer.from(text, 'base64');
  const agent = new Agent({
    keepAlive: true,
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
  });
  const open = (method: string, path: string, body?: unknown, type = 'application/json'): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
      const headers = { accept: 'application/json', ...(text === undefined ? {} : { 'content-type': type }) };
      const sent = httpsRequest(`${cluster.server}${path}`, { method, agent, headers, timeout: 20_000 }, resolve);
      sent.on('error', reject);
      sent.on('timeout', () => sent.destroy(new Error('no answer within 20 s')));
      sent.end(text);
    });
  return {
    async request(method, path, body, type) {
      const answer = await open(method, path, body, type);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      return { status: answer.statusCode ?? 0, text, body: parsed(text) };
    },
    async watch(path, event, signal) {
      const answer = await open('GET', path);
      const stop = (): void => void answer.destroy();
      signal.addEventListener('abort', stop, { once: true });
      let rest = '';
      try {
        for await (const chunk of answer) {
          const lines = `${rest}${(chunk as Buffer).toString()}`.split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) if (line !== '') event(JSON.parse(line));
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    close: () => agent.destroy(),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
