/**
 * Pods that mean harm, and images from registries that do: a neighbour keeps answering, the agent stays small, limits
 * act, logs are whole, and events say what was refused and why.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type FakeRegistry, startFakeRegistry } from '../../src/image/testing/fake-registry.ts';
import { kubectl, ok } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';
import { agentOf, pause, stateOf } from '../support/faults.ts';

const cluster = testCluster('hostile');
const k = kubectl(cluster.kubeconfig);
let registry: FakeRegistry;

beforeAll(async () => {
  registry = await startFakeRegistry();
  await ok(cluster.up());
});
afterAll(async () => {
  await registry.close();
  await cluster.destroy();
});

const pod = (name: string, container: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 2,
    containers: [{ name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', ...container }],
  },
});
const shell = (script: string, limits: object = {}): object => ({
  command: ['sh', '-c', script],
  resources: { limits },
});
const apply = async (...pods: readonly object[]): Promise<void> => {
  const file = join(cluster.folder, 'pods.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods }));
  await ok(k('apply', '-f', file));
};
const field = (name: string, path: string): Promise<string> => ok(k('get', 'pod', name, '-o', `jsonpath={${path}}`));
const running = (name: string): Promise<unknown> =>
  eventually(`${name} runs`, async () => (await field(name, '.status.phase')) === 'Running');

/** Resident memory of the agent, in MiB. */
function agentMemory(): number {
  const text = readFileSync(`/proc/${stateOf(cluster, agentOf(cluster))?.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]) / 1024;
}

/** Longest of so many requests, in milliseconds. */
async function slowestAnswer(url: string, count: number): Promise<number> {
  let slowest = 0;
  for (let at = 0; at < count; at += 1) {
    const begun = systemClock.monotonic();
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    expect(await answer.text()).toBe('hello\n');
    slowest = Math.max(slowest, systemClock.monotonic() - begun);
    await pause(200);
  }
  return slowest;
}

function logBytes(name: string): number {
  const folder = readdirSync(join(cluster.folder, 'data'), { recursive: true, withFileTypes: true });
  const logs = folder.filter((each) => each.isFile() && each.parentPath.includes(`_${name}_`));
  return logs.reduce(
    (sum, each) => sum + (statSync(join(each.parentPath, each.name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

test('pods that fork without end, fill the disk, flood their log, close their output and ignore signals hurt nobody else', async () => {
  const page = 'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www';
  // A Burstable pod, as whoever wants to be served would have it: shares of the CPU are its by right.
  await apply(pod('neighbour', { ...shell(page), resources: { requests: { cpu: '500m' } } }));
  await running('neighbour');
  const url = `http://${await field('neighbour', '.status.podIP')}:8080/`;
  expect(await slowestAnswer(url, 3)).toBeLessThan(5_000);
  const before = agentMemory();
  await apply(
    pod('forks', shell('bomb() { bomb | bomb & }; bomb; sleep 3600', { cpu: '200m', memory: '64Mi' })),
    pod('flood', shell('seq 1 1000000000')),
    pod('filler', shell('dd if=/dev/zero of=/fill bs=1M count=300; sleep 3600', { 'ephemeral-storage': '50Mi' })),
    pod('closer', shell('echo before; exec >&- 2>&-; echo after; sleep 3600')),
    pod('deaf', shell("trap '' TERM INT HUP; while :; do sleep 1; done")),
  );
  const slowest = await slowestAnswer(url, 60);
  expect(slowest).toBeLessThan(5_000);
  expect(agentMemory() - before).toBeLessThan(80);
  expect(await field('neighbour', '.status.containerStatuses[0].restartCount')).toBe('0');
  await eventually('the disk is defended', async () => (await field('filler', '.status.reason')) === 'Evicted');
  expect(await field('filler', '.status.message')).toContain('ephemeral local storage usage exceeds');
  expect(await field('closer', '.status.phase')).toBe('Running');
  expect(await ok(k('logs', 'closer'))).toBe('before\n');
});

test('a flooded log is rotated within bounds, and what is kept of it has no hole', async () => {
  for (let round = 0; round < 5; round += 1) {
    const text = await ok(k('logs', 'flood', '--tail=200000'));
    // The log's records at either end may be pieces of a line, and some lines within are two records.
    const numbers = text.trim().split('\n').slice(1, -1).map(Number);
    expect(numbers.length).toBeGreaterThan(190_000);
    expect(numbers.length).toBeLessThan(200_000);
    const [first = 0] = numbers;
    expect(numbers.findIndex((number, at) => number !== first + at)).toBe(-1);
  }
  await eventually('old ones go', () => Promise.resolve(logBytes('flood') < 2 ** 30));
  expect(logBytes('flood')).toBeGreaterThan(0);
});

test('they go when they are told to, also those that do not listen', async () => {
  const begun = systemClock.monotonic();
  await ok(k('delete', 'pod', 'deaf', 'forks', 'flood', 'closer', 'filler'));
  expect(systemClock.monotonic() - begun).toBeLessThan(30_000);
  const text = await ok(k('get', 'events', '--field-selector', 'reason=FailedKillPod', '-o', 'name'));
  expect(text).toBe('');
});

const image = (name: string): object => pod(name, { image: `${registry.host}/${name}:1`, imagePullPolicy: 'Always' });
const whyNot = (name: string): Promise<string> =>
  ok(
    k(
      'get',
      'events',
      '--field-selector',
      `involvedObject.name=${name},reason=Failed`,
      '-o',
      'jsonpath={.items[*].message}',
    ),
  );

test('an image that would escape is refused: the event says which entry, and the pod waits in ImagePullBackOff', async () => {
  await registry.add('escape', '1', [[{ name: '../../../etc/cron.d/evil', content: 'x' }]]);
  await registry.add('liar', '1', [[{ name: 'x', content: 'true' }]], {
    config: (document) => ({ ...document, rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] } }),
  });
  await apply(image('escape'), image('liar'));
  const waits = (name: string, reason: string): Promise<unknown> =>
    eventually(reason, async () => (await field(name, '.status.containerStatuses[0].state.waiting.reason')) === reason);
  await waits('escape', 'ErrImagePull');
  await waits('escape', 'ImagePullBackOff');
  await waits('liar', 'ImagePullBackOff');
  expect(await whyNot('escape')).toContain('layer entry "../../../etc/cron.d/evil" is outside of the root');
  expect(await whyNot('liar')).toContain(`wrong diff id calculated on extraction: expected sha256:${'0'.repeat(64)}`);
  expect(await field('escape', '.status.containerStatuses[0].state.waiting.message')).toContain(
    'is outside of the root',
  );
});

test('a registry that stalls holds up nobody but who wants its images', async () => {
  await registry.add('slow', '1', [[{ name: 'x', content: 'x'.repeat(1000) }]]);
  registry.stall = true;
  await apply(image('slow'));
  await eventually('it is being pulled', () =>
    Promise.resolve(registry.requests.some((each) => /slow\/blobs/.test(each))),
  );
  await apply(pod('other', { ...shell('sleep 3600'), imagePullPolicy: 'Always' }));
  await running('other');
  expect(await field('slow', '.status.containerStatuses[0].state.waiting.reason')).toBe('ContainerCreating');
  const begun = systemClock.monotonic();
  await ok(k('delete', 'pod', 'slow', 'other', 'escape', 'liar'));
  expect(systemClock.monotonic() - begun).toBeLessThan(15_000);
});
