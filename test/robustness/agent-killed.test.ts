/**
 * kill -9 of the agent, and of agent and server together, at any moment of pods' lives: containers run on, each was
 * started as often as its restart policy says, logs are whole, and nothing is left behind.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bareApi, type BareApi } from '../support/api.ts';
import { kubectl, ok } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';
import { agentOf, killHard, pause, readyAgain, seededRandom, stateOf } from '../support/faults.ts';
import { traces, zombies } from '../support/traces.ts';

interface PodObject {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: {
    readonly phase: string;
    readonly containerStatuses?: readonly { readonly restartCount: number; readonly containerID: string }[];
  };
}

const cluster = testCluster('agent-killed');
const agent = agentOf(cluster);
const k = kubectl(cluster.kubeconfig);
const collection = '/api/v1/namespaces/default/pods';
/** Where containers tell that they have run, one line each time. */
const starts = join(cluster.folder, 'starts');
let api: BareApi;

beforeAll(async () => {
  mkdirSync(starts);
  await ok(cluster.up());
  api = bareApi(cluster.kubeconfig);
});
afterAll(async () => {
  api.close();
  await cluster.destroy();
});

const podOf = (name: string, restartPolicy: string, script: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    restartPolicy,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        image: 'busybox',
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', `echo x >> /starts/${name}; ${script}`],
        volumeMounts: [{ name: 'starts', mountPath: '/starts' }],
      },
    ],
    volumes: [{ name: 'starts', hostPath: { path: starts } }],
  },
});

const create = async (pod: object): Promise<void> => {
  const { status, text } = await api.request('POST', collection, pod);
  if (status !== 201) throw new Error(text);
};
const podNamed = async (name: string): Promise<PodObject> =>
  (await api.request('GET', `${collection}/${name}`)).body as PodObject;
const startsOf = (name: string): number => readFileSync(join(starts, name), 'utf8').trim().split('\n').length;
const counting = 'i=0; while :; do echo line $i; i=$((i+1)); sleep 0.02; done';

/** Numbers of `line N` in a container's log. */
async function linesOf(name: string): Promise<readonly number[]> {
  const log = await ok(k('logs', name));
  return [...log.matchAll(/^line (\d+)$/gm)].map((match) => Number(match[1]));
}

/** Pods come and go, and the agent is killed meanwhile; returns the names of those that should end well. */
async function churn(round: number, random: () => number): Promise<readonly string[]> {
  await create(podOf(`once-${round}`, 'Never', 'exit 0'));
  await create(podOf(`twice-${round}`, 'OnFailure', `[ $(wc -l < /starts/twice-${round}) -ge 2 ]`));
  await create(podOf(`gone-${round}`, 'Always', 'sleep 3600'));
  await pause(random() * 400);
  await api.request('DELETE', `${collection}/gone-${round}`);
  await pause(random() * 100);
  let before = killHard(cluster, agent);
  // Its successors, too, while they take up what it left.
  for (let left = Math.floor(random() * 4); left > 0; left -= 1) {
    await pause(random() * 700);
    before = killHard(cluster, agent);
  }
  if (round % 3 === 2) await readyAgain(cluster, 'server', killHard(cluster, 'server'));
  await readyAgain(cluster, agent, before);
  return [`once-${round}`, `twice-${round}`];
}

async function startedAsOftenAsItShould(name: string): Promise<void> {
  const { status } = await eventually(`${name} ends`, async () => {
    const pod = await podNamed(name);
    if (pod.status.phase !== 'Succeeded') throw new Error(JSON.stringify(pod.status));
    return pod;
  });
  const ran = startsOf(name);
  expect(ran, name).toBe(name.startsWith('once') ? 1 : 2);
  expect(status.containerStatuses?.[0]?.restartCount, name).toBe(ran - 1);
}

