/**
 * A runtime service without processes, for tests and simulated nodes: the same states, events and errors,
 * driven by the clock. What a container does is told by `behaviour`; by default it runs until it is stopped.
 */
import { PassThrough } from 'node:stream';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { Subscription } from '../../base/subscription.ts';
import { AddressPool } from '../../network/addresses.ts';
import {
  type ContainerConfig,
  type ContainerResources,
  type ContainerStats,
  type ContainerStatus,
  type RuntimeEvent,
  type RuntimeService,
  type SandboxConfig,
  type SandboxStatus,
  StartError,
  type StreamOptions,
  type StreamSession,
} from '../runtime.ts';

interface SimBehaviour {
  /** Milliseconds from start to running. */
  readonly startDelay?: number;
  /** The start fails with this message. */
  readonly startError?: string;
  /** Milliseconds after which it exits by itself; never when absent. */
  readonly exitAfter?: number;
  readonly exitCode?: number;
  /** OOMKilled instead of Error. */
  readonly outOfMemory?: boolean;
  /** Milliseconds from the stop signal to the exit; Infinity: it ignores the signal. */
  readonly stopDelay?: number;
  /** Exit code when it ends by the stop signal; 143 when absent. */
  readonly stopCode?: number;
  readonly exec?: (command: readonly string[]) => SimExecResult;
}

export interface SimExecResult {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode: number;
}

export interface SimRuntimeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly podCidr?: string;
  /** Milliseconds that making a sandbox takes. */
  readonly sandboxDelay?: number;
  readonly behaviour?: (config: ContainerConfig, sandbox: SandboxConfig) => SimBehaviour;
}

interface SimContainer {
  status: ContainerStatus;
  readonly behaviour: SimBehaviour;
  readonly exited: PromiseWithResolvers<void>;
  timer: Timer | undefined;
}

interface SimSandbox {
  status: SandboxStatus;
  readonly config: SandboxConfig;
}

const eventCapacity = 65_536;

export class SimRuntime implements RuntimeService {
  readonly #options: SimRuntimeOptions;
  readonly #addresses: AddressPool;
  readonly #sandboxes = new Map<string, SimSandbox>();
  readonly #containers = new Map<string, SimContainer>();
  readonly #readers = new Set<Subscription<RuntimeEvent>>();

  constructor(options: SimRuntimeOptions) {
    this.#options = options;
    this.#addresses = new AddressPool(options.podCidr ?? '10.244.0.0/16');
  }

  version(): Promise<{ readonly name: string; readonly version: string }> {
    return Promise.resolve({ name: 'sim', version: '1.0.0' });
  }

  problems(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  async runPodSandbox(config: SandboxConfig): Promise<string> {
    await this.#wait(this.#options.sandboxDelay);
    const id = this.#id();
    const ips = config.namespaces.network === 'pod' ? [this.#addresses.allocate()] : [];
    const { metadata, labels, annotations, handler } = config;
    const createdAt = this.#options.clock.now();
    this.#sandboxes.set(id, {
      config,
      status: { id, metadata, state: 'ready', createdAt, ips, labels, annotations, handler },
    });
    this.#emit({ type: 'started', sandboxId: id });
    return id;
  }

