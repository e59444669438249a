/**
 * Pods. Texts and defaults are upstream's: pkg/apis/core/v1/defaults.go, pkg/apis/core/validation/validation.go,
 * pkg/registry/core/pod/strategy.go and pkg/printers/internalversion/printers.go (printPod).
 */
import { describe, expect, test } from 'vitest';
import { cells } from '../rules/fixture.ts';
import { Pod } from './pod.ts';
import { pod, type Json } from './testing/pods.ts';

describe('columns', () => {
  const running = { ready: true, state: { running: {} }, restartCount: 0 };
  const ended = (reason: string, exitCode: number, more: Json = {}): Json => ({
    state: { terminated: { reason, exitCode, ...more } },
  });

  const row = (status: Json, spec: Json = {}, metadata: Json = {}): Json => ({ ...pod(spec), status, metadata });

  test('of a running pod, narrow and wide', () => {
    const status = { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }], containerStatuses: [{ name: 'web', ...running }] };
    expect(cells(Pod, row(status, { nodeName: 'node-1' }))).toEqual({
      Name: 'it',
      Ready: '1/1',
      Status: 'Running',
      Restarts: '0',
      Age: '60m',
      '+IP': '10.0.0.1',
      '+Node': 'node-1',
      '+Nominated Node': '<none>',
      '+Readiness Gates': '<none>',
    });
  });

  test('restarts say when the last one was', () => {
    const lastState = { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } };
    const status = { phase: 'Running', containerStatuses: [{ name: 'web', ...running, restartCount: 3, lastState }] };
    expect(cells(Pod, row(status))).toMatchObject({ Restarts: '3 (5m ago)' });
  });

  test.for<[string, Json, string]>([
    ['pending', row({ phase: 'Pending' }), 'Pending'],
    ['evicted', row({ phase: 'Failed', reason: 'Evicted' }), 'Evicted'],
    [
      'gated',
      row({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
      'SchedulingGated',
    ],
    [
      'creating',
      row({
        phase: 'Pending',
        containerStatuses: [{ name: 'web', state: { waiting: { reason: 'ContainerCreating' } } }],
      }),
      'ContainerCreating',
    ],
    [
      'completed',
      row({ phase: 'Succeeded', containerStatuses: [{ name: 'web', ...ended('Completed', 0) }] }),
      'Completed',
    ],
    [
      'failed without a reason',
      row({ phase: 'Failed', containerStatuses: [{ name: 'web', ...ended('', 3) }] }),
      'ExitCode:3',
    ],
    [
      'killed by a signal',
      row({ phase: 'Failed', containerStatuses: [{ name: 'web', ...ended('', 0, { signal: 9 }) }] }),
      'Signal:9',
    ],
    [
      'initializing',
      row(
        { phase: 'Pending', initContainerStatuses: [{ name: 'a', state: { running: {} } }] },
        { initContainers: [{ name: 'a', image: 'x' }] },
      ),
      'Init:0/1',
    ],
    [
      'broken in initialization',
      row(
        {
          phase: 'Pending',
          initContainerStatuses: [{ name: 'a', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
        },
        { initContainers: [{ name: 'a', image: 'x' }] },
      ),
      'Init:CrashLoopBackOff',
    ],
    [
      'half done',
      row({
        phase: 'Running',
        containerStatuses: [
          { name: 'web', ...ended('Completed', 0) },
          { name: 'b', ...running },
        ],
      }),
      'NotReady',
    ],
    ['leaving', row({ phase: 'Running' }, {}, { deletionTimestamp: '2026-01-01T00:10:00Z' }), 'Terminating'],
    ['leaving when done', row({ phase: 'Succeeded' }, {}, { deletionTimestamp: '2026-01-01T00:10:00Z' }), 'Succeeded'],
    [
      'lost',
      row({ phase: 'Running', reason: 'NodeLost' }, {}, { deletionTimestamp: '2026-01-01T00:10:00Z' }),
      'Unknown',
    ],
  ])('status of one that is %s', ([, content, expected]) => {
    expect(cells(Pod, content)['Status']).toBe(expected);
  });

  test('a sidecar counts among the containers', () => {
    const status = {
      phase: 'Running',
      initContainerStatuses: [{ name: 'side', ...running, started: true }],
      containerStatuses: [{ name: 'web', ...running }],
    };
    const spec = { initContainers: [{ name: 'side', image: 'x', restartPolicy: 'Always' }] };
    expect(cells(Pod, row(status, spec))).toMatchObject({ Ready: '2/2', Status: 'Running' });
  });
});
