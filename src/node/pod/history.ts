/** A pod's containers and sandboxes as the runtime knows them, put in order. Pure. */
import type { ContainerStatus, SandboxStatus } from '../../runtime/runtime.ts';

/** Everything that the runtime knows of one pod. */
export interface PodRuntime {
  readonly sandboxes: readonly SandboxStatus[];
  /** Of all sandboxes and attempts. */
  readonly containers: readonly ContainerStatus[];
}

export const nothingRuns: PodRuntime = { sandboxes: [], containers: [] };

const newestFirst = (a: ContainerStatus, b: ContainerStatus): number =>
  b.attempt - a.attempt || b.createdAt - a.createdAt;

/** The sandbox that counts: the newest. */
export function currentSandbox(runtime: PodRuntime): SandboxStatus | undefined {
  return runtime.sandboxes.toSorted((a, b) => b.metadata.attempt - a.metadata.attempt || b.createdAt - a.createdAt)[0];
}

/** All attempts of one container, newest first. */
export function attemptsOf(runtime: PodRuntime, name: string): readonly ContainerStatus[] {
  return runtime.containers.filter((each) => each.name === name).sort(newestFirst);
}

export const isAlive = (container: ContainerStatus): boolean => container.state === 'running';
export const hasLiving = (runtime: PodRuntime): boolean => runtime.containers.some(isAlive);
