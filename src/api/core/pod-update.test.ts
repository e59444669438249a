/**
 * Pods. Texts and defaults are upstream's: pkg/apis/core/v1/defaults.go, pkg/apis/core/validation/validation.go,
 * pkg/registry/core/pod/strategy.go and pkg/printers/internalversion/printers.go (printPod).
 */
import { describe, expect, test } from 'vitest';
import { faultMessage } from '../../schema/fault.ts';
import { made, updateComplaints } from '../rules/fixture.ts';
import { Pod } from './pod.ts';
import { podResizeFaults } from './validate-pod-resize.ts';
import { bindingFaults, ephemeralContainersUpdateFaults } from './validate-pod.ts';
import { container, pod, withContainer, type Json } from './testing/pods.ts';

describe('an update', () => {
  test('may change an image', () => {
    expect(updateComplaints(Pod, pod(), withContainer({ image: 'nginx:2' }))).toEqual([]);
  });

  test('may not change much else', () => {
    const [first, ...rest] = updateComplaints(Pod, pod(), pod({ hostname: 'a' }))
      .join()
      .split('\n');
    expect(first).toBe(
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    );
    expect(rest).toEqual(['+ hostname: "a"']);
  });

  test.for<[string, Json, Json, string]>([
    [
      'add a container',
      pod(),
      pod({ containers: [container(), container({ name: 'b' })] }),
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
    [
      'prolong a deadline',
      pod({ activeDeadlineSeconds: 5 }),
      pod({ activeDeadlineSeconds: 6 }),
      'spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value',
    ],
    [
      'take a toleration away',
      pod({ tolerations: [{ key: 'a', operator: 'Exists' }] }),
      pod(),
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ],
    [
      'add a gate',
      pod({ schedulingGates: [{ name: 'a' }] }),
      pod({ schedulingGates: [{ name: 'b' }] }),
      "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'b'",
    ],
  ])('may not %s', ([, old, young, expected]) => {
    expect(updateComplaints(Pod, old, young)).toEqual([expected]);
  });

  test('through /status may not bring a container back that ended for good', () => {
    const status = (state: Json): Json => ({ containerStatuses: [{ name: 'web', state }] });
    const old = made(Pod, { ...pod({ restartPolicy: 'Never' }), status: status({ terminated: { exitCode: 0 } }) });
    const young = made(Pod, { ...pod({ restartPolicy: 'Never' }), status: status({ running: {} }) });
    expect(Pod.validateStatusUpdate?.(young as never, old as never)).toMatchObject([
      { path: 'status.containerStatuses[0].state', body: 'Forbidden: may not be transitioned to non-terminated state' },
    ]);
  });

  test('through /ephemeralcontainers adds, but takes nothing away', () => {
    const one = made(Pod, pod({ ephemeralContainers: [{ name: 'debug', image: 'a' }] }));
    const none = made(Pod, pod());
    expect(ephemeralContainersUpdateFaults(one, none)).toEqual([]);
    expect(ephemeralContainersUpdateFaults(none, one)).toMatchObject([
      {
        path: 'spec.ephemeralContainers',
        body: 'Forbidden: existing ephemeral containers "debug" may not be removed\n',
      },
    ]);
  });
});

test('a binding names a node', () => {
  expect(bindingFaults({ kind: 'Pod', name: '' })).toMatchObject([
    { path: 'target.kind', body: 'Unsupported value: "Pod": supported values: "Node", "<empty>"' },
    { path: 'target.name', body: 'Required value' },
  ]);
});

describe('resizing', () => {
  const sized = (requests: Json, limits: Json = {}, more: Json = {}): Json =>
    made(Pod, { ...withContainer({ resources: { requests, limits }, ...more }), status: { qosClass: 'Burstable' } });
  const old = sized({ cpu: '100m', memory: '64Mi' }, { cpu: '200m' });

  test.for<[string, Json, string[]]>([
    ['more of both', sized({ cpu: '150m', memory: '128Mi' }, { cpu: '300m' }), []],
    ['a new limit', sized({ cpu: '100m', memory: '64Mi' }, { cpu: '200m', memory: '1Gi' }), []],
    [
      'no limit any more',
      sized({ cpu: '100m', memory: '64Mi' }),
      ['spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed'],
    ],
    [
      'a request gone',
      sized({ cpu: '100m' }, { cpu: '200m' }),
      ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    ],
    [
      'equal requests and limits',
      sized({ cpu: '200m', memory: '64Mi' }, { cpu: '200m', memory: '64Mi' }),
      ['spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'],
    ],
    [
      'another image',
      sized({ cpu: '100m', memory: '64Mi' }, { cpu: '200m' }, { image: 'other:1', imagePullPolicy: 'IfNotPresent' }),
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
    ['nothing at all', old, []],
  ])('%s', ([, young, expected]) => {
    expect(podResizeFaults(young, old).map((fault) => faultMessage(fault).split('\n')[0])).toEqual(expected);
  });

  test('a pod without amounts stays as it is', () => {
    expect(podResizeFaults(made(Pod, pod()), made(Pod, pod()))).toEqual([]);
  });
});
