/** Pod sandboxes: namespaces held by bind mounts, a link to the node's bridge, and the files that containers share. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { CommandRunner } from '../../network/command.ts';
import {
  createNamespaces,
  mountPoints,
  type NamespaceFiles,
  type NamespacePlan,
  removeNamespaces,
} from '../../network/netns.ts';
import type { PodNetwork } from '../../network/pod-network.ts';
import type { DnsConfig, RuntimeEvent, SandboxConfig, SandboxStatus } from '../runtime.ts';
import type { RuntimePaths } from './paths.ts';
import { endLeftoverCommands, isAlive, signalProcess } from './processes.ts';
import { RecordFolder, type SandboxRecord } from './records.ts';
import { unmountBelow } from './root-mounts.ts';
import { startSharedInit } from './shared-pid.ts';

export interface SandboxesOptions {
  readonly paths: RuntimePaths;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly run: CommandRunner;
  readonly network: PodNetwork;
  readonly emit: (event: RuntimeEvent) => void;
  /** Handlers that run inside this process and need nothing of the machine. */
  readonly isBuiltin: (handler: string) => boolean;
  /** All others that there are; '' is the default one. */
  readonly handlers: readonly string[];
}

const sharedMemoryBytes = 64 * 1024 * 1024;

export class Sandboxes {
  readonly #options: SandboxesOptions;
  readonly #records: RecordFolder<SandboxRecord>;
  readonly #sandboxes = new Map<string, SandboxRecord>();
  readonly #lock = new KeyedLock();

  constructor(options: SandboxesOptions) {
    this.#options = options;
    this.#records = new RecordFolder(options.paths.sandboxes);
  }

  list(): readonly SandboxRecord[] {
    return [...this.#sandboxes.values()];
  }

  get(id: string): SandboxRecord | undefined {
    return this.#sandboxes.get(id);
  }

  /** Throws for what a sandbox asks that is not there. */
  #refuse({ handler, namespaces }: SandboxConfig, builtin: boolean): void {
    if (!builtin && !this.#options.handlers.includes(handler)) {
      // Whoever names one counts on it, often for the pod's isolation.
      throw new Error(`failed to get sandbox runtime: no runtime for "${handler}" is configured`);
    }
    if (namespaces.user !== undefined) {
      // Debian 12's runc and crun cannot map the owners of files in mounts, and without that a pod cannot read them.
      throw new Error("can't set `spec.hostUsers: false`, runtime does not support user namespaces");
    }
  }

