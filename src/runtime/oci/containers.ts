/**
 * The state machine of containers: created -> starting -> running -> exited, and removing from anywhere.
 * Every step is on disk before it is done, so that whoever comes after a crash knows what may be there.
 * Steps of one container run one after the other; waiting for an exit holds nobody up.
 */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { ImageStore } from '../../image/image-store.ts';
import type { CommandRunner } from '../../network/command.ts';
import { type ContainerConfig, type RuntimeEvent, type SandboxConfig, StartError } from '../runtime.ts';
import type { ContainerDriver, Exit } from './driver.ts';
import { type RuntimePaths, shortId } from './paths.ts';
import { type ContainerRecord, type ProcessIdentity, RecordFolder, type SandboxRecord } from './records.ts';
import { endLeftoverCommands } from './processes.ts';
import { unmountBelow } from './root-mounts.ts';
import { signalNumber } from './signals.ts';

export interface ContainersOptions {
  readonly paths: RuntimePaths;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly run: CommandRunner;
  readonly store: ImageStore;
  readonly driver: (handler: string) => ContainerDriver;
  readonly isBuiltin: (handler: string) => boolean;
  readonly sandbox: (id: string) => SandboxRecord | undefined;
  readonly emit: (event: RuntimeEvent) => void;
}

interface HeldImage {
  readonly facts: Pick<ContainerRecord, 'image' | 'imageRef' | 'layers'>;
  readonly release: () => void;
}

interface Entry {
  record: ContainerRecord;
  readonly exited: PromiseWithResolvers<void>;
  release: () => void;
}

/** After SIGKILL: longer means that the kernel holds the process (a dead file server, say). */
const killPatience = 15_000;

export class Containers {
  readonly #options: ContainersOptions;
  readonly #records: RecordFolder<ContainerRecord>;
  readonly #entries = new Map<string, Entry>();
  readonly #lock = new KeyedLock();

  constructor(options: ContainersOptions) {
    this.#options = options;
    this.#records = new RecordFolder(options.paths.containers);
  }

  list(): readonly ContainerRecord[] {
    return [...this.#entries.values()].map((entry) => entry.record);
  }

  get(id: string): ContainerRecord | undefined {
    return this.#entries.get(id)?.record;
  }

  /** Resolves when the container has exited or is gone. */
  exited(id: string): Promise<void> {
    return this.#entries.get(id)?.exited.promise ?? Promise.resolve();
  }

  /** `wishes` may differ from what the sandbox was made with in whose pid namespace the container joins. */
  async create(sandbox: SandboxRecord, config: ContainerConfig, wishes: SandboxConfig): Promise<string> {
    const id = Buffer.from(this.#options.random.bytes(32)).toString('hex');
    const image = await this.#image(sandbox.config.handler, config);
    const record: ContainerRecord = {
      id,
      sandboxId: sandbox.id,
      cgroupParent: sandbox.config.cgroupParent,
      logDirectory: sandbox.config.logDirectory,
      handler: sandbox.config.handler,
      namespaces: wishes.namespaces,
      config,
      createdAt: this.#options.clock.now(),
      phase: 'created',
      startedAt: 0,
      finishedAt: 0,
      exitCode: 0,
      reason: '',
      message: '',
      ...image.facts,
    };
    this.#entries.set(id, entryOf(record, image.release));
    try {
      this.#records.save(record);
      this.#put(id, await this.#driver(record).prepare(record));
      this.#holdVolumes(id);
    } catch (error) {
      await this.remove(id);
      throw error;
    }
    this.#options.emit({ type: 'created', sandboxId: sandbox.id, containerId: id });
    return id;
  }

  start(id: string): Promise<void> {
    return this.#lock.run(id, async () => {
      const entry = this.#require(id);
      const { record } = entry;
      const sandbox = this.#options.sandbox(record.sandboxId);
      if (record.phase !== 'created')
        throw new Error(`container "${id}" is in state ${record.phase}, it can be started only once`);
      if (sandbox?.state !== 'ready') throw new Error(`sandbox of container "${id}" is not running`);
      this.#put(id, { phase: 'starting' });
      try {
        const created = (process: ProcessIdentity | undefined): void =>
          this.#put(id, { phase: 'releasing', ...(process === undefined ? {} : { process }) });
        await this.#driver(record).start(entry.record, sandbox, created, entry.exited.promise);
        this.#put(id, { phase: 'running', startedAt: this.#options.clock.now() });
      } catch (error) {
        await this.#startFailed(entry, error);
      }
      this.#options.emit({ type: 'started', sandboxId: record.sandboxId, containerId: id });
    });
  }

