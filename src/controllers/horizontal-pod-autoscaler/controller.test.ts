/** The whole round of an autoscaler, as upstream's pkg/controller/podautoscaler/horizontal.go makes it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Deployment } from '../../api/apps/deployment.ts';
import { HorizontalPodAutoscaler } from '../../api/autoscaling/v2/horizontal-pod-autoscaler.ts';
import { Pod } from '../../api/core/pod.ts';
import { timestamp } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { Simulation } from '../testing/simulation.ts';
import { horizontalPodAutoscalerController } from './controller.ts';

const round = 15_000;
let it: Simulation;
/** Of the target. */
let replicas: number;
/** Millicores of each pod; undefined: nobody measures. */
let use: number | undefined;
let refusal: string | undefined;
/** By which the target says what its pods are. */
let selector: string;

beforeEach(() => {
  [replicas, use, refusal, selector] = [4, 100, undefined, 'app=web'];
  it = new Simulation({
    nodes: 1,
    controllers: (deps, events) => [
      horizontalPodAutoscalerController({ ...deps, client: answering(deps.client) }, events, () => [Deployment]),
    ],
  });
  for (let index = 0; index < 4; index += 1) {
    it.put(Pod, {
      metadata: { name: `web-${index}`, namespace: 'default', labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'web', resources: { requests: { cpu: '100m' } } }] },
    });
  }
});
afterEach(() => it.stop());

/** The scale subresource and the metrics API, which the memory client has not. */
function answering(client: Client): Client {
  const answer = (status: number, value: unknown): Awaited<ReturnType<Client['request']>> => ({
    status,
    headers: {},
    body: new TextEncoder().encode(JSON.stringify(value)),
  });
  return {
    ...client,
    request: ({ method, path, body }) => {
      if (method === 'PUT') {
        if (refusal !== undefined) return Promise.resolve(answer(403, { message: refusal }));
        replicas = (JSON.parse(body as string) as { spec: { replicas: number } }).spec.replicas;
      }
      if (path.endsWith('/scale')) {
        return Promise.resolve(answer(200, { spec: { replicas }, status: { replicas: 3, selector } }));
      }
      if (use === undefined) return Promise.resolve(answer(404, { message: 'not found' }));
      const items = it.client.all(Pod).map(({ metadata }) => ({
        metadata: { name: metadata.name },
        timestamp: timestamp(it.clock.now()),
        window: '15s',
        containers: [{ name: 'web', usage: { cpu: `${use}m` } }],
      }));
      return Promise.resolve(answer(200, { items }));
    },
  };
}

function scale(more: object = {}, name = 'web'): void {
  it.put(HorizontalPodAutoscaler, {
    metadata: { name, namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 100 } } },
      ],
      ...more,
    },
  });
}

const told = (): readonly string[] => it.events.map(({ reason, message }) => `${reason}: ${message}`);
const conditionOf = (type: string): object | undefined =>
  it.client.all(HorizontalPodAutoscaler)[0]?.status?.conditions?.find((each) => each.type === type);

test('what ran before counts as advice: nothing is taken away in the first five minutes', async () => {
  await it.run(600_000);
  use = 25;
  scale();
  await it.run(4 * 60_000);
  expect(replicas).toBe(4);
  expect(conditionOf('AbleToScale')).toMatchObject({ status: 'True', reason: 'ScaleDownStabilized' });
  await it.run(2 * 60_000);
  expect(replicas).toBe(1);
  expect(told()).toContain('SuccessfulRescale: New size: 1; reason: All metrics below target');
});

test('it says why it cannot reckon, of each metric and of all', async () => {
  use = undefined;
  scale();
  await it.run(round);
  const why =
    'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource ' +
    'metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';
  expect(told().slice(0, 2)).toEqual([
    `FailedGetResourceMetric: ${why}`,
    `FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`,
  ]);
  expect(conditionOf('ScalingActive')).toMatchObject({
    status: 'False',
    reason: 'FailedGetResourceMetric',
    message: `the HPA was unable to compute the replica count: ${why}`,
  });
});

test('a target that may not be changed is told in an event and in the condition', async () => {
  await it.run(600_000);
  use = 200;
  refusal = 'deployments.apps "web" is forbidden: no';
  scale();
  await it.run(round - 1);
  expect(told()).toContain(
    `FailedRescale: New size: 8; reason: cpu resource utilization (percentage of request) above target; error: ${refusal}`,
  );
  expect(conditionOf('AbleToScale')).toMatchObject({
    status: 'False',
    reason: 'FailedUpdateScale',
    message: `the HPA controller was unable to update the target scale: ${refusal}`,
  });
});

test('a target without a selector is told, and nothing is scaled (upstream horizontal_test.go, TestScaleDownRCImmediately and its like)', async () => {
  selector = '';
  use = 500;
  scale();
  await it.run(round - 1);
  expect(told()).toEqual([
    'SelectorRequired: selector is required',
    'FailedComputeMetricsReplicas: selector is required',
  ]);
  expect(conditionOf('ScalingActive')).toMatchObject({
    status: 'False',
    reason: 'InvalidSelector',
    message: "the HPA target's scale is missing a selector",
  });
  expect(replicas).toBe(4);
});

test('a selector that nobody can read is told', async () => {
  selector = 'cheddar cheese';
  scale();
  await it.run(round - 1);
  expect(conditionOf('ScalingActive')).toMatchObject({ status: 'False', reason: 'InvalidSelector' });
  expect(told()[0]).toMatch(
    /^InvalidSelector: couldn't convert selector into a corresponding internal selector object: /,
  );
});

test('two autoscalers of the same pods hold still and say so, until one goes', async () => {
  await it.run(600_000);
  use = 200;
  scale();
  await it.run(1);
  expect(replicas).toBe(8);
  scale({}, 'other');
  await it.run(2 * round);
  const message = 'pods by selector app=web are controlled by multiple HPAs: [default/other default/web]';
  expect(told()).toContain(`AmbiguousSelector: ${message}`);
  expect(told()).toContain(`FailedComputeMetricsReplicas: ${message}`);
  expect(conditionOf('ScalingActive')).toMatchObject({ status: 'False', reason: 'AmbiguousSelector', message });
  await it.client.delete(HorizontalPodAutoscaler, { namespace: 'default', name: 'other' });
  await it.run(2 * round);
  expect(conditionOf('ScalingActive')).toMatchObject({ status: 'True', reason: 'ValidMetricFound' });
});

const statusOf = (): HorizontalPodAutoscaler['status'] => it.client.all(HorizontalPodAutoscaler)[0]?.status;

test('the status says what the target is set to, and keeps what was measured while metrics are missing', async () => {
  await it.run(600_000);
  scale();
  await it.run(round);
  const measured = [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 100 } } }];
  expect(statusOf()).toMatchObject({ currentReplicas: 4, desiredReplicas: 4, currentMetrics: measured });
  use = undefined;
  await it.run(2 * round);
  expect(conditionOf('ScalingActive')).toMatchObject({ status: 'False' });
  expect(statusOf()).toMatchObject({ currentReplicas: 4, desiredReplicas: 4, currentMetrics: measured });
});

test('a target that somebody has switched off is left alone, and nothing is measured', async () => {
  await it.run(600_000);
  scale();
  await it.run(round);
  replicas = 0;
  await it.run(round);
  expect(statusOf()).toMatchObject({ currentReplicas: 0, desiredReplicas: 0, currentMetrics: [] });
  expect(conditionOf('ScalingActive')).toMatchObject({ status: 'False', reason: 'ScalingDisabled' });
});
