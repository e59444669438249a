import { expect, test } from 'vitest';
import type { Service } from '../../api/core/service.ts';
import type { Candidate } from '../endpoint-slice/endpoint.ts';
import { endpointsOf } from './plan.ts';

const service: Service = {
  metadata: {
    name: 'web',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: { clusterIP: '10.96.0.10' },
};
const candidate = (at: number, ready: boolean): Candidate => ({
  endpoint: { addresses: [`10.1.${at >> 8}.${at & 255}`], conditions: { ready } },
  ports: [{ name: '', port: 80, protocol: 'TCP' }],
});

test('of too many addresses those that are ready stay, and it is said that others do not', () => {
  const sick = [0, 1].map((at) => candidate(at, false));
  const ready = Array.from({ length: 999 }, (_, at) => candidate(at + 2, true));
  const { subsets, metadata } = endpointsOf(service, [...sick, ...ready]);
  expect(subsets).toMatchObject([{ addresses: { length: 999 }, notReadyAddresses: [{ ip: '10.1.0.0' }] }]);
  expect(metadata.annotations).toEqual({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
  const fewer = endpointsOf(service, [...sick.slice(1), ...ready]);
  expect(fewer.metadata.annotations).toEqual({});
});
