import { expect, test } from 'vitest';
import { Lease } from '../../api/coordination/lease.ts';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { seededRandom } from '../../base/random.ts';
import { aborted } from '../../base/service.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { elected } from './elected.ts';

const ref = { namespace: 'kube-system', name: 'kube-scheduler' };

function setting() {
  const clock = new FakeClock();
  const client = new MemoryClient({ clock });
  let terms = 0;
  let working = 0;
  const abort = new AbortController();
  const service = elected(
    { client, clock, random: seededRandom(1), logger: silentLogger, name: ref.name, identity: 'ours' },
    () => {
      terms += 1;
      const work = async (signal: AbortSignal): Promise<void> => {
        working += 1;
        await aborted(signal);
        working -= 1;
      };
      return [{ name: 'work', run: work }];
    },
  );
  const run = (): Promise<void> => service.run(abort.signal);
  const holder = (): string | undefined => client.all(Lease)[0]?.spec?.holderIdentity;
  return { clock, client, run, stop: () => abort.abort(), holder, figures: () => ({ terms, working }) };
}

test('what was killed is followed at once by itself, and a clean end gives the lease up', async () => {
  const { clock, client, run, stop, holder, figures } = setting();
  client.seed(Lease, { metadata: ref, spec: { holderIdentity: 'ours', leaseDurationSeconds: 60 } });
  const running = run();
  await clock.advance(1);
  expect(figures()).toEqual({ terms: 1, working: 1 });
  stop();
  await clock.advance(1);
  await running;
  expect(holder()).toBe('');
});

test('it waits while somebody else leads, steps back for whoever has taken the lease, and comes again', async () => {
  const { clock, client, run, stop, holder, figures } = setting();
  const foreign = { holderIdentity: 'foreign', leaseDurationSeconds: 15 };
  client.seed(Lease, { metadata: ref, spec: { ...foreign, renewTime: '2026-01-01T00:00:00.000000Z' } });
  const running = run();
  await clock.advance(10_000);
  expect(figures()).toEqual({ terms: 0, working: 0 });
  await clock.advance(60_000);
  expect(figures()).toEqual({ terms: 1, working: 1 });
  await client.patch(Lease, ref, { spec: foreign }, { type: 'merge' });
  await clock.advance(20_000);
  expect(figures()).toEqual({ terms: 1, working: 0 });
  await clock.advance(60_000);
  expect(figures()).toEqual({ terms: 2, working: 1 });
  expect(holder()).toBe('ours');
  stop();
  await clock.advance(1);
  await running;
});
