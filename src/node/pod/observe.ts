/** What the runtime knows of one pod, with the messages that its containers left when they ended. */
import { open } from 'node:fs/promises';
import type { Pod } from '../../api/core/pod.ts';
import { codeOf } from '../../base/errors.ts';
import type { ContainerStatus, RuntimeService } from '../../runtime/runtime.ts';
import type { NodeConfig } from '../config.ts';
import type { PodRuntime } from './history.ts';
import { annotation, logPath, podPaths } from './names.ts';

type Paths = Pick<NodeConfig, 'rootDirectory' | 'podLogsDirectory'>;

const longestMessage = 4096;
const fallbackLines = 80;
const fallbackBytes = 2048;

export async function observe(runtime: RuntimeService, pod: Pod, paths: Paths): Promise<PodRuntime> {
  const { uid } = pod.metadata;
  const sandboxes = (await runtime.listPodSandboxes()).filter((each) => each.metadata.uid === uid);
  const lists = await Promise.all(sandboxes.map(({ id }) => runtime.listContainers(id)));
  const containers = await Promise.all(lists.flat().map((each) => withMessage(each, pod, paths)));
  return { sandboxes, containers };
}

async function withMessage(container: ContainerStatus, pod: Pod, paths: Paths): Promise<ContainerStatus> {
  if (container.state !== 'exited') return container;
  const own = podPaths(paths, pod);
  const written = await head(own.terminationLog(container.name, container.attempt));
  if (written !== '') return { ...container, message: written };
  const falls = container.annotations[annotation.terminationMessagePolicy] === 'FallbackToLogsOnError';
  if (!falls || container.exitCode === 0) return container;
  const text = await tail(logPath(own.logs, container.logPath));
  return text === '' ? container : { ...container, message: text };
}

async function head(path: string): Promise<string> {
  return readPart(path, () => 0, longestMessage);
}

/** The log's last lines without their CRI prefixes. */
async function tail(path: string): Promise<string> {
  // Prefixes take up to 50 bytes a line, so read more than is shown.
  const wanted = fallbackBytes + fallbackLines * 64;
  const text = await readPart(path, (size) => Math.max(0, size - wanted), wanted);
  const lines = text.split('\n').filter((line) => /^\S+ (?:stdout|stderr) [FP] /.test(line));
  return lines.slice(-fallbackLines).map(written).join('').slice(-fallbackBytes);
}

/** What the container wrote: `P` marks a piece of a line, which has no end. */
function written(line: string): string {
  const [, , tag, ...words] = line.split(' ');
  return `${words.join(' ')}${tag === 'F' ? '\n' : ''}`;
}

async function readPart(path: string, from: (size: number) => number, length: number): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from(size));
      return buffer.subarray(0, bytesRead).toString();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}
