/**
 * The runtime service over conmon and runc, and over this program's own built-in programs. Containers belong
 * to nobody: `open` finds what is there, `close` leaves it running.
 */
import { existsSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Service } from '../../base/service.ts';
import { Subscription } from '../../base/subscription.ts';
import type { ImageStore } from '../../image/image-store.ts';
import { type CommandRunner, createCommandRunner, runOrThrow } from '../../network/command.ts';
import { linkNames } from '../../network/links.ts';
import type { PodNetwork } from '../../network/pod-network.ts';
import type {
  ContainerConfig,
  ContainerResources,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  RuntimeEvent,
  RuntimeService,
  SandboxConfig,
  SandboxStatus,
  StreamOptions,
  StreamSession,
  WantedStats,
} from '../runtime.ts';
import { attachTo, writeControl } from './attach.ts';
import { BuiltinDriver, type BuiltinProgram } from './builtin-driver.ts';
import { Cgroups } from './cgroups.ts';
import { Containers } from './containers.ts';
import { diskUsage } from './disk-usage.ts';
import { Execs } from './exec.ts';
import { watchExits } from './exits.ts';
import { type Machine, probeMachine } from './machine.ts';
import { type RuntimePaths, runtimePaths, shortId } from './paths.ts';
import { connectInside } from './port-forward.ts';
import type { ContainerRecord, Phase } from './records.ts';
import { RuncDriver } from './runc-driver.ts';
import { Sandboxes } from './sandboxes.ts';
import { resourcesOf } from './spec.ts';

/** The handler (of a RuntimeClass) whose containers are built-in programs of the agent. */
export const builtinHandler = 'coracle-builtin';

export interface OciRuntimeOptions {
  /** Records, exit codes, writable layers: on a disk, one folder per node. */
  readonly stateDir: string;
  /** Sockets and the runtime's state: below /run; short. */
  readonly runDir: string;
  /** Unique per node on this machine; names network namespaces and the default cgroup. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly store: ImageStore;
  readonly network: PodNetwork;
  readonly programs?: Readonly<Record<string, BuiltinProgram>>;
  /** Names or paths; conmon and runc when absent. */
  readonly conmon?: string;
  readonly runtime?: string;
  readonly run?: CommandRunner;
}

/** Lost announcements are found this late, in milliseconds. */
const sweepInterval = 30_000;
const eventCapacity = 4096;

export class OciRuntime implements RuntimeService, Service {
  readonly name = 'runtime';
  readonly #options: OciRuntimeOptions;
  readonly #run: CommandRunner;
  readonly #runtime: string;
  readonly #machine: Machine = probeMachine();
  readonly #cgroups = new Cgroups();
  readonly #paths: RuntimePaths;
  readonly #sandboxes: Sandboxes;
  readonly #containers: Containers;
  readonly #builtin: BuiltinDriver;
  readonly #execs: Execs;
  readonly #readers = new Set<Subscription<RuntimeEvent>>();
  #stopWatching: () => void = () => {};

  private constructor(options: OciRuntimeOptions) {
    const { clock, random, log, store, network } = options;
    this.#options = options;
    this.#run = options.run ?? createCommandRunner(clock);
    this.#runtime = findProgram(options.runtime ?? 'runc') ?? options.runtime ?? 'runc';
    const paths = (this.#paths = runtimePaths(options));
    const isBuiltin = (handler: string): boolean => handler === builtinHandler;
    const emit = (event: RuntimeEvent): void => this.#emit(event);
    const run = this.#run;
    this.#builtin = new BuiltinDriver({
      clock,
      programs: options.programs ?? {},
      onExit: (name, exit) =>
        void this.#containers.onExit(name, exit).catch((error: unknown) => this.#failed('exit', error)),
    });
    const runc = new RuncDriver({
      paths,
      clock,
      log,
      run,
      store,
      cgroups: this.#cgroups,
      machine: this.#machine,
      runtime: this.#runtime,
      conmon: findProgram(options.conmon ?? 'conmon') ?? options.conmon ?? 'conmon',
      defaultCgroup: `/${options.prefix}`,
      processOf: (id) => this.#containers.get(id)?.process,
    });
    const handlers = ['', basename(this.#runtime)];
    this.#sandboxes = new Sandboxes({ paths, clock, random, log, run, network, emit, isBuiltin, handlers });
    this.#containers = new Containers({
      paths,
      clock,
      random,
      log,
      run,
      store,
      emit,
      isBuiltin,
      driver: (handler) => (isBuiltin(handler) ? this.#builtin : runc),
      sandbox: (id) => this.#sandboxes.get(id),
    });
    this.#execs = new Execs({ paths, clock, random, runtime: this.#runtime });
  }

