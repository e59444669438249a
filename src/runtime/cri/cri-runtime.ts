/** containerd, CRI-O and whatever else speaks CRI v1, behind the runtime's interface. */
import { connect } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { connectInside } from '../oci/port-forward.ts';
import { signalNumber } from '../oci/signals.ts';
import {
  ExecTimeoutError,
  StartError,
  type ContainerConfig,
  type ContainerResources,
  type ContainerStats,
  type ContainerStatus,
  type RuntimeEvent,
  type RuntimeService,
  type SandboxConfig,
  type SandboxStatus,
  type StreamOptions,
  type StreamSession,
} from '../runtime.ts';
import type { Complete } from '../grpc/complete.ts';
import { GrpcError, deadlineExceededCode, isGone, type GrpcChannel } from '../grpc/channel.ts';
import {
  containerConfig,
  stopSignalAnnotation,
  containerStats,
  containerStatus,
  linuxResources,
  sandboxConfig,
  sandboxStatus,
} from './convert.ts';
import {
  AttachRequest,
  ContainerEvent,
  type ContainerEvent as CriEvent,
  ContainerIdRequest,
  ContainerIdResponse,
  ContainerStatsResponse,
  ContainerStatusResponse,
  CreateContainerRequest,
  Empty,
  eventTypes,
  ExecRequest,
  ExecSyncRequest,
  ExecSyncResponse,
  ListContainersRequest,
  ListContainersResponse,
  ListSandboxesResponse,
  RunSandboxRequest,
  SandboxIdRequest,
  SandboxIdResponse,
  SandboxStatusResponse,
  StatusResponse,
  StopContainerRequest,
  StreamResponse,
  UpdateResourcesRequest,
  VersionRequest,
  VersionResponse,
} from './messages.ts';
import { openStream } from './streams.ts';

/** Runtimes without an event stream are asked this often, in milliseconds. */
const pollInterval = 1_000;
/** While a container is given its time to stop, in milliseconds. */
const stopInterval = 50;

export class CriRuntime implements RuntimeService {
  readonly #channel: GrpcChannel;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Which sandbox a container belongs to, since its status does not say. */
  readonly #owners = new Map<string, string>();
  #name: string | undefined;

  constructor(channel: GrpcChannel, clock: Clock, log: Logger) {
    this.#channel = channel;
    this.#clock = clock;
    this.#log = log;
  }

  async version(): Promise<{ readonly name: string; readonly version: string }> {
    const { runtimeName, runtimeVersion } = await this.#channel.call('Version', VersionRequest, VersionResponse, {});
    return { name: runtimeName, version: runtimeVersion };
  }

  async problems(): Promise<readonly string[]> {
    try {
      const { status } = await this.#channel.call('Status', Empty, StatusResponse, {});
      const failing = (status?.conditions ?? []).filter((each) => !each.status);
      return failing.map(({ type, reason, message }) => `${type}: ${reason} ${message}`);
    } catch (error) {
      return [messageOf(error)];
    }
  }

