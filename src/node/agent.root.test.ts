import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigMap } from '../api/core/config-map.ts';
import { Event } from '../api/core/event.ts';
import { Pod } from '../api/core/pod.ts';
import { Secret } from '../api/core/secret.ts';
import { ServiceAccount } from '../api/core/service-account.ts';
import { CSIDriver } from '../api/storage/csi-driver.ts';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import type { Draft } from '../api/kind.ts';
import { MemoryClient } from '../client/testing/memory-client.ts';
import { canRunContainers, openTestBed, type TestBed } from '../runtime/oci/testing/test-bed.ts';
import { createNodeAgent, type NodeAgent } from './agent.ts';
import { nodeConfig } from './config.ts';
import { startTestDriver } from './csi/testing/driver.ts';
import { parseMountInfo } from './volumes/mounter.ts';

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 10) {
    if (await holds()) return;
    await systemClock.sleep(10);
  }
  throw new Error(`never happened: ${what}`);
}

const prefix = 'coracle-test-nagnt';
const service = { name: 'box', image: 'busybox', imagePullPolicy: 'IfNotPresent' } as const;

describe.skipIf(!canRunContainers)('the agent on this machine', { timeout: 60_000 }, () => {
  let bed: TestBed;
  let client: MemoryClient;
  let agent: NodeAgent;
  let root: string;
  let stop = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function startAgent(): Promise<void> {
    stop = new AbortController();
    agent = await createNodeAgent({
      client,
      runtime: bed.runtime,
      images: bed.images,
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      config: nodeConfig({
        nodeName: 'one',
        rootDirectory: root,
        addresses: ['127.0.0.1'],
        kubeletPort: 0,
        clusterDns: ['10.96.0.10'],
        cgroupRoot: `/${prefix}`,
      }),
    });
    running = agent.run(stop.signal);
  }

  async function stopAgent(): Promise<void> {
    stop.abort(new Error('stopped'));
    await running;
  }

  const create = (name: string, spec: NonNullable<Draft<Pod>['spec']>): Pod =>
    client.seed(Pod, {
      metadata: { name, namespace: 'default' },
      spec: { nodeName: 'one', serviceAccountName: 'default', terminationGracePeriodSeconds: 1, ...spec },
    });
  const statusOf = async (name: string) =>
    (await client.list(Pod, { namespace: 'default' })).items.find((each) => each.metadata.name === name)?.status;
  const phase = (name: string, wanted: string): Promise<void> =>
    until(`${name} ${wanted}`, async () => (await statusOf(name))?.phase === wanted).catch(async (error: unknown) => {
      const told = client.all(Event).filter((each) => each.involvedObject.name === name);
      const heard = told.map((each) => `${each.reason}: ${each.message}`).join('\n');
      throw new Error(`${JSON.stringify(await statusOf(name))}\n${heard}`, { cause: error });
    });
  const remove = async (name: string): Promise<void> => {
    await client.delete(Pod, { namespace: 'default', name });
    await until(`${name} gone`, async () => (await statusOf(name)) === undefined);
    await until('worker gone', () => agent.pods.find('default', name) === undefined);
  };
  const exec = async (name: string, ...command: string[]): Promise<string> => {
    const worker = agent.pods.find('default', name);
    const id = worker?.runtime.containers.find((each) => each.state === 'running')?.id ?? '';
    const { stdout, stderr } = await bed.runtime.execSync(id, command, 10);
    return `${Buffer.from(stdout).toString()}${Buffer.from(stderr).toString()}`;
  };
  const mountsBelow = (folder: string): readonly string[] =>
    parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'))
      .map((each) => each.path)
      .filter((path) => path.startsWith(folder));

  beforeAll(async () => {
    bed = await openTestBed({ name: 'nagnt', podCidr: '10.97.21.0/24' });
    root = join(bed.folder, 'node');
    mkdirSync(root, { recursive: true });
    client = new MemoryClient({ clock: systemClock });
    client.seed(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
    await startAgent();
  });
  afterAll(async () => {
    await stopAgent();
    for (const path of mountsBelow(root)) {
      const { systemMounter } = await import('./volumes/mounter.ts');
      await systemMounter.unmount(path);
    }
    const leaks = bed.leaks();
    await bed.destroy();
    if (leaks.length > 0) throw new Error(`left behind: ${JSON.stringify(leaks)}`);
  });

  test('a pod runs with its environment, files and limits, and leaves nothing behind', async () => {
    client.seed(ConfigMap, { metadata: { name: 'settings', namespace: 'default' }, data: { colour: 'blue' } });
    client.seed(Secret, {
      metadata: { name: 'password', namespace: 'default' },
      data: { word: Buffer.from('sesame').toString('base64') },
    });
    create('whole', {
      containers: [
        {
          ...service,
          command: ['sh', '-c', 'echo $(COLOUR) is $COLOUR; trap exit TERM; while :; do sleep 0.1; done'],
          env: [
            { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } },
            { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
          resources: { limits: { cpu: '500m', memory: '64Mi' }, requests: { cpu: '100m' } },
          volumeMounts: [
            { name: 'settings', mountPath: '/settings' },
            { name: 'password', mountPath: '/password', readOnly: true },
            { name: 'scratch', mountPath: '/scratch' },
            { name: 'memory', mountPath: '/memory' },
          ],
        },
      ],
      volumes: [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'password', secret: { secretName: 'password' } },
        { name: 'scratch', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ],
    });
    await phase('whole', 'Running');
    const status = await statusOf('whole');
    expect(status?.qosClass).toBe('Burstable');
    expect(await exec('whole', 'cat', '/settings/colour')).toBe('blue');
    expect(await exec('whole', 'cat', '/password/word')).toBe('sesame');
    expect(await exec('whole', 'sh', '-c', 'echo $POD_IP')).toBe(`${status?.podIP}\n`);
    expect(await exec('whole', 'sh', '-c', 'df /password /memory | grep -c tmpfs')).toBe('2\n');
    const modes = await exec('whole', 'stat', '-c', '%a', '/password', '/memory', '/scratch', '/settings');
    expect(modes.trim().split('\n')).toEqual(['1777', '1777', '777', '777']);
    expect(await exec('whole', 'cat', '/etc/hosts')).toContain(`${status?.podIP}\twhole`);
    expect(await exec('whole', 'cat', '/etc/resolv.conf')).toContain('search default.svc.cluster.local');
    const pod = agent.pods.find('default', 'whole');
    const uid = pod?.pod.metadata.uid ?? '';
    const group = `/sys/fs/cgroup/memory/${prefix}/kubepods/burstable/pod${uid}`;
    const limit = existsSync(group) ? readFileSync(join(group, 'memory.limit_in_bytes'), 'utf8').trim() : '67108864';
    expect(limit).toBe(`${64 * 1024 * 1024}`);

    // The file changes within a moment of the object.
    await client.patch(
      ConfigMap,
      { namespace: 'default', name: 'settings' },
      { data: { colour: 'green' } },
      { type: 'merge' },
    );
    await until('the file changes', async () => (await exec('whole', 'cat', '/settings/colour')) === 'green');

    await remove('whole');
    expect(existsSync(group)).toBe(false);
    expect(readdirSync(join(root, 'pods'))).toEqual([]);
    expect(mountsBelow(join(root, 'pods'))).toEqual([]);
    expect(readdirSync(join(root, 'logs'))).toEqual([]);
  });

  test('a command that does not exist shows as upstream shows it', async () => {
    create('typo', { containers: [{ ...service, command: ['no-such-program'] }], restartPolicy: 'Never' });
    await phase('typo', 'Failed');
    const terminated = (await statusOf('typo'))?.containerStatuses?.[0]?.state?.terminated;
    expect(terminated?.reason).toBe('StartError');
    expect(terminated?.message).toContain('no-such-program');
    await remove('typo');
  });

  test('the last words of a container come from its message file, or from its log where the pod says so', async () => {
    create('words', {
      restartPolicy: 'Never',
      containers: [
        {
          ...service,
          name: 'file',
          command: ['sh', '-c', 'echo bye > /dev/termination-log; exit 3'],
          securityContext: { runAsUser: 1000 },
        },
        {
          ...service,
          name: 'log',
          command: ['sh', '-c', 'echo first; echo last; exit 4'],
          terminationMessagePolicy: 'FallbackToLogsOnError',
        },
        {
          ...service,
          name: 'piece',
          command: ['sh', '-c', 'printf unfinished; exit 5'],
          terminationMessagePolicy: 'FallbackToLogsOnError',
        },
      ],
    });
    await phase('words', 'Failed');
    // They stay to be read after the pod has been taken down.
    const worker = agent.pods.find('default', 'words');
    await until('taken down', () => worker?.state === 'terminated');
    worker?.kick();
    await systemClock.sleep(200);
    const [file, log, piece] = (await statusOf('words'))?.containerStatuses ?? [];
    expect(file?.state?.terminated).toMatchObject({ exitCode: 3, message: 'bye\n' });
    expect(log?.state?.terminated).toMatchObject({ exitCode: 4, message: 'first\nlast\n' });
    expect(piece?.state?.terminated).toMatchObject({ exitCode: 5, message: 'unfinished' });
    await remove('words');
  });

  test('the agent comes back to running pods without touching them', async () => {
    create('stays', { containers: [{ ...service, command: ['sleep', '1000'] }] });
    await phase('stays', 'Running');
    const before = await statusOf('stays');
    const pid = agent.pods.find('default', 'stays')?.runtime.containers[0]?.pid;
    await stopAgent();
    await startAgent();
    await until('adopted', () => (agent.pods.find('default', 'stays')?.runtime.containers.length ?? 0) > 0);
    await systemClock.sleep(200);
    expect(agent.pods.find('default', 'stays')?.runtime.containers[0]?.pid).toBe(pid);
    expect(await statusOf('stays')).toEqual(before);
    await remove('stays');
  });

  test('pods deleted while the agent was away are removed with all that they held', async () => {
    create('orphan', {
      containers: [
        { ...service, command: ['sleep', '1000'], volumeMounts: [{ name: 'memory', mountPath: '/memory' }] },
      ],
      volumes: [{ name: 'memory', emptyDir: { medium: 'Memory' } }],
    });
    await phase('orphan', 'Running');
    await stopAgent();
    client.remove(Pod, { namespace: 'default', name: 'orphan' });
    await startAgent();
    await until('swept', async () => (await bed.runtime.listPodSandboxes()).length === 0);
    await until('no files', () => readdirSync(join(root, 'pods')).length === 0);
    expect(mountsBelow(join(root, 'pods'))).toEqual([]);
  });

  test('a volume of a CSI driver is mounted, also into a pod that was deleted while the agent was away', async () => {
    const name = 'disk.example';
    const driver = await startTestDriver({ name, rootDirectory: root, stages: true, mounts: true });
    client.seed(CSIDriver, {
      metadata: { name },
      spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral'] },
    });
    create('disk', {
      containers: [{ ...service, command: ['sleep', '1000'], volumeMounts: [{ name: 'disk', mountPath: '/disk' }] }],
      volumes: [{ name: 'disk', csi: { driver: name } }],
    });
    await phase('disk', 'Running');
    expect(await exec('disk', 'cat', '/disk/volume')).toMatch(/^csi-[0-9a-f]{64}$/);
    await stopAgent();
    client.remove(Pod, { namespace: 'default', name: 'disk' });
    await startAgent();
    await until('no files', () => readdirSync(join(root, 'pods')).length === 0);
    expect(driver.calls.map(({ method }) => method)).toEqual(['publish', 'unpublish']);
    expect(mountsBelow(join(root, 'pods'))).toEqual([]);
    expect(existsSync(join(root, 'plugins', name, 'volumes'))).toBe(true);
    driver.stop();
  });

  test('a pod is running in a moment', async () => {
    const took: number[] = [];
    for (let index = 0; index < 10; index += 1) {
      const begun = systemClock.monotonic();
      create(`quick-${index}`, { containers: [{ ...service, command: ['sleep', '1000'] }] });
      await phase(`quick-${index}`, 'Running');
      took.push(systemClock.monotonic() - begun);
    }
    for (let index = 0; index < 10; index += 1) await remove(`quick-${index}`);
    took.sort((a, b) => a - b);
    // The budget is 150 ms on an idle machine; this only notices what is broken.
    expect(took[4]).toBeLessThan(1500);
    expect(client.all(Event).some((each) => each.reason === 'FailedCreatePodSandBox')).toBe(false);
  });
});
