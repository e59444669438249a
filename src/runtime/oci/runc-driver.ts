/** Containers as overlay mounts with runc under conmon. */
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import { readTextIfPresent } from '../../base/file.ts';
import type { Logger } from '../../base/log.ts';
import type { ImageStore } from '../../image/image-store.ts';
import { type CommandRunner, runOrThrow } from '../../network/command.ts';
import { mountPoints } from '../../network/netns.ts';
import { type Mount, StartError } from '../runtime.ts';
import type { Cgroups } from './cgroups.ts';
import { createUnderConmon, releaseInit } from './conmon.ts';
import type { ContainerDriver, Exit, Recovered } from './driver.ts';
import { allDevices, deviceAt, type Machine } from './machine.ts';
import { type ContainerPaths, type RuntimePaths, shortId } from './paths.ts';
import { allProcesses, commandLine, identify, isAlive, nameOf, signalProcess } from './processes.ts';
import type { ContainerRecord, ProcessIdentity, SandboxRecord } from './records.ts';
import { containerSpec } from './spec.ts';
import { resolveUser } from './users.ts';

export interface RuncDriverOptions {
  readonly paths: RuntimePaths;
  readonly clock: Clock;
  readonly log: Logger;
  readonly run: CommandRunner;
  readonly store: ImageStore;
  readonly cgroups: Cgroups;
  readonly machine: Machine;
  readonly conmon: string;
  readonly runtime: string;
  /** Group of containers whose sandbox names no parent. */
  readonly defaultCgroup: string;
}

/** Longest wait for the runtime to create a container. */
const createTimeout = 60_000;
const maxUserFile = 1024 * 1024;

export class RuncDriver implements ContainerDriver {
  readonly #options: RuncDriverOptions;

