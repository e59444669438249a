/**
 * The CSI drivers of this node. A driver's registrar leaves a socket in `plugins_registry` below the agent's root;
 * it names the driver and its socket, and hears whether that went well. While the socket is there, the driver is in
 * the node's CSINode object.
 */
import { watch } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CSINode, type CSINodeDriver } from '../../api/storage/csi-node.ts';
import { Node } from '../../api/core/node.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Service } from '../../base/service.ts';
import { isNotFound, type Client } from '../../client/client.ts';
import type { GrpcChannel } from '../../runtime/grpc/channel.ts';
import {
  Capabilities,
  csiService,
  Empty,
  NodeInfo,
  PluginInfo,
  registrationService,
  RegistrationStatus,
} from './messages.ts';

export interface CsiDriver {
  readonly name: string;
  readonly channel: GrpcChannel;
  /** Numbers of messages.ts' `capability`. */
  readonly capabilities: ReadonlySet<number>;
}

export interface CsiDriversOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rootDirectory: string;
  readonly nodeName: string;
}

interface Registered extends CsiDriver {
  /** Tells a socket from the next one of the same name. */
  readonly inode: number;
  readonly entry: CSINodeDriver;
  readonly topology: Readonly<Record<string, string>>;
}

const rescan = 10_000;
/** Milliseconds for a driver to answer about itself. */
const patience = 15_000;

export class CsiDrivers implements Service {
  readonly name = 'CSI drivers';
  readonly #options: CsiDriversOptions;
  readonly #folder: string;
  /** By the name of the registrar's socket. */
  readonly #registered = new Map<string, Registered>();
  /** Sockets of registrars that are being talked to. */
  readonly #registering = new Set<string>();
  /** What the API was last told; undefined: it is to be told. */
  #told: string | undefined = '[]';
  #wake: (() => void) | undefined;
  /** The folder is to be looked at again. */
  #due = false;
  #heard: () => void = () => {};

  constructor(options: CsiDriversOptions) {
    this.#options = options;
    this.#folder = join(options.rootDirectory, 'plugins_registry');
  }

  find(name: string): CsiDriver | undefined {
    return [...this.#registered.values()].find((each) => each.name === name);
  }

  /** `listener` is called each time that a driver has come. There is one listener. */
  onRegistered(listener: () => void): void {
    this.#heard = listener;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    await mkdir(this.#folder, { recursive: true, mode: 0o750 });
    const watcher = watch(this.#folder, { persistent: false }, () => this.#look());
    watcher.on('error', () => this.#look());
    signal.addEventListener('abort', () => this.#look(), { once: true });
    try {
      while (!signal.aborted) {
        this.#due = false;
        await this.#scan(signal);
        await this.#tell().catch((error: unknown) => log.warn('cannot tell CSI drivers', { error: messageOf(error) }));
        const timer = clock.after(this.#told === undefined ? 1000 : rescan, () => this.#look());
        // Something may have come while there was nobody to wake.
        if (!this.#due) await new Promise<void>((resolve) => (this.#wake = resolve));
        timer.cancel();
      }
    } finally {
      watcher.close();
      for (const { channel } of this.#registered.values()) channel.close();
    }
  }

  #look(): void {
    this.#due = true;
    this.#wake?.();
  }

  async #scan(signal: AbortSignal): Promise<void> {
    const sockets = new Map<string, number>();
    for (const file of await readdir(this.#folder)) {
      const found = await stat(join(this.#folder, file)).catch(() => undefined);
      if (found?.isSocket() === true) sockets.set(file, found.ino);
    }
    for (const [file, { inode, channel, name }] of this.#registered) {
      if (sockets.get(file) === inode) continue;
      this.#registered.delete(file);
      channel.close();
      this.#options.log.info('a CSI driver has gone', { driver: name });
    }
    // Side by side: one that does not answer keeps no other from being used, nor from being missed.
    for (const [file, inode] of sockets) {
      if (this.#registered.has(file) || this.#registering.has(file)) continue;
      this.#registering.add(file);
      void this.#register(file, inode, signal).finally(() => this.#registering.delete(file));
    }
  }

  async #register(file: string, inode: number, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const registrar = await this.#open(join(this.#folder, file), registrationService);
    try {
      const info = await registrar.call('GetInfo', Empty, PluginInfo, {}, patience);
      if (info.type !== 'CSIPlugin') return;
      const outcome = await this.#connect(info, inode).then(
        (driver) => {
          if (signal.aborted) {
            driver.channel.close();
            throw new Error('this node is stopping');
          }
          this.#registered.set(file, driver);
          this.#look();
          log.info('a CSI driver is here', { driver: info.name, endpoint: info.endpoint });
          this.#heard();
          return { pluginRegistered: true };
        },
        (error: unknown) => ({ pluginRegistered: false, error: messageOf(error) }),
      );
      await registrar.call('NotifyRegistrationStatus', RegistrationStatus, Empty, outcome, patience);
    } catch (error) {
      log.warn('cannot register a plugin', { socket: file, error: messageOf(error) });
    } finally {
      registrar.close();
    }
  }

  async #connect(info: { name: string; endpoint: string; supportedVersions: readonly string[] }, inode: number) {
    const { name, endpoint, supportedVersions } = info;
    if (!supportedVersions.some((version) => /^v?1\./.test(version))) {
      throw new Error(`driver ${name} speaks CSI ${supportedVersions.join(', ')}, and not 1`);
    }
    const channel = await this.#open(endpoint, csiService);
    try {
      const node = await channel.call('NodeGetInfo', Empty, NodeInfo, {}, patience);
      const { capabilities } = await channel.call('NodeGetCapabilities', Empty, Capabilities, {}, patience);
      const topology = node.accessibleTopology?.segments ?? {};
      const entry: CSINodeDriver = {
        name,
        nodeID: node.nodeId,
        topologyKeys: Object.keys(topology),
        ...(node.maxVolumesPerNode > 0 ? { allocatable: { count: node.maxVolumesPerNode } } : {}),
      };
      const known = new Set(capabilities.map(({ rpc }) => rpc?.type ?? 0));
      return { name, channel, capabilities: known, inode, entry, topology };
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  async #open(socket: string, service: () => string): Promise<GrpcChannel> {
    // gRPC is large, and most nodes have no driver.
    const { GrpcChannel: Channel } = await import('../../runtime/grpc/channel.ts');
    return Channel.open(socket, () => this.#options.clock.now(), service);
  }

  /** The CSINode object and the node's topology labels. */
  async #tell(): Promise<void> {
    const { client, nodeName } = this.#options;
    const all = [...this.#registered.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const wanted = JSON.stringify(all.map(({ entry, topology }) => [entry, topology]));
    if (wanted === this.#told) return;
    this.#told = undefined;
    const drivers = all.map(({ entry }) => entry);
    const labels = Object.assign({}, ...all.map(({ topology }) => topology)) as Record<string, string>;
    if (Object.keys(labels).length > 0)
      await client.patch(Node, { name: nodeName }, { metadata: { labels } }, { type: 'merge' });
    try {
      const before = await client.get(CSINode, { name: nodeName });
      await client.update(CSINode, { ...before, spec: { ...before.spec, drivers } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const node = await client.get(Node, { name: nodeName });
      const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid };
      await client.create(CSINode, { metadata: { name: nodeName, ownerReferences: [owner] }, spec: { drivers } });
    }
    this.#told = wanted;
  }
}
