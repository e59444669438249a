import { afterEach, describe, expect, test } from 'vitest';
import { Harness } from '../testing/harness.ts';

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.stop();
  harness = undefined;
});

/** A pod whose probes run a command; `health` decides what the command answers. */
async function podWith(probes: object, health: { code: number }): Promise<Harness> {
  harness = await Harness.start({
    behaviour: () => ({ exec: () => ({ exitCode: health.code, stdout: 'sick' }) }),
  });
  harness.create('probed', {
    containers: [{ name: 'box', image: 'busybox', imagePullPolicy: 'IfNotPresent', ...probes }],
    terminationGracePeriodSeconds: 1,
  });
  await harness.phase('probed', 'Running');
  return harness;
}

const exec = { exec: { command: ['check'] }, periodSeconds: 10, timeoutSeconds: 1 };
const container = async (it: Harness) => (await it.pod('probed'))?.status?.containerStatuses?.[0];

describe('readiness', () => {
  test('follows the probe: unready at first, ready after a success, unready after three failures', async () => {
    const health = { code: 1 };
    const it = await podWith({ readinessProbe: { ...exec, failureThreshold: 3 } }, health);
    expect((await container(it))?.ready).toBe(false);
    await it.clock.advance(1);
    expect(await it.events('probed')).toContain('Unhealthy: Readiness probe failed: sick');
    health.code = 0;
    await it.clock.advance(10_000);
    await it.until('ready', async () => (await container(it))?.ready === true);
    health.code = 1;
    await it.clock.advance(20_000);
    expect((await container(it))?.ready).toBe(true);
    await it.clock.advance(10_000);
    await it.until('unready', async () => (await container(it))?.ready === false);
    expect((await container(it))?.restartCount).toBe(0);
    expect(it.agent?.probes.counts()).toMatchObject([
      { container: 'box', type: 'Readiness', counts: { success: 1, failure: 4, unknown: 0 } },
    ]);
  });

  test('survives a restart of the agent without a gap', async () => {
    const it = await podWith({ readinessProbe: exec }, { code: 0 });
    await it.clock.advance(1);
    await it.until('ready', async () => (await container(it))?.ready === true);
    await it.stopAgent();
    it.client.writes.length = 0;
    await it.startAgent();
    await it.clock.advance(30_000);
    expect((await container(it))?.ready).toBe(true);
    expect(it.client.writes.filter((each) => each.plural === 'pods')).toEqual([]);
  });
});

describe('liveness', () => {
  test('restarts the container after three failures, with the events that users know', async () => {
    const health = { code: 0 };
    const it = await podWith({ livenessProbe: { ...exec, initialDelaySeconds: 5, failureThreshold: 3 } }, health);
    await it.clock.advance(20_000);
    health.code = 1;
    await it.clock.advance(30_000);
    await it.until('restarted', async () => (await container(it))?.restartCount === 1);
    const events = await it.events('probed');
    expect(events).toContain('Unhealthy: Liveness probe failed: sick');
    expect(events).toContain('Killing: Container box failed liveness probe, will be restarted');
  });
});

describe('startup', () => {
  test('holds back liveness until it has succeeded', async () => {
    const health = { code: 1 };
    const it = await podWith(
      {
        startupProbe: { ...exec, failureThreshold: 30 },
        livenessProbe: { ...exec, failureThreshold: 1 },
      },
      health,
    );
    await it.clock.advance(100_000);
    expect((await container(it))?.restartCount).toBe(0);
    expect((await container(it))?.started).toBe(false);
    health.code = 0;
    await it.clock.advance(10_000);
    await it.until('started', async () => (await container(it))?.started === true);
    health.code = 1;
    await it.clock.advance(20_000);
    await it.until('restarted', async () => (await container(it))?.restartCount === 1);
  });

  test('that never succeeds restarts the container', async () => {
    const it = await podWith({ startupProbe: { ...exec, failureThreshold: 2 } }, { code: 1 });
    await it.clock.advance(11_000);
    await it.until('restarted', async () => (await container(it))?.restartCount === 1);
    expect(await it.events('probed')).toContain('Killing: Container box failed startup probe, will be restarted');
  });
});
