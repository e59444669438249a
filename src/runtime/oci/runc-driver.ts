/** Containers as overlay mounts with runc under conmon. */
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import { readTextIfPresent } from '../../base/file.ts';
import type { Logger } from '../../base/log.ts';
import type { ImageStore } from '../../image/image-store.ts';
import type { CommandRunner } from '../../network/command.ts';
import { mountPoints } from '../../network/netns.ts';
import { type Mount, StartError } from '../runtime.ts';
import { AppArmor } from './apparmor.ts';
import type { Cgroups } from './cgroups.ts';
import { createUnderConmon, releaseInit } from './conmon.ts';
import type { ContainerDriver, Exit, Recovered } from './driver.ts';
import { allDevices, deviceAt, type Machine } from './machine.ts';
import { type ContainerPaths, type RuntimePaths, shortId } from './paths.ts';
import { commandLine, endLeftoverCommands, identify, isAlive, nameOf, signalProcess } from './processes.ts';
import type { ContainerRecord, ProcessIdentity, SandboxRecord } from './records.ts';
import { containerSpec } from './spec.ts';
import { mountImages, mountRoot, unmountAll } from './root-mounts.ts';
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
  /** The first process of a running container. */
  readonly processOf: (id: string) => ProcessIdentity | undefined;
}

/** Longest wait for the runtime to create a container. */
const createTimeout = 60_000;
const maxUserFile = 1024 * 1024;

export class RuncDriver implements ContainerDriver {
  readonly #options: RuncDriverOptions;
  /** CPU quotas of pods' groups that are lifted while a container of theirs is being killed. */
  readonly #lifted = new Map<string, string>();
  readonly #appArmor: AppArmor;

