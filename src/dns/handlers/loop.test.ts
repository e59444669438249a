import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { parseCorefile } from '../corefile.ts';
import { encodeQuery } from '../question.ts';
import { errorReply, type Handler, type Reply, type Request } from '../request.ts';
import { parseQuery, rcodes, types } from '../wire.ts';
import { forwardHandler, type Exchange } from './forward.ts';

const clock = new FakeClock();

function requestFor(message: Uint8Array): Request {
  const query = parseQuery(message);
  return { query, name: query.name, type: query.type, client: { address: '10.0.0.1', port: 5353 }, transport: 'udp' };
}

const question = (name: string): Request => requestFor(encodeQuery(name, types.A, { dnssec: false, recursion: true }));

interface Bed {
  readonly handler: Handler;
  readonly lines: readonly string[];
  readonly ask: (name: string) => Promise<Reply>;
  /** Queries that left, since the last call. */
  readonly sent: () => readonly string[];
  readonly connect: (exchange: 'itself' | 'elsewhere') => void;
}

/** A forwarder whose upstream is itself, or a server that knows no name. */
function bed(zone = '.'): Bed {
  const lines: string[] = [];
  let sent: string[] = [];
  let upstream = 'itself';
  const exchange: Exchange = async (_upstream, query) => {
    const request = requestFor(query);
    sent.push(request.name);
    // Without this a loop would run within one turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    const reply = upstream === 'itself' ? await handler(request, () => errorReply(rcodes.REFUSED)) : undefined;
    const answer = Uint8Array.from(query);
    answer[3] = reply?.rcode ?? rcodes.NXDOMAIN;
    return answer;
  };
  const [block] = parseCorefile(`.:53 {\n forward ${zone} 127.0.0.1\n}`);
  const handler = forwardHandler(block!.directives[0]!, {
    clock,
    random: seededRandom(1),
    exchange,
    readFile: () => '',
    count: () => {},
    write: (line) => void lines.push(line),
  });
  return {
    handler,
    lines,
    ask: async (name) => handler(question(name), () => errorReply(rcodes.REFUSED)),
    sent() {
      const all = sent;
      sent = [];
      return all;
    },
    connect: (to) => void (upstream = to),
  };
}

test('a forwarder that asks itself notices, says so once, and stops: no storm', async () => {
  const { ask, sent, lines } = bed();
  expect((await ask('example.org')).rcode).toBe(rcodes.SERVFAIL);
  expect(sent().length).toBeLessThan(10);
  for (let at = 0; at < 20; at += 1) expect((await ask(`n${at}.example.org`)).rcode).toBe(rcodes.SERVFAIL);
  expect(sent()).toEqual([]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/plugin\/loop: Loop \(127\.0\.0\.1:53\) detected for zone "\."/);
});

test('forwarding goes on once the loop is gone', async () => {
  const { ask, sent, lines, connect } = bed();
  await ask('example.org');
  connect('elsewhere');
  sent();
  expect((await ask('example.org')).rcode).toBe(rcodes.SERVFAIL);
  await clock.advance(30_000);
  await ask('example.org');
  await expect.poll(() => lines.at(-1)).toContain('no loop any more');
  sent();
  expect((await ask('example.org')).rcode).toBe(rcodes.NXDOMAIN);
  expect(sent()).toEqual(['example.org']);
});

test('without a loop one question is sent along, once', async () => {
  const { ask, sent, lines, connect } = bed();
  connect('elsewhere');
  for (let at = 0; at < 5; at += 1) await ask('example.org');
  const names = sent();
  expect(names.filter((name) => name === 'example.org')).toHaveLength(5);
  expect(names.filter((name) => /^\d+\.\d+$/.test(name))).toHaveLength(1);
  expect(lines).toEqual([]);
});

test('a stub domain is probed with a name of its own', async () => {
  const { ask, sent, lines } = bed('example.org');
  await ask('a.example.org');
  expect(sent().some((name) => /^\d+\.\d+\.example\.org$/.test(name))).toBe(true);
  expect(lines[0]).toContain('detected for zone "example.org."');
});
