/** A container as a runtime tells of it: one that runs, but for the changes. */
import type { ContainerStatus } from '../../runtime/runtime.ts';

export function containerStatus(name: string, changes: Partial<ContainerStatus> = {}): ContainerStatus {
  const attempt = changes.attempt ?? 0;
  return {
    id: `${name}-${attempt}`,
    runtime: 'sim',
    sandboxId: 's0',
    name,
    attempt,
    state: 'running',
    createdAt: 0,
    startedAt: 0,
    finishedAt: 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: 'a',
    imageRef: 'a',
    userImage: 'a',
    labels: {},
    annotations: {},
    mounts: [],
    logPath: '',
    pid: 1,
    resources: {},
    ...changes,
  };
}
