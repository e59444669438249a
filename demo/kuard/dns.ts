/**
 * A question to the cluster's DNS, asked as a resolver library would: a short name is tried with every domain of
 * /etc/resolv.conf, and the answer is shown in the manner of dig(1).
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { type Answer, decode, encode, type Packet, RECURSION_DESIRED, type RecordType } from 'dns-packet';
import { HttpError, json, type Router } from './router.ts';

export interface ResolverSettings {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
}

export type Exchange = (server: string, question: Buffer) => Promise<Buffer>;

const types: readonly RecordType[] = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'];
const patience = 2_000;

export function addDns(router: Router, base: string, exchange: Exchange = overUdp): void {
  router.on('POST', `${base}/api`, async (request) => {
    const { type = 'A', name = '' } = JSON.parse(await request.body()) as { type?: string; name?: string };
    const known = types.find((each) => each === type.toUpperCase());
    if (known === undefined) throw new HttpError(400, `Unknown DNS type: ${type}`);
    const settings = parseResolvConf(readFileSync('/etc/resolv.conf', 'utf8'));
    try {
      return json({ result: rendered(await ask(name, known, settings, exchange)) });
    } catch (error) {
      return json({ result: `;; ${(error as Error).message}\n` });
    }
  });
}

export function parseResolvConf(text: string): ResolverSettings {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const of = (word: string): readonly string[] =>
    lines.filter(([first]) => first === word).flatMap(([, ...rest]) => rest);
  const ndots = of('options').find((option) => option.startsWith('ndots:'));
  return { servers: of('nameserver'), search: of('search'), ndots: Number(ndots?.slice(6) ?? 1) };
}

/** Names to try, in order; one with a final dot, or with enough dots, is tried as it is first or only. */
export function candidates(name: string, { search, ndots }: ResolverSettings): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const searched = search.map((domain) => `${name}.${domain}`);
  return name.split('.').length > ndots ? [name, ...searched] : [...searched, name];
}

/** The first answer with records, or else the last one. Throws when no server answers. */
export async function ask(
  name: string,
  type: RecordType,
  settings: ResolverSettings,
  exchange: Exchange,
): Promise<Packet> {
  const [server] = settings.servers;
  if (server === undefined) throw new Error('no nameserver in /etc/resolv.conf');
  let last: Packet | undefined;
  for (const candidate of candidates(name, settings)) {
    const question = encode({
      type: 'query',
      id: Math.floor(Math.random() * 65_536),
      flags: RECURSION_DESIRED,
      questions: [{ type, name: candidate }],
    });
    last = decode(await exchange(server, question));
    if ((last.answers ?? []).length > 0) return last;
  }
  if (last === undefined) throw new Error('nothing to ask for');
  return last;
}

export function rendered(answer: Packet): string {
  const { questions = [], answers = [], id = 0 } = answer;
  const status = (answer as { rcode?: string }).rcode ?? 'NOERROR';
  const sections = [
    `;; opcode: QUERY, status: ${status}, id: ${id}`,
    `;; QUESTION SECTION:\n${questions.map(({ name, type }) => `;${name}.\tIN\t ${type}`).join('\n')}`,
    ...(answers.length === 0 ? [] : [`;; ANSWER SECTION:\n${answers.map(record).join('\n')}`]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function record(answer: Answer): string {
  if (answer.type === 'OPT') return ';; OPT';
  const { name, type, data } = answer;
  return `${name}.\t${answer.ttl ?? 0}\tIN\t${type}\t${text(data)}`;
}

function text(data: unknown): string {
  if (typeof data === 'string') return data;
  if (Array.isArray(data)) return data.map((part) => JSON.stringify(String(part))).join(' ');
  return Object.values(data as object).join(' ');
}

function overUdp(server: string, question: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4');
    const timer = setTimeout(() => finish(() => reject(new Error(`no answer from ${server}`))), patience);
    const finish = (then: () => void): void => {
      clearTimeout(timer);
      socket.close();
      then();
    };
    socket.once('error', (error) => finish(() => reject(error)));
    socket.once('message', (message) => finish(() => resolve(message)));
    socket.send(question, 53, server);
  });
}
