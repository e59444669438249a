/**
 * The cluster under test, spoken to over HTTPS with nothing but a kubeconfig: another Kubernetes can stand here.
 * CONFORMANCE_KUBECONFIG names one; otherwise setup.ts starts a cluster of ours.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { parse } from 'yaml';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every kind
  readonly json: any;
}

type Headers = Readonly<Record<string, string>>;

export interface Target {
  call(method: string, path: string, body?: unknown, headers?: Headers): Promise<Reply>;
  /** The answer as it comes. */
  open(method: string, path: string, body?: unknown, headers?: Headers): Promise<IncomingMessage>;
  /** A fresh namespace with its default service account. */
  namespace(): Promise<string>;
  /** Deletes the namespaces that were made. */
  close(): Promise<void>;
}

interface Kubeconfig {
  readonly 'current-context': string;
  readonly contexts: readonly { name: string; context: { cluster: string; user: string } }[];
  readonly clusters: readonly { name: string; cluster: Record<string, string> }[];
  readonly users: readonly { name: string; user: Record<string, string> }[];
}

/** A value of a kubeconfig that is either there (`x-data`) or in a file (`x`). */
function dataOf(from: Readonly<Record<string, string>>, name: string): Buffer | undefined {
  const inline = from[`${name}-data`];
  if (inline !== undefined) return Buffer.from(inline, 'base64');
  const path = from[name];
  return path === undefined ? undefined : readFileSync(path);
}

export function connect(path = process.env['CONFORMANCE_KUBECONFIG'] ?? ''): Target {
  const config = parse(readFileSync(path, 'utf8')) as Kubeconfig;
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster ?? {};
  const user = config.users.find(({ name }) => name === context?.user)?.user ?? {};
  const server = new URL(cluster['server'] ?? '');
  const agent = new Agent({
    keepAlive: true,
    ca: dataOf(cluster, 'certificate-authority'),
    cert: dataOf(user, 'client-certificate'),
    key: dataOf(user, 'client-key'),
  });
  const token: Headers = user['token'] === undefined ? {} : { authorization: `Bearer ${user['token']}` };
  const made: string[] = [];

  const open: Target['open'] = async (method, url, body, headers = {}) => {
    const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    const sent = raw ? body : JSON.stringify(body);
    const outgoing = request({
      host: server.hostname,
      port: server.port || 443,
      path: url,
      method,
      agent,
      headers: {
        ...token,
        ...(sent === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(sent)) }),
        ...headers,
      },
    });
    outgoing.end(sent);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return answer;
  };
  const call: Target['call'] = async (...request) => collect(await open(...request));
  return {
    open,
    call,
    async namespace() {
      const answer = await call('POST', '/api/v1/namespaces', { metadata: { generateName: 'conformance-' } });
      if (answer.status !== 201) throw new Error(`no namespace: ${answer.text}`);
      const name = String(answer.json.metadata.name);
      made.push(name);
      for (let turn = 0; turn < 200; turn += 1) {
        const account = await call('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`);
        if (account.status === 200) return name;
        await sleep(25);
      }
      throw new Error(`namespace ${name} got no default service account`);
    },
    async close() {
      for (const name of made) await call('DELETE', `/api/v1/namespaces/${name}`);
      agent.destroy();
    },
  };
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

async function collect(answer: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: answer.statusCode ?? 0, headers: answer.headers, text, bytes, json };
}

/** Reads a stream of JSON lines one by one. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into events of every kind
export async function* lines(answer: IncomingMessage): AsyncGenerator<any, void> {
  let rest = '';
  for await (const chunk of answer) {
    rest += String(chunk);
    const whole = rest.split('\n');
    rest = whole.pop() ?? '';
    for (const line of whole) if (line !== '') yield JSON.parse(line);
  }
}

/** A failed answer's Status, without what says nothing. */
export function statusOf({ json }: Reply): Record<string, unknown> {
  const { kind, apiVersion, metadata, ...rest } = json as Record<string, unknown>;
  if (kind !== 'Status' || apiVersion !== 'v1' || typeof metadata !== 'object') {
    throw new Error(`not a Status: ${JSON.stringify(json)}`);
  }
  return rest;
}

/** The texts of `Warning:` headers. */
export function warningsOf({ headers }: Reply): readonly string[] {
  const header = headers['warning'];
  if (header === undefined) return [];
  return [...header.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));
}

export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  timeout = 20_000,
): Promise<T> {
  const end = Date.now() + timeout;
  while (Date.now() < end) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    await sleep(50);
  }
  throw new Error(`${what} did not happen within ${timeout / 1000} s`);
}

export const merge = { 'content-type': 'application/merge-patch+json' };
export const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
export const jsonPatch = { 'content-type': 'application/json-patch+json' };
export const apply = { 'content-type': 'application/apply-patch+yaml' };

export const configMap = (name: string, data: Record<string, string> = {}): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

/** A pod that nobody runs: no scheduler is asked for. */
export const pod = (name: string, spec: object = {}): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'busybox:1' }], ...spec },
});

export const deployment = (name: string, replicas = 0): Record<string, unknown> => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'c', image: 'busybox:1' }] },
    },
  },
});
