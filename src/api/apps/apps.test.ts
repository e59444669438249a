/**
 * Deployments, ReplicaSets, DaemonSets and StatefulSets. Texts are upstream's: pkg/apis/apps/v1/defaults.go,
 * pkg/apis/apps/validation/validation.go and pkg/printers/internalversion/printers.go.
 */
import { describe, expect, test } from 'vitest';
import type { Kind } from '../kind.ts';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { ControllerRevision } from './controller-revision.ts';
import { DaemonSet } from './daemon-set.ts';
import { Deployment } from './deployment.ts';
import { ReplicaSet } from './replica-set.ts';
import { StatefulSet } from './stateful-set.ts';

type Json = Readonly<Record<string, unknown>>;

const labels = { app: 'web' };
const template: Json = {
  metadata: { labels },
  spec: {
    containers: [
      { name: 'web', image: 'nginx:1' },
      { name: 'side', image: 'busybox' },
    ],
  },
};
const workload = (spec: Json = {}): Json => ({ spec: { selector: { matchLabels: labels }, template, ...spec } });

describe('defaults', () => {
  test.for<[Kind, Json]>([
    [
      Deployment,
      {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
    ],
    [ReplicaSet, { replicas: 1 }],
    [
      DaemonSet,
      {
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
        revisionHistoryLimit: 10,
      },
    ],
    [
      StatefulSet,
      {
        replicas: 1,
        podManagementPolicy: 'OrderedReady',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        revisionHistoryLimit: 10,
      },
    ],
  ])('$0.kind', ([kind, expected]) => {
    expect(made(kind, workload())['spec']).toMatchObject(expected);
  });

  test('a deployment that stops its old pods first has no numbers', () => {
    expect(made(Deployment, workload({ strategy: { type: 'Recreate' } }))['spec']).toMatchObject({
      strategy: { type: 'Recreate' },
    });
  });
});

describe('columns', () => {
  const wide = { '+Containers': 'web,side', '+Images': 'nginx:1,busybox', '+Selector': 'app=web' };

  test.for<[Kind, Json, Json]>([
    [
      Deployment,
      { ...workload({ replicas: 3 }), status: { readyReplicas: 2, updatedReplicas: 1, availableReplicas: 2 } },
      { Name: 'it', Ready: '2/3', 'Up-to-date': 1, Available: 2, Age: '60m', ...wide },
    ],
    [
      ReplicaSet,
      { ...workload({ replicas: 3 }), status: { replicas: 3, readyReplicas: 2 } },
      { Name: 'it', Desired: 3, Current: 3, Ready: 2, Age: '60m', ...wide },
    ],
    [
      DaemonSet,
      {
        ...workload(),
        status: {
          desiredNumberScheduled: 3,
          currentNumberScheduled: 2,
          numberReady: 1,
          updatedNumberScheduled: 1,
          numberAvailable: 1,
        },
      },
      {
        Name: 'it',
        Desired: 3,
        Current: 2,
        Ready: 1,
        'Up-to-date': 1,
        Available: 1,
        'Node Selector': '<none>',
        Age: '60m',
        ...wide,
      },
    ],
    [
      StatefulSet,
      { ...workload({ replicas: 3 }), status: { readyReplicas: 1 } },
      { Name: 'it', Ready: '1/3', Age: '60m', '+Containers': 'web,side', '+Images': 'nginx:1,busybox' },
    ],
    [
      ControllerRevision,
      {
        metadata: {
          name: 'it',
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true }],
        },
        revision: 4,
      },
      { Name: 'it', Controller: 'daemonset.apps/d', Revision: 4, Age: '60m' },
    ],
  ])('$0.kind', ([kind, content, expected]) => {
    expect(cells(kind, content)).toEqual(expected);
  });
});

describe('complaints', () => {
  const emptySelector = (spec: Json = {}): Json => workload({ selector: {}, ...spec });

  test.for<[Kind, string, Json, string[]]>([
    [Deployment, 'nothing wrong', workload(), []],
    [ReplicaSet, 'nothing wrong', workload(), []],
    [DaemonSet, 'nothing wrong', workload(), []],
    [StatefulSet, 'nothing wrong', workload(), []],
    [
      Deployment,
      'an empty selector',
      emptySelector(),
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      Deployment,
      'a selector beside the labels',
      workload({ selector: { matchLabels: { app: 'other' } } }),
      ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
    ],
    [
      Deployment,
      'a restart policy',
      workload({ template: { ...template, spec: { ...(template['spec'] as Json), restartPolicy: 'Never' } } }),
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      Deployment,
      'no pod may go and none may come',
      workload({ strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } } }),
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
    ],
    [
      Deployment,
      'a strategy with the numbers of the other',
      workload({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      Deployment,
      'a deadline before a pod can be ready',
      workload({ minReadySeconds: 600 }),
      ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
    ],
    [
      ReplicaSet,
      'fewer than no replicas',
      workload({ replicas: -1 }),
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      StatefulSet,
      'a policy nobody knows',
      workload({ podManagementPolicy: 'Random' }),
      ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
    ],
  ])('$0.kind: $1', ([kind, , content, expected]) => {
    expect(complaints(kind, content)).toEqual(expected);
  });

  test.for<[Kind, Json, string]>([
    [Deployment, { selector: { matchLabels: { app: 'web', b: '1' } } }, 'spec.selector: Invalid value'],
    [ReplicaSet, { selector: { matchLabels: { app: 'web', b: '1' } } }, 'spec.selector: Invalid value'],
    [DaemonSet, { selector: { matchLabels: { app: 'web', b: '1' } } }, 'spec.selector: Invalid value'],
    [
      StatefulSet,
      { serviceName: 'other' },
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ],
  ])('$0.kind may not change %j', ([kind, change, complaint]) => {
    const more = { metadata: { labels: { app: 'web', b: '1' } }, spec: template['spec'] };
    const found = updateComplaints(kind, workload({ template: more }), workload({ template: more, ...change }));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(complaint);
  });
});

test('scale is where upstream has it', () => {
  for (const kind of [Deployment, ReplicaSet, StatefulSet])
    expect(Object.keys(kind.subresources)).toEqual(['status', 'scale']);
  expect(Object.keys(DaemonSet.subresources)).toEqual(['status']);
});