  async stopPodSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox?.status.state !== 'ready') return;
    for (const container of this.#of(id)) await this.stopContainer(container.status.id, 0);
    for (const ip of sandbox.status.ips) this.#addresses.release(ip);
    sandbox.status = { ...sandbox.status, state: 'notReady' };
    this.#emit({ type: 'stopped', sandboxId: id });
  }

  async removePodSandbox(id: string): Promise<void> {
    if (!this.#sandboxes.has(id)) return;
    await this.stopPodSandbox(id);
    for (const container of this.#of(id)) await this.removeContainer(container.status.id);
    this.#sandboxes.delete(id);
    this.#emit({ type: 'deleted', sandboxId: id });
  }

  podSandboxStatus(id: string): Promise<SandboxStatus | undefined> {
    return Promise.resolve(this.#sandboxes.get(id)?.status);
  }

  listPodSandboxes(): Promise<readonly SandboxStatus[]> {
    return Promise.resolve([...this.#sandboxes.values()].map((sandbox) => sandbox.status));
  }

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
    if (this.#sandboxes.get(sandboxId)?.status.state !== 'ready') {
      return Promise.reject(new Error(`sandbox "${sandboxId}" is not running`));
    }
    const id = this.#id();
    const { name, attempt, image, userImage, labels, annotations, mounts, resources } = config;
    const status: ContainerStatus = {
      id,
      runtime: 'sim',
      sandboxId,
      name,
      attempt,
      image,
      imageRef: image,
      userImage,
      labels,
      annotations,
      mounts,
      resources,
      state: 'created',
      createdAt: this.#options.clock.now(),
      startedAt: 0,
      finishedAt: 0,
      exitCode: 0,
      reason: '',
      message: '',
      logPath: `${sandbox.logDirectory}/${config.logPath}`,
      pid: 0,
    };
    const behaviour = this.#options.behaviour?.(config, sandbox) ?? {};
    this.#containers.set(id, { status, behaviour, exited: Promise.withResolvers(), timer: undefined });
    this.#emit({ type: 'created', sandboxId, containerId: id });
    return Promise.resolve(id);
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#require(id);
    const { behaviour } = container;
    if (container.status.state !== 'created') throw new Error(`container "${id}" was started before`);
    await this.#wait(behaviour.startDelay);
    const startedAt = this.#options.clock.now();
    if (behaviour.startError !== undefined) {
      container.status = { ...container.status, startedAt };
      this.#exit(container, 128, 'StartError', behaviour.startError);
      throw new StartError(behaviour.startError);
    }
    container.status = { ...container.status, state: 'running', startedAt, pid: 1 };
    this.#emit({ type: 'started', sandboxId: container.status.sandboxId, containerId: id });
    if (behaviour.exitAfter === undefined) return;
    const { exitCode = 0, outOfMemory = false } = behaviour;
    container.timer = this.#options.clock.after(behaviour.exitAfter, () => {
      this.#exit(container, exitCode, exitCode === 0 ? 'Completed' : outOfMemory ? 'OOMKilled' : 'Error');
    });
  }

  async stopContainer(id: string, timeoutSeconds: number): Promise<void> {
    const container = this.#containers.get(id);
    if (container?.status.state !== 'running') return;
    const { stopDelay = 0, stopCode = 143 } = container.behaviour;
    const patience = timeoutSeconds * 1000;
    const obeys = stopDelay <= patience && timeoutSeconds > 0;
    const delay = Math.min(stopDelay, patience);
    const finish = (): void =>
      this.#exit(container, obeys ? stopCode : 137, obeys && stopCode === 0 ? 'Completed' : 'Error');
    const timer = delay > 0 ? this.#options.clock.after(delay, finish) : undefined;
    if (timer === undefined) finish();
    await container.exited.promise;
    timer?.cancel();
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    await this.stopContainer(id, 0);
    this.#containers.delete(id);
    this.#emit({ type: 'deleted', sandboxId: container.status.sandboxId, containerId: id });
  }

  containerStatus(id: string): Promise<ContainerStatus | undefined> {
    return Promise.resolve(this.#containers.get(id)?.status);
  }

  listContainers(sandboxId?: string): Promise<readonly ContainerStatus[]> {
    const all = [...this.#containers.values()].map((container) => container.status);
    return Promise.resolve(sandboxId === undefined ? all : all.filter((status) => status.sandboxId === sandboxId));
  }

  updateContainerResources(id: string, resources: ContainerResources): Promise<void> {
    const container = this.#require(id);
    container.status = { ...container.status, resources: { ...container.status.resources, ...resources } };
    return Promise.resolve();
  }

  reopenContainerLog(): Promise<void> {
    return Promise.resolve();
  }

  containerStats(id: string): Promise<ContainerStats | undefined> {
    const status = this.#containers.get(id)?.status;
    if (status?.state !== 'running') return Promise.resolve(undefined);
    const timestamp = this.#options.clock.now();
    const usage = { memoryBytes: 1024 * 1024, memoryWorkingSetBytes: 1024 * 1024, memoryRssBytes: 1024 * 1024 };
    const cpuNanoseconds = (timestamp - status.startedAt) * 1000;
    return Promise.resolve({ id, timestamp, cpuNanoseconds, ...usage, pids: 1, diskBytes: 0, diskInodes: 0 });
  }

  async execSync(
    id: string,
    command: readonly string[],
  ): Promise<{ readonly stdout: Uint8Array; readonly stderr: Uint8Array; readonly exitCode: number }> {
    const { stdout = '', stderr = '', exitCode } = this.#exec(id, command);
    return Promise.resolve({ stdout: Buffer.from(stdout), stderr: Buffer.from(stderr), exitCode });
  }

  async exec(id: string, command: readonly string[], options: StreamOptions): Promise<StreamSession> {
    const { stdout = '', stderr = '', exitCode } = this.#exec(id, command);
    return Promise.resolve(sessionOf(options, stdout, stderr, Promise.resolve({ exitCode })));
  }

  attach(id: string, options: StreamOptions): Promise<StreamSession> {
    const container = this.#require(id);
    const exited = container.exited.promise.then(() => ({ exitCode: container.status.exitCode }));
    return Promise.resolve(sessionOf(options, '', '', exited));
  }

  /** An echo. */
  portForward(sandboxId: string): Promise<NodeJS.ReadWriteStream> {
    if (!this.#sandboxes.has(sandboxId)) return Promise.reject(new Error(`sandbox "${sandboxId}" not found`));
    return Promise.resolve(new PassThrough());
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

  /** Makes a running container exit now, as a crash would. */
  crash(id: string, exitCode: number, reason = 'Error'): void {
    this.#exit(this.#require(id), exitCode, reason);
  }

  #exit(container: SimContainer, exitCode: number, reason: string, message = ''): void {
    if (container.status.state === 'exited') return;
    container.timer?.cancel();
    const finishedAt = this.#options.clock.now();
    container.status = { ...container.status, state: 'exited', exitCode, reason, message, finishedAt, pid: 0 };
    container.exited.resolve();
    this.#emit({ type: 'stopped', sandboxId: container.status.sandboxId, containerId: container.status.id });
  }

  #exec(id: string, command: readonly string[]): SimExecResult {
    const container = this.#require(id);
    if (container.status.state !== 'running') throw new Error(`container "${id}" is not running`);
    return container.behaviour.exec?.(command) ?? { exitCode: 0 };
  }

  #require(id: string): SimContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new Error(`container "${id}" not found`);
    return container;
  }

  #of(sandboxId: string): readonly SimContainer[] {
    return [...this.#containers.values()].filter((container) => container.status.sandboxId === sandboxId);
  }

  #wait(delay = 0): Promise<void> {
    return delay > 0 ? this.#options.clock.sleep(delay) : Promise.resolve();
  }

  #id(): string {
    return Buffer.from(this.#options.random.bytes(32)).toString('hex');
  }

  #emit(event: RuntimeEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }
}

function sessionOf(
  options: StreamOptions,
  stdout: string,
  stderr: string,
  finished: StreamSession['finished'],
): StreamSession {
  const output = (text: string): PassThrough => {
    const stream = new PassThrough();
    stream.end(text);
    return stream;
  };
  return {
    stdin: options.stdin ? new PassThrough().resume() : undefined,
    stdout: options.stdout ? output(stdout) : undefined,
    stderr: options.stderr && !options.tty ? output(stderr) : undefined,
    resize: () => {},
    finished,
    close: () => {},
  };
}
