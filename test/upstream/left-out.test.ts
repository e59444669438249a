import { expect, test } from 'vitest';
import { leftOut, sortOut } from './left-out.ts';

/** One real name per entry, in the table's order. */
const examples = [
  '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should honor timeout [Conformance]',
  '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD with validation schema [Conformance]',
  '[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [Conformance]',
  '[sig-auth] ServiceAccounts should mount an API token into pods  [Conformance]',
  '[sig-apps] Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate [Conformance]',
  '[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed [Conformance]',
  '[k8s.io] Pods should run through the lifecycle of Pods and PodStatus [Conformance]',
];

test('each entry matches what it is for, and nothing else', () => {
  expect(leftOut).toHaveLength(examples.length);
  expect(sortOut(examples).left.map(({ names }) => names)).toEqual(examples.map((name) => [name]));
});

test.each([
  '[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition listing custom resource definition objects works  [Conformance]',
  '[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects [Conformance]',
  '[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2 [Conformance]',
  '[sig-auth] ServiceAccounts should allow opting out of API token automount  [Conformance]',
])('is left out: %s', (name) => {
  expect(sortOut([name]).chosen).toEqual([]);
});

test.each([
  '[sig-apps] Daemon set [Serial] should rollback without unnecessary restarts [Conformance]',
  '[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount [Conformance]',
  '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret. [Conformance]',
])('is run: %s', (name) => {
  expect(sortOut([name])).toEqual({ chosen: [name], left: [] });
});
