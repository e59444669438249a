/** A cluster of its own for a test file: started with the real command line, gone without a trace afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type RunResult } from './clients.ts';
import { traces } from './traces.ts';

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

/** Its data go into a new temporary folder, or into one that is there: a cluster in it starts again. */
export function testCluster(
  name: string,
  folder: string = mkdtempSync(join(tmpdir(), `coracle-${name}-`)),
): TestCluster {
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
      if (code !== 0) throw new Error(`reset failed: ${stdout}${stderr}`);
      rmSync(folder, { recursive: true, force: true });
      const left = traces({ name, folder });
      if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
    },
  };
}

/** Calls `probe` until it returns something else than undefined, null (what a failed match is) or false. */
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
      if (value !== undefined && value !== null && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(
    `${what} did not happen within ${timeout / 1000} s${last instanceof Error ? `: ${last.message}` : ''}`,
  );
}