  constructor(options: RuncDriverOptions) {
    this.#options = options;
    const { exits, runtimeRoot, attach } = options.paths;
    for (const folder of [exits, runtimeRoot, attach]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  async prepare(record: ContainerRecord): Promise<Partial<ContainerRecord>> {
    const paths = this.#options.paths.container(record.id);
    for (const folder of [paths.bundle, paths.rootfs, paths.upper, paths.work]) mkdirSync(folder, { recursive: true });
    await this.#mountRoot(record, paths);
    const passwd = readUserFile(paths.rootfs, 'passwd');
    const group = readUserFile(paths.rootfs, 'group');
    return { user: resolveUser(record.config.security, record.image.User ?? '', passwd, group) };
  }

  async start(
    record: ContainerRecord,
    sandbox: SandboxRecord,
    exited: Promise<unknown>,
  ): Promise<ProcessIdentity | undefined> {
    const { paths, clock, conmon, runtime } = this.#options;
    const own = paths.container(record.id);
    const logPath = record.config.logPath === '' ? '' : join(sandbox.config.logDirectory, record.config.logPath);
    if (logPath !== '') mkdirSync(dirname(logPath), { recursive: true });
    rmSync(own.exitFile, { force: true });
    writeFileSync(join(own.bundle, 'config.json'), JSON.stringify(this.#spec(record, sandbox, own)));
    const { tty, stdin, stdinOnce } = record.config;
    const monitored = { id: record.id, paths: own, logPath, tty, stdin, stdinOnce };
    const pid = await createUnderConmon({ clock, conmon, runtime, paths, timeout: createTimeout }, monitored);
    const identity = identify(pid);
    await releaseInit(own, exited);
    return identity;
  }

  signal(record: ContainerRecord, signal: number): void {
    if (record.process !== undefined) signalProcess(record.process, signal);
    if (signal !== 9) return;
    // Without a pid namespace of its own, the others don't die with the first process.
    for (const pid of this.#options.cgroups.processes(this.#cgroup(record))) {
      const found = identify(pid);
      if (found !== undefined) signalProcess(found, 9);
    }
  }

  async clean(record: ContainerRecord): Promise<void> {
    const { cgroups, clock, log, paths } = this.#options;
    const own = paths.container(record.id);
    const group = this.#cgroup(record);
    if (!(await cgroups.destroy(group, clock)))
      log.warn('processes of a container do not die', { container: record.id, cgroup: group });
    rmSync(own.runtimeState, { recursive: true, force: true });
    rmSync(dirname(own.attachSocket), { recursive: true, force: true });
  }

  async remove(record: ContainerRecord): Promise<void> {
    const own = this.#options.paths.container(record.id);
    await this.clean(record);
    if (mountPoints().has(own.rootfs)) await runOrThrow(this.#options.run, 'umount', ['-l', own.rootfs]);
    rmSync(own.exitFile, { force: true });
  }

  async recover(record: ContainerRecord): Promise<Recovered> {
    const own = this.#options.paths.container(record.id);
    const written = this.#readExit(own);
    if (written !== undefined) return { state: 'exited', exit: written };
    const identity = record.process ?? this.#initOf(own);
    const alive = identity !== undefined && isAlive(identity);
    if (alive && !isInit(identity.pid) && this.#isMonitored(own)) {
      return { state: 'running', process: identity, startedAt: record.startedAt || startOf(own, this.#options.clock) };
    }
    await this.#abort(record);
    const late = this.#readExit(own);
    if (late !== undefined && !isUnstarted(record)) return { state: 'exited', exit: late };
    rmSync(own.exitFile, { force: true });
    if (isUnstarted(record) && (!alive || isInit(identity.pid)) && mountPoints().has(own.rootfs))
      return { state: 'created' };
    return { state: 'exited', exit: { exitCode: 255, finishedAt: this.#options.clock.now(), outOfMemory: false } };
  }

  missedExit(record: ContainerRecord): Exit | undefined {
    const own = this.#options.paths.container(record.id);
    const written = this.#readExit(own);
    if (written !== undefined || record.process === undefined) return written;
    if (this.#isMonitored(own)) return undefined;
    // The monitor was killed: its container can't be watched, nor its output kept.
    this.signal(record, 9);
    return { exitCode: 255, finishedAt: this.#options.clock.now(), outOfMemory: false };
  }

  /** The group's path from the root of the hierarchies. */
  #cgroup(record: ContainerRecord): string {
    return join('/', record.cgroupParent || this.#options.defaultCgroup, shortId(record.id));
  }

  async #mountRoot(record: ContainerRecord, paths: ContainerPaths): Promise<void> {
    const { run, store } = this.#options;
    // Relative names: all of a mount's options must fit into one page.
    const lower = record.layers.toReversed().join(':');
    const options = `lowerdir=${lower},upperdir=${paths.upper},workdir=${paths.work}`;
    const mount = (extra: string): string[] => [
      '-C',
      store.layers.root,
      'mount',
      '-t',
      'overlay',
      'overlay',
      '-o',
      `${options}${extra}`,
      paths.rootfs,
    ];
    // Volatile: what a container wrote outside its volumes need not survive a power cut, for it won't itself.
    const { code } = await run('env', mount(',volatile'));
    if (code !== 0) await runOrThrow(run, 'env', mount(''));
  }

  #spec(record: ContainerRecord, sandbox: SandboxRecord, own: ContainerPaths): object {
    const { machine, paths } = this.#options;
    const { config } = record;
    const { security } = config;
    const folder = paths.sandbox(sandbox.id);
    const devices = config.devices.map((device) => {
      const node = deviceAt(device.hostPath, device.containerPath, device.permissions);
      if (node === undefined) throw new StartError(`failed to create task: no such device: ${device.hostPath}`);
      return node;
    });
    return containerSpec({
      config,
      image: record.image,
      rootfs: own.rootfs,
      hostname: sandbox.config.hostname,
      user: record.user ?? { uid: 0, gid: 0, supplementalGroups: [] },
      namespaces: sandbox.config.namespaces,
      joined: {
        ...(sandbox.namespaces.net === undefined ? {} : { network: sandbox.namespaces.net }),
        ...(sandbox.namespaces.ipc === undefined ? {} : { ipc: sandbox.namespaces.ipc }),
        ...(sandbox.namespaces.uts === undefined ? {} : { uts: sandbox.namespaces.uts }),
        ...(sandbox.pid === undefined ? {} : { pid: `/proc/${sandbox.pid.pid}/ns/pid` }),
      },
      cgroupPath: this.#cgroup(record),
      sandboxMounts: sandboxMounts(folder, sandbox),
      devices: security.privileged ? [...allDevices(), ...devices] : devices,
      ...(security.seccomp.type === 'localhost'
        ? { seccompProfile: readProfile(security.seccomp.localhost ?? '') }
        : {}),
      machine,
    });
  }

  #readExit(own: ContainerPaths): Exit | undefined {
    const text = readTextIfPresent(own.exitFile);
    if (text === undefined || text.trim() === '') return undefined;
    const finishedAt = Math.floor(
      statSync(own.exitFile, { throwIfNoEntry: false })?.mtimeMs ?? this.#options.clock.now(),
    );
    return { exitCode: Number(text), finishedAt, outOfMemory: existsSync(own.oomFile) };
  }

  #initOf(own: ContainerPaths): ProcessIdentity | undefined {
    const pid = Number(readTextIfPresent(own.pidFile) ?? 0);
    return pid > 1 ? identify(pid) : undefined;
  }

  #isMonitored(own: ContainerPaths): boolean {
    const pid = Number(readTextIfPresent(own.conmonPidFile) ?? 0);
    return pid > 1 && identify(pid) !== undefined && commandLine(pid).includes(own.bundle);
  }

  /** Ends everything that works for this container: monitor, runtime, processes. */
  async #abort(record: ContainerRecord): Promise<void> {
    const id = shortId(record.id);
    for (const { pid, args } of allProcesses()) {
      if (!args.includes(id)) continue;
      const found = identify(pid);
      if (found !== undefined) signalProcess(found, 9);
    }
    const init = this.#initOf(this.#options.paths.container(record.id));
    if (init !== undefined && (isInit(init.pid) || record.process !== undefined)) signalProcess(init, 9);
    await this.clean(record);
  }
}

/** Files and folders of the sandbox that every container sees, unless it brings its own. */
function sandboxMounts(folder: string, sandbox: SandboxRecord): readonly Mount[] {
  const mount = (containerPath: string, hostPath: string): Mount => ({
    containerPath,
    hostPath,
    readonly: false,
    propagation: 'private',
  });
  const files = ['hostname', 'resolv.conf'].filter((name) => existsSync(join(folder, name)));
  return [
    ...files.map((name) => mount(`/etc/${name}`, join(folder, name))),
    mount('/dev/shm', sandbox.sharedMemory ?? '/dev/shm'),
  ];
}

function isUnstarted(record: ContainerRecord): boolean {
  return record.phase === 'starting' || record.phase === 'created';
}

/** Whether it is still the runtime's own program, waiting to become the container's. */
function isInit(pid: number): boolean {
  return nameOf(pid).startsWith('runc:[');
}

function startOf(own: ContainerPaths, clock: Clock): number {
  return Math.floor(statSync(own.pidFile, { throwIfNoEntry: false })?.mtimeMs ?? clock.now());
}

/** The image's own file; one that leads elsewhere by symbolic links, or is huge, counts as none. */
function readUserFile(rootfs: string, name: string): string {
  const path = join(rootfs, 'etc', name);
  try {
    if (!lstatSync(join(rootfs, 'etc')).isDirectory()) return '';
    const found = lstatSync(path);
    return found.isFile() && found.size <= maxUserFile ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

function readProfile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new StartError(`failed to create task: cannot load seccomp profile "${path}": ${(error as Error).message}`);
  }
}
