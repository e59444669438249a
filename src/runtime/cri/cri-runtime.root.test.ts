/**
 * The runtime's interface over a real containerd (Debian's), with a bridge by CNI: what the built-in runtime does
 * must be possible here, too. Skipped, loudly, where containerd or its CNI plugins are not installed.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { buildImage, buildLayer } from '../../image/build.ts';
import { busyboxFiles, findBusybox } from '../../image/busybox.ts';
import { Images } from '../../image/images.ts';
import type { ContainerConfig, RuntimeEvent, SandboxConfig } from '../runtime.ts';
import { StartError } from '../runtime.ts';
import { CriChannel } from './channel.ts';
import { CriImages } from './cri-images.ts';
import { CriRuntime } from './cri-runtime.ts';

const plugins = '/usr/lib/cni';
const available = process.getuid?.() === 0 && existsSync('/usr/bin/containerd') && existsSync(join(plugins, 'bridge'));

const bridge = 'crit-br';
const folder = available ? mkdtempSync(join(tmpdir(), 'coracle-cri-')) : '';
const socket = join(folder, 'containerd.sock');
let daemon: ChildProcess;
let channel: CriChannel;
let runtime: CriRuntime;
let images: CriImages;

/** containerd with everything of its own: folders, socket, network. */
function startContainerd(): ChildProcess {
  const network = join(folder, 'net.d');
  mkdirSync(network);
  writeFileSync(
    join(network, '10-test.conflist'),
    JSON.stringify({
      cniVersion: '0.4.0',
      name: 'coracle-cri-test',
      plugins: [
        {
          type: 'bridge',
          bridge,
          isGateway: true,
          ipam: { type: 'host-local', dataDir: join(folder, 'ipam'), ranges: [[{ subnet: '10.199.7.0/24' }]] },
        },
      ],
    }),
  );
  writeFileSync(
    join(folder, 'config.toml'),
    `version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${plugins}"
    conf_dir = "${network}"
`,
  );
  return spawn('containerd', ['--config', join(folder, 'config.toml')], { stdio: 'ignore' });
}

/** Without the internet: busybox, and a pause container made of it, are made here and imported. */
async function importImages(): Promise<void> {
  const root = join(folder, 'store');
  const own = await Images.open({ root, clock: systemClock, random: systemRandom, log: silentLogger });
  const layer = await buildLayer(own.store, await busyboxFiles(findBusybox()));
  const env = ['PATH=/bin:/usr/bin'];
  for (const [name, command] of [
    ['localhost/pause:1', ['/bin/sleep', '2147483647']],
    ['localhost/busybox:1', ['sh']],
  ] as const) {
    const digests = (manifest: string): readonly string[] => [`${name.split(':')[0]}@${manifest}`];
    await buildImage(
      own.store,
      [layer],
      { Cmd: [...command], Env: env },
      (manifest) => ({ tags: [name], digests: digests(manifest) }),
      new AbortController().signal,
    );
    const archive = join(folder, 'image.tar');
    const chunks: Uint8Array[] = [];
    for await (const chunk of own.save([name])) chunks.push(chunk);
    writeFileSync(archive, Buffer.concat(chunks));
    execFileSync(
      'ctr',
      ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', '--all-platforms', archive],
      { stdio: 'pipe' },
    );
  }
  await own.close();
}

beforeAll(async () => {
  if (!available) return;
  daemon = startContainerd();
  channel = CriChannel.open(`unix://${socket}`, () => systemClock.now());
  runtime = new CriRuntime(channel, systemClock, silentLogger);
  images = new CriImages(channel);
  for (
    let left = 100;
    left > 0 && (await runtime.problems()).some((problem) => /UNAVAILABLE|connect|No connection/i.test(problem));
    left -= 1
  ) {
    await systemClock.sleep(100);
  }
  await importImages();
}, 60_000);