test('containers run on, start as often as they should, and lose no line of their logs', async () => {
  const random = seededRandom('agent killed');
  await create(podOf('steady', 'Always', counting));
  const id = await eventually(
    'it runs',
    async () => (await podNamed('steady')).status.containerStatuses?.[0]?.containerID,
  );
  const kept: string[] = [];
  for (let round = 0; round < 12; round += 1) kept.push(...(await churn(round, random)));
  for (const name of kept) await startedAsOftenAsItShould(name);
  const steady = (await podNamed('steady')).status.containerStatuses?.[0];
  expect([steady?.containerID, steady?.restartCount]).toEqual([id, 0]);
  const numbers = await linesOf('steady');
  expect(numbers.length).toBeGreaterThan(100);
  expect(numbers).toEqual(numbers.map((_, at) => at));
});

test('leaves nothing of deleted pods: no mount, namespace, link, control group, process, zombie', async () => {
  await ok(k('delete', 'pods', '--all', '--now'));
  const system = JSON.parse(await ok(k('get', 'pods', '-A', '-o', 'json'))) as { items: PodObject[] };
  const uids = system.items.map(({ metadata }) => metadata.uid);
  const left = (): readonly string[] => ownTraces().filter((each) => !uids.some((uid) => each.includes(uid)));
  await eventually('all is gone', () => Promise.resolve(left().length === 0)).catch(() => {});
  expect(left()).toEqual([]);
  expect(zombies(stateOf(cluster, agent)?.pid ?? 0)).toEqual([]);
});

/** What is there beyond what the cluster itself needs. */
function ownTraces(): readonly string[] {
  const expected = [
    /^process .*\/(server|agent|ingress)\.js /s,
    /^table /,
    /^cgroup [^ ]*\/coracle-agent-killed-[^/]*$/,
    /^cgroup .*\/(kubepods|burstable|besteffort)$/,
    /^mount tmpfs [^ ]*\/secrets /,
  ];
  return traces(cluster).filter((each) => !expected.some((pattern) => pattern.test(each)));
}

test('up after everything was killed, supervisors too, finds its pods as they were', async () => {
  await create(podOf('survivor', 'Always', counting));
  const id = await eventually(
    'it runs',
    async () => (await podNamed('survivor')).status.containerStatuses?.[0]?.containerID,
  );
  const ownProcesses = traces(cluster).filter((each) => /\b(server|agent)\.js /.test(each));
  expect(ownProcesses.length).toBeGreaterThanOrEqual(4);
  for (const line of ownProcesses) process.kill(Number(line.split(' ')[1]), 'SIGKILL');
  expect((await cluster.coracle('status')).code).not.toBe(0);
  await pause(300);
  await ok(cluster.up());
  const status = (await podNamed('survivor')).status.containerStatuses?.[0];
  expect([status?.containerID, status?.restartCount]).toEqual([id, 0]);
  // The agent has to hear of its pods first.
  const numbers = await eventually('its log', () => linesOf('survivor'));
  expect(numbers).toEqual(numbers.map((_, at) => at));
  expect(startsOf('survivor')).toBe(1);
});

const polite = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'polite' },
  spec: {
    containers: [
      {
        name: 'main',
        image: 'busybox',
        command: ['sh', '-c', 'trap "echo stopped >> /starts/polite; exit 7" TERM; while :; do sleep 0.1; done'],
        lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo hook >> /starts/polite'] } } },
        volumeMounts: [{ name: 'starts', mountPath: '/starts' }],
      },
    ],
    volumes: [{ name: 'starts', hostPath: { path: starts } }],
  },
};

test('down lets containers end as their pods say; up counts a restart, and keeps the log of the run before', async () => {
  await create(polite);
  await eventually('it runs', async () => (await podNamed('polite')).status.phase === 'Running');
  await ok(cluster.coracle('down'));
  expect(traces(cluster)).toEqual([]);
  expect(readFileSync(join(starts, 'polite'), 'utf8')).toBe('hook\nstopped\n');
  await ok(cluster.up());
  await eventually('it runs again', async () => {
    const status = (await podNamed('survivor')).status.containerStatuses?.[0];
    return status?.restartCount === 1 && (await podNamed('survivor')).status.phase === 'Running';
  });
  expect(startsOf('survivor')).toBe(2);
  expect(await ok(k('logs', 'survivor', '--previous', '--tail=1'))).toMatch(/^line \d+$/m);
});
