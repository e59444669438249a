import { describe, expect, test } from 'vitest';
import { planLines, progressOf, troubleOf } from './sentences.ts';
import { explainedKind } from './kinds.ts';

const metadata = { name: 'web', namespace: 'default', uid: 'u' };

describe('how far it is', () => {
  test.each([
    [
      'Deployment',
      { replicas: 3 },
      { availableReplicas: 1, updatedReplicas: 2 },
      '1 of 3 pods available, 2 up to date',
    ],
    ['StatefulSet', {}, {}, '0 of 1 pods available'],
    ['DaemonSet', {}, { desiredNumberScheduled: 2, numberAvailable: 1 }, 'pods available on 1 of 2 nodes'],
    ['DaemonSet', {}, {}, 'no node is to have a pod of it: its node selector, affinity and tolerations fit none'],
    [
      'Job',
      { completions: 5, backoffLimit: 2 },
      { succeeded: 1, failed: 1 },
      '1 succeeded, 0 active, 1 failed; it takes 5 to complete, and 2 failures are forgiven',
    ],
    ['CronJob', { suspend: true }, {}, 'suspended'],
    ['PersistentVolumeClaim', {}, { phase: 'Pending' }, 'Pending'],
    ['HorizontalPodAutoscaler', {}, {}, undefined],
  ])('%s', (kind, spec, status, expected) => {
    expect(progressOf(kind, { metadata, spec, status })).toBe(expected);
  });
});

describe('what is wrong with a pod', () => {
  const on = { nodeName: 'a' };
  const ready = (status: string, message?: string): object[] => [{ type: 'Ready', status, message }];
  const container = (state: object): object[] => [{ name: 'c', ready: false, state }];
  test.each<readonly [string, object, object, string | undefined]>([
    ['nothing', on, { phase: 'Running', conditions: ready('True') }, undefined],
    ['nothing: it is done', on, { phase: 'Succeeded' }, undefined],
    [
      'no node',
      {},
      { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }] },
      'has no node, Unschedulable: 0/1 nodes',
    ],
    ['not looked at', {}, {}, 'has no node yet'],
    [
      'its image',
      on,
      { containerStatuses: container({ waiting: { reason: 'ErrImagePull', message: 'no such host' } }) },
      'has trouble on a: container c waits: ErrImagePull: no such host',
    ],
    [
      'an init container before the others',
      on,
      {
        initContainerStatuses: container({ terminated: { exitCode: 3, reason: 'Error' } }),
        containerStatuses: container({ waiting: { reason: 'PodInitializing' } }),
      },
      'has trouble on a: container c ended with exit code 3 (Error)',
    ],
    ['a probe', on, { conditions: ready('False', 'unready: [c]') }, 'is on a and not ready: unready: [c]'],
    [
      'an eviction',
      on,
      { phase: 'Failed', reason: 'Evicted', message: 'low on memory' },
      'has failed (Evicted: low on memory)',
    ],
  ])('%s', (_, spec, status, expected) => {
    expect(troubleOf({ metadata, spec, status })).toBe(expected);
  });

  test('it goes', () => {
    const going = { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(troubleOf({ metadata: going, spec: on })).toBe('is being deleted since 2026-01-01T00:00:00Z');
  });
});

test('a plan is shown by what it wants, objects by their names, without what the status says anyway', () => {
  const plan = {
    status: { replicas: 1 },
    after: 5,
    events: [],
    create: [],
    removedCount: false,
    remove: [{ metadata: { name: 'web-1' } }, { metadata: { name: 'web-2' } }],
    steps: [{ type: 'scale', to: 3 }],
  };
  expect(planLines(plan)).toEqual(['remove: web-1, web-2', 'steps: {"type":"scale","to":3}']);
  expect(planLines(undefined)).toEqual([]);
});

test.each([
  ['deployments', 'Deployment'],
  ['hpa', 'HorizontalPodAutoscaler'],
  ['deployment.apps', 'Deployment'],
  ['nothing', undefined],
])('%s is called %s', (name, kind) => {
  expect(explainedKind(name)?.kind).toBe(kind);
});
