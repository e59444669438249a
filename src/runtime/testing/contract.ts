/**
 * What every container runtime does with real containers: the same test bodies for conmon and runc and for a CRI
 * runtime such as containerd.
 */
import { existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { present } from '../../base/errors.ts';
import {
  ExecTimeoutError,
  StartError,
  type ContainerConfig,
  type RuntimeService,
  type SandboxConfig,
} from '../runtime.ts';
import { makeTestDevice } from './loop-device.ts';

/** A runtime on this machine with a busybox image, and a folder of its own. */
export interface ContractBed {
  readonly folder: string;
  readonly runtime: RuntimeService;
  sandbox(name: string, changes?: Partial<SandboxConfig>): SandboxConfig;
  container(args: readonly string[], changes?: Partial<ContainerConfig>): ContainerConfig;
  /** Sandbox and one started container in it. */
  run(
    name: string,
    args: readonly string[],
    changes?: Partial<ContainerConfig>,
  ): Promise<{ sandboxId: string; id: string }>;
  logOf(name: string): string;
}

export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    if (await what()) return;
    await systemClock.sleep(20);
  }
  throw new Error('it never came true');
}

async function textOf(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  let text = '';
  for await (const chunk of present(stream, 'stream')) text += String(chunk);
  return text;
}

/** Defines the tests within the caller's `describe`; `current` is asked in each, after its `beforeAll`. */
export function runtimeContract(current: () => ContractBed): void {
  networking(current);
  endings(current);
  commands(current);
  streams(current);
  identity(current);
  sharing(current);
  files(current);
  blockDevices(current);
}

type Current = () => ContractBed;

/** What a command in a container prints. */
async function output(bed: ContractBed, id: string, ...command: string[]): Promise<string> {
  return Buffer.from((await bed.runtime.execSync(id, command, 20)).stdout).toString();
}

function exited(bed: ContractBed, id: string): Promise<void> {
  return until(async () => (await bed.runtime.containerStatus(id))?.state === 'exited');
}

function secured(bed: ContractBed, changes: Partial<ContainerConfig['security']>): Partial<ContainerConfig> {
  return { security: { ...bed.container([]).security, ...changes } };
}

