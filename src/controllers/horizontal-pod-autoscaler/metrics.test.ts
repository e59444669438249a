/** What the metrics of an autoscaler ask for, with APIs that answer, answer nonsense, or are not there. */
import { describe, expect, it } from 'vitest';
import type { MetricSpec } from '../../api/autoscaling/v2/horizontal-pod-autoscaler.ts';
import type { Pod } from '../../api/core/pod.ts';
import { Ingress } from '../../api/networking/ingress.ts';
import { Node } from '../../api/core/node.ts';
import { FakeClock, parseTimestamp, timestamp } from '../../base/clock.ts';
import type { RawResponse } from '../../client/client.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import type { MetricError } from './metrics-client.ts';
import { failureOf, proposalFor, type Proposal, type Situation } from './metrics.ts';

const now = parseTimestamp('2026-01-01T01:00:00Z');
const at = timestamp(now);
const custom = '/apis/custom.metrics.k8s.io';
const versions = (...all: readonly string[]): object => ({ versions: all.map((version) => ({ version })) });

const pods = (count: number): readonly Pod[] =>
  Array.from({ length: count }, (_, index) => ({
    metadata: { name: `web-${index}`, uid: `${index}`, resourceVersion: '1', creationTimestamp: at },
    spec: {
      containers: [
        { name: 'main', image: 'web', resources: { requests: { cpu: '500m', memory: '100Mi' } } },
        { name: 'side', image: 'log', resources: { requests: { cpu: '100m', memory: '50Mi' } } },
      ],
    },
    status: {
      phase: 'Running',
      startTime: timestamp(now - 3_000_000),
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(now - 2_900_000) }],
    },
  }));

const situation = (replicas: number, of = pods(replicas)): Situation => ({
  namespace: 'default',
  pods: of,
  selector: 'app=web',
  specReplicas: replicas,
  statusReplicas: replicas,
  tolerance: { up: 0.1, down: 0.1 },
  now,
  kinds: [Ingress, Node],
});

/** Answers by path; 404 for what is not there. */
async function ask(metric: MetricSpec, answers: Readonly<Record<string, object>>, replicas = 2, of = pods(replicas)) {
  const asked: string[] = [];
  const client = new MemoryClient({
    clock: new FakeClock(now),
    onRequest: ({ path }): Promise<RawResponse> => {
      asked.push(path);
      const answer = answers[path];
      const body = Buffer.from(JSON.stringify(answer ?? { kind: 'Status', code: 404 }));
      return Promise.resolve({ status: answer === undefined ? 404 : 200, headers: {}, body });
    },
  });
  const proposal = await proposalFor(client, metric, situation(replicas, of)).catch((error: unknown) => error);
  return { asked, proposal: proposal as Proposal, error: proposal as MetricError };
}

const usage = (cpu: string, memory: string) => (index: number) => ({
  metadata: { name: `web-${index}` },
  timestamp: at,
  window: '15s',
  containers: [
    { name: 'main', usage: { cpu, memory } },
    { name: 'side', usage: { cpu: '10m', memory: '10Mi' } },
  ],
});
const usagePath = '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dweb';

describe('a resource', () => {
  const memory: MetricSpec = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } },
  };

  it('memory by value: twice as much as wanted asks for twice the pods', async () => {
    const { proposal } = await ask(memory, { [usagePath]: { items: [0, 1].map(usage('100m', '190Mi')) } });
    expect(proposal).toMatchObject({
      replicas: 4,
      name: 'memory resource',
      status: { type: 'Resource', resource: { name: 'memory', current: { averageValue: '209715200' } } },
    });
  });

  it('memory by utilisation counts what all containers ask for', async () => {
    const metric: MetricSpec = {
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 50 } },
    };
    // 150 of 150 MiB.
    const { proposal } = await ask(metric, { [usagePath]: { items: [0, 1].map(usage('100m', '140Mi')) } });
    expect(proposal.replicas).toBe(4);
    expect(proposal.status.resource?.current.averageUtilization).toBe(100);
  });

  it('of one container leaves the others out', async () => {
    const target = { type: 'Utilization', averageUtilization: 50 } as const;
    const metric: MetricSpec = {
      type: 'ContainerResource',
      containerResource: { name: 'cpu', container: 'main', target },
    };
    const { proposal } = await ask(metric, { [usagePath]: { items: [0, 1].map(usage('500m', '1Mi')) } });
    expect(proposal).toMatchObject({ replicas: 4, name: 'cpu container resource utilization (percentage of request)' });
  });

  it('whose API is not there says which', async () => {
    const { error } = await ask(memory, {});
    expect(error.reason).toBe('FailedGetResourceMetric');
    expect(error.message).toBe(
      'failed to get memory usage: unable to get metrics for resource memory: unable to fetch metrics from resource ' +
        'metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)',
    );
  });
});

