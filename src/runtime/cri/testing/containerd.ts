/** A containerd for tests: own folders, socket, bridge and cgroups, with a busybox image. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../base/clock.ts';
import { silentLogger } from '../../../base/log.ts';
import { systemRandom } from '../../../base/random.ts';
import { buildImage, buildLayer } from '../../../image/build.ts';
import { busyboxFiles, findBusybox } from '../../../image/busybox.ts';
import { Images } from '../../../image/images.ts';
import { testContainer, testSandbox } from '../../testing/configs.ts';
import type { ContractBed } from '../../testing/contract.ts';
import { GrpcChannel } from '../../grpc/channel.ts';
import { CriImages } from '../cri-images.ts';
import { CriRuntime } from '../cri-runtime.ts';
import { criService } from '../messages.ts';

const plugins = '/usr/lib/cni';

export const hasContainerd =
  process.getuid?.() === 0 && existsSync('/usr/bin/containerd') && existsSync(join(plugins, 'bridge'));

export interface ContainerdOptions {
  /** Unique among test files, at most 5 characters. */
  readonly name: string;
  /** A /24 of which pods get their addresses. */
  readonly subnet: string;
}

export interface ContainerdBed extends ContractBed {
  readonly runtime: CriRuntime;
  readonly images: CriImages;
  /** Removes all sandboxes, ends containerd, takes away what it made. */
  destroy(): Promise<void>;
}

export async function openContainerdBed({ name, subnet }: ContainerdOptions): Promise<ContainerdBed> {
  const folder = mkdtempSync(join(tmpdir(), `coracle-${name}-`));
  const bridge = `${name}-br`;
  const prefix = `coracle-test-${name}`;
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const daemon = startContainerd(folder, writeNetwork(folder, bridge, subnet));
  const { socket } = daemon;
  const channel = GrpcChannel.open(`unix://${socket}`, () => systemClock.now(), criService);
  const runtime = new CriRuntime(channel, systemClock, silentLogger);
  await ready(runtime);
  await importImages(folder, socket, 'localhost/busybox:1');
  const sandbox: ContainerdBed['sandbox'] = (pod, changes = {}) => ({
    ...testSandbox(pod, logs, `/${prefix}/${pod}`),
    ...changes,
  });
  const container: ContainerdBed['container'] = (args, changes = {}) =>
    testContainer('localhost/busybox:1', args, changes);
  return {
    folder,
    runtime,
    images: new CriImages(channel),
    sandbox,
    container,
    async run(pod, args, changes = {}) {
      const config = sandbox(pod);
      const sandboxId = await runtime.runPodSandbox(config);
      const own = container(args, { logPath: `${pod}.log`, ...changes });
      const id = await runtime.createContainer(sandboxId, own, config);
      await runtime.startContainer(id);
      return { sandboxId, id };
    },
    logOf: (pod) => join(logs, `${pod}.log`),
    async destroy() {
      for (const { id } of await runtime.listPodSandboxes()) {
        await runtime.stopPodSandbox(id);
        await runtime.removePodSandbox(id);
      }
      channel.close();
      await daemon.stop();
      execFileSync('sh', ['-c', cleaning(bridge, prefix)]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const cleaning = (bridge: string, prefix: string): string =>
  `ip link del ${bridge} 2>/dev/null; find /sys/fs/cgroup -depth -type d -path '*/${prefix}*' -exec rmdir {} + ; true`;

export interface Containerd {
  /** Path of its socket, in `folder`. */
  readonly socket: string;
  stop(): Promise<void>;
}

/** `networks`: folder of CNI configurations. */
export function startContainerd(folder: string, networks: string): Containerd {
  const socket = join(folder, 'containerd.sock');
  const config = join(folder, 'config.toml');
  writeFileSync(
    config,
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
    conf_dir = "${networks}"
`,
  );
  const daemon = spawn('containerd', ['--config', config], { stdio: 'ignore' });
  return {
    socket,
    async stop() {
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await ended;
    },
  };
}

function writeNetwork(folder: string, bridge: string, subnet: string): string {
  const network = join(folder, 'net.d');
  mkdirSync(network);
  const ipam = { type: 'host-local', dataDir: join(folder, 'ipam'), ranges: [[{ subnet }]] };
  writeFileSync(
    join(network, '10-test.conflist'),
    JSON.stringify({
      cniVersion: '0.4.0',
      name: bridge,
      plugins: [{ type: 'bridge', bridge, isGateway: true, ipam }],
    }),
  );
  return network;
}

async function ready(runtime: CriRuntime): Promise<void> {
  for (let left = 200; left > 0; left -= 1) {
    const problems = await runtime.problems();
    if (problems.length === 0) return;
    if (left === 1) throw new Error(`containerd did not become ready: ${problems.join('; ')}`);
    await systemClock.sleep(100);
  }
}

/** Without the internet: `busybox`, and a pause container made of it, are made here and imported. */
export async function importImages(folder: string, socket: string, busybox: string): Promise<void> {
  const root = join(folder, 'store');
  const own = await Images.open({ root, clock: systemClock, random: systemRandom, log: silentLogger });
  const layer = await buildLayer(own.store, await busyboxFiles(findBusybox()));
  const env = ['PATH=/bin:/usr/bin'];
  for (const [name, command] of [
    ['localhost/pause:1', ['/bin/sleep', '2147483647']],
    [busybox, ['sh']],
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
    const to = ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', '--all-platforms', archive];
    execFileSync('ctr', to, { stdio: 'pipe' });
  }
  await own.close();
}
