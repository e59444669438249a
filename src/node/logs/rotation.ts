/**
 * Keeps containers' logs from growing without bound: a log that is larger than allowed is renamed and a new one
 * begun; the oldest go. Looks every ten seconds, and sooner while a log grows fast.
 */
import { rename, rm, stat } from 'node:fs/promises';
import { timestamp, type Clock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { RuntimeService } from '../../runtime/runtime.ts';
import { logFiles } from './read-log.ts';

export interface RunningLog {
  readonly containerId: string;
  readonly path: string;
}

export interface RotationOptions {
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxSize: number;
  readonly maxFiles: number;
  readonly logs: () => readonly RunningLog[];
}

const calm = 10_000;
const hasty = 1000;

export class LogRotation {
  readonly name = 'log rotation';
  readonly #options: RotationOptions;
  readonly #sizes = new Map<string, number>();

  constructor(options: RotationOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const delay = await this.#look();
      await this.#options.clock.sleep(delay, signal).catch(() => {});
    }
  }

  /** How long to wait before the next look. */
  async #look(): Promise<number> {
    const { maxSize, log } = this.#options;
    const logs = this.#options.logs();
    const known = new Set(logs.map((each) => each.path));
    for (const path of this.#sizes.keys()) if (!known.has(path)) this.#sizes.delete(path);
    let delay = calm;
    for (const each of logs) {
      const size = await sizeOf(each.path);
      const grown = size - (this.#sizes.get(each.path) ?? 0);
      this.#sizes.set(each.path, size > maxSize ? 0 : size);
      if (grown > maxSize / 4) delay = hasty;
      if (size <= maxSize) continue;
      await this.rotate(each).catch((error: unknown) => {
        log.warn('cannot rotate a log', { path: each.path, error: messageOf(error) });
      });
    }
    return delay;
  }

  /** The writer goes on in the renamed file until it is told, so nothing is lost. */
  async rotate({ containerId, path }: RunningLog): Promise<void> {
    const { runtime, clock, maxFiles } = this.#options;
    const now = clock.now();
    const stamp = timestamp(now).replaceAll(/[-:]/g, '').replace('T', '-').replace('Z', '');
    const rotated = `${path}.${stamp}.${String(now % 1000).padStart(3, '0')}`;
    await rename(path, rotated);
    try {
      await runtime.reopenContainerLog(containerId);
    } catch (error) {
      // Back, so that the writer's file and the name agree again.
      await rename(rotated, path);
      throw error;
    }
    const old = (await logFiles(path)).filter((each) => each !== path);
    for (const file of old.slice(0, Math.max(0, old.length - (maxFiles - 1)))) await rm(file, { force: true });
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