  async runPodSandbox(config: SandboxConfig): Promise<string> {
    const request = { config: sandboxConfig(config), runtimeHandler: config.handler };
    return (
      (await this.#channel.call('RunPodSandbox', RunSandboxRequest, SandboxIdResponse, request)).podSandboxId ?? ''
    );
  }

  async stopPodSandbox(podSandboxId: string): Promise<void> {
    await this.#channel.call('StopPodSandbox', SandboxIdRequest, Empty, { podSandboxId }).catch(unlessGone);
  }

  async removePodSandbox(podSandboxId: string): Promise<void> {
    await this.#channel.call('RemovePodSandbox', SandboxIdRequest, Empty, { podSandboxId }).catch(unlessGone);
    for (const [container, sandbox] of this.#owners) if (sandbox === podSandboxId) this.#owners.delete(container);
  }

  async podSandboxStatus(podSandboxId: string): Promise<SandboxStatus | undefined> {
    try {
      const request = { podSandboxId, verbose: true };
      const { status, info } = await this.#channel.call(
        'PodSandboxStatus',
        SandboxIdRequest,
        SandboxStatusResponse,
        request,
      );
      return status === undefined ? undefined : sandboxStatus(status, info);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  async listPodSandboxes(): Promise<readonly SandboxStatus[]> {
    const { items } = await this.#channel.call('ListPodSandbox', Empty, ListSandboxesResponse, {});
    const all = await Promise.all(items.map(({ id }) => this.podSandboxStatus(id)));
    return all.filter((each) => each !== undefined);
  }

  async createContainer(podSandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
    const request = {
      podSandboxId,
      config: containerConfig(config, sandbox.namespaces),
      sandboxConfig: sandboxConfig(sandbox),
    };
    const { containerId } = await this.#channel.call(
      'CreateContainer',
      CreateContainerRequest,
      ContainerIdResponse,
      request,
    );
    this.#owners.set(containerId, podSandboxId);
    return containerId;
  }

  async startContainer(containerId: string): Promise<void> {
    try {
      await this.#channel.call('StartContainer', ContainerIdRequest, Empty, { containerId });
    } catch (error) {
      throw error instanceof GrpcError ? new StartError(error.details, { cause: error }) : error;
    }
  }

  async stopContainer(containerId: string, timeoutSeconds: number): Promise<void> {
    const timeout = (await this.#stoppedByItsSignal(containerId, timeoutSeconds)) ? 0 : timeoutSeconds;
    const patience = (timeout + 60) * 1000;
    await this.#channel
      .call('StopContainer', StopContainerRequest, Empty, { containerId, timeout }, patience)
      .catch(unlessGone);
  }

  /** Most runtimes only know the image's stop signal: the pod's own is sent, and waited for, from here. */
  async #stoppedByItsSignal(containerId: string, timeoutSeconds: number): Promise<boolean> {
    if (timeoutSeconds <= 0) return false;
    const status = await this.containerStatus(containerId);
    const signal = status?.annotations[stopSignalAnnotation];
    if (status?.state !== 'running' || signal === undefined || status.pid <= 0) return false;
    try {
      process.kill(status.pid, signalNumber(signal));
    } catch (error) {
      // It has just ended.
      if (codeOf(error) !== 'ESRCH') throw error;
    }
    const until = this.#clock.monotonic() + timeoutSeconds * 1000;
    while (this.#clock.monotonic() < until) {
      if ((await this.containerStatus(containerId))?.state !== 'running') break;
      await this.#clock.sleep(stopInterval);
    }
    return true;
  }

  async removeContainer(containerId: string): Promise<void> {
    await this.#channel.call('RemoveContainer', ContainerIdRequest, Empty, { containerId }).catch(unlessGone);
    this.#owners.delete(containerId);
  }

  async containerStatus(containerId: string): Promise<ContainerStatus | undefined> {
    const owner = this.#owners.get(containerId);
    if (owner === undefined) await this.#learnOwners();
    try {
      const request = { containerId, verbose: true };
      const { status, info } = await this.#channel.call(
        'ContainerStatus',
        ContainerIdRequest,
        ContainerStatusResponse,
        request,
      );
      if (status === undefined) return undefined;
      const runtime = (this.#name ??= (await this.version()).name);
      return containerStatus(status, { runtime, sandboxId: this.#owners.get(containerId) ?? '' }, info);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  async listContainers(sandboxId?: string): Promise<readonly ContainerStatus[]> {
    const ids = await this.#learnOwners(sandboxId);
    const all = await Promise.all(ids.map((id) => this.containerStatus(id)));
    return all.filter((each) => each !== undefined);
  }

  async #learnOwners(sandboxId?: string): Promise<readonly string[]> {
    const request = sandboxId === undefined ? {} : { filter: { podSandboxId: sandboxId } };
    const { containers } = await this.#channel.call(
      'ListContainers',
      ListContainersRequest,
      ListContainersResponse,
      request,
    );
    for (const { id, podSandboxId } of containers) this.#owners.set(id, podSandboxId);
    return containers.map(({ id }) => id);
  }

  async updateContainerResources(containerId: string, resources: ContainerResources): Promise<void> {
    const request = { containerId, linux: linuxResources(resources) };
    await this.#channel.call('UpdateContainerResources', UpdateResourcesRequest, Empty, request);
  }

  async reopenContainerLog(containerId: string): Promise<void> {
    await this.#channel.call('ReopenContainerLog', ContainerIdRequest, Empty, { containerId });
  }

  async containerStats(id: string): Promise<ContainerStats | undefined> {
    try {
      const { stats } = await this.#channel.call('ContainerStats', ContainerIdRequest, ContainerStatsResponse, {
        containerId: id,
      });
      return stats === undefined ? undefined : containerStats(id, stats, this.#clock.now());
    } catch (error) {
      if (error instanceof GrpcError) return undefined;
      throw error;
    }
  }

  async execSync(
    containerId: string,
    command: readonly string[],
    timeoutSeconds: number,
  ): Promise<{ readonly stdout: Uint8Array; readonly stderr: Uint8Array; readonly exitCode: number }> {
    const request = { containerId, cmd: command, timeout: Math.ceil(timeoutSeconds) };
    const patience = timeoutSeconds > 0 ? (timeoutSeconds + 60) * 1000 : 0;
    const { stdout, stderr, exitCode } = await this.#channel
      .call('ExecSync', ExecSyncRequest, ExecSyncResponse, request, patience)
      .catch((error: unknown) => {
        throw execError(error, timeoutSeconds);
      });
    return { stdout: Buffer.from(stdout, 'base64'), stderr: Buffer.from(stderr, 'base64'), exitCode };
  }

  async exec(containerId: string, command: readonly string[], options: StreamOptions): Promise<StreamSession> {
    const request = { containerId, cmd: command, ...options, stderr: options.stderr && !options.tty };
    const { url } = await this.#channel.call('Exec', ExecRequest, StreamResponse, request);
    return await openStream(url, options);
  }

  async attach(containerId: string, options: StreamOptions): Promise<StreamSession> {
    const request = { containerId, ...options, stderr: options.stderr && !options.tty };
    const { url } = await this.#channel.call('Attach', AttachRequest, StreamResponse, request);
    // containerd hangs up as soon as the container has ended, sometimes before its last word is out.
    return await openStream(url, options, { silent: { exitCode: 0 } });
  }

  /** Straight into the sandbox's network, without the runtime: it would only do the same. */
  async portForward(sandboxId: string, port: number): Promise<NodeJS.ReadWriteStream> {
    const status = await this.podSandboxStatus(sandboxId);
    if (status?.state !== 'ready') throw new Error(`sandbox "${sandboxId}" is not running`);
    return status.networkNamespace === undefined
      ? connect(port, '127.0.0.1')
      : connectInside(status.networkNamespace, port);
  }

  /** The runtime's own stream where it has one; else differences between two looks. */
  async *events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const stream = this.#channel.stream('GetContainerEvents', Empty, ContainerEvent, {});
    const cancel = (): void => stream.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      for await (const event of stream) {
        const { containerId, containerEventType, podSandboxStatus } = event as Complete<CriEvent>;
        const sandboxId = podSandboxStatus?.id ?? this.#owners.get(containerId) ?? '';
        const type = eventTypes[containerEventType] ?? 'stopped';
        yield { type, sandboxId, ...(containerId === sandboxId ? {} : { containerId }) };
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#log.info('the runtime has no event stream and is asked instead', { error: messageOf(error) });
    } finally {
      signal.removeEventListener('abort', cancel);
    }
    if (!signal.aborted) yield* this.#poll(signal);
  }

  async *#poll(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    let known = new Map<string, ContainerStatus>();
    while (!signal.aborted) {
      const now = new Map((await this.listContainers()).map((status) => [status.id, status]));
      for (const [id, status] of now) {
        if (known.get(id)?.state !== status.state)
          yield { type: typeOf(status), sandboxId: status.sandboxId, containerId: id };
      }
      for (const [id, status] of known) {
        if (!now.has(id)) yield { type: 'deleted', sandboxId: status.sandboxId, containerId: id };
      }
      known = now;
      await this.#clock.sleep(pollInterval, signal).catch(() => {});
    }
  }
}

function typeOf({ state }: ContainerStatus): RuntimeEvent['type'] {
  if (state === 'created') return 'created';
  return state === 'running' ? 'started' : 'stopped';
}

/** CRI has no codes for these: what runtimes write is known. */
function execError(error: unknown, timeoutSeconds: number): unknown {
  if (!(error instanceof GrpcError)) return error;
  if (error.code === deadlineExceededCode || /timeout .* exceeded|timed out/.test(error.message))
    return new ExecTimeoutError(`the command took longer than ${timeoutSeconds}s`, { cause: error });
  return /exec failed|failed to start exec/.test(error.message)
    ? new StartError(error.details, { cause: error })
    : error;
}

function unlessGone(error: unknown): void {
  if (!isGone(error)) throw error;
}