afterAll(async () => {
  if (!available) return;
  for (const { id } of await runtime.listPodSandboxes()) {
    await runtime.stopPodSandbox(id);
    await runtime.removePodSandbox(id);
  }
  channel.close();
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await ended;
  execFileSync('sh', [
    '-c',
    `ip link del ${bridge} 2>/dev/null; rmdir /sys/fs/cgroup/*/coracle-cri-test 2>/dev/null; true`,
  ]);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const sandboxConfig = (name: string): SandboxConfig => ({
  metadata: { name, namespace: 'default', uid: `uid-${name}`, attempt: 0 },
  hostname: name,
  logDirectory: folder,
  portMappings: [],
  labels: { app: name },
  annotations: {},
  cgroupParent: '/coracle-cri-test',
  sysctls: {},
  namespaces: { network: 'pod', pid: 'container', ipc: 'pod' },
  handler: '',
});

const containerConfig = (args: readonly string[], changes: Partial<ContainerConfig> = {}): ContainerConfig => ({
  name: 'main',
  attempt: 0,
  image: 'localhost/busybox:1',
  userImage: 'busybox',
  command: ['sh', '-c'],
  args,
  workingDir: '',
  env: [{ name: 'GREETING', value: 'hällo' }],
  mounts: [],
  devices: [],
  labels: {},
  annotations: {},
  logPath: 'main.log',
  stdin: false,
  stdinOnce: false,
  tty: false,
  resources: { memoryLimit: 64 * 1024 * 1024 },
  security: {
    privileged: false,
    addCapabilities: [],
    dropCapabilities: [],
    supplementalGroups: [],
    supplementalGroupsPolicy: 'Merge',
    readonlyRootfs: false,
    noNewPrivileges: false,
    seccomp: { type: 'runtimeDefault' },
    apparmor: { type: 'unconfined' },
  },
  ...changes,
});

async function started(
  name: string,
  script: string,
  changes: Partial<ContainerConfig> = {},
): Promise<{ sandbox: string; id: string }> {
  const config = sandboxConfig(name);
  const sandbox = await runtime.runPodSandbox(config);
  const id = await runtime.createContainer(
    sandbox,
    containerConfig([script], { logPath: `${name}.log`, ...changes }),
    config,
  );
  await runtime.startContainer(id);
  return { sandbox, id };
}

async function until<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (let left = 200; left > 0; left -= 1) {
    const value = await probe();
    if (value !== undefined) return value;
    await systemClock.sleep(50);
  }
  throw new Error('it did not happen');
}

describe.skipIf(!available)('containerd through CRI', () => {
  test('says what it is, and that it is well', async () => {
    expect((await runtime.version()).name).toBe('containerd');
    expect(await runtime.problems()).toEqual([]);
  });

  test('knows its images', async () => {
    expect((await images.listImages()).flatMap(({ repoTags }) => repoTags)).toContain('localhost/busybox:1');
    expect((await images.imageStatus('localhost/busybox:1'))?.sizeBytes).toBeGreaterThan(100_000);
    expect(await images.imageStatus('localhost/absent:1')).toBeUndefined();
    await expect(images.pullImage('localhost:1/absent:1', [], new AbortController().signal)).rejects.toMatchObject({
      reason: 'ErrImagePull',
    });
  });

  test('runs a container in a sandbox with an address, and tells how it ended', async () => {
    const { sandbox, id } = await started('ends', 'echo $GREETING from $(hostname); exit 3');
    const status = await runtime.podSandboxStatus(sandbox);
    expect(status).toMatchObject({
      state: 'ready',
      metadata: { name: 'ends', namespace: 'default' },
      labels: { app: 'ends' },
    });
    expect(status?.ips[0]).toMatch(/^10\.199\.7\./);
    const ended = await until(async () => {
      const now = await runtime.containerStatus(id);
      return now?.state === 'exited' ? now : undefined;
    });
    expect(ended).toMatchObject({ sandboxId: sandbox, exitCode: 3, reason: 'Error', userImage: expect.any(String) });
    expect(readFileSync(join(folder, 'ends.log'), 'utf8')).toContain('stdout F hällo from ends');
    await runtime.removePodSandbox(sandbox);
    expect(await runtime.podSandboxStatus(sandbox)).toBeUndefined();
  });

  test('executes with input, output and exit code, and forwards a port', async () => {
    const { sandbox, id } = await started(
      'serves',
      'mkdir /www; echo page > /www/index.html; httpd -f -p 8080 -h /www',
    );
    const said = await runtime.execSync(id, ['sh', '-c', 'echo out; echo err >&2; exit 4'], 5);
    expect([Buffer.from(said.stdout).toString(), Buffer.from(said.stderr).toString(), said.exitCode]).toEqual([
      'out\n',
      'err\n',
      4,
    ]);
    const session = await runtime.exec(id, ['sh', '-c', 'read line; echo got $line; exit 5'], {
      stdin: true,
      stdout: true,
      stderr: true,
      tty: false,
    });
    session.stdin?.write('word\n');
    expect(await text(session.stdout as NodeJS.ReadableStream)).toBe('got word\n');
    expect(await session.finished).toEqual({ exitCode: 5 });
    const connection = await runtime.portForward(sandbox, 8080);
    connection.write('GET / HTTP/1.0\r\n\r\n');
    expect(await text(connection)).toContain('page');
    expect((await runtime.containerStats(id))?.memoryWorkingSetBytes).toBeGreaterThan(0);
    await runtime.stopPodSandbox(sandbox);
    await runtime.removePodSandbox(sandbox);
  });

  test('a command that is not there says so in the words that users know', async () => {
    const config = sandboxConfig('absent');
    const sandbox = await runtime.runPodSandbox(config);
    const id = await runtime.createContainer(sandbox, containerConfig([], { command: ['--keygen-enable'] }), config);
    const failure = await runtime.startContainer(id).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StartError);
    expect((failure as Error).message).toContain('exec: "--keygen-enable": executable file not found in $PATH');
    await runtime.removePodSandbox(sandbox);
  });

  test('announces what happens, and stops what ignores SIGTERM', async () => {
    const stop = new AbortController();
    const seen: RuntimeEvent[] = [];
    const following = (async () => {
      for await (const event of runtime.events(stop.signal)) seen.push(event);
    })();
    const { sandbox, id } = await started('stubborn', 'trap "" TERM; while true; do sleep 1; done');
    await until(async () =>
      seen.some((event) => event.type === 'started' && event.containerId === id) ? true : undefined,
    );
    const began = systemClock.monotonic();
    await runtime.stopContainer(id, 1);
    expect(systemClock.monotonic() - began).toBeGreaterThan(900);
    await until(async () =>
      seen.some((event) => event.type === 'stopped' && event.containerId === id) ? true : undefined,
    );
    expect((await runtime.containerStatus(id))?.exitCode).toBe(137);
    stop.abort();
    await following;
    await runtime.removePodSandbox(sandbox);
  });
});
