import { decode, encode, AUTHORITATIVE_ANSWER } from 'dns-packet';
import { expect, test } from 'vitest';
import { ask, candidates, parseResolvConf, rendered, type Exchange } from './dns.ts';

const settings = parseResolvConf(
  'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
);

/** Knows one Service. */
const server: Exchange = async (_, question) => {
  const { id = 0, questions = [] } = decode(question);
  const name = questions[0]?.name ?? '';
  const known = name === 'alpaca-prod.default.svc.cluster.local';
  return encode({
    type: 'response',
    id,
    flags: AUTHORITATIVE_ANSWER | (known ? 0 : 3),
    questions,
    answers: known ? [{ type: 'A', name, ttl: 30, data: '10.102.127.103' }] : [],
  });
};

test('a short name is tried in every domain that is searched, one with a final dot only as it is', () => {
  expect(candidates('queue', settings)).toEqual([
    'queue.default.svc.cluster.local',
    'queue.svc.cluster.local',
    'queue.cluster.local',
    'queue',
  ]);
  expect(candidates('queue.', settings)).toEqual(['queue']);
  expect(candidates('a.b.c.d.e.f', settings)[0]).toBe('a.b.c.d.e.f');
});

test('the answer is shown as the notes show it', async () => {
  expect(rendered(await ask('alpaca-prod', 'A', settings, server))).toContain(
    ';; ANSWER SECTION:\nalpaca-prod.default.svc.cluster.local.\t30\tIN\tA\t10.102.127.103\n',
  );
  expect(rendered(await ask('nobody', 'A', settings, server))).toContain('status: NXDOMAIN');
});
