/** A whole API server in process, over real TLS on a free loopback port, with the in-memory journal. */
import { once } from 'node:events';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { kinds } from '../../src/api/catalogue.ts';
import { serviceAllocation } from '../../src/apiserver/allocation/services.ts';
import type { Authenticator } from '../../src/apiserver/access.ts';
import { anyOf } from '../../src/apiserver/authentication/union.ts';
import { authorityOf } from '../../src/apiserver/authentication/peer.ts';
import { clientCertificates } from '../../src/apiserver/authentication/x509.ts';
import { administrators, firstOpinion, publicPaths } from '../../src/apiserver/authorization/basic.ts';
import { createFront, type Front } from '../../src/apiserver/http/listener.ts';
import type { ApiServerDependencies } from '../../src/apiserver/server-types.ts';
import { createApiServer, type ApiServer } from '../../src/apiserver/server.ts';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { seededRandom, systemRandom } from '../../src/base/random.ts';
import { createAuthority, issueCertificate, type KeyPair } from '../../src/pki/certificate.ts';
import { MemoryJournal } from '../../src/store/journal/memory.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';

export interface Harness {
  readonly api: ApiServer;
  readonly store: Store;
  readonly front: Front;
  readonly port: number;
  readonly ca: KeyPair;
  readonly admin: KeyPair;
  readonly clock: Clock;
  /** As the administrator; `body` objects are sent as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** Opens a stream and leaves it open. */
  stream(path: string, headers?: Record<string, string>): Promise<IncomingMessage>;
  stop(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every kind
  readonly json: any;
}

let authority: Promise<{ readonly ca: KeyPair; readonly server: KeyPair; readonly admin: KeyPair }> | undefined;

/** Certificates are made once per process. */
export function certificates(): NonNullable<typeof authority> {
  authority ??= (async () => {
    const validity = { from: systemClock.now() - 60_000, until: systemClock.now() + 86_400_000 };
    const ca = await createAuthority('test-ca', validity, systemRandom);
    const server = await issueCertificate(
      ca,
      { commonName: 'server', dnsNames: ['localhost'], addresses: ['127.0.0.1'], usages: ['server'] },
      validity,
      systemRandom,
    );
    const admin = await issueCertificate(
      ca,
      { commonName: 'admin', organizations: ['system:masters'], usages: ['client'] },
      validity,
      systemRandom,
    );
    return { ca, server, admin };
  })();
  return authority;
}

export interface HarnessOptions extends Partial<ApiServerDependencies> {
  readonly authenticators?: readonly Authenticator[];
}

/** `clientCa`: PEM of what clients' certificates may be signed by, beside the authority of the harness. */
export async function startHarness(options: HarnessOptions = {}, clientCa?: string): Promise<Harness> {
  const { ca, server, admin } = await certificates();
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLogger({ clock: systemClock, level: 'warn', write: (line) => console.error(line) });
  const store = options.store ?? (await openStore({ journal: new MemoryJournal(), clock }));
  const random = seededRandom(1);
  const services = serviceAllocation({ store, clock, random, cidr: '10.96.0.0/16' });
  const api = createApiServer({
    kinds,
    random,
    preparations: new Map([['/services', services]]),
    version: { gitVersion: 'v1.35.0' },
    authenticator: anyOf([clientCertificates(authorityOf(ca.certificate), clock), ...(options.authenticators ?? [])]),
    authorizer: firstOpinion([administrators, publicPaths]),
    ...options,
    store,
    clock,
    log,
  });
  const tls = { key: server.key, cert: server.certificate, clientCa: clientCa ?? ca.certificate };
  const front = createFront({
    tls,
    clock: systemClock,
    log,
    handle: (exchange) => api.handle(exchange),
    upgrade: (...each) => api.upgrade(...each),
  });
  const { port } = await front.listen(0, '127.0.0.1');
  const agent = new Agent({ keepAlive: true, ca: ca.certificate, key: admin.key, cert: admin.certificate });
  const open = (method: string, path: string, headers: Record<string, string>, body?: string | Uint8Array) =>
    openRequest({ port, agent, method, path, headers }, body);
  return {
    api,
    store,
    front,
    port,
    ca,
    admin,
    clock,
    async call(method, path, body, headers = {}) {
      const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const answer = await open(method, path, { ...type, ...headers }, raw ? body : JSON.stringify(body));
      return collect(answer);
    },
    stream: (path, headers = {}) => open('GET', path, headers),
    async stop() {
      api.drain();
      await systemClock.sleep(20);
      agent.destroy();
      await front.close(100);
      await store.close();
    },
  };
}

async function openRequest(
  options: Omit<RequestOptions, 'headers'> & { readonly headers: Record<string, string> },
  body?: string | Uint8Array,
): Promise<IncomingMessage> {
  // Node does not frame the body of a DELETE by itself.
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const outgoing = httpsRequest({ host: '127.0.0.1', ...options, headers: { ...length, ...options.headers } });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer;
}

export async function collect(answer: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: answer.statusCode ?? 0, headers: answer.headers, text, json };
}

/** Reads a stream of JSON lines one by one. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into events of every kind
export async function* lines(answer: IncomingMessage): AsyncGenerator<any> {
  let rest = '';
  for await (const chunk of answer) {
    rest += String(chunk);
    const whole = rest.split('\n');
    rest = whole.pop() ?? '';
    for (const line of whole) if (line !== '') yield JSON.parse(line);
  }
}