  /** Stop signal, patience, SIGKILL. Resolves when it has exited; at once when it isn't running. */
  async stop(id: string, timeoutSeconds: number): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    await this.#lock.run(id, () => Promise.resolve());
    const { record } = entry;
    if (record.phase !== 'running') return;
    const driver = this.#driver(record);
    if (timeoutSeconds > 0) {
      driver.signal(record, signalNumber(record.config.stopSignal ?? record.image.StopSignal ?? 'SIGTERM'));
      if (await this.#exitsWithin(entry, timeoutSeconds * 1000)) return;
    }
    driver.signal(record, 9);
    if (await this.#exitsWithin(entry, killPatience)) return;
    throw new Error(`container "${id}" does not die: its process is stuck in the kernel`);
  }

  async remove(id: string): Promise<void> {
    if (!this.#entries.has(id)) return;
    await this.stop(id, 0);
    await this.#lock.run(id, async () => {
      const entry = this.#entries.get(id);
      if (entry === undefined) return;
      this.#put(id, { phase: 'removing' });
      await this.#driver(entry.record).remove(entry.record);
      await this.#records.remove(id);
      this.#entries.delete(id);
      entry.release();
      entry.exited.resolve();
      this.#options.emit({ type: 'deleted', sandboxId: entry.record.sandboxId, containerId: id });
    });
  }

  /** Remembers new limits; the caller has applied them. */
  updateResources(id: string, resources: ContainerConfig['resources']): void {
    const { record } = this.#require(id);
    this.#put(id, { config: { ...record.config, resources: { ...record.config.resources, ...resources } } });
  }

