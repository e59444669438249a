/** Killing a cluster's processes, at moments that a printed seed repeats. */
import { readFileSync } from 'node:fs';
import { eventually, type TestCluster } from './cluster.ts';

export interface ProcessState {
  readonly pid: number;
  readonly ready: boolean;
}

/** What a process says about itself; undefined while there is nothing to read. */
export function stateOf(cluster: TestCluster, process_: string): ProcessState | undefined {
  try {
    return JSON.parse(readFileSync(`/run/coracle/${cluster.name}/${process_}.json`, 'utf8')) as ProcessState;
  } catch {
    return undefined;
  }
}

export const agentOf = (cluster: TestCluster): string => `agent-${cluster.name}-1`;

/** kill -9. Returns the pid that it had. */
export function killHard(cluster: TestCluster, process_: string): number {
  const pid = stateOf(cluster, process_)?.pid ?? 0;
  try {
    if (pid > 1) process.kill(pid, 'SIGKILL');
  } catch {
    // It is just being started again.
  }
  return pid;
}

/** Waits until another process than `before` is ready under that name. */
export function readyAgain(cluster: TestCluster, process_: string, before: number): Promise<unknown> {
  return eventually(`${process_} is ready again`, () => {
    const state = stateOf(cluster, process_);
    return Promise.resolve(state !== undefined && state.pid !== before && state.ready);
  });
}

/** Pseudo-random numbers in [0, 1) from a seed that `CORACLE_TEST_SEED` sets, and that is printed. */
export function seededRandom(test: string): () => number {
  let state = Number(process.env['CORACLE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${test}: repeat with CORACLE_TEST_SEED=${state}`);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