  constructor(options: RuncDriverOptions) {
    this.#options = options;
    this.#appArmor = new AppArmor({ enabled: options.machine.apparmor, run: options.run });
    const { exits, runtimeRoot, attach } = options.paths;
    for (const folder of [exits, runtimeRoot, attach]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  async prepare(record: ContainerRecord): Promise<Partial<ContainerRecord>> {
    // Before anything is made: it fails when the profile is not there.
    await this.#appArmor.profileFor(record.config.security);
    const own = this.#options.paths.container(record.id);
    mkdirSync(own.bundle, { recursive: true });
    await mountRoot(this.#options, record.layers, own);
    const images = await mountImages(this.#options, record.config.mounts, own);
    const passwd = readUserFile(own.rootfs, 'passwd');
    const group = readUserFile(own.rootfs, 'group');
    return {
      user: resolveUser(record.config.security, record.image.User ?? '', passwd, group),
      mounts: images.mounts,
      volumeLayers: images.layers,
    };
  }

  async start(
    record: ContainerRecord,
    sandbox: SandboxRecord,
    created: (process: ProcessIdentity | undefined) => void,
    exited: Promise<unknown>,
  ): Promise<void> {
    const { paths, clock, conmon, runtime } = this.#options;
    const own = paths.container(record.id);
    const logPath = record.config.logPath === '' ? '' : join(record.logDirectory, record.config.logPath);
    if (logPath !== '') mkdirSync(dirname(logPath), { recursive: true });
    rmSync(own.exitFile, { force: true });
    const appArmorProfile = await this.#appArmor.profileFor(record.config.security);
    const spec = this.#spec(record, sandbox, own, appArmorProfile);
    writeFileSync(join(own.bundle, 'config.json'), JSON.stringify(spec));
    const { tty, stdin, stdinOnce } = record.config;
    const monitored = { id: record.id, paths: own, logPath, tty, stdin, stdinOnce };
    const pid = await createUnderConmon({ clock, conmon, runtime, paths, timeout: createTimeout }, monitored);
    created(identify(pid));
    await releaseInit(own, exited);
  }

  signal(record: ContainerRecord, signal: number): void {
    if (signal === 9) this.#hurry(record);
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
    this.#restoreQuota(record);
    if (!(await cgroups.destroy(group, clock)))
      log.warn('processes of a container do not die', { container: record.id, cgroup: group });
    rmSync(own.runtimeState, { recursive: true, force: true });
    rmSync(dirname(own.attachSocket), { recursive: true, force: true });
  }

  async remove(record: ContainerRecord): Promise<void> {
    const own = this.#options.paths.container(record.id);
    await this.clean(record);
    await unmountAll(this.#options.run, own);
    rmSync(own.exitFile, { force: true });
  }

  async recover(record: ContainerRecord): Promise<Recovered> {
    const own = this.#options.paths.container(record.id);
    if (record.phase === 'created' || record.phase === 'starting') return this.#startable(record, own);
    const exit = this.#readExit(own);
    if (exit !== undefined) return { state: 'exited', exit };
    if (!this.#isMonitored(own)) {
      await this.#abort(record);
      return { state: 'exited', exit: this.#unseen() };
    }
    if (record.process !== undefined && isAlive(record.process) && isInit(record.process.pid))
      return this.#startable(record, own);
    // If it has ended meanwhile, the monitor is about to say so.
    return {
      state: 'running',
      process: record.process,
      startedAt: record.startedAt || startOf(own, this.#options.clock),
    };
  }

  missedExit(record: ContainerRecord): Exit | undefined {
    const own = this.#options.paths.container(record.id);
    const written = this.#readExit(own);
    if (written !== undefined || record.process === undefined) return written;
    if (this.#isMonitored(own)) return undefined;
    // The monitor was killed: its container can't be watched, nor its output kept.
    this.signal(record, 9);
    return this.#unseen();
  }

  /** Dying takes CPU time, too: a thousand processes with a fifth of a core would need minutes for it. */
  #hurry(record: ContainerRecord): void {
    const { cgroups } = this.#options;
    cgroups.liftCpuQuota(this.#cgroup(record));
    if (record.cgroupParent === '') return;
    const quota = cgroups.liftCpuQuota(record.cgroupParent);
    if (quota !== undefined) this.#lifted.set(record.cgroupParent, quota);
  }

  /** The pod may go on. */
  #restoreQuota({ cgroupParent }: ContainerRecord): void {
    const quota = this.#lifted.get(cgroupParent);
    if (quota === undefined) return;
    this.#lifted.delete(cgroupParent);
    this.#options.cgroups.setCpuQuota(cgroupParent, quota);
  }

  /** The group's path from the root of the hierarchies. */
  #cgroup(record: ContainerRecord): string {
    return join('/', record.cgroupParent || this.#options.defaultCgroup, shortId(record.id));
  }

  /** It has not run: whatever was begun is undone, and it can be started as if for the first time. */
  async #startable(record: ContainerRecord, own: ContainerPaths): Promise<Recovered> {
    await this.#abort(record);
    if (record.user === undefined) return { state: 'incomplete' };
    rmSync(own.exitFile, { force: true });
    // Whoever was killed may have left files half-written that a second attempt would stumble over.
    rmSync(own.bundle, { recursive: true, force: true });
    mkdirSync(own.bundle);
    // After a reboot its root is no longer mounted, and what it wrote can't be trusted.
    return mountPoints().has(own.rootfs) ? { state: 'created' } : { state: 'exited', exit: this.#unseen() };
  }

  #unseen(): Exit {
    return { exitCode: 255, finishedAt: this.#options.clock.now(), outOfMemory: false, unseen: true };
  }

  #spec(
    record: ContainerRecord,
    sandbox: SandboxRecord,
    own: ContainerPaths,
    appArmorProfile: string | undefined,
  ): object {
    const { machine, paths } = this.#options;
    const { namespaces } = record;
    const config = { ...record.config, mounts: record.mounts ?? record.config.mounts };
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
      // A pod on the node's network has the node's name.
      hostname: sandbox.config.hostname || hostname(),
      user: record.user ?? { uid: 0, gid: 0, supplementalGroups: [] },
      namespaces,
      joined: {
        ...(sandbox.namespaces.net === undefined ? {} : { network: sandbox.namespaces.net }),
        ...(sandbox.namespaces.ipc === undefined ? {} : { ipc: sandbox.namespaces.ipc }),
        ...(sandbox.namespaces.uts === undefined ? {} : { uts: sandbox.namespaces.uts }),
        ...this.#pidNamespace(record, sandbox),
      },
      cgroupPath: this.#cgroup(record),
      sandboxMounts: sandboxMounts(folder, sandbox),
      devices: security.privileged ? [...allDevices(), ...devices] : devices,
      ...(security.seccomp.type === 'localhost'
        ? { seccompProfile: readProfile(security.seccomp.localhost ?? '') }
        : {}),
      ...(appArmorProfile === undefined ? {} : { appArmorProfile }),
      machine,
    });
  }

  #pidNamespace({ namespaces }: ContainerRecord, sandbox: SandboxRecord): { readonly pid?: string } {
    if (namespaces.pid === 'pod' && sandbox.pid !== undefined) return { pid: `/proc/${sandbox.pid.pid}/ns/pid` };
    if (namespaces.pid !== 'target') return {};
    const target = this.#options.processOf(namespaces.targetId ?? '');
    if (target === undefined)
      throw new StartError(
        `failed to create task: container "${namespaces.targetId}" to share processes with is not running`,
      );
    return { pid: `/proc/${target.pid}/ns/pid` };
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
    if (!(await endLeftoverCommands(shortId(record.id), this.#options.clock))) {
      this.#options.log.warn('commands of an earlier agent do not die', { container: record.id });
    }
    if (record.process !== undefined) signalProcess(record.process, 9);
    const init = this.#initOf(this.#options.paths.container(record.id));
    // By then the number may be somebody else's: only what is still the runtime's own program is ours.
    if (init !== undefined && isInit(init.pid)) signalProcess(init, 9);
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