  async run(config: SandboxConfig): Promise<string> {
    const { clock, random, emit } = this.#options;
    const id = Buffer.from(random.bytes(32)).toString('hex');
    const builtin = this.#options.isBuiltin(config.handler);
    this.#refuse(config, builtin);
    const ips = config.namespaces.network === 'pod' ? this.#options.network.allocate() : [];
    const ownNetwork = ips.length > 0 && !builtin;
    const record: SandboxRecord = {
      id,
      config,
      createdAt: clock.now(),
      state: 'creating',
      ips,
      namespaces: builtin ? {} : this.#namespaceFiles(id, config),
      ...(ownNetwork ? { hostLink: this.#options.network.link(id, ips).hostLink } : {}),
      ...(builtin || config.namespaces.ipc === 'node'
        ? {}
        : { sharedMemory: join(this.#options.paths.sandbox(id), 'shm') }),
    };
    this.#put(record);
    try {
      // A program of the agent has no namespace of its own: its pod's address is one more of the node's.
      if (builtin) await this.#options.network.hold(ips);
      else await this.#build(record);
      this.#put({ ...(this.#sandboxes.get(id) ?? record), state: 'ready' });
    } catch (error) {
      await this.remove(id);
      throw error;
    }
    emit({ type: 'started', sandboxId: id });
    return id;
  }

  /** Takes away network and namespaces; its containers must have stopped. */
  stop(id: string): Promise<void> {
    return this.#lock.run(id, async () => {
      const record = this.#sandboxes.get(id);
      if (record === undefined || record.state === 'notReady') return;
      await this.#tearDown(record);
      const { hostLink: _link, sharedMemory: _memory, pid: _pid, ...rest } = record;
      this.#put({ ...rest, state: 'notReady', namespaces: {} });
      this.#options.emit({ type: 'stopped', sandboxId: id });
    });
  }

  /** Its containers must have been removed. */
  remove(id: string): Promise<void> {
    return this.#lock.run(id, async () => {
      const record = this.#sandboxes.get(id);
      if (record === undefined) return;
      if (record.state !== 'notReady') {
        this.#put({ ...record, state: 'removing' });
        await this.#tearDown(record);
      }
      await this.#records.remove(id);
      this.#sandboxes.delete(id);
      this.#options.emit({ type: 'deleted', sandboxId: id });
    });
  }

  /** After a start: what is on disk against what the kernel has. */
  async recover(): Promise<void> {
    const { records, damaged } = this.#records.load();
    for (const name of damaged) {
      await unmountBelow(this.#options.run, this.#options.paths.sandbox(name));
      await this.#records.remove(name);
    }
    const mounted = mountPoints();
    for (const record of records) {
      this.#sandboxes.set(record.id, record);
      if (record.state !== 'notReady') this.#options.network.reserve(record.ips);
    }
    for (const record of records) {
      if (record.state === 'creating' || record.state === 'removing') {
        await endLeftoverCommands(record.id.slice(0, 12), this.#options.clock);
        await this.remove(record.id);
        continue;
      }
      if (record.state !== 'ready') continue;
      if (this.#options.isBuiltin(record.config.handler)) await this.#options.network.hold(record.ips);
      const files = [record.namespaces.net, record.namespaces.ipc, record.namespaces.uts].filter(
        (file) => file !== undefined,
      );
      const whole = files.every((file) => mounted.has(file)) && (record.pid === undefined || isAlive(record.pid));
      if (!whole) await this.stop(record.id);
    }
  }

  status(record: SandboxRecord): SandboxStatus {
    const { id, config, createdAt, ips, namespaces } = record;
    return {
      id,
      metadata: config.metadata,
      state: record.state === 'ready' ? 'ready' : 'notReady',
      createdAt,
      ips,
      ...(namespaces.net === undefined ? {} : { networkNamespace: namespaces.net }),
      labels: config.labels,
      annotations: config.annotations,
      handler: config.handler,
    };
  }

  async #build(record: SandboxRecord): Promise<void> {
    const { run, network, paths } = this.#options;
    const { config } = record;
    writeSharedFiles(paths.sandbox(record.id), config);
    const plan: NamespacePlan = {
      files: record.namespaces,
      hostname: config.hostname,
      sysctls: config.sysctls,
      ...(record.namespaces.net === undefined ? {} : { link: network.link(record.id, record.ips) }),
      ...(record.sharedMemory === undefined
        ? {}
        : { sharedMemory: { path: record.sharedMemory, bytes: sharedMemoryBytes } }),
    };
    await createNamespaces(run, plan);
    if (config.namespaces.pid !== 'pod') return;
    await startSharedInit(paths.sandbox(record.id), this.#options.clock, (pid) => this.#put({ ...record, pid }));
  }

  #namespaceFiles(id: string, { namespaces }: SandboxConfig): NamespaceFiles {
    const { paths } = this.#options;
    const file = (kind: string): string => join(paths.namespaces, `${id.slice(0, 12)}-${kind}`);
    return {
      ...(namespaces.network === 'pod' ? { net: paths.networkNamespace(id), uts: file('uts') } : {}),
      ...(namespaces.ipc === 'pod' ? { ipc: file('ipc') } : {}),
    };
  }

  async #tearDown(record: SandboxRecord): Promise<void> {
    if (record.pid !== undefined) signalProcess(record.pid, 'SIGKILL');
    try {
      await removeNamespaces(this.#options.run, record.namespaces, record.hostLink, record.sharedMemory);
    } catch (error) {
      this.#options.log.error('cannot take a sandbox down', { sandbox: record.id, error: messageOf(error) });
      throw error;
    }
    if (this.#options.isBuiltin(record.config.handler)) await this.#options.network.letGo(record.ips);
    this.#options.network.release(record.ips);
  }

  #put(record: SandboxRecord): void {
    this.#sandboxes.set(record.id, record);
    this.#records.save(record);
  }
}

function writeSharedFiles(folder: string, config: SandboxConfig): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'hostname'), `${config.hostname || hostname()}\n`, { mode: 0o644 });
  if (config.dns !== undefined) writeFileSync(join(folder, 'resolv.conf'), resolvConf(config.dns), { mode: 0o644 });
}

function resolvConf({ servers, searches, options }: DnsConfig): string {
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}
