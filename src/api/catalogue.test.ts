import { expect, test } from 'vitest';
import { kindOfObject, kindOfResource, kinds, preferredKind } from './catalogue.ts';

test('every resource and every kind is there once', () => {
  const resources = kinds.map(({ group, version, plural }) => `${group}/${version}/${plural}`);
  expect(new Set(resources).size).toBe(resources.length);
  const names = kinds.map(({ group, version, kind }) => `${group}/${version}/${kind}`);
  expect(new Set(names).size).toBe(names.length);
});

test('kinds of one group and of one version stand together', () => {
  for (const key of [
    ({ group }: { group: string }) => group,
    ({ group, version }: { group: string; version: string }) => `${group}/${version}`,
  ]) {
    const runs = kinds.map(key).filter((each, index, all) => each !== all[index - 1]);
    expect(new Set(runs).size).toBe(runs.length);
  }
});

test('short names are the ones that kubectl resolves', () => {
  const short = Object.fromEntries(
    kinds
      .filter(({ group }) => group === '')
      .flatMap(({ shortNames, plural }) => shortNames.map((name) => [name, plural])),
  );
  expect(short).toEqual({
    cs: 'componentstatuses',
    cm: 'configmaps',
    ep: 'endpoints',
    ev: 'events',
    limits: 'limitranges',
    ns: 'namespaces',
    no: 'nodes',
    pvc: 'persistentvolumeclaims',
    pv: 'persistentvolumes',
    po: 'pods',
    rc: 'replicationcontrollers',
    quota: 'resourcequotas',
    sa: 'serviceaccounts',
    svc: 'services',
  });
});

test('what `kubectl get all` shows', () => {
  const all = kinds.filter(({ categories, conversion }) => categories.includes('all') && conversion === undefined);
  expect(all.map(({ plural }) => plural)).toEqual([
    'pods',
    'replicationcontrollers',
    'services',
    'daemonsets',
    'deployments',
    'replicasets',
    'statefulsets',
    'horizontalpodautoscalers',
    'cronjobs',
    'jobs',
  ]);
});

test('lookups', () => {
  expect(kindOfResource('apps', 'v1', 'deployments')?.kind).toBe('Deployment');
  expect(kindOfResource('apps', 'v1', 'pods')).toBeUndefined();
  expect(kindOfObject('v1', 'Pod')?.plural).toBe('pods');
  expect(kindOfObject('apps/v1', 'Pod')).toBeUndefined();
  expect(preferredKind('autoscaling', 'horizontalpodautoscalers')?.version).toBe('v2');
});
