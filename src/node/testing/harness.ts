/** A node agent on a simulated machine, for tests: memory client, simulated runtime, stepped clock, real files. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Draft } from '../../api/kind.ts';
import { ConfigMap } from '../../api/core/config-map.ts';
import { Event } from '../../api/core/event.ts';
import { Pod } from '../../api/core/pod.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import { FakeClock, settle } from '../../base/clock.ts';
import { isNotFound } from '../../client/client.ts';
import { silentLogger } from '../../base/log.ts';
import { seededRandom } from '../../base/random.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { SimImages, type SimImagesOptions } from '../../runtime/sim/sim-images.ts';
import { SimRuntime, type SimRuntimeOptions } from '../../runtime/sim/sim-runtime.ts';
import { createNodeAgent, type NodeAgent, type NodeAgentOptions } from '../agent.ts';
import { nodeConfig, type NodeConfigInput } from '../config.ts';
import type { Machine } from '../machine/machine.ts';
import { noMounts } from '../volumes/mounter.ts';

const gibibyte = 1024 ** 3;

export const simMachine: Machine = {
  facts: () =>
    Promise.resolve({
      cpus: 4,
      memoryBytes: 8 * gibibyte,
      swapBytes: 0,
      machineId: 'machine',
      systemUuid: 'system',
      bootId: 'boot',
      kernelVersion: '6.1.0',
      osImage: 'Simulated Linux',
      architecture: 'amd64',
      hugepages: {},
      appArmor: false,
    }),
  disk: () =>
    Promise.resolve({
      capacityBytes: 100 * gibibyte,
      availableBytes: 80 * gibibyte,
      inodes: 1_000_000,
      inodesFree: 900_000,
    }),
  memoryAvailable: () => Promise.resolve(6 * gibibyte),
  memoryUse: () => Promise.resolve({ anonymousBytes: gibibyte, pageFaults: 1000, majorPageFaults: 10 }),
  cpuNanoseconds: () => Promise.resolve(1_000_000_000),
  processes: () => Promise.resolve({ most: 32_768, running: 100 }),
};

export interface HarnessOptions {
  readonly behaviour?: SimRuntimeOptions['behaviour'];
  readonly image?: SimImagesOptions['image'];
  readonly pullDelay?: number;
  readonly config?: Partial<NodeConfigInput>;
  readonly agent?: Partial<NodeAgentOptions>;
}

export class Harness {
  readonly clock = new FakeClock();
  readonly client: MemoryClient;
  readonly runtime: SimRuntime;
  readonly images: SimImages;
  readonly root: string;
  readonly #options: HarnessOptions;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  agent: NodeAgent | undefined;

  private constructor(root: string, options: HarnessOptions) {
    this.root = root;
    this.#options = options;
    const { clock } = this;
    const random = seededRandom(7);
    this.client = new MemoryClient({ clock });
    const { behaviour, image, pullDelay } = options;
    this.runtime = new SimRuntime({ clock, random, ...(behaviour === undefined ? {} : { behaviour }) });
    this.images = new SimImages({
      clock,
      ...(image === undefined ? {} : { image }),
      ...(pullDelay === undefined ? {} : { pullDelay }),
    });
    this.client.seed(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
    this.client.seed(ConfigMap, {
      metadata: { name: 'kube-root-ca.crt', namespace: 'default' },
      data: { 'ca.crt': 'certificate' },
    });
  }

  static async start(options: HarnessOptions = {}): Promise<Harness> {
    const harness = new Harness(await mkdtemp(join(tmpdir(), 'coracle-node-')), options);
    await harness.startAgent();
    return harness;
  }

  /** `config`: what differs from the first start's. */
  async startAgent(config: HarnessOptions['config'] = {}): Promise<void> {
    this.#stop = new AbortController();
    this.agent = await createNodeAgent({
      client: this.client,
      runtime: this.runtime,
      images: this.images,
      clock: this.clock,
      random: seededRandom(8),
      log: silentLogger,
      machine: simMachine,
      mounter: noMounts,
      config: nodeConfig({
        nodeName: 'one',
        rootDirectory: this.root,
        addresses: ['192.0.2.1'],
        kubeletPort: 10_250,
        clusterDns: ['10.96.0.10'],
        ...this.#options.config,
        ...config,
      }),
      ...this.#options.agent,
    });
    this.#running = this.agent.run(this.#stop.signal);
  }

  /** As a kill would: pods' containers run on. */
  async stopAgent(): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    await this.#running.catch(() => {});
  }

  async stop(): Promise<void> {
    await this.stopAgent();
    await rm(this.root, { recursive: true, force: true });
  }

  /** Creates a pod that is bound to this node. */
  create(name: string, spec: NonNullable<Draft<Pod>['spec']>, metadata: Draft<Pod>['metadata'] = {}): Pod {
    return this.client.seed(Pod, {
      metadata: { name, namespace: 'default', ...metadata },
      spec: { nodeName: 'one', serviceAccountName: 'default', ...spec },
    });
  }

  async pod(name: string): Promise<Pod | undefined> {
    try {
      return await this.client.get(Pod, { namespace: 'default', name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Lets promises run, and file operations that were begun before. */
  async #breathe(): Promise<void> {
    await stat(this.root);
    await settle();
  }

  /** Waits for what takes real time (files) but no stepped time. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < 3000; turn += 1) {
      if (await holds()) return;
      await this.#breathe();
    }
    throw new Error(`never happened: ${what}`);
  }

  async phase(name: string, phase: string): Promise<Pod> {
    await this.until(`${name} is ${phase}`, async () => (await this.pod(name))?.status?.phase === phase);
    const pod = await this.pod(name);
    if (pod === undefined) throw new Error(`${name} is gone`);
    return pod;
  }

  async gone(name: string): Promise<void> {
    await this.until(`${name} is gone`, async () => (await this.pod(name)) === undefined);
  }

  /** Reasons of the pod's events, in order. */
  async events(name: string): Promise<readonly string[]> {
    for (let turn = 0; turn < 20; turn += 1) await this.#breathe();
    return this.client
      .all(Event)
      .filter((each) => each.involvedObject.name === name)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map((each) => `${each.reason}: ${each.message}`);
  }
}
