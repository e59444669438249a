/**
 * The machine restarts under a cluster: told to, or by its reset button. Everything comes back once, with what it had
 * kept; nothing of before is left; and in the end `down` and `reset` leave nothing at all.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram, kubectl, ok, run as runProgram } from '../support/clients.ts';
import { eventually } from '../support/cluster.ts';
import { patience, placeVariable, podOf } from './bed.ts';
import { Guest } from './guest.ts';
import { makeEmptyDisk } from './root-disk.ts';
import { dataFolder } from './root-files.ts';
import { type Workplace, workplaceAt } from './workplace.ts';

interface Terminated {
  readonly containerID?: string;
  readonly exitCode: number;
  readonly reason: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
  readonly restartCount: number;
  readonly ready: boolean;
  readonly state: { readonly running?: object; readonly terminated?: Terminated };
  readonly lastState: { readonly terminated?: Terminated };
}

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** Each start adds a line to a file in each of its volumes. */
const counting = 'for each in /kept /claimed /memory; do echo start >> $each/starts; done; sleep 3600';
const volumes = [
  { name: 'kept', emptyDir: {} },
  { name: 'memory', emptyDir: { medium: 'Memory' } },
  { name: 'claimed', persistentVolumeClaim: { claimName: 'claimed' } },
];
const claim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'claimed' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Mi' } } },
};
const init = { name: 'first', image: 'busybox', command: ['sh', '-c', 'echo init >> /kept/inits'] };
const mounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
const keeper = podOf('keeper', counting, {
  container: { volumeMounts: mounts },
  spec: {
    restartPolicy: 'Always',
    initContainers: [{ ...init, volumeMounts: [{ name: 'kept', mountPath: '/kept' }] }],
    volumes,
  },
});
const answers = 'while :; do echo hello | nc -l -p 8000; done';
const web = podOf('web', answers, { labels: { app: 'web' }, spec: { restartPolicy: 'Always' } });
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8000 }] },
};
const once = podOf('once', 'sleep 3600');
const done = podOf('done', 'echo last words');

/** Nobody was there to see it end. */
const unseen: Terminated = { exitCode: 255, reason: 'Unknown' };
/** By the signals with which the machine goes down, if that was still noted. */
const told: readonly Terminated[] = [{ exitCode: 143, reason: 'Error' }, { exitCode: 137, reason: 'Error' }, unseen];

