/**
 * Autoscalers. Texts are upstream's: pkg/apis/autoscaling/v2/defaults.go, v1/conversion.go,
 * validation/validation.go, and printers.go (printHorizontalPodAutoscaler).
 */
import { describe, expect, test } from 'vitest';
import { cells, complaints, made } from '../rules/fixture.ts';
import { HorizontalPodAutoscaler as V1 } from './horizontal-pod-autoscaler.ts';
import { v1Conversion } from './v1-conversion.ts';
import { HorizontalPodAutoscaler } from './v2/horizontal-pod-autoscaler.ts';

type Json = Readonly<Record<string, unknown>>;

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const cpu = (target: Json): Json => ({ type: 'Resource', resource: { name: 'cpu', target } });
const half = cpu({ type: 'Utilization', averageUtilization: 50 });
const autoscaler = (spec: Json = {}): Json => ({ spec: { scaleTargetRef, maxReplicas: 5, metrics: [half], ...spec } });

test('defaults', () => {
  expect(made(HorizontalPodAutoscaler, { spec: { scaleTargetRef, maxReplicas: 5 } })['spec']).toEqual({
    scaleTargetRef,
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [cpu({ type: 'Utilization', averageUtilization: 80 })],
  });
  expect(
    made(HorizontalPodAutoscaler, autoscaler({ behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } }))['spec'],
  ).toMatchObject({
    behavior: {
      scaleDown: {
        stabilizationWindowSeconds: 60,
        selectPolicy: 'Max',
        policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
      },
    },
  });
});

describe('columns', () => {
  const now = (current: Json): Json => ({ type: 'Resource', resource: { name: 'cpu', current } });
  const external = (target: Json): Json => ({ type: 'External', external: { metric: { name: 'm' }, target } });

  test.for<[Json[], Json[], string]>([
    [[half], [], 'cpu: <unknown>/50%'],
    [[half], [now({ averageUtilization: 20, averageValue: '1' })], 'cpu: 20%/50%'],
    [[cpu({ type: 'AverageValue', averageValue: '100m' })], [now({ averageValue: '50m' })], 'cpu: 50m/100m'],
    [[external({ type: 'Value', value: '7' })], [], '<unknown>/7'],
    [[external({ type: 'AverageValue', averageValue: '7' })], [], '<unknown>/7 (avg)'],
    [[half, half, half], [], 'cpu: <unknown>/50%, cpu: <unknown>/50% + 1 more...'],
  ])('%#: %j', ([metrics, currentMetrics, expected]) => {
    const status = { currentReplicas: 2, currentMetrics };
    expect(cells(HorizontalPodAutoscaler, { ...autoscaler({ metrics }), status })).toEqual({
      Name: 'it',
      Reference: 'Deployment/web',
      Targets: expected,
      MinPods: '1',
      MaxPods: 5,
      Replicas: 2,
      Age: '60m',
    });
  });
});

test.for<[Json, string[]]>([
  [{}, []],
  [{ minReplicas: 6 }, ['spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`']],
  [{ minReplicas: 0 }, ['spec.minReplicas: Invalid value: 0: must be greater than or equal to 1']],
  [{ scaleTargetRef: { kind: 'Deployment' } }, ['spec.scaleTargetRef.name: Required value']],
  [
    { metrics: [{ type: 'Pods' }] },
    ['spec.metrics[0].pods: Required value: must populate information for the given metric source'],
  ],
  [
    { metrics: [cpu({ type: 'Utilization' })] },
    [
      'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
    ],
  ],
])('%j: %j', ([spec, expected]) => {
  const found = complaints(HorizontalPodAutoscaler, autoscaler(spec));
  expect(found.filter((line) => !line.startsWith('spec.metrics: Forbidden'))).toEqual(expected);
});

describe('the old version', () => {
  const old = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'it' },
    spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 50 },
  };

  test('has one metric', () => {
    expect(v1Conversion.toStorage(old)).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: { scaleTargetRef, maxReplicas: 5, metrics: [half] },
    });
    expect(v1Conversion.fromStorage(v1Conversion.toStorage(old))).toEqual(old);
  });

  test('keeps the rest in annotations', () => {
    const memory = {
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
    };
    const behavior = {
      scaleDown: {
        stabilizationWindowSeconds: 60,
        selectPolicy: 'Max',
        policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }],
      },
    };
    const young = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'it' },
      ...autoscaler({ metrics: [half, memory], behavior }),
    };
    const shown = v1Conversion.fromStorage(young);
    expect(shown).toMatchObject({
      metadata: {
        annotations: {
          'autoscaling.alpha.kubernetes.io/metrics':
            '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}]',
        },
      },
      spec: { targetCPUUtilizationPercentage: 50 },
    });
    const { spec } = v1Conversion.toStorage(shown) as { spec: { metrics: Json[]; behavior: Json } };
    expect(spec.behavior).toEqual(behavior);
    expect(spec.metrics).toContainEqual(memory);
    expect(spec.metrics).toContainEqual(half);
  });

  test('has the same columns', () => {
    expect(
      cells(V1, {
        spec: old.spec,
        status: { currentCPUUtilizationPercentage: 20, currentReplicas: 2, desiredReplicas: 2 },
      }),
    ).toEqual({
      Name: 'it',
      Reference: 'Deployment/web',
      Targets: 'cpu: 20%/50%',
      MinPods: '1',
      MaxPods: 5,
      Replicas: 2,
      Age: '60m',
    });
  });
});