  /** Finds and adopts what earlier processes left, cleans up what they left half done, then watches for exits. */
  static async open(options: OciRuntimeOptions): Promise<OciRuntime> {
    const runtime = new OciRuntime(options);
    await options.network.ensure();
    runtime.#stopWatching = watchExits(runtime.#paths.exits, options.log, (name) => {
      runtime.#containers.onExit(name, undefined).catch((error: unknown) => runtime.#failed('exit', error));
    });
    await runtime.#sandboxes.recover();
    await runtime.#containers.recover();
    await options.store.collect();
    return runtime;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    try {
      while (!signal.aborted) {
        await clock.sleep(sweepInterval, signal);
        await this.#containers.sweep().catch((error: unknown) => this.#failed('sweep', error));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await this.close();
    }
  }

  /** Stops watching and ends built-in programs; containers run on. */
  async close(): Promise<void> {
    this.#stopWatching();
    await this.#builtin.close();
    for (const reader of this.#readers) reader.end();
  }

  /** Paths of everything this runtime makes; for the leak check. */
  get paths(): RuntimePaths {
    return this.#paths;
  }

  async version(): Promise<{ readonly name: string; readonly version: string }> {
    const text = await runOrThrow(this.#run, this.#runtime, ['--version']);
    const [, name = 'runc', version = 'unknown'] = /^(\S+) version (\S+)/.exec(text) ?? [];
    return { name, version };
  }

  async problems(): Promise<readonly string[]> {
    const programs = ['conmon', 'runc', 'ip', 'unshare', 'nsenter', 'mount', 'umount', 'socat', 'perl', 'tar'];
    const missing = programs
      .filter((name) => findProgram(name) === undefined)
      .map((name) => `${name} is not installed`);
    const { bridge } = this.#options.network;
    return linkNames().includes(bridge) ? missing : [...missing, `network bridge ${bridge} is missing`];
  }

  runPodSandbox(config: SandboxConfig): Promise<string> {
    return this.#sandboxes.run(config);
  }

  async stopPodSandbox(id: string): Promise<void> {
    const own = this.#containers.list().filter((record) => record.sandboxId === id);
    await Promise.all(own.map((record) => this.#containers.stop(record.id, 0)));
    await this.#sandboxes.stop(id);
  }

  async removePodSandbox(id: string): Promise<void> {
    const own = this.#containers.list().filter((record) => record.sandboxId === id);
    await Promise.all(own.map((record) => this.#containers.remove(record.id)));
    const parent = this.#sandboxes.get(id)?.config.cgroupParent ?? '';
    // First: once the record is gone nobody knows of the group any more.
    this.#cgroups.pruneHybrid(parent);
    await this.#sandboxes.remove(id);
  }

  podSandboxStatus(id: string): Promise<SandboxStatus | undefined> {
    const record = this.#sandboxes.get(id);
    return Promise.resolve(record === undefined ? undefined : this.#sandboxes.status(record));
  }

  listPodSandboxes(): Promise<readonly SandboxStatus[]> {
    return Promise.resolve(this.#sandboxes.list().map((record) => this.#sandboxes.status(record)));
  }

  createContainer(sandboxId: string, config: ContainerConfig, wishes: SandboxConfig): Promise<string> {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox?.state !== 'ready') return Promise.reject(new Error(`sandbox "${sandboxId}" is not running`));
    return this.#containers.create(sandbox, config, wishes);
  }

  startContainer(id: string): Promise<void> {
    return this.#containers.start(id);
  }

  stopContainer(id: string, timeoutSeconds: number): Promise<void> {
    return this.#containers.stop(id, timeoutSeconds);
  }

  removeContainer(id: string): Promise<void> {
    return this.#containers.remove(id);
  }

  containerStatus(id: string): Promise<ContainerStatus | undefined> {
    const record = this.#containers.get(id);
    return Promise.resolve(record === undefined ? undefined : this.#status(record));
  }

  listContainers(sandboxId?: string): Promise<readonly ContainerStatus[]> {
    const all = this.#containers.list();
    const wanted = sandboxId === undefined ? all : all.filter((record) => record.sandboxId === sandboxId);
    return Promise.resolve(wanted.map((record) => this.#status(record)));
  }

  async updateContainerResources(id: string, resources: ContainerResources): Promise<void> {
    const record = this.#require(id);
    if (record.phase === 'running' && record.handler !== builtinHandler) {
      const input = JSON.stringify(resourcesOf(resources, this.#machine));
      const args = [`--root=${this.#paths.runtimeRoot}`, 'update', '--resources', '-', shortId(id)];
      await runOrThrow(this.#run, this.#runtime, args, { input });
    }
    this.#containers.updateResources(id, resources);
  }

  async reopenContainerLog(id: string): Promise<void> {
    const record = this.#require(id);
    if (record.handler === builtinHandler) return this.#builtin.reopenLog(id);
    if (record.phase !== 'running') throw new Error(`container "${id}" is not running`);
    writeControl(this.#paths.container(id), '2 0 0\n');
    const path = join(record.logDirectory, record.config.logPath);
    for (let waited = 0; waited < 1000 && !existsSync(path); waited += 5) await this.#options.clock.sleep(5);
  }

  async containerStats(id: string, wanted: WantedStats = 'all'): Promise<ContainerStats | undefined> {
    const record = this.#containers.get(id);
    if (record?.phase !== 'running' || record.handler === builtinHandler) return undefined;
    const group = join('/', record.cgroupParent || `/${this.#options.prefix}`, shortId(id));
    const usage = this.#cgroups.usage(group);
    if (usage === undefined) return undefined;
    const disk = wanted === 'all' ? await diskUsage(this.#paths.container(id).upper) : { bytes: 0, inodes: 0 };
    return { id, timestamp: this.#options.clock.now(), ...usage, diskBytes: disk.bytes, diskInodes: disk.inodes };
  }

  async execSync(
    id: string,
    command: readonly string[],
    timeoutSeconds: number,
  ): Promise<{ readonly stdout: Uint8Array; readonly stderr: Uint8Array; readonly exitCode: number }> {
    this.#requireRunning(id);
    return this.#execs.sync(id, command, timeoutSeconds);
  }

  async exec(id: string, command: readonly string[], options: StreamOptions): Promise<StreamSession> {
    this.#requireRunning(id);
    return this.#execs.start(id, command, options);
  }

  async attach(id: string, options: StreamOptions): Promise<StreamSession> {
    const record = this.#requireRunning(id);
    const exited = this.#containers.exited(id).then(() => this.#containers.get(id)?.exitCode ?? 0);
    const { tty, stdinOnce } = record.config;
    return attachTo(this.#paths.container(id), { ...options, tty, leavesStdin: tty || !stdinOnce }, exited);
  }

  async portForward(sandboxId: string, port: number): Promise<NodeJS.ReadWriteStream> {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox?.state !== 'ready') throw new Error(`sandbox "${sandboxId}" is not running`);
    return connectInside(sandbox.namespaces.net, port);
  }

  async *events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const reader = new Subscription<RuntimeEvent>({
      capacity: eventCapacity,
      onClose: () => this.#readers.delete(reader),
    });
    this.#readers.add(reader);
    const end = (): void => reader.end();
    signal.addEventListener('abort', end, { once: true });
    try {
      if (!signal.aborted) yield* reader;
    } finally {
      signal.removeEventListener('abort', end);
      reader.close();
    }
  }

  #status(record: ContainerRecord): ContainerStatus {
    const { config, phase } = record;
    return {
      id: record.id,
      runtime: 'coracle',
      sandboxId: record.sandboxId,
      name: config.name,
      attempt: config.attempt,
      state: stateOf(phase),
      createdAt: record.createdAt,
      startedAt: record.startedAt,
      finishedAt: record.finishedAt,
      exitCode: record.exitCode,
      reason: record.reason,
      message: record.message,
      image: config.image,
      imageRef: record.imageRef,
      userImage: config.userImage,
      labels: config.labels,
      annotations: config.annotations,
      mounts: config.mounts,
      logPath: config.logPath === '' ? '' : join(record.logDirectory, config.logPath),
      pid: phase === 'running' ? (record.process?.pid ?? 0) : 0,
      resources: config.resources,
      ...(record.user === undefined ? {} : { user: record.user }),
    };
  }

  #require(id: string): ContainerRecord {
    const record = this.#containers.get(id);
    if (record === undefined) throw new Error(`container "${id}" not found`);
    return record;
  }

  #requireRunning(id: string): ContainerRecord {
    const record = this.#require(id);
    if (record.phase !== 'running') throw new Error(`container "${id}" is not running`);
    if (record.handler === builtinHandler)
      throw new Error('this container is a program of the node agent: nothing can be executed in it');
    return record;
  }

  #emit(event: RuntimeEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }

  #failed(what: string, error: unknown): void {
    this.#options.log.error(`handling ${what} failed`, { error: messageOf(error) });
  }
}

function stateOf(phase: Phase): ContainerState {
  if (phase === 'starting' || phase === 'releasing') return 'created';
  return phase === 'removing' ? 'unknown' : phase;
}

function findProgram(name: string): string | undefined {
  if (name.includes('/')) return existsSync(name) ? name : undefined;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
