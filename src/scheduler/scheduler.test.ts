import { afterEach, expect, test } from 'vitest';
import { Node } from '../api/core/node.ts';
import { Pod } from '../api/core/pod.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { seededRandom } from '../base/random.ts';
import { runAll } from '../base/service.ts';
import { Informers } from '../client/informers.ts';
import { MemoryClient } from '../client/testing/memory-client.ts';
import { Scheduler } from './scheduler.ts';
import { node, pod, type PodOptions } from './testing.ts';

let stop: () => Promise<void> = () => Promise.resolve();
afterEach(() => stop());

interface Running {
  readonly clock: FakeClock;
  readonly client: MemoryClient;
  /** Lets everything that is due now happen, and tells where the pod is. */
  readonly placeOf: (name: string) => Promise<string | undefined>;
}

function run(): Running {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const client = new MemoryClient({ clock, random });
  const informers = new Informers({ client, clock, random });
  const events = { normal: () => {}, warning: () => {}, record: () => {} };
  const scheduler = new Scheduler({ client, informers, clock, random, events, logger: silentLogger });
  const abort = new AbortController();
  const running = runAll([scheduler, informers], abort.signal);
  stop = () => {
    abort.abort();
    return running;
  };
  const placeOf = async (name: string): Promise<string | undefined> => {
    await clock.advance(0);
    return client.get(Pod, { namespace: 'default', name }).then(({ spec }) => spec?.nodeName);
  };
  return { clock, client, placeOf };
}

/** As DaemonSets pin their pods. */
const onlyOn = (name: string): PodOptions => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
      },
    },
  },
});

test('a pod goes to its node as soon as the node tells what it has, though others are there already', async () => {
  const { client, clock, placeOf } = run();
  client.seed(Node, node('first'));
  const { status, ...bare } = node('second');
  client.seed(Node, bare);
  await clock.advance(0);
  client.seed(Pod, pod('proxy', onlyOn('second')));
  expect(await placeOf('proxy')).toBeUndefined();
  await client.patch(Node, { name: 'second' }, { status }, { type: 'merge', subresource: 'status' });
  await clock.advance(1_000);
  expect(await placeOf('proxy')).toBe('second');
});

test('a pod waits where no node is, and goes to the first that comes', async () => {
  const { client, placeOf } = run();
  client.seed(Pod, pod('web'));
  expect(await placeOf('web')).toBeUndefined();
  client.seed(Node, node('first'));
  expect(await placeOf('web')).toBe('first');
});
