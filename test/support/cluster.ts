/** A cluster of its own for a test file: started with the real command line, gone without a trace afterwards. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type RunResult } from './clients.ts';

const launcher = join(import.meta.dirname, '..', '..', 'coracle');

export interface TestCluster {
  readonly name: string;
  readonly folder: string;
  readonly kubeconfig: string;
  coracle(...args: readonly string[]): Promise<RunResult>;
  up(...args: readonly string[]): Promise<RunResult>;
  /** Stops the cluster and deletes everything; fails when anything is left behind. */
  destroy(): Promise<void>;
}

export function testCluster(name: string): TestCluster {
  const folder = mkdtempSync(join(tmpdir(), `coracle-${name}-`));
  const kubeconfig = join(folder, 'kubeconfig');
  const flags = ['--name', name, '--data-dir', join(folder, 'data')];
  const coracle = (...args: readonly string[]): Promise<RunResult> =>
    run(launcher, [...args, ...flags], { timeout: 300_000, env: { KUBECONFIG: kubeconfig } });
  return {
    name,
    folder,
    kubeconfig,
    coracle,
    up: (...args) => coracle('up', '--port', '0', ...args),
    async destroy() {
      const { code, stdout, stderr } = await coracle('reset', '--yes');
      const mounts = readFileSync('/proc/self/mounts', 'utf8')
        .split('\n')
        .filter((line) => line.includes(folder) || line.includes(`coracle/${name}/`));
      rmSync(folder, { recursive: true, force: true });
      if (code !== 0) throw new Error(`reset failed: ${stdout}${stderr}`);
      if (mounts.length > 0) throw new Error(`mounts left behind:\n${mounts.join('\n')}`);
    },
  };
}

/** Calls `probe` until it returns something else than undefined or false. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  timeout = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeout;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(
    `${what} did not happen within ${timeout / 1000} s${last instanceof Error ? `: ${last.message}` : ''}`,
  );
}