describe('what the pods ask for (upstream pkg/controller/podautoscaler/replica_calculator_test.go)', () => {
  const target = { type: 'Utilization', averageUtilization: 50 } as const;
  const cpu: MetricSpec = { type: 'Resource', resource: { name: 'cpu', target } };
  const ofContainer = (container: string): MetricSpec => ({
    type: 'ContainerResource',
    containerResource: { name: 'cpu', container, target },
  });
  const answers = { [usagePath]: { items: [0, 1].map(usage('490m', '1Mi')) } };
  const withSpec = (change: (spec: NonNullable<Pod['spec']>) => NonNullable<Pod['spec']>): readonly Pod[] =>
    pods(2).map((pod) => ({ ...pod, spec: change(pod.spec ?? { containers: [] }) }));
  const why = async (metric: MetricSpec, of: readonly Pod[]): Promise<string> =>
    (await ask(metric, answers, 2, of)).error.message;

  it('of a pod as a whole goes before what its containers ask for', async () => {
    const of = withSpec((spec) => ({ ...spec, resources: { requests: { cpu: '2' } } }));
    // 500 of 2000 thousandths each.
    expect((await ask(cpu, answers, 2, of)).proposal.status.resource?.current.averageUtilization).toBe(25);
  });

  it('of a pod as a whole may lack the resource', async () => {
    const of = withSpec(({ containers }) => ({
      containers: containers.map(({ name }) => ({ name })),
      resources: { requests: { memory: '1Gi' } },
    }));
    expect(await why(cpu, of)).toBe('failed to get cpu utilization: missing pod-level request for cpu in Pod web-0');
  });

  it('the container that asks for nothing is named', async () => {
    const of = withSpec((spec) => ({
      ...spec,
      containers: spec.containers.map((each) => (each.name === 'side' ? { name: 'side', image: 'log' } : each)),
    }));
    expect(await why(cpu, of)).toBe(
      'failed to get cpu utilization: missing request for cpu in container side of Pod web-0',
    );
  });

  it('nothing at all can be no share of anything', async () => {
    const of = withSpec((spec) => ({
      ...spec,
      containers: spec.containers.map((each) => ({ ...each, resources: { requests: { cpu: '0' } } })),
    }));
    expect(await why(cpu, of)).toBe('failed to get cpu utilization: no metrics returned matched known pods');
  });

  it('figures of pods from before are of no use', async () => {
    const of = pods(2).map((pod) => ({ ...pod, metadata: { ...pod.metadata, name: `young-${pod.metadata.name}` } }));
    expect(await why(cpu, of)).toBe('failed to get cpu utilization: no metrics returned matched known pods');
  });

  it('without pods there is nothing to reckon with', async () => {
    expect(await why(cpu, [])).toBe(
      'failed to get cpu utilization: no pods returned by selector while calculating replica count',
    );
  });

  it('an average is of whole thousandths, never rounded up', async () => {
    const items = [usage('100m', '1Mi')(0), usage('101m', '1Mi')(1)];
    const { proposal } = await ask(cpu, { [usagePath]: { items } });
    expect(proposal.status.resource?.current.averageValue).toBe('110m');
  });

  it('the sentence about all metrics names the container', () => {
    expect(failureOf(ofContainer('main'), 'why')).toBe('failed to get main container metric value: why');
  });
});

describe('a metric of pods', () => {
  const metric: MetricSpec = {
    type: 'Pods',
    pods: { metric: { name: 'packets' }, target: { type: 'AverageValue', averageValue: '1k' } },
  };
  const values = [0, 1].map((index) => ({ describedObject: { name: `web-${index}` }, timestamp: at, value: '2500' }));

  it('asks for as many pods as share it', async () => {
    const path = `${custom}/v1beta2/namespaces/default/pods/*/packets?labelSelector=app%3Dweb`;
    const { proposal } = await ask(metric, { [custom]: versions('v1beta1', 'v1beta2'), [path]: { items: values } });
    expect(proposal).toMatchObject({ replicas: 5, name: 'pods metric packets' });
    expect(proposal.status.pods?.current.averageValue).toBe('2500');
  });

  it('comes from the older version where an adapter knows no other', async () => {
    const path = `${custom}/v1beta1/namespaces/default/pods/*/packets?labelSelector=app%3Dweb`;
    const { proposal } = await ask(metric, { [custom]: versions('v1beta1'), [path]: { items: values } });
    expect(proposal.replicas).toBe(5);
  });

  it('says that nobody serves it', async () => {
    const { error } = await ask(metric, {});
    expect(error).toMatchObject({
      reason: 'FailedGetPodsMetric',
      message:
        'unable to get metric packets: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
    });
  });

  it('says that nothing came', async () => {
    const path = `${custom}/v1beta2/namespaces/default/pods/*/packets?labelSelector=app%3Dweb`;
    const { error } = await ask(metric, { [custom]: versions('v1beta2'), [path]: { items: [] } });
    expect(error.message).toBe('unable to get metric packets: no metrics returned from custom metrics API');
  });
});