  /** A driver says that a container's process has ended. Unknown names are nobody's. */
  async onExit(name: string, exit: Exit | undefined): Promise<void> {
    const entry = this.#byName(name);
    if (entry === undefined) return;
    const { id } = entry.record;
    // The start waits for it, holding the lock.
    if (entry.record.phase === 'releasing') entry.exited.resolve();
    await this.#lock.run(id, async () => {
      const happened = exit ?? this.#driver(entry.record).missedExit(entry.record);
      if (entry.record.phase === 'running' && happened !== undefined) await this.#exit(entry, happened);
    });
  }

  /** Looks for exits whose announcement got lost. */
  async sweep(): Promise<void> {
    for (const { record } of this.#entries.values()) {
      if (record.phase !== 'running') continue;
      const missed = this.#driver(record).missedExit(record);
      if (missed !== undefined) await this.onExit(shortId(record.id), missed);
    }
  }

  /** After a start: what is on disk against what runs. */
  async recover(): Promise<void> {
    const { records, damaged } = this.#records.load();
    for (const name of damaged) await this.#discard(name);
    for (const record of records)
      this.#entries.set(
        record.id,
        entryOf(record, this.#options.store.hold([...record.layers, ...(record.volumeLayers ?? [])])),
      );
    for (const record of records) await this.#recoverOne(record);
  }

  /** Images mounted as volumes are held as long as the container's own. */
  #holdVolumes(id: string): void {
    const entry = this.#require(id);
    const own = entry.release;
    const volumes = this.#options.store.hold(entry.record.volumeLayers ?? []);
    entry.release = () => {
      own();
      volumes();
    };
  }

  /** What the image says, with its layers held. */
  async #image(handler: string, config: ContainerConfig): Promise<HeldImage> {
    if (this.#options.isBuiltin(handler)) {
      return { facts: { image: {}, imageRef: config.image, layers: [] }, release: () => {} };
    }
    const { store } = this.#options;
    const found = store.find(config.image);
    if (found === undefined) throw new Error(`image "${config.image}" not found`);
    const { layers, release } = await store.acquire(found.id, new AbortController().signal);
    return { facts: { image: found.config.config, imageRef: found.digests[0] ?? found.id, layers }, release };
  }

  /** A container of which nothing is known but its id: ends it and takes away what bears its name. */
  async #discard(id: string): Promise<void> {
    const { run, clock, paths, log } = this.#options;
    const own = paths.container(id);
    log.warn('a container whose record cannot be read is removed', { container: id });
    await endLeftoverCommands(shortId(id), clock);
    await unmountBelow(run, own.root);
    for (const path of [own.runtimeState, dirname(own.attachSocket), own.exitFile])
      rmSync(path, { recursive: true, force: true });
    await this.#records.remove(id);
  }

  async #recoverOne(record: ContainerRecord): Promise<void> {
    const entry = this.#require(record.id);
    const sandbox = this.#options.sandbox(record.sandboxId);
    if (record.phase === 'removing' || sandbox === undefined) return this.remove(record.id);
    if (record.phase === 'exited') return entry.exited.resolve();
    const found = await this.#driver(record).recover(record);
    this.#options.log.info('container found', { container: record.id, was: record.phase, is: found.state });
    if (found.state === 'incomplete') {
      await this.remove(record.id);
    } else if (found.state === 'exited') {
      if (record.startedAt === 0) this.#put(record.id, { startedAt: found.exit.finishedAt });
      await this.#exit(entry, found.exit);
    } else if (found.state === 'created') {
      this.#put(record.id, { phase: 'created' });
    } else {
      const { process, startedAt } = found;
      this.#put(record.id, { phase: 'running', startedAt, ...(process === undefined ? {} : { process }) });
    }
  }

  async #startFailed(entry: Entry, error: unknown): Promise<never> {
    const { record } = entry;
    await this.#driver(record).clean(record);
    const now = this.#options.clock.now();
    const message = messageOf(error);
    this.#put(record.id, {
      phase: 'exited',
      startedAt: now,
      finishedAt: now,
      exitCode: 128,
      reason: 'StartError',
      message,
    });
    entry.exited.resolve();
    this.#options.emit({ type: 'stopped', sandboxId: record.sandboxId, containerId: record.id });
    throw error instanceof StartError ? error : new StartError(message, { cause: error });
  }

  async #exit(entry: Entry, exit: Exit): Promise<void> {
    const { record } = entry;
    await this.#driver(record).clean(record);
    const reason = reasonOf(exit);
    // The time of a file is that of the kernel's last tick, a few milliseconds behind the clock.
    const finishedAt = Math.max(exit.finishedAt, record.startedAt);
    this.#put(record.id, { phase: 'exited', exitCode: exit.exitCode, finishedAt, reason });
    const at = { sandboxId: record.sandboxId, containerId: record.id };
    if (exit.outOfMemory) this.#options.emit({ type: 'oom', ...at });
    entry.exited.resolve();
    this.#options.emit({ type: 'stopped', ...at });
  }

  async #exitsWithin(entry: Entry, milliseconds: number): Promise<boolean> {
    const timeout = Promise.withResolvers<boolean>();
    const timer = this.#options.clock.after(milliseconds, () => timeout.resolve(false));
    try {
      return await Promise.race([entry.exited.promise.then(() => true), timeout.promise]);
    } finally {
      timer.cancel();
    }
  }

  #driver(record: ContainerRecord): ContainerDriver {
    return this.#options.driver(record.handler);
  }

  #byName(name: string): Entry | undefined {
    for (const [id, entry] of this.#entries) if (shortId(id) === name) return entry;
    return undefined;
  }

  #require(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`container "${id}" not found`);
    return entry;
  }

  #put(id: string, change: Partial<ContainerRecord>): void {
    const entry = this.#require(id);
    entry.record = { ...entry.record, ...change };
    this.#records.save(entry.record);
  }
}

function entryOf(record: ContainerRecord, release: () => void): Entry {
  return { record, exited: Promise.withResolvers<void>(), release };
}

function reasonOf(exit: Exit): string {
  if (exit.exitCode === 0) return 'Completed';
  if (exit.outOfMemory) return 'OOMKilled';
  return exit.unseen === true ? 'Unknown' : 'Error';
}
