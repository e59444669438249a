/** Two runtimes as one: built-in programs stay with the agent's own, everything else is another's, such as containerd. */
import { Subscription } from '../base/subscription.ts';
import type { ImageInfo, ImageService, PullResult, RegistryAuth } from '../image/service.ts';
import type {
  ContainerConfig,
  ContainerResources,
  ContainerStats,
  ContainerStatus,
  RuntimeEvent,
  RuntimeService,
  SandboxConfig,
  SandboxStatus,
  StreamOptions,
  StreamSession,
  WantedStats,
} from './runtime.ts';

const eventCapacity = 4096;

export class RuntimeWithBuiltin implements RuntimeService {
  readonly #handler: string;
  readonly #builtin: RuntimeService;
  readonly #others: RuntimeService;

  /** `handler`: sandboxes that ask for it are `builtin`'s. Its status calls are taken to be cheap. */
  constructor(handler: string, builtin: RuntimeService, others: RuntimeService) {
    this.#handler = handler;
    this.#builtin = builtin;
    this.#others = others;
  }

  version(): Promise<{ readonly name: string; readonly version: string }> {
    return this.#others.version();
  }

  async problems(): Promise<readonly string[]> {
    return (await Promise.all([this.#builtin.problems(), this.#others.problems()])).flat();
  }

  runPodSandbox(config: SandboxConfig): Promise<string> {
    return (config.handler === this.#handler ? this.#builtin : this.#others).runPodSandbox(config);
  }

  async stopPodSandbox(id: string): Promise<void> {
    await (await this.#ofSandbox(id)).stopPodSandbox(id);
  }

  async removePodSandbox(id: string): Promise<void> {
    await (await this.#ofSandbox(id)).removePodSandbox(id);
  }

  async podSandboxStatus(id: string): Promise<SandboxStatus | undefined> {
    return (await this.#ofSandbox(id)).podSandboxStatus(id);
  }

  async listPodSandboxes(): Promise<readonly SandboxStatus[]> {
    return (await Promise.all([this.#builtin.listPodSandboxes(), this.#others.listPodSandboxes()])).flat();
  }

  async createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
    return (await this.#ofSandbox(sandboxId)).createContainer(sandboxId, config, sandbox);
  }

  async startContainer(id: string): Promise<void> {
    await (await this.#ofContainer(id)).startContainer(id);
  }

  async stopContainer(id: string, timeoutSeconds: number): Promise<void> {
    await (await this.#ofContainer(id)).stopContainer(id, timeoutSeconds);
  }

  async removeContainer(id: string): Promise<void> {
    await (await this.#ofContainer(id)).removeContainer(id);
  }

  async containerStatus(id: string): Promise<ContainerStatus | undefined> {
    return (await this.#ofContainer(id)).containerStatus(id);
  }

  async listContainers(sandboxId?: string): Promise<readonly ContainerStatus[]> {
    if (sandboxId !== undefined) return (await this.#ofSandbox(sandboxId)).listContainers(sandboxId);
    return (await Promise.all([this.#builtin.listContainers(), this.#others.listContainers()])).flat();
  }

  async updateContainerResources(id: string, resources: ContainerResources): Promise<void> {
    await (await this.#ofContainer(id)).updateContainerResources(id, resources);
  }

  async reopenContainerLog(id: string): Promise<void> {
    await (await this.#ofContainer(id)).reopenContainerLog(id);
  }

  async containerStats(id: string, wanted?: WantedStats): Promise<ContainerStats | undefined> {
    return (await this.#ofContainer(id)).containerStats(id, wanted);
  }

  async execSync(
    id: string,
    command: readonly string[],
    timeoutSeconds: number,
  ): ReturnType<RuntimeService['execSync']> {
    return (await this.#ofContainer(id)).execSync(id, command, timeoutSeconds);
  }

  async exec(id: string, command: readonly string[], options: StreamOptions): Promise<StreamSession> {
    return (await this.#ofContainer(id)).exec(id, command, options);
  }

  async attach(id: string, options: StreamOptions): Promise<StreamSession> {
    return (await this.#ofContainer(id)).attach(id, options);
  }

  async portForward(sandboxId: string, port: number): Promise<NodeJS.ReadWriteStream> {
    return (await this.#ofSandbox(sandboxId)).portForward(sandboxId, port);
  }

  async *events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const both = new Subscription<RuntimeEvent>({ capacity: eventCapacity });
    const forward = async (runtime: RuntimeService): Promise<void> => {
      for await (const event of runtime.events(signal)) both.push(event);
    };
    const forwarding = Promise.all([forward(this.#builtin), forward(this.#others)]).then(
      () => both.end(),
      (error: unknown) => both.end(error instanceof Error ? error : new Error(String(error))),
    );
    yield* both;
    await forwarding;
  }

  async #ofSandbox(id: string): Promise<RuntimeService> {
    return (await this.#builtin.podSandboxStatus(id)) === undefined ? this.#others : this.#builtin;
  }

  async #ofContainer(id: string): Promise<RuntimeService> {
    return (await this.#builtin.containerStatus(id)) === undefined ? this.#others : this.#builtin;
  }
}

/** Images likewise: those below `repository` have no content and are the agent's own. */
export class ImagesWithBuiltin implements ImageService {
  readonly #repository: string;
  readonly #builtin: ImageService;
  readonly #others: ImageService;

  constructor(repository: string, builtin: ImageService, others: ImageService) {
    this.#repository = repository;
    this.#builtin = builtin;
    this.#others = others;
  }

  listImages(): Promise<readonly ImageInfo[]> {
    return this.#others.listImages();
  }

  imageStatus(image: string): Promise<ImageInfo | undefined> {
    return this.#of(image).imageStatus(image);
  }

  pullImage(image: string, auth: readonly RegistryAuth[], signal: AbortSignal): Promise<PullResult> {
    return this.#of(image).pullImage(image, auth, signal);
  }

  removeImage(image: string): Promise<void> {
    return this.#others.removeImage(image);
  }

  imageFsInfo(): ReturnType<ImageService['imageFsInfo']> {
    return this.#others.imageFsInfo();
  }

  #of(image: string): ImageService {
    return image.startsWith(this.#repository) ? this.#builtin : this.#others;
  }
}
