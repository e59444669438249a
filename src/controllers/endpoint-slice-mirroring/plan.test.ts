import { describe, expect, test } from 'vitest';
import type { Endpoints } from '../../api/core/endpoints.ts';
import type { Service } from '../../api/core/service.ts';
import { isMirrored, planMirror } from './plan.ts';

const live = (name: string): Endpoints['metadata'] => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const service: Service = { metadata: live('db'), spec: { ports: [{ port: 3306 }] } };
const endpoints: Endpoints = {
  metadata: {
    ...live('db'),
    labels: { team: 'a' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'kept' },
  },
  subsets: [
    {
      addresses: [{ ip: '10.1.1.1' }, { ip: 'fd00::1' }],
      notReadyAddresses: [{ ip: '10.1.1.2' }],
      ports: [{ port: 3306 }],
    },
  ],
};

describe('manual Endpoints', () => {
  test('become slices, one for each type of address', () => {
    const { create } = planMirror(endpoints, []);
    expect(
      create.map(({ addressType, endpoints: all }) => [
        addressType,
        all.map(({ addresses, conditions }) => [addresses[0], conditions?.ready]),
      ]),
    ).toEqual([
      [
        'IPv4',
        [
          ['10.1.1.1', true],
          ['10.1.1.2', false],
        ],
      ],
      ['IPv6', [['fd00::1', true]]],
    ]);
    expect(create[0]?.metadata).toMatchObject({
      generateName: 'db-',
      labels: {
        team: 'a',
        'kubernetes.io/service-name': 'db',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      },
      annotations: { note: 'kept' },
      ownerReferences: [{ kind: 'Endpoints', name: 'db', controller: true }],
    });
    expect(create[0]?.metadata.annotations).not.toHaveProperty(['kubectl.kubernetes.io/last-applied-configuration']);
  });

  test('planning again yields nothing', () => {
    const present = planMirror(endpoints, []).create.map((draft, at) => ({
      ...draft,
      metadata: { ...live(`db-${at}`), ...draft.metadata, name: `db-${at}` },
    }));
    expect(planMirror(endpoints, present)).toEqual({ create: [], update: [], remove: [] });
  });

  test.each<[string, Endpoints, Service | undefined, boolean]>([
    ['of a Service without a selector', endpoints, service, true],
    ['of a Service with one', endpoints, { ...service, spec: { ...service.spec, selector: { app: 'db' } } }, false],
    ['of no Service', endpoints, undefined, false],
    [
      'that say no',
      {
        ...endpoints,
        metadata: { ...endpoints.metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      },
      service,
      false,
    ],
    [
      'used as a lock',
      {
        ...endpoints,
        metadata: { ...endpoints.metadata, annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } },
      },
      service,
      false,
    ],
  ])('%s', (_, object, of, expected) => {
    expect(isMirrored(object, of)).toBe(expected);
  });
});
