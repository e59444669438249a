import { afterEach, describe, expect, test } from 'vitest';
import { Lease } from '../api/coordination/lease.ts';
import { Node } from '../api/core/node.ts';
import { Pod } from '../api/core/pod.ts';
import { ImageError } from '../runtime/runtime.ts';
import { Harness, type HarnessOptions } from './testing/harness.ts';

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.stop();
  harness = undefined;
});

async function start(options: HarnessOptions = {}): Promise<Harness> {
  harness = await Harness.start(options);
  return harness;
}

const box = { name: 'box', image: 'busybox', imagePullPolicy: 'IfNotPresent' } as const;

describe('a node', () => {
  test('registers with its capacity and is ready', async () => {
    const it = await start();
    await it.until('the node exists', () => it.client.all(Node).length === 1);
    const [node] = it.client.all(Node);
    expect(node?.status?.capacity).toMatchObject({ cpu: '4', memory: '8388608Ki', pods: '110' });
    expect(node?.status?.conditions?.find((each) => each.type === 'Ready')?.status).toBe('True');
    expect(node?.status?.nodeInfo?.kubeletVersion).toMatch(/^v1\.35\./);
    expect(node?.metadata.labels?.['kubernetes.io/hostname']).toBe('one');
  });

  test('that was made for it before gets labels and annotations as if it had made it itself', async () => {
    const it = await start();
    await it.until('the node exists', () => it.client.all(Node).length === 1);
    const [made] = it.client.all(Node);
    await it.stopAgent();
    it.client.remove(Node, { name: 'one' });
    it.client.seed(Node, { metadata: { name: 'one', labels: { mine: 'yes' } } });
    await it.startAgent();
    await it.until('it is taken over', () => it.client.all(Node)[0]?.metadata.annotations !== undefined);
    const [taken] = it.client.all(Node);
    expect(taken?.metadata.labels).toEqual({ ...made?.metadata.labels, mine: 'yes' });
    expect(taken?.metadata.annotations).toEqual(made?.metadata.annotations);
  });

  test('renews its lease every ten seconds, and writes its status only every five minutes', async () => {
    const it = await start();
    await it.until('the lease exists', () => it.client.all(Lease).length === 1);
    // What volumes are in use is read from the disk first, which takes real time.
    await it.until('its status is told', () =>
      it.client.writes.some(({ plural, subresource }) => plural === 'nodes' && subresource === 'status'),
    );
    const before = it.client.all(Lease)[0]?.spec?.renewTime;
    it.client.writes.length = 0;
    await it.clock.advance(30_000);
    expect(it.client.all(Lease)[0]?.spec?.renewTime).not.toBe(before);
    expect(it.client.writes.filter((each) => each.plural === 'nodes')).toEqual([]);
    await it.clock.advance(300_000);
    expect(it.client.writes.filter((each) => each.plural === 'nodes').length).toBe(1);
  });

  test('its Lease goes with its Node, also when the Lease was there before the Node', async () => {
    const it = await start();
    await it.until('the node exists', () => it.client.all(Node).length === 1);
    await it.clock.advance(10_000);
    const owners = (): readonly string[] | undefined =>
      it.client.all(Lease)[0]?.metadata.ownerReferences?.map(({ kind, name, uid }) => `${kind} ${name} ${uid}`);
    const uid = it.client.all(Node)[0]?.metadata.uid;
    await it.until('it is owned', () => owners()?.join() === `Node one ${uid}`);
    const ref = { namespace: 'kube-node-lease', name: 'one' };
    await it.client.patch(Lease, ref, { metadata: { ownerReferences: null } }, { type: 'merge' });
    await it.clock.advance(20_000);
    expect(owners()).toEqual([`Node one ${uid}`]);
    it.client.remove(Lease, ref);
    await it.clock.advance(10_000);
    expect(owners()).toEqual([`Node one ${uid}`]);
  });

  test('keeps extended resources that others add, and lets go of them when they are taken away', async () => {
    const it = await start();
    await it.until('the node exists', () => it.client.all(Node).length === 1);
    const change = (op: object): Promise<Node> =>
      it.client.patch(Node, { name: 'one' }, [op], { type: 'json', subresource: 'status' });
    const amounts = (): readonly (string | undefined)[] => {
      const { capacity, allocatable } = it.client.all(Node)[0]?.status ?? {};
      return [capacity?.['example.com/dongle'], allocatable?.['example.com/dongle']];
    };
    const path = '/status/capacity/example.com~1dongle';
    await change({ op: 'add', path, value: '3' });
    await it.clock.advance(10_000);
    await it.until('it can be asked for', () => amounts().join() === '3,3');
    await change({ op: 'remove', path });
    await it.clock.advance(10_000);
    await it.until('it is gone', () => amounts().every((amount) => amount === undefined));
    expect(it.client.all(Node)[0]?.status?.capacity?.['cpu']).toBe('4');
  });

  test('that was given up says that it is ready as soon as it can', async () => {
    const it = await start();
    await it.until('the node exists', () => it.client.all(Node).length === 1);
    const readiness = (): string | undefined =>
      it.client.all(Node)[0]?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    const unknown = { conditions: [{ type: 'Ready', status: 'Unknown' }] };
    await it.client.patch(Node, { name: 'one' }, { status: unknown }, { type: 'strategic', subresource: 'status' });
    expect(readiness()).toBe('Unknown');
    await it.clock.advance(10_000);
    await it.until('it is ready', () => readiness() === 'True');
    expect(readiness()).toBe('True');
  });
});

