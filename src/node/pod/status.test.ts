/** What is told of containers when a power cut has taken the runtime's records of some. */
import { expect, test } from 'vitest';
import type { ContainerStatus as ApiContainerStatus, PodStatus } from '../../api/core/pod-status.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import { containerStatus } from '../testing/container-status.ts';
import { podStatus } from './status.ts';

const container = (attempt: number, changes: Partial<ContainerStatus> = {}): ContainerStatus =>
  containerStatus('main', { attempt, ...changes });

function statusOf(
  containers: readonly ContainerStatus[],
  before: Partial<ApiContainerStatus>,
  changes: { readonly terminated?: boolean; readonly policy?: 'Always' | 'Never' } = {},
): PodStatus {
  const { terminated = false, policy = 'Always' } = changes;
  const metadata: Pod['metadata'] = { name: 'web', uid: 'u1', resourceVersion: '1', creationTimestamp: '' };
  const main = { name: 'main', image: 'a', imageID: '', ready: true, restartCount: 0, ...before };
  return podStatus({
    pod: { metadata, spec: { containers: [{ name: 'main', image: 'a' }], restartPolicy: policy } },
    runtime: { sandboxes: [], containers },
    previous: { phase: 'Running', containerStatuses: [main] },
    now: 1000,
    hostIps: [],
    waiting: new Map(),
    probes: { started: () => true, ready: () => true },
    verdict: undefined,
    terminated,
  });
}

const main = ({ containerStatuses: [status] = [] }: PodStatus): ApiContainerStatus | undefined => status;
const unknown = { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } };

test('one that ran and is lost waits to start, and how it ended is unknown', () => {
  const lost = statusOf([], { restartCount: 1, state: { running: {} } });
  expect(main(lost)).toMatchObject({
    state: { waiting: { reason: 'ContainerCreating' } },
    lastState: unknown,
    restartCount: 1,
  });
  // Started again, it still knows.
  expect(main(statusOf([container(2)], main(lost)!))).toMatchObject({
    state: { running: {} },
    lastState: unknown,
    restartCount: 2,
  });
});

test('one of which only older records are left never counts backwards', () => {
  const older = container(1, { state: 'exited', exitCode: 1 });
  const lost = statusOf([older], { restartCount: 2, state: { running: {} } });
  expect(main(lost)).toMatchObject({ state: { waiting: {} }, lastState: unknown, restartCount: 2 });
  const again = statusOf([container(3), older], main(lost)!);
  expect(main(again)).toMatchObject({ state: { running: {} }, lastState: unknown, restartCount: 3 });
});

test('one of a pod that is over has ended, however little is known of it', () => {
  const lost = statusOf([], { state: { running: {} } }, { policy: 'Never' });
  expect(lost.phase).toBe('Failed');
  const over = statusOf([], main(lost)!, { policy: 'Never', terminated: true });
  expect([over.phase, main(over)?.restartCount]).toEqual(['Failed', 0]);
  expect(main(over)?.state).toMatchObject(unknown);
});

test('one that restarts as ever tells how the attempt before it ended', () => {
  const dead = container(0, { state: 'exited', exitCode: 3 });
  const again = statusOf([container(1), dead], { state: { terminated: { exitCode: 3, reason: 'Error' } } });
  expect(main(again)?.lastState).toMatchObject({ terminated: { exitCode: 3, reason: 'Error' } });
});