describe('a metric of an object', () => {
  const of = (kind: string, apiVersion: string, target: object): MetricSpec =>
    ({
      type: 'Object',
      object: { metric: { name: 'hits' }, describedObject: { kind, apiVersion, name: 'main' }, target },
    }) as MetricSpec;
  const value = (path: string, hits: string) => ({
    [custom]: versions('v1beta2'),
    [`${custom}/v1beta2/${path}/hits`]: { items: [{ timestamp: at, value: hits }] },
  });
  const ingress = 'namespaces/default/ingresses.networking.k8s.io/main';

  it('finds the resource of its kind, and multiplies the pods', async () => {
    const metric = of('Ingress', 'networking.k8s.io/v1', { type: 'Value', value: '2k' });
    const { proposal } = await ask(metric, value(ingress, '5k'));
    expect(proposal).toMatchObject({ replicas: 5, name: 'Ingress metric hits' });
  });

  it('by average is shared by the pods', async () => {
    const metric = of('Ingress', 'networking.k8s.io/v1', { type: 'AverageValue', averageValue: '500' });
    const { proposal } = await ask(metric, value(ingress, '3k'));
    expect(proposal).toMatchObject({ replicas: 6, name: 'external metric hits(nil)' });
    expect(proposal.status.object?.current.averageValue).toBe('1500');
  });

  it('stays where it is within the tolerance', async () => {
    const metric = of('Ingress', 'networking.k8s.io/v1', { type: 'Value', value: '2k' });
    expect((await ask(metric, value(ingress, '2100'))).proposal.replicas).toBe(2);
  });

  it('without a namespace has none in its path, and a namespace is asked about itself', async () => {
    const target = { type: 'Value', value: '1' };
    expect((await ask(of('Node', 'v1', target), value('nodes/main', '3'))).proposal.replicas).toBe(6);
    const own = of('Namespace', 'v1', target);
    expect((await ask(own, value('namespaces/main/metrics', '3'))).proposal.replicas).toBe(6);
  });

  it('of a kind that nobody serves says so', async () => {
    const { error } = await ask(of('Queue', 'example.com/v1', { type: 'Value', value: '1' }), {});
    expect(error.reason).toBe('FailedGetObjectMetric');
    expect(error.message).toContain('no matches for kind "Queue" in group "example.com"');
  });
});

describe('an external metric', () => {
  const metric: MetricSpec = {
    type: 'External',
    external: {
      metric: { name: 'queued', selector: { matchLabels: { queue: 'work' } } },
      target: { type: 'AverageValue', averageValue: '30' },
    },
  };
  const path = '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queued?labelSelector=queue%3Dwork';

  it('adds up what is told', async () => {
    const items = ['50', '100'].map((value) => ({ timestamp: at, value }));
    const { proposal } = await ask(metric, { [path]: { items } });
    expect(proposal).toMatchObject({
      replicas: 5,
      name: 'external metric queued(&LabelSelector{MatchLabels:map[string]string{queue: work,},MatchExpressions:[]LabelSelectorRequirement{},})',
    });
    expect(proposal.status.external?.current.averageValue).toBe('75');
  });

  it('that fails is told as the average that it should have been, or as a value', () => {
    const start = 'failed to get queued external metric value: failed to get';
    expect(failureOf(metric, 'why')).toBe(`${start} queued external metric: why`);
    const value = { ...metric, external: { metric: { name: 'queued' }, target: { type: 'Value', value: '3' } } };
    expect(failureOf(value as MetricSpec, 'why')).toBe(`${start} external metric queued: why`);
  });

  it('says that nobody serves it', async () => {
    const { error } = await ask(metric, {});
    expect(error).toMatchObject({
      reason: 'FailedGetExternalMetric',
      message:
        'unable to get external metric default/queued/&LabelSelector{MatchLabels:map[string]string{queue: work,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queued.external.metrics.k8s.io)',
    });
  });
});