describe('a pod', () => {
  test('keeps the conditions that others give it, also while it stops', async () => {
    const it = await start();
    it.create('web', { containers: [box] });
    await it.phase('web', 'Running');
    const ref = { namespace: 'default', name: 'web' };
    const target = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' };
    const status = { conditions: [target] };
    await it.client.patch(Pod, ref, { status }, { type: 'strategic', subresource: 'status' });
    await it.client.delete(Pod, ref, { gracePeriodSeconds: 30 });
    const seen = it.client.writes.length;
    await it.until('it says more', () =>
      it.client.writes.slice(seen).some(({ plural, subresource }) => plural === 'pods' && subresource === 'status'),
    );
    const patched = it.client.writes.slice(seen).map((each) => JSON.stringify(each));
    expect(patched.filter((each) => each.includes('$patch'))).toEqual([]);
  });

  test('comes to run, with events in order', async () => {
    const it = await start();
    it.create('web', { containers: [box] });
    const pod = await it.phase('web', 'Running');
    expect(pod.status?.podIP).toMatch(/^10\.244\./);
    expect(pod.status?.hostIP).toBe('192.0.2.1');
    expect(pod.status?.qosClass).toBe('BestEffort');
    expect(pod.status?.conditions?.map((each) => `${each.type}=${each.status}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({
      name: 'box',
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: {} },
    });
    expect(pod.status?.containerStatuses?.[0]?.containerID).toMatch(/^sim:\/\//);
    expect(await it.events('web')).toEqual([
      'Pulling: Pulling image "busybox"',
      'Pulled: Successfully pulled image "busybox" in 0s (0s including waiting). Image size: 1048576 bytes.',
      'Created: Container created',
      'Started: Container started',
    ]);
  });

  test('is deleted: its containers stop, then the API object goes', async () => {
    const it = await start();
    it.create('web', { containers: [box], terminationGracePeriodSeconds: 30 });
    await it.phase('web', 'Running');
    await it.client.delete(Pod, { namespace: 'default', name: 'web' });
    await it.gone('web');
    await it.until('nothing is left', async () => (await it.runtime.listPodSandboxes()).length === 0);
    expect(await it.events('web')).toContain('Killing: Stopping container box');
    const last = it.client.writes.filter((each) => each.plural === 'pods').at(-1);
    expect(last).toMatchObject({ verb: 'delete' });
  });

  test.each([
    ['a field', { type: 'RuntimeDefault' } as const, {}],
    ['an annotation', undefined, { 'container.apparmor.security.beta.kubernetes.io/box': 'localhost/strict' }],
  ])(
    'that asks for AppArmor by %s is refused where the kernel has none',
    async (_how, appArmorProfile, annotations: Record<string, string>) => {
      const it = await start();
      const context = appArmorProfile === undefined ? {} : { securityContext: { appArmorProfile } };
      it.create('confined', { containers: [box], ...context }, { annotations });
      expect((await it.phase('confined', 'Failed')).status).toMatchObject({
        reason: 'AppArmor',
        message: 'Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host',
      });
    },
  );

  test('that ignores SIGTERM is killed when its grace is over', async () => {
    const it = await start({ behaviour: () => ({ stopDelay: Infinity }) });
    it.create('stubborn', { containers: [box], terminationGracePeriodSeconds: 30 });
    await it.phase('stubborn', 'Running');
    await it.client.delete(Pod, { namespace: 'default', name: 'stubborn' });
    await it.clock.advance(29_000);
    expect(await it.pod('stubborn')).toBeDefined();
    await it.clock.advance(2000);
    await it.gone('stubborn');
  });

  test('that never restarts ends as its container does', async () => {
    const it = await start({ behaviour: () => ({ exitAfter: 1000, exitCode: 3 }) });
    it.create('job', { containers: [box], restartPolicy: 'Never' });
    await it.phase('job', 'Running');
    await it.clock.advance(1000);
    const pod = await it.phase('job', 'Failed');
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(pod.status?.conditions?.find((each) => each.type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodFailed',
    });
  });

  test('whose container keeps crashing waits longer each time', async () => {
    const it = await start({ behaviour: () => ({ exitAfter: 1000, exitCode: 1 }) });
    it.create('crash', { containers: [box], restartPolicy: 'Always' });
    await it.phase('crash', 'Running');
    await it.clock.advance(1000);
    // The first restart is immediate, the second waits 10 s, the third 20 s.
    await it.until('restarted', async () => (await status(it))?.restartCount === 1);
    await it.clock.advance(1000);
    await it.until('backs off', async () => (await status(it))?.state?.waiting?.reason === 'CrashLoopBackOff');
    expect((await status(it))?.state?.waiting?.message).toMatch(
      /^back-off 10s restarting failed container=box pod=crash_default\(.*\)$/,
    );
    expect((await status(it))?.lastState?.terminated?.exitCode).toBe(1);
    await it.clock.advance(8500);
    expect((await status(it))?.restartCount).toBe(1);
    await it.clock.advance(1500);
    await it.until('restarted again', async () => (await status(it))?.restartCount === 2);

    async function status(from: Harness) {
      return (await from.pod('crash'))?.status?.containerStatuses?.[0];
    }
  });

  test('whose image cannot be pulled says why, then backs off', async () => {
    const it = await start({ image: () => new ImageError('ErrImagePull', 'no such manifest') });
    it.create('bad', { containers: [box] });
    const reason = async (): Promise<string | undefined> =>
      (await it.pod('bad'))?.status?.containerStatuses?.[0]?.state?.waiting?.reason;
    await it.until('the pull fails', async () => (await reason()) === 'ErrImagePull');
    await it.clock.advance(4000);
    await it.until('it backs off', async () => (await reason()) === 'ImagePullBackOff');
    expect(await it.events('bad')).toEqual([
      'Pulling: Pulling image "busybox"',
      'Failed: Failed to pull image "busybox": no such manifest',
      'Failed: Error: ErrImagePull',
      'BackOff: Back-off pulling image "busybox"',
      'Failed: Error: ImagePullBackOff',
    ]);
    expect((await it.pod('bad'))?.status?.phase).toBe('Pending');
  });

  test('runs its init containers first, one after the other', async () => {
    const it = await start({
      behaviour: (config) => (config.name.startsWith('init') ? { exitAfter: 500 } : {}),
    });
    it.create('staged', {
      initContainers: [
        { name: 'init-a', image: 'busybox', imagePullPolicy: 'IfNotPresent' },
        { name: 'init-b', image: 'busybox', imagePullPolicy: 'IfNotPresent' },
      ],
      containers: [box],
    });
    const names = async (): Promise<readonly string[]> =>
      (await it.runtime.listContainers()).map((each) => `${each.name} ${each.state}`);
    await it.until('a runs', async () => (await names()).join() === 'init-a running');
    const { containerStatuses, initContainerStatuses } = (await it.pod('staged'))?.status ?? {};
    expect(containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing');
    expect(initContainerStatuses?.[1]?.state?.waiting?.reason).toBe('PodInitializing');
    await it.clock.advance(500);
    await it.until('b runs', async () => (await names()).includes('init-b running'));
    await it.clock.advance(500);
    await it.phase('staged', 'Running');
  });

  test('keeps running when the agent is killed and comes back', async () => {
    const it = await start();
    it.create('web', { containers: [box] });
    const before = await it.phase('web', 'Running');
    await it.stopAgent();
    it.client.writes.length = 0;
    await it.startAgent();
    await it.clock.advance(5000);
    const after = await it.pod('web');
    expect(after?.status).toEqual(before.status);
    expect(it.client.writes.filter((each) => each.plural === 'pods')).toEqual([]);
  });

  test('that was deleted while the agent was away is removed when it is back', async () => {
    const it = await start();
    it.create('web', { containers: [box] });
    await it.phase('web', 'Running');
    await it.stopAgent();
    it.client.remove(Pod, { namespace: 'default', name: 'web' });
    await it.startAgent();
    await it.until('nothing is left', async () => (await it.runtime.listPodSandboxes()).length === 0);
    expect(await it.runtime.listContainers()).toEqual([]);
  });

  test('past its active deadline fails', async () => {
    const it = await start();
    it.create('late', { containers: [box], activeDeadlineSeconds: 5 });
    await it.phase('late', 'Running');
    await it.clock.advance(5000);
    const pod = await it.phase('late', 'Failed');
    expect(pod.status?.reason).toBe('DeadlineExceeded');
  });
});