function networking(current: Current): void {
  test('a container has namespaces, hostname and address of its pod, reachable from the node', async () => {
    const bed = current();
    const { sandboxId, id } = await bed.run('web', [
      'sh',
      '-c',
      'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www',
    ]);
    const sandbox = present(await bed.runtime.podSandboxStatus(sandboxId), 'sandbox');
    expect(await output(bed, id, 'hostname')).toBe('web\n');
    expect(await output(bed, id, 'ip', '-o', '-4', 'addr')).toContain(`${sandbox.ips[0]}/24`);
    for (const kind of ['net', 'pid', 'ipc', 'uts', 'mnt']) {
      expect((await output(bed, id, 'readlink', `/proc/self/ns/${kind}`)).trim()).not.toBe(
        readlinkSync(`/proc/self/ns/${kind}`),
      );
    }
    await until(async () => (await fetch(`http://${sandbox.ips[0]}:8080/`).catch(() => undefined))?.ok === true);
    expect(await (await fetch(`http://${sandbox.ips[0]}:8080/`)).text()).toBe('hello\n');
    const stream = await bed.runtime.portForward(sandboxId, 8080);
    stream.write('GET / HTTP/1.0\r\n\r\n');
    expect(await textOf(stream)).toContain('hello');
    await expect(bed.runtime.portForward(sandboxId, 81)).rejects.toThrow(/Connection refused/);
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('exit code, times, reason and log lines are those of the process', async () => {
    const bed = current();
    const { sandboxId, id } = await bed.run('exits', ['sh', '-c', 'echo out; echo err >&2; printf part; exit 3']);
    await exited(bed, id);
    const status = present(await bed.runtime.containerStatus(id), 'status');
    expect(status).toMatchObject({ exitCode: 3, reason: 'Error', pid: 0 });
    expect(status.finishedAt).toBeGreaterThanOrEqual(status.startedAt);
    const lines = readFileSync(bed.logOf('exits'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(1).join(' '));
    expect(lines.toSorted()).toEqual(['stderr F err', 'stdout F out', 'stdout P part']);
    await bed.runtime.removePodSandbox(sandboxId);
  });
}

function endings(current: Current): void {
  test('a command that is not there fails the start in the words users look up', async () => {
    const bed = current();
    await expect(bed.run('nocmd', ['--keygen-enable'])).rejects.toThrow(
      'exec: "--keygen-enable": executable file not found in $PATH',
    );
    const [failed] = (await bed.runtime.listContainers()).filter((status) => status.reason === 'StartError');
    expect(failed).toMatchObject({ state: 'exited', exitCode: 128 });
    await bed.runtime.removePodSandbox(present(failed, 'container').sandboxId);
  });

  test('stop sends the stop signal, and kills what ignores it', async () => {
    const bed = current();
    const obeying = await bed.run('obeys', ['sh', '-c', 'trap "exit 9" USR1; while :; do sleep 0.05; done'], {
      stopSignal: 'SIGUSR1',
    });
    await until(async () => (await output(bed, obeying.id, 'ps')).includes('sleep'));
    await bed.runtime.stopContainer(obeying.id, 10);
    expect(await bed.runtime.containerStatus(obeying.id)).toMatchObject({ state: 'exited', exitCode: 9 });
    const deaf = await bed.run('deaf', ['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done']);
    // A signal that comes before the program has taken over from the runtime's own process ends that one.
    await until(async () => (await output(bed, deaf.id, 'ps')).includes('sleep'));
    await bed.runtime.stopContainer(deaf.id, 1);
    expect(await bed.runtime.containerStatus(deaf.id)).toMatchObject({
      state: 'exited',
      exitCode: 137,
      reason: 'Error',
    });
    for (const { sandboxId } of [obeying, deaf]) await bed.runtime.removePodSandbox(sandboxId);
  });

  test('memory beyond the limit is OOMKilled', async () => {
    const bed = current();
    const { sandboxId, id } = await bed.run('oom', ['sh', '-c', 'x=aaaaaaaa; while :; do x=$x$x; done'], {
      resources: { memoryLimit: 20 * 1024 * 1024 },
    });
    await exited(bed, id);
    expect(await bed.runtime.containerStatus(id)).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    await bed.runtime.removePodSandbox(sandboxId);
  });
}

function commands(current: Current): void {
  test('exec gives output, exit code and errors; a timeout kills the command', async () => {
    const bed = current();
    const { sandboxId, id } = await bed.run('execs', ['sleep', '1000']);
    const result = await bed.runtime.execSync(id, ['sh', '-c', 'echo o; echo e >&2; exit 5'], 10);
    expect([Buffer.from(result.stdout).toString(), Buffer.from(result.stderr).toString(), result.exitCode]).toEqual([
      'o\n',
      'e\n',
      5,
    ]);
    await expect(bed.runtime.execSync(id, ['nonesuch'], 10)).rejects.toThrow(StartError);
    await expect(bed.runtime.execSync(id, ['sleep', '77'], 0.3)).rejects.toThrow(ExecTimeoutError);
    await until(async () => !(await output(bed, id, 'ps')).includes('sleep 77'));
    const piped = await bed.runtime.exec(id, ['cat'], { stdin: true, stdout: true, stderr: true, tty: false });
    present(piped.stdin, 'stdin').end('through');
    expect(await textOf(piped.stdout)).toBe('through');
    expect(await piped.finished).toEqual({ exitCode: 0 });
    const terminal = await bed.runtime.exec(id, ['sh', '-c', 'tty; read x; stty size; exit 6'], {
      stdin: true,
      stdout: true,
      stderr: false,
      tty: true,
    });
    terminal.resize({ width: 101, height: 41 });
    await systemClock.sleep(300);
    present(terminal.stdin, 'stdin').write('go\n');
    expect(await textOf(terminal.stdout)).toMatch(/\/dev\/pts\/\d+[^]*41 101/);
    expect(await terminal.finished).toEqual({ exitCode: 6 });
    await bed.runtime.removePodSandbox(sandboxId);
  });
}

function streams(current: Current): void {
  test('attach reads and writes the first process, and end of input reaches it once', async () => {
    const bed = current();
    const { sandboxId, id } = await bed.run('attach', ['sh', '-c', 'cat; echo bye >&2'], {
      stdin: true,
      stdinOnce: true,
    });
    const session = await bed.runtime.attach(id, { stdin: true, stdout: true, stderr: true, tty: false });
    const output = Promise.all([textOf(session.stdout), textOf(session.stderr)]);
    present(session.stdin, 'stdin').end('a line\n');
    expect(await output).toEqual(['a line\n', 'bye\n']);
    expect(await session.finished).toEqual({ exitCode: 0 });
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('where stdin stays open, the end of input ends the session and leaves the process to the next one', async () => {
    const bed = current();
    const { sandboxId, id } = await bed.run('open-stdin', ['cat'], { stdin: true });
    for (const line of ['first\n', 'second\n']) {
      const session = await bed.runtime.attach(id, { stdin: true, stdout: true, stderr: true, tty: false });
      session.stdout?.resume();
      session.stderr?.resume();
      present(session.stdin, 'stdin').end(line);
      expect(await session.finished).toEqual({ exitCode: 0 });
      await until(() => readFileSync(bed.logOf('open-stdin'), 'utf8').includes(line));
    }
    const [status] = await bed.runtime.listContainers(sandboxId);
    expect(status?.state).toBe('running');
    await bed.runtime.stopContainer(id, 0);
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('a log that was renamed is continued under its name, with no line lost', async () => {
    const bed = current();
    const { sandboxId, id } = await bed.run('rotate', [
      'sh',
      '-c',
      'i=0; while [ $i -lt 400 ]; do echo $i; i=$((i+1)); sleep 0.001; done; sleep 100',
    ]);
    const log = bed.logOf('rotate');
    await until(() => readFileSync(log, 'utf8').includes(' 20\n'));
    renameSync(log, `${log}.1`);
    await bed.runtime.reopenContainerLog(id);
    await until(() => existsSync(log) && readFileSync(log, 'utf8').includes(' 399\n'));
    const all = `${readFileSync(`${log}.1`, 'utf8')}${readFileSync(log, 'utf8')}`;
    expect(
      all
        .trim()
        .split('\n')
        .map((line) => Number(line.split(' ')[3])),
    ).toEqual(Array.from({ length: 400 }, (_, index) => index));
    await bed.runtime.removePodSandbox(sandboxId);
  });
}

function identity(current: Current): void {
  test('the security context holds: user, groups, read-only root, capabilities, no new privileges, seccomp', async () => {
    const bed = current();
    const { sandboxId, id } = await bed.run('secure', ['sleep', '1000'], {
      ...secured(bed, {
        user: '1000',
        group: 2000,
        supplementalGroups: [3000],
        readonlyRootfs: true,
        dropCapabilities: ['ALL'],
        addCapabilities: ['NET_BIND_SERVICE'],
        noNewPrivileges: true,
      }),
    });
    expect(await output(bed, id, 'id')).toBe('uid=1000 gid=2000 groups=2000,3000\n');
    const status = await output(bed, id, 'cat', '/proc/1/status');
    expect(status).toMatch(/CapBnd:\s+0000000000000400/);
    expect(status).toMatch(/NoNewPrivs:\s+1/);
    expect(status).toMatch(/Seccomp:\s+2/);
    expect((await bed.runtime.execSync(id, ['touch', '/x'], 5)).exitCode).not.toBe(0);
    expect((await bed.runtime.execSync(id, ['unshare', '-m', 'true'], 5)).exitCode).not.toBe(0);
    await bed.runtime.removePodSandbox(sandboxId);
    await expect(bed.run('nouser', ['true'], secured(bed, { user: 'ghost' }))).rejects.toThrow(
      /unable to find user ghost: no matching entries in passwd file|no users found/,
    );
    for (const sandbox of await bed.runtime.listPodSandboxes()) await bed.runtime.removePodSandbox(sandbox.id);
  });
}

function sharing(current: Current): void {
  test('containers of a pod share network, ipc and /dev/shm; and processes when the pod says so', async () => {
    const bed = current();
    const config = bed.sandbox('shared', { namespaces: { network: 'pod', pid: 'pod', ipc: 'pod' } });
    const sandboxId = await bed.runtime.runPodSandbox(config);
    const ids: string[] = [];
    for (const name of ['one', 'two']) {
      const id = await bed.runtime.createContainer(
        sandboxId,
        bed.container(['sleep', `100${ids.length}`], { name, logPath: `${name}.log` }),
        config,
      );
      await bed.runtime.startContainer(id);
      ids.push(id);
    }
    const [one = '', two = ''] = ids;
    await bed.runtime.execSync(one, ['sh', '-c', 'echo seen > /dev/shm/file'], 5);
    expect(await output(bed, two, 'cat', '/dev/shm/file')).toBe('seen\n');
    expect(await output(bed, two, 'ps')).toContain('sleep 1000');
    await bed.runtime.stopContainer(one, 2);
    expect(await bed.runtime.containerStatus(two)).toMatchObject({ state: 'running' });
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('a pod of the node: its network, its name, its processes', async () => {
    const bed = current();
    const config = bed.sandbox('host', { hostname: '', namespaces: { network: 'node', pid: 'node', ipc: 'node' } });
    const sandboxId = await bed.runtime.runPodSandbox(config);
    const id = await bed.runtime.createContainer(
      sandboxId,
      bed.container(['sleep', '1000'], { logPath: 'host.log' }),
      config,
    );
    await bed.runtime.startContainer(id);
    expect((await bed.runtime.podSandboxStatus(sandboxId))?.ips).toEqual([]);
    for (const kind of ['net', 'pid', 'ipc', 'uts']) {
      expect((await output(bed, id, 'readlink', `/proc/self/ns/${kind}`)).trim()).toBe(
        readlinkSync(`/proc/self/ns/${kind}`),
      );
    }
    expect(await output(bed, id, 'sh', '-c', 'echo $HOSTNAME; cat /etc/hostname')).toBe(
      `${hostname()}\n${hostname()}\n`,
    );
    await bed.runtime.removePodSandbox(sandboxId);
  });
}

function files(current: Current): void {
  test('mounts: host folders, which are made when they are missing, and read-only ones', async () => {
    const bed = current();
    const host = join(bed.folder, 'host');
    mkdirSync(host);
    writeFileSync(join(host, 'file'), 'from the host');
    const { sandboxId, id } = await bed.run('mounts', ['sleep', '1000'], {
      mounts: [
        { containerPath: '/host', hostPath: host, readonly: false, propagation: 'private' },
        { containerPath: '/host-ro', hostPath: host, readonly: true, propagation: 'private' },
        { containerPath: '/made', hostPath: join(host, 'made/for/it'), readonly: false, propagation: 'private' },
      ],
    });
    expect(await output(bed, id, 'cat', '/host/file')).toBe('from the host');
    expect(await output(bed, id, 'touch', '/made/file')).toBe('');
    expect(existsSync(join(host, 'made/for/it/file'))).toBe(true);
    expect((await bed.runtime.execSync(id, ['touch', '/host-ro/x'], 5)).exitCode).toBe(1);
    expect((await bed.runtime.execSync(id, ['touch', '/host/x'], 5)).exitCode).toBe(0);
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('usage is measured, and limits can be changed while it runs', async () => {
    const bed = current();
    const { sandboxId, id } = await bed.run('stats', ['sh', '-c', 'head -c 3000000 /dev/zero > /file; sleep 1000'], {
      resources: { memoryLimit: 64 << 20 },
    });
    await until(async () => ((await bed.runtime.containerStats(id))?.diskBytes ?? 0) >= 3_000_000);
    expect((await bed.runtime.containerStats(id))?.cpuNanoseconds).toBeGreaterThan(0);
    expect((await bed.runtime.containerStats(id, 'usage'))?.memoryBytes).toBeGreaterThan(0);
    await bed.runtime.updateContainerResources(id, { memoryLimit: 96 << 20 });
    const limit = await output(
      bed,
      id,
      'sh',
      '-c',
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null',
    );
    expect(limit.trim()).toBe(String(96 << 20));
    await bed.runtime.removePodSandbox(sandboxId);
  });
}

function blockDevices(current: Current): void {
  test('block devices: of the right number though a link leads there, for reading only, and no others', async () => {
    const bed = current();
    const disk = makeTestDevice(join(bed.folder, 'disk'), 'from the host');
    const original = makeTestDevice(join(bed.folder, 'original'), 'original');
    try {
      const link = join(bed.folder, 'link');
      symlinkSync(disk.path, link);
      const { sandboxId, id } = await bed.run('devices', ['sleep', '1000'], {
        devices: [
          { containerPath: '/dev/disk', hostPath: link, permissions: 'mrw' },
          { containerPath: '/data/original', hostPath: original.path, permissions: 'r' },
        ],
      });
      const numberOf = async (path: string): Promise<string> =>
        (await output(bed, id, 'sh', '-c', `echo $((0x$(stat -c %t ${path}))):$((0x$(stat -c %T ${path})))`)).trim();
      expect([await numberOf('/dev/disk'), await numberOf('/data/original')]).toEqual([disk.number, original.number]);
      expect(await output(bed, id, 'head', '-c', '13', '/dev/disk')).toBe('from the host');
      expect(await output(bed, id, 'head', '-c', '8', '/data/original')).toBe('original');
      expect(await output(bed, id, 'sh', '-c', 'printf changed > /dev/disk; sync')).toBe('');
      expect(readFileSync(disk.path).subarray(0, 13).toString()).toBe('changede host');
      const write = await bed.runtime.execSync(id, ['sh', '-c', 'echo x > /data/original'], 5);
      expect([write.exitCode, Buffer.from(write.stderr).toString()]).toEqual([
        1,
        expect.stringContaining('Operation not permitted'),
      ]);
      // Of a name that the container makes itself, too.
      const [major = '', minor = ''] = original.number.split(':');
      const made = `mknod /own b ${major} ${minor} && echo x > /own`;
      expect((await bed.runtime.execSync(id, ['sh', '-c', made], 5)).exitCode).toBe(1);
      await bed.runtime.removePodSandbox(sandboxId);
    } finally {
      disk.remove();
      original.remove();
    }
  });
}
