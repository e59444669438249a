import { expect, test } from 'vitest';
import { ConfigMap } from '../../api/core/config-map.ts';
import { Pod } from '../../api/core/pod.ts';
import type { ResourceQuota } from '../../api/core/resource-quota.ts';
import { Service } from '../../api/core/service.ts';
import { Deployment } from '../../api/apps/deployment.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { countedKinds, planStatus } from './plan.ts';

const now = parseTimestamp('2026-01-01T00:00:00Z');

const quota = (hard: Readonly<Record<string, string>>, more: object = {}): ResourceQuota =>
  ({ metadata: { name: 'q', namespace: 'a' }, spec: { hard }, ...more }) as unknown as ResourceQuota;

const pod = (status: object = {}, metadata: object = {}): Pod =>
  ({
    metadata: { name: 'p', namespace: 'a', ...metadata },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '250m' } } }] },
    status,
  }) as unknown as Pod;

test('only kinds that the quota counts are looked at', () => {
  const kinds = [Pod, ConfigMap, Service, Deployment];
  const names = (hard: Readonly<Record<string, string>>): readonly string[] =>
    countedKinds(quota(hard), kinds).map(({ kind }) => kind);
  expect(names({ 'requests.cpu': '1' })).toEqual(['Pod']);
  expect(names({ 'count/deployments.apps': '1', 'services.nodeports': '2' })).toEqual(['Service', 'Deployment']);
});

test('what is there is added up; pods that have ended use nothing but their count', () => {
  const gone = { deletionTimestamp: '2025-12-31T23:00:00Z', deletionGracePeriodSeconds: 30 };
  const objects = [pod(), pod(), pod({ phase: 'Succeeded' }), pod({}, gone)];
  const planned = planStatus(
    quota({ pods: '5', 'requests.cpu': '1', 'count/pods': '9' }),
    [{ kind: Pod, objects }],
    now,
  );
  expect(planned).toEqual({
    hard: { pods: '5', 'requests.cpu': '1', 'count/pods': '9' },
    used: { pods: '2', 'requests.cpu': '500m', 'count/pods': '4' },
  });
});

test('planning again after applying yields nothing', () => {
  const before = quota({ pods: '5' });
  const all = [{ kind: Pod, objects: [pod()] }];
  const status = planStatus(before, all, now);
  expect(planStatus({ ...before, ...(status === undefined ? {} : { status }) }, all, now)).toBeUndefined();
});

test('amounts that are written otherwise are the same', () => {
  const before = quota(
    { 'requests.cpu': '1000m' },
    { status: { hard: { 'requests.cpu': '1' }, used: { 'requests.cpu': '0.25' } } },
  );
  expect(planStatus(before, [{ kind: Pod, objects: [pod()] }], now)).toBeUndefined();
});
