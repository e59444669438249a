import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import type { Service } from '../../api/core/service.ts';
import type { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import { candidateOf } from './endpoint.ts';
import { ownerOf, planSlices } from './plan.ts';

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
      metadata: { ...live(`new-${present.length}-${at}`), labels: draft.metadata.labels ?? {} },
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
});
