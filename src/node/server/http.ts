/** What a route of the kubelet's server gets and gives. */
import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import type { NodeAgent } from '../agent.ts';
import { attemptsOf } from '../pod/history.ts';
import { observe } from '../pod/observe.ts';
import type { PodWorker } from '../pod/worker.ts';

export interface KubeletRequest {
  readonly agent: NodeAgent;
  readonly clock: Clock;
  readonly log: Logger;
  readonly incoming: IncomingMessage;
  readonly url: URL;
  /** The path's parts, decoded. */
  readonly parts: readonly string[];
  /** Aborted when the client goes. */
  readonly signal: AbortSignal;
}

export interface KubeletResponse {
  text(code: number, body: string): Promise<void>;
  json(value: unknown): Promise<void>;
  stream(type: string): Writable;
}

export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Throws HttpError with upstream's text. */
export function findPod(request: KubeletRequest, namespace: string, name: string, uid?: string): PodWorker {
  const worker = request.agent.pods.find(namespace, name, uid);
  if (worker === undefined) throw new HttpError(404, `pod does not exist`);
  return worker;
}

/** All attempts of a container, newest first, as the runtime has them now. */
export async function attempts(
  request: KubeletRequest,
  worker: PodWorker,
  name: string,
): Promise<readonly ContainerStatus[]> {
  const { runtime, config } = request.agent.options;
  return attemptsOf(await observe(runtime, worker.pod, config), name);
}

export async function runningContainer(
  request: KubeletRequest,
  worker: PodWorker,
  name: string,
): Promise<ContainerStatus> {
  const running = (await attempts(request, worker, name)).find((each) => each.state === 'running');
  if (running === undefined) throw new HttpError(404, `container not found ("${name}")`);
  return running;
}
