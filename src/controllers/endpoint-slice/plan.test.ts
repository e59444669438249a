import { describe, expect, test } from 'vitest';
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Service } from '../../api/core/service.ts';
import type { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import { candidateOf } from './endpoint.ts';
import { ownerOf, planSlices } from './plan.ts';
import { TriggerTimes } from './trigger.ts';

const live = (name: string): EndpointSlice['metadata'] => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const service: Service = {
  metadata: { ...live('web'), labels: { team: 'a' } },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
};
const pod = (at: number, ready = true, port = 8080): Pod => ({
  metadata: live(`web-${at}`),
  spec: { nodeName: 'one', containers: [{ name: 'c', image: 'i', ports: [{ name: 'http', containerPort: port }] }] },
  status: {
    phase: 'Running',
    podIP: `10.0.${at >> 8}.${at & 255}`,
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  },
});
const wanted = (pods: readonly Pod[]): Parameters<typeof planSlices>[1] => [
  { addressType: 'IPv4', candidates: pods.flatMap((each) => candidateOf(each, service, undefined, 'IPv4') ?? []) },
];
const pods = (count: number): Pod[] => Array.from({ length: count }, (_, at) => pod(at));

/** Applies a plan as the API server would. */
function applied(present: readonly EndpointSlice[], plan: ReturnType<typeof planSlices>): EndpointSlice[] {
  const kept = present.filter((slice) => !plan.remove.includes(slice));
  const updated = kept.map((slice) => plan.update.find(({ metadata }) => metadata.uid === slice.metadata.uid) ?? slice);
  return [
    ...updated,
    ...plan.create.map((draft, at) => ({
      ...draft,
      metadata: {
        ...live(`new-${present.length}-${at}`),
        labels: draft.metadata.labels ?? {},
        ownerReferences: draft.metadata.ownerReferences ?? [],
      },
    })),
  ];
}

describe('EndpointSlices of a Service', () => {
  test('hold at most 100 endpoints each, and planning again yields nothing', () => {
    const plan = planSlices(ownerOf(service), wanted(pods(250)), []);
    expect(plan.create.map(({ endpoints }) => endpoints.length)).toEqual([100, 100, 50]);
    const again = planSlices(ownerOf(service), wanted(pods(250)), applied([], plan));
    expect(again).toEqual({ create: [], update: [], remove: [] });
  });

  test('carry the Service as owner and label, and its own labels', () => {
    const [slice] = planSlices(ownerOf(service), wanted(pods(1)), []).create;
    expect(slice?.metadata).toMatchObject({
      generateName: 'web-',
      labels: {
        team: 'a',
        'kubernetes.io/service-name': 'web',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
      ownerReferences: [{ kind: 'Service', name: 'web', controller: true, blockOwnerDeletion: true }],
    });
    expect(slice?.ports).toEqual([{ name: '', protocol: 'TCP', port: 8080 }]);
  });

  test('one pod that changes rewrites one slice', () => {
    const present = applied([], planSlices(ownerOf(service), wanted(pods(250)), []));
    const changed = pods(250).with(120, pod(120, false));
    const plan = planSlices(ownerOf(service), wanted(changed), present);
    expect(plan.create).toEqual([]);
    expect(plan.update).toHaveLength(1);
    expect(plan.update[0]?.endpoints.find(({ targetRef }) => targetRef?.name === 'web-120')?.conditions).toEqual({
      ready: false,
      serving: false,
      terminating: false,
    });
  });

  test('new endpoints fill slices with room before a new one is made', () => {
    const present = applied([], planSlices(ownerOf(service), wanted(pods(150)), []));
    const plan = planSlices(ownerOf(service), wanted(pods(199)), present);
    expect([plan.create.length, plan.update.length]).toEqual([0, 1]);
  });

  test('pods that give a named port other numbers are in other slices', () => {
    const plan = planSlices(ownerOf(service), wanted([pod(1), pod(2, true, 9090)]), []);
    expect(plan.create.map(({ ports }) => ports?.[0]?.port)).toEqual([8080, 9090]);
  });

  test('a Service without endpoints keeps one empty slice', () => {
    const first = planSlices(ownerOf(service), wanted([]), []);
    expect(first.create.map(({ endpoints }) => endpoints)).toEqual([[]]);
    expect(planSlices(ownerOf(service), wanted([]), applied([], first))).toEqual({
      create: [],
      update: [],
      remove: [],
    });
  });

  test('a pod that is being ended serves on, but is not ready', () => {
    const ending: Pod = { ...pod(1), metadata: { ...pod(1).metadata, deletionTimestamp: '2026-01-01T00:01:00Z' } };
    const [slice] = planSlices(ownerOf(service), wanted([ending]), []).create;
    expect(slice?.endpoints[0]?.conditions).toEqual({ ready: false, serving: true, terminating: true });
  });

  test('pods that have ended or have no address are left out', () => {
    const ended: Pod = { ...pod(1), status: { ...pod(1).status, phase: 'Succeeded' } };
    const { podIP: _, ...without } = pod(2).status ?? {};
    expect(
      planSlices(ownerOf(service), wanted([ended, { ...pod(2), status: without }]), []).create[0]?.endpoints,
    ).toEqual([]);
  });

  test('the empty slice becomes that of the first endpoints, and the other way round, by the same name', () => {
    const empty = applied([], planSlices(ownerOf(service), wanted([]), []));
    const filled = planSlices(ownerOf(service), wanted(pods(2)), empty);
    expect([filled.create, filled.remove]).toEqual([[], []]);
    expect(filled.update).toMatchObject([{ metadata: { uid: empty[0]?.metadata.uid }, ports: [{ port: 8080 }] }]);
    const emptied = planSlices(ownerOf(service), wanted([]), applied(empty, filled));
    expect([emptied.create, emptied.remove]).toEqual([[], []]);
    expect(emptied.update).toMatchObject([{ metadata: { uid: empty[0]?.metadata.uid }, ports: [], endpoints: [] }]);
  });

  test('those of an earlier Service of the name are left to go', () => {
    const earlier = { ...service, metadata: { ...service.metadata, uid: 'earlier' } };
    const present = applied([], planSlices(ownerOf(earlier), wanted(pods(1)), []));
    const plan = planSlices(ownerOf(service), wanted(pods(1)), present);
    expect([plan.create.length, plan.update.length, plan.remove]).toEqual([1, 0, present]);
  });

  test('do not take over labels by which slices say something themselves', () => {
    const labels = { team: 'a', 'service.kubernetes.io/headless': 'x', 'kubernetes.io/service-name': 'other' };
    const spec = { ...service.spec, clusterIP: '10.96.0.10' };
    expect(ownerOf({ metadata: { ...service.metadata, labels }, spec }).labels).toEqual({
      team: 'a',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    });
  });

  test('say when the change was that they show, and only then', () => {
    const annotation = 'endpoints.kubernetes.io/last-change-trigger-time';
    const [first] = planSlices(ownerOf(service, '2026-01-01T00:00:05Z'), wanted(pods(1)), []).create;
    expect(first?.metadata.annotations).toEqual({ [annotation]: '2026-01-01T00:00:05Z' });
    const present = applied([], planSlices(ownerOf(service), wanted(pods(1)), [])).map((slice) => ({
      ...slice,
      metadata: { ...slice.metadata, annotations: { [annotation]: 'old', mine: 'kept' } },
    }));
    expect(planSlices(ownerOf(service, '2026-01-01T00:00:06Z'), wanted(pods(1)), present).update).toEqual([]);
    const [slice] = planSlices(ownerOf(service), wanted(pods(2)), present).update;
    expect(slice?.metadata.annotations).toEqual({ mine: 'kept' });
  });
});

type Distribution = NonNullable<NonNullable<Service['spec']>['trafficDistribution']>;

describe('hints', () => {
  const node = { metadata: { ...live('one'), labels: { 'topology.kubernetes.io/zone': 'z1' } } } as Node;
  const hints = (distribution: Distribution | undefined, of = pod(1), annotations = {}): unknown => {
    const spec = { ...service.spec, ...(distribution && { trafficDistribution: distribution }) };
    const asked = { metadata: { ...service.metadata, annotations }, spec };
    return candidateOf(of, asked, node, 'IPv4')?.endpoint.hints;
  };

  test.each<[Distribution | undefined, unknown]>([
    ['PreferClose', { forZones: [{ name: 'z1' }] }],
    ['PreferSameZone', { forZones: [{ name: 'z1' }] }],
    ['PreferSameNode', { forZones: [{ name: 'z1' }], forNodes: [{ name: 'one' }] }],
    [undefined, undefined],
  ])('for %s', (distribution, expected) => {
    expect(hints(distribution)).toEqual(expected);
  });

  test('are for endpoints that are ready, and not for who asks for topology in the old way', () => {
    expect(hints('PreferClose', pod(1, false))).toBeUndefined();
    expect(hints('PreferClose', pod(1), { 'service.kubernetes.io/topology-mode': 'Auto' })).toBeUndefined();
  });
});

test('the time of a change is that of the first one since the last look', () => {
  const times = new TriggerTimes();
  const turned = (at: number, second: number): Pod => {
    const { metadata, status } = pod(at);
    const lastTransitionTime = `2026-01-01T00:00:0${second}Z`;
    return { metadata, status: { ...status, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }] } };
  };
  expect(times.next('web', service, [turned(1, 3)])).toBe('2026-01-01T00:00:00Z');
  expect(times.next('web', service, [turned(1, 3)])).toBeUndefined();
  expect(times.next('web', service, [turned(1, 7), turned(2, 5)])).toBe('2026-01-01T00:00:05Z');
  times.forget('web');
  expect(times.next('web', service, [])).toBe('2026-01-01T00:00:00Z');
});
