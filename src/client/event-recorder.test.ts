import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { Event } from '../api/core/event.ts';
import { Node } from '../api/core/node.ts';
import { Pod } from '../api/core/pod.ts';
import { ApiError, type Client } from './client.ts';
import { EventRecorder } from './event-recorder.ts';
import { MemoryClient } from './testing/memory-client.ts';

function setting(wrap: (client: MemoryClient) => Client = (client) => client) {
  const clock = new FakeClock();
  const memory = new MemoryClient({ clock });
  const pod = memory.seed(Pod, { metadata: { name: 'web', namespace: 'default' }, spec: { containers: [] } });
  const events = new EventRecorder({
    client: wrap(memory),
    clock,
    random: seededRandom(1),
    component: 'kubelet',
    host: 'one',
  });
  const abort = new AbortController();
  const done = events.run(abort.signal);
  return { clock, memory, pod, events, stop: () => (abort.abort(), done) };
}

test('events of one millisecond are listed in the order in which they were told', async () => {
  const { clock, memory, pod, events, stop } = setting();
  const reasons = ['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started'];
  for (const reason of reasons) events.normal(Pod, pod, reason, `${reason} it`, 'spec.containers{web}');
  await clock.advance(0);
  const written = memory.all(Event);
  expect(written.map(({ reason }) => reason)).toEqual(reasons);
  expect(written[0]).toMatchObject({
    metadata: { namespace: 'default', name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) },
    involvedObject: {
      kind: 'Pod',
      apiVersion: 'v1',
      name: 'web',
      uid: pod.metadata.uid,
      fieldPath: 'spec.containers{web}',
    },
    type: 'Normal',
    count: 1,
    source: { component: 'kubelet', host: 'one' },
    reportingComponent: 'kubelet',
    reportingInstance: 'one',
  });
  await stop();
});

test('what repeats is counted on the first event', async () => {
  const { clock, memory, pod, events, stop } = setting();
  events.warning(Pod, pod, 'BackOff', 'Back-off restarting');
  await clock.advance(30_000);
  events.warning(Pod, pod, 'BackOff', 'Back-off restarting');
  await clock.advance(0);
  const [event, ...others] = memory.all(Event);
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    count: 2,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:30Z',
  });
  await stop();
});

test('the tenth message of a reason within ten minutes, and those after it, are combined', async () => {
  const { clock, memory, pod, events, stop } = setting();
  for (let n = 1; n <= 12; n += 1) events.warning(Pod, pod, 'Unhealthy', `probe ${n} failed`);
  await clock.advance(0);
  const written = memory.all(Event);
  expect(written).toHaveLength(10);
  expect(written.at(-1)).toMatchObject({ count: 3, message: '(combined from similar events): probe 12 failed' });
  await stop();
});

test('more than 25 events about one object are dropped, but for one in five minutes', async () => {
  const { clock, memory, pod, events, stop } = setting();
  for (let n = 1; n <= 40; n += 1) events.normal(Pod, pod, `Reason${n}`, 'again');
  await clock.advance(0);
  expect(memory.all(Event)).toHaveLength(25);
  await clock.advance(300_000);
  events.normal(Pod, pod, 'Later', 'again');
  events.normal(Pod, pod, 'LaterStill', 'again');
  await clock.advance(0);
  expect(memory.all(Event)).toHaveLength(26);
  await stop();
});

test('events about objects without a namespace are kept in default', async () => {
  const { clock, memory, events, stop } = setting();
  const node = memory.seed(Node, { metadata: { name: 'one' } });
  events.normal(Node, node, 'NodeReady', 'Node one status is now: NodeReady');
  await clock.advance(0);
  expect(memory.all(Event)[0]?.metadata.namespace).toBe('default');
  await stop();
});

test('a server that can not be reached gets the events later, in order; a refusal drops one', async () => {
  let down = true;
  const { clock, memory, pod, events, stop } = setting((client) => {
    const create = client.create.bind(client);
    client.create = (kind, object, options) => {
      if (down) return Promise.reject(new Error('unreachable'));
      const { reason } = object as unknown as { reason: string };
      if (reason === 'Bad') return Promise.reject(new ApiError(422, 'Invalid', 'no'));
      return create(kind, object, options);
    };
    return client;
  });
  events.normal(Pod, pod, 'First', 'a');
  events.normal(Pod, pod, 'Bad', 'b');
  events.normal(Pod, pod, 'Second', 'c');
  await clock.advance(25_000);
  expect(memory.all(Event)).toEqual([]);
  down = false;
  await clock.advance(10_000);
  expect(memory.all(Event).map(({ reason }) => reason)).toEqual(['First', 'Second']);
  await stop();
  expect(clock.pending).toBe(0);
});

test('telling never waits: what does not fit is dropped', async () => {
  const clock = new FakeClock();
  const memory = new MemoryClient({ clock });
  const pod = memory.seed(Pod, { metadata: { name: 'web', namespace: 'default' }, spec: { containers: [] } });
  const lines: string[] = [];
  const logger = {
    debug: () => {},
    info: () => {},
    warn: (line: string) => void lines.push(line),
    error: () => {},
    named: () => logger,
  };
  const events = new EventRecorder({ client: memory, clock, random: seededRandom(1), component: 'kubelet', logger });
  for (let n = 0; n < 1500; n += 1) events.normal(Pod, pod, 'Reason', 'again');
  expect(lines).toEqual(['events are dropped']);
});
