/** A running guest: started, reached by ssh, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { messageOf } from '../../src/base/errors.ts';
import { UserError } from '../../src/cli/user-error.ts';
import { ok, run, type RunResult } from '../support/clients.ts';
import { type Disk, qemuArguments } from './qemu.ts';
import { apiPort, checkout, kubeletConfig, sshPort } from './root-files.ts';
import type { Workplace } from './workplace.ts';

/** What somebody must know to reach a guest that another process has started. */
export interface GuestAddress {
  /** What is made for this guest alone. */
  readonly folder: string;
  readonly pid: number;
  readonly ssh: number;
  readonly api: number;
  readonly key: string;
}

export interface GuestOptions {
  readonly place: Pick<Workplace, 'kernel' | 'root' | 'checkout' | 'key'>;
  readonly folder: string;
  /** What is mounted at /var/lib/coracle; an empty ext4 file system at first. */
  readonly data: Disk;
  readonly memoryMiB?: number;
}

const bootTimeout = 120_000;
const commandTimeout = 300_000;
/** A cluster starts in half a minute when the host has nothing else to do. */
const upTimeout = 300_000;

export class Guest {
  readonly address: GuestAddress;

  constructor(address: GuestAddress) {
    this.address = address;
  }

  /** Starts one and waits until it answers. Throws UserError with the end of its console when it does not. */
  static async boot({ place, folder, data, memoryMiB = 3072 }: GuestOptions): Promise<Guest> {
    mkdirSync(folder, { recursive: true });
    const [ssh = 0, api = 0] = await freePorts(2);
    const console = join(folder, 'console.log');
    rmSync(console, { force: true });
    const args = qemuArguments({
      kernel: place.kernel,
      disks: [{ source: place.root, writes: 'discard' }, { source: place.checkout, writes: 'read' }, data],
      memoryMiB,
      processors: 2,
      forwards: [
        { host: ssh, guest: sshPort },
        { host: api, guest: apiPort },
      ],
      console,
      hugePages: 16,
    });
    const log = join(folder, 'qemu.log');
    const output = openSync(log, 'w');
    // In a group of its own: an interrupt at the terminal is not the guest's, and it may outlive this process.
    const child = spawn('qemu-system-x86_64', args, { detached: true, stdio: ['ignore', output, output] });
    closeSync(output);
    const pid = await started(child);
    child.unref();
    const guest = new Guest({ folder, pid, ssh, api, key: place.key });
    writeFileSync(join(folder, 'guest.json'), JSON.stringify(guest.address));
    try {
      await guest.#untilBooted();
    } catch (error) {
      await guest.kill();
      const said = [console, log].map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : ''));
      const end = said.join('').split('\n').slice(-15).join('\n');
      throw new UserError(`the guest does not start: ${messageOf(error)}\n${end}`, 'its console is above');
    }
    return guest;
  }

  /** The one of `boot` that is still running, by the folder that it was given. */
  static at(folder: string): Guest {
    return new Guest(JSON.parse(readFileSync(join(folder, 'guest.json'), 'utf8')) as GuestAddress);
  }

  /** Runs a script there, as root; never throws for its exit code, which is 255 when the guest does not answer. */
  run(script: string, options: { readonly timeout?: number; readonly input?: string } = {}): Promise<RunResult> {
    const { timeout = commandTimeout, input = '' } = options;
    return run('ssh', [...this.#sshArguments(), 'root@127.0.0.1', script], { timeout, input });
  }

  /** What a script that must succeed prints. */
  async ok(script: string): Promise<string> {
    return (await ok(this.run(script))).trimEnd();
  }

  /** `coracle` there. */
  coracle(...args: readonly string[]): Promise<RunResult> {
    return this.run(`cd ${checkout} && ./coracle ${args.map((each) => `'${each}'`).join(' ')}`);
  }

  /** The command that leads there. */
  get shellCommand(): readonly string[] {
    return ['ssh', ...this.#sshArguments(), '-t', 'root@127.0.0.1'];
  }

  /** Starts a cluster and writes a kubeconfig for this side. Throws UserError with what Coracle says when it fails. */
  async up(): Promise<string> {
    const deadline = performance.now() + upTimeout;
    for (;;) {
      const flags = ['--port', `${apiPort}`, '--kubelet-config', kubeletConfig];
      const { code, stdout, stderr } = await this.coracle('up', ...flags);
      if (code === 0) break;
      // On a busy host the guest is slower than the command has patience; what it started goes on.
      const isSlow = stderr.includes('the cluster was not ready after') && performance.now() < deadline;
      if (!isSlow) throw new UserError(`coracle up failed in the guest:\n${stdout}${stderr}`.trimEnd(), '');
    }
    const config = await this.ok('cat /root/.kube/config');
    const path = join(this.address.folder, 'kubeconfig');
    writeFileSync(path, config.replaceAll(/https:\/\/[^\s/]+:\d+/g, `https://127.0.0.1:${this.address.api}`), {
      mode: 0o600,
    });
    return path;
  }

  get isRunning(): boolean {
    try {
      return readFileSync(`/proc/${this.address.pid}/comm`, 'utf8').startsWith('qemu-system');
    } catch {
      return false;
    }
  }

  /** As if the plug was pulled. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    process.kill(this.address.pid, 'SIGKILL');
    while (this.isRunning) await sleep(20);
  }

  #sshArguments(): readonly string[] {
    const { key, ssh, folder } = this.address;
    const options = {
      StrictHostKeyChecking: 'no',
      UserKnownHostsFile: '/dev/null',
      LogLevel: 'ERROR',
      BatchMode: 'yes',
      ConnectTimeout: '10',
      ServerAliveInterval: '15',
      ServerAliveCountMax: '8',
      // One connection for all commands: a handshake takes the guest a second.
      ControlMaster: 'auto',
      ControlPersist: '60',
      ControlPath: join(folder, 'ssh'),
    };
    return [
      '-i',
      key,
      '-p',
      `${ssh}`,
      ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ];
  }

  async #untilBooted(): Promise<void> {
    const deadline = performance.now() + bootTimeout;
    while (performance.now() < deadline) {
      if (!this.isRunning) throw new Error('QEMU ended');
      if (await greets(this.address.ssh)) {
        const { code } = await this.run('true', { timeout: 30_000 });
        if (code === 0) return;
      }
      await sleep(100);
    }
    throw new Error(`the guest does not answer within ${bootTimeout / 1000} s`);
  }
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

function started(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
}

/** Whether an SSH server says its first word: QEMU itself takes every connection. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(2000, () => end(false));
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => resolve(server));
      });
    }),
  );
  return Promise.all(
    servers.map((server) => {
      const address = server.address();
      return new Promise<number>((resolve) => {
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
      });
    }),
  );
}