describe('reboot', () => {
  let place: Workplace;
  let folder: string;
  let data: string;
  let guest: Guest | undefined;
  let kubeconfig: string;

  const inGuest = (script: string): Promise<string> => {
    if (guest === undefined) throw new Error('no guest runs');
    return guest.ok(script);
  };
  const boot = async (): Promise<void> => {
    guest = await Guest.boot({ place, folder, data: { source: data, writes: 'keep' }, memoryMiB: 2048 });
    kubeconfig = await guest.up();
  };
  const run = (...args: readonly string[]): Promise<string> => ok(kubectl(kubeconfig)(...args));
  const pods = async (): Promise<readonly Pod[]> =>
    (JSON.parse(await run('get', 'pods', '-A', '-o', 'json')) as { items: readonly Pod[] }).items;
  const pod = async (name: string): Promise<Pod> => JSON.parse(await run('get', 'pod', name, '-o', 'json')) as Pod;
  const ready = (name: string): Promise<unknown> =>
    eventually(
      `pod ${name} to be ready`,
      async () => (await pod(name)).status.containerStatuses.every((each) => each.ready),
      patience,
    );
  const allReady = async (): Promise<void> => {
    for (const name of ['keeper', 'web']) await ready(name);
    const system = async (): Promise<boolean> =>
      (await pods()).every(
        ({ metadata, status }) =>
          ['keeper', 'web', 'once', 'done'].includes(metadata.name) ||
          status.containerStatuses.every((each) => each.ready),
      );
    await eventually('the pods of the system', system, patience);
  };

  beforeAll(async () => {
    place = await workplaceAt(process.env[placeVariable] ?? '', new AbortController().signal);
    folder = mkdtempSync(join(tmpdir(), 'coracle-reboot-'));
    data = join(folder, 'data.ext4');
    await makeEmptyDisk(place, data);
    await boot();
    const items = [claim, keeper, web, service, once, done];
    const env = { KUBECONFIG: kubeconfig };
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await ok(runProgram(clientProgram('kubectl'), ['apply', '-f', '-'], { env, input }));
    await allReady();
    await ready('once');
    await eventually('the one that ends', async () => (await pod('done')).status.phase === 'Succeeded', patience);
  });
  afterAll(async () => {
    await guest?.kill();
    rmSync(folder, { recursive: true });
  });

  /** What is there for pods that do not run, or twice for one. */
  const leaks = async (): Promise<readonly string[]> => {
    const all = await pods();
    const running = all.filter(({ status }) => status.phase === 'Running');
    // Those of the system are built in and have none of their own.
    const networks = running.filter(({ metadata }) => metadata.namespace === 'default').length;
    const names = (await inGuest('ls /run/netns')).split('\n');
    const links = (await inGuest('ip -o link show type veth')).split('\n');
    const groups = (await inGuest("find /sys/fs/cgroup -type d -name 'pod*-*'")).split('\n');
    const mounted = (await inGuest('cut -d" " -f2 /proc/mounts')).split('\n');
    // A container that has ended keeps its root until it is removed.
    const containers = all.flatMap(({ status }) =>
      [...status.containerStatuses, ...(status.initContainerStatuses ?? [])].map(({ containerID, state }) =>
        (containerID ?? state.terminated?.containerID ?? '').slice(-64),
      ),
    );
    const known = [...running.map(({ metadata }) => metadata.uid), ...containers];
    const isStray = (path: string): boolean => {
      const owner = /\/pods?\/?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|\/containers\/([0-9a-f]{64})\//.exec(path);
      return owner !== null && !known.includes(owner[1] ?? owner[2] ?? '');
    };
    const own = mounted.filter((path) => path.startsWith(dataFolder));
    return [
      ...(names.length === networks ? [] : names),
      ...(links.length === networks ? [] : links),
      ...[...groups, ...mounted].filter(isStray),
      ...own.filter((path, index) => own.indexOf(path) !== index),
    ];
  };
  /** A pod is told to be over before it is taken down. */
  const noLeaks = (): Promise<unknown> =>
    eventually(
      'an end of what is left of pods',
      async () => {
        const found = await leaks();
        if (found.length > 0) throw new Error(found.join('\n'));
        return true;
      },
      patience,
    );

  const expectExit = (ended: Terminated | undefined, exits: readonly Terminated[]): void =>
    expect(exits).toContainEqual({ exitCode: ended?.exitCode, reason: ended?.reason });

  const expectBack = async (restarts: number, exits: readonly Terminated[]): Promise<void> => {
    await allReady();
    await eventually(
      'the end of the one that runs once',
      async () => (await pod('once')).status.phase === 'Failed',
      patience,
    );
    for (const name of ['keeper', 'web']) {
      const { status } = await pod(name);
      const [container] = status.containerStatuses;
      expect([name, status.phase, container?.restartCount]).toEqual([name, 'Running', restarts]);
      expectExit(container?.lastState.terminated, exits);
    }
    const starts = async (volume: string): Promise<number> =>
      (await run('exec', 'keeper', '--', 'cat', `/${volume}/starts`)).trim().split('\n').length;
    expect([await starts('kept'), await starts('claimed'), await starts('memory')]).toEqual([
      restarts + 1,
      restarts + 1,
      1,
    ]);
    const inits = (await run('exec', 'keeper', '--', 'cat', '/kept/inits')).trim().split('\n').length;
    expect(inits).toBe(restarts + 1);
    const ended = (await pod('once')).status.containerStatuses[0];
    expect(ended?.restartCount).toBe(0);
    expectExit(ended?.state.terminated, told);
    const whole = await pod('done');
    expect([whole.status.phase, whole.status.containerStatuses[0]?.restartCount]).toEqual(['Succeeded', 0]);
    expect(await run('logs', 'done')).toBe('last words\n');
    const address = await run('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    const heard = (): Promise<string> => inGuest(`timeout 10 socat - TCP:${address}:80 < /dev/null`);
    await eventually('an answer of the service', async () => (await heard()) === 'hello', patience);
    await noLeaks();
  };

  test('told to: every pod comes back once, with its volumes, and knows how it ended', async () => {
    const before = (await pods()).length;
    await noLeaks();
    await inGuest('busybox reboot');
    await eventually('the machine to go down', () => Promise.resolve(guest?.isRunning === false), patience);
    await boot();
    expect((await pods()).length).toBe(before);
    await expectBack(1, told);
  });

  test('by its reset button: likewise', async () => {
    const before = (await pods()).length;
    // What the last seconds wrote would be lost with it, as anywhere.
    await inGuest('sync');
    await guest?.kill();
    await boot();
    expect((await pods()).length).toBe(before);
    await expectBack(2, [unseen]);
  });

  test('down and reset leave nothing of it', async () => {
    const down = await guest?.coracle('down');
    expect(down?.code, down?.stderr).toBe(0);
    const left = {
      mounts: `grep -c ' ${dataFolder}/\\| /run/coracle' /proc/mounts || true`,
      links: 'ip -o link | grep -c ": cor\\|veth" || true',
      namespaces: 'ls /run/netns 2>/dev/null | wc -l',
      rules: 'nft list tables | grep -c coracle || true',
      groups: 'ls -d /sys/fs/cgroup/coracle* 2>/dev/null | wc -l',
      processes: 'pgrep -c "conmon|runc|coracle" || true',
      routes: 'ip route | grep -cv "eth0" || true',
      run: 'ls -d /run/coracle/* 2>/dev/null | wc -l',
    };
    const found = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        await Promise.all(Object.entries(left).map(async ([what, script]) => [what, await inGuest(script)])),
      );
    expect(await found()).toEqual(Object.fromEntries(Object.keys(left).map((what) => [what, '0'])));
    const reset = await guest?.coracle('reset', '--yes');
    expect(reset?.code, reset?.stderr).toBe(0);
    expect(await inGuest(`find ${dataFolder} -mindepth 1 -not -name lost+found -not -name .slots`)).toBe('');
  });
});
