import { expect, test } from 'vitest';
import type { Pod } from '../api/core/pod.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { Shutdown } from './shutdown.ts';

const pod = (name: string, grace: number | undefined, priority = 0): Pod =>
  ({
    metadata: { name, namespace: 'default', uid: name },
    spec: { containers: [], priority, ...(grace === undefined ? {} : { terminationGracePeriodSeconds: grace }) },
  }) as unknown as Pod;

test('ordinary pods end first, critical ones after them, each within its own grace and its share of the time', async () => {
  const stopped: string[] = [];
  const shutdown = new Shutdown({
    clock: new FakeClock(),
    log: silentLogger,
    halt: () => Promise.resolve([pod('dns', undefined, 2_000_000_000), pod('web', 5), pod('slow', 100)]),
    stop: (each, grace) => Promise.resolve(void stopped.push(`${each.metadata.name} ${grace}`)),
  });
  expect(shutdown.begun).toBe(false);
  await shutdown.run(30);
  expect([shutdown.begun, stopped]).toEqual([true, ['web 5', 'slow 20', 'dns 10']]);
});

test('a pod that does not end in time holds up nobody', async () => {
  const clock = new FakeClock();
  const stopped: string[] = [];
  const shutdown = new Shutdown({
    clock,
    log: silentLogger,
    halt: () => Promise.resolve([pod('stuck', 30), pod('dns', 30, 2_000_000_000)]),
    stop: (each) => {
      stopped.push(each.metadata.name);
      return each.metadata.name === 'stuck' ? new Promise(() => {}) : Promise.resolve();
    },
  });
  const running = shutdown.run(30);
  await clock.advance(19_999);
  expect(stopped).toEqual(['stuck']);
  await clock.advance(1);
  await running;
  expect(stopped).toEqual(['stuck', 'dns']);
});
