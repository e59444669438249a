/** GET /containerLogs/NAMESPACE/POD/CONTAINER */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { ContainerState } from '../../api/core/pod-status.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { readLog } from '../logs/read-log.ts';
import { findContainer, logFile, logPath, podPaths } from '../pod/names.ts';
import type { PodWorker } from '../pod/worker.ts';
import { attempts, findPod, HttpError, type KubeletRequest, type KubeletResponse } from './http.ts';
import type { ContainerStatus, RuntimeService } from '../../runtime/runtime.ts';

export async function containerLogs(request: KubeletRequest, response: KubeletResponse): Promise<void> {
  const [, namespace = '', name = '', containerName = ''] = request.parts;
  const worker = findPod(request, namespace, name);
  if (findContainer(worker.pod, containerName) === undefined) {
    throw new HttpError(404, `container "${containerName}" not found in pod "${name}"`);
  }
  const log = await wantedLog(request, worker, containerName);
  const { config, runtime } = request.agent.options;
  const query = request.url.searchParams;
  const follow = query.get('follow') === 'true';
  const tailLines = numeric(query, 'tailLines');
  const limitBytes = numeric(query, 'limitBytes');
  const since = sinceOf(request);
  const stream = streamOf(query);
  const changes = new AbortController();
  const pieces = readLog({
    path: logPath(podPaths(config, worker.pod).logs, log.logPath),
    follow,
    timestamps: query.get('timestamps') === 'true',
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(since === undefined ? {} : { since }),
    ...(stream === undefined ? {} : { stream }),
    signal: request.signal,
    running: async () => (await runtime.containerStatus(log.id))?.state === 'running',
    onStateChange: (action) => {
      void followState(runtime, log.id, action, changes.signal);
      return () => changes.abort(new Error('the log has been read'));
    },
  });
  const out = response.stream('text/plain');
  for await (const piece of pieces) {
    if (!out.write(piece)) await writable(request, out);
    if (request.signal.aborted) return;
  }
  out.end();
  await finished(out).catch(() => {
    // The client left first.
  });
}

function writable(request: KubeletRequest, out: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    out.once('drain', resolve);
    request.signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function followState(
  runtime: RuntimeService,
  id: string,
  action: () => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of runtime.events(signal)) if (event.containerId === id) action();
  } catch {
    // Without events the log itself still wakes the reader; look once more now.
  }
  action();
}

type Log = Pick<ContainerStatus, 'id' | 'logPath'>;

async function wantedLog(request: KubeletRequest, worker: PodWorker, name: string): Promise<Log> {
  const all = (await attempts(request, worker, name)).filter((each) => each.state !== 'created');
  const describe = `container "${name}" in pod "${worker.pod.metadata.name}"`;
  if (request.url.searchParams.get('previous') === 'true') {
    const previous = all[0]?.state !== 'running' && worker.isWaiting(name) ? all[0] : all[1];
    if (previous === undefined) throw new HttpError(400, `previous terminated ${describe} not found`);
    return previous;
  }
  const current = all[0] ?? (await leftLog(request, worker, name));
  if (current !== undefined) return current;
  throw new HttpError(400, whyNone(toldState(request, worker, name), describe));
}

function whyNone({ terminated, waiting }: ContainerState, describe: string): string {
  // It has run, and its log was the price of a full disk.
  if (terminated !== undefined) return `unable to retrieve container logs for ${terminated.containerID ?? describe}`;
  const reason = waiting?.reason ?? 'ContainerCreating';
  return `${describe} is waiting to start: ${imageReasons.has(reason) ? 'trying and failing to pull image' : reason}`;
}

/** The runtime has lost the container's record, but what it wrote is still there. */
async function leftLog(request: KubeletRequest, worker: PodWorker, name: string): Promise<Log | undefined> {
  const { logs } = podPaths(request.agent.options.config, worker.pod);
  const names = await readdir(join(logs, name)).catch((): string[] => []);
  const numbers = names.map((each) => /^(\d+)\.log$/.exec(each)?.[1]).filter((each) => each !== undefined);
  const newest = numbers.map(Number).sort((a, b) => b - a)[0];
  return newest === undefined ? undefined : { id: '', logPath: logFile(name, newest) };
}

const imageReasons: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName']);

function toldState(request: KubeletRequest, worker: PodWorker, name: string): ContainerState {
  const { containerStatuses = [], initContainerStatuses = [] } = request.agent.statusOf(worker.pod.metadata.uid) ?? {};
  return [...containerStatuses, ...initContainerStatuses].find((each) => each.name === name)?.state ?? {};
}

function numeric(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new HttpError(400, `${name} must be greater than or equal to 0`);
  return value;
}

function sinceOf(request: KubeletRequest): number | undefined {
  const time = request.url.searchParams.get('sinceTime');
  if (time !== null) {
    const at = parseTimestamp(time);
    if (Number.isNaN(at)) throw new HttpError(400, `sinceTime: "${time}" is not a time`);
    return at;
  }
  const seconds = numeric(request.url.searchParams, 'sinceSeconds');
  return seconds === undefined ? undefined : request.clock.now() - seconds * 1000;
}

function streamOf(query: URLSearchParams): 'stdout' | 'stderr' | undefined {
  const stream = query.get('stream');
  if (stream === 'Stdout') return 'stdout';
  return stream === 'Stderr' ? 'stderr' : undefined;
}
