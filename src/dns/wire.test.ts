/** The codec against dns-packet, and against noise. */
import { decode, encode, RECURSION_DESIRED } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lifetimeOf } from './foreign.ts';
import { encodeReply, FormatError, parseQuery, type ResourceRecord } from './wire.ts';

const query = parseQuery(
  encode({ type: 'query', id: 9, flags: RECURSION_DESIRED, questions: [{ type: 'SRV', name: 'a.b.example' }] }),
);
const reply = (answers: readonly ResourceRecord[]) => ({
  rcode: 0,
  authoritative: true,
  answers,
  authorities: [],
  additionals: [],
});

describe('answers', () => {
  it('of every type are read by others as they were meant', () => {
    const name = 'a.b.example';
    const answers: readonly ResourceRecord[] = [
      { name, ttl: 5, data: { type: 'A', address: Uint8Array.of(10, 0, 0, 1) } },
      {
        name,
        ttl: 5,
        data: { type: 'AAAA', address: Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1) },
      },
      { name, ttl: 5, data: { type: 'CNAME', target: 'c.b.example' } },
      { name, ttl: 5, data: { type: 'SRV', priority: 1, weight: 2, port: 3, target: 'c.b.example' } },
      { name, ttl: 5, data: { type: 'TXT', text: '1.1.0' } },
      {
        name: 'example',
        ttl: 5,
        data: { type: 'SOA', primary: 'ns.example', mailbox: 'hostmaster.example', serial: 7, minimum: 30 },
      },
    ];
    const packet = decode(Buffer.from(encodeReply(query, reply(answers), 512, true)));
    expect(packet.answers).toMatchObject([
      { name, ttl: 5, type: 'A', data: '10.0.0.1' },
      { type: 'AAAA', data: 'fd00::1' },
      { type: 'CNAME', data: 'c.b.example' },
      { type: 'SRV', data: { priority: 1, weight: 2, port: 3, target: 'c.b.example' } },
      { type: 'TXT', data: [Buffer.from('1.1.0')] },
      {
        type: 'SOA',
        name: 'example',
        data: { mname: 'ns.example', rname: 'hostmaster.example', serial: 7, minimum: 30 },
      },
    ]);
  });

  it('never exceed the limit, and are whole records up to the cut', () => {
    const label = fc.stringMatching(/^[a-z]{1,20}$/);
    const target = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));
    fc.assert(
      fc.property(fc.array(target, { maxLength: 60 }), fc.integer({ min: 100, max: 1232 }), (targets, limit) => {
        const answers = targets.map((name): ResourceRecord => ({
          name: 'a.b.example',
          ttl: 5,
          data: { type: 'SRV', priority: 0, weight: 0, port: 1, target: name },
        }));
        const bytes = encodeReply(query, reply(answers), limit, true);
        const packet = decode(Buffer.from(bytes));
        const read = (packet.answers ?? []).map((each) =>
          'data' in each ? (each.data as { target: string }).target : '',
        );
        expect(bytes.length).toBeLessThanOrEqual(limit);
        expect(read).toEqual(targets.slice(0, read.length));
        expect(packet.flag_tc).toBe(read.length < targets.length);
      }),
    );
  });
});

describe('noise', () => {
  it('is refused, and never breaks the parser', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => lifetimeOf(bytes)).not.toThrow();
        expect(refusal(bytes)).toSatisfy((error) => error === undefined || error instanceof FormatError);
      }),
    );
  });
});

function refusal(bytes: Uint8Array): unknown {
  try {
    parseQuery(bytes);
    return undefined;
  } catch (error) {
    return error;
  }
}
