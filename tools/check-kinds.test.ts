import { expect, test } from 'vitest';
import { differences, reachable } from './check-kinds.ts';

/**
 * Differences that are right: `@kubernetes/client-node` describes 1.36, this project 1.35.
 * A line goes when it is no longer true; none is added for a mistake of ours.
 */
const known = [
  // The generator turns the empty object into `any`.
  'apiextensions.v1.CustomResourceSubresourceStatus: no model',
  'apiextensions.v1.CustomResourceSubresources.status: io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus here, any there',
  // 1.36 replaced workloadRef by schedulingGroup.
  'core.v1.PodSpec.schedulingGroup: missing here',
  'core.v1.PodSpec.workloadRef: only here',
  'core.v1.WorkloadReference: no model',
  // New in 1.36.
  'core.v1.PodStatus.nodeAllocatableResourceClaimStatuses: missing here',
  'core.v1.ResourceHealth.message: missing here',
  'core.v1.VolumeMountStatus.volumeStatus: missing here',
  'resource.v1.Device.nodeAllocatableResourceMappings: missing here',
  'resource.v1.DeviceAttribute.bools: missing here',
  'resource.v1.DeviceAttribute.ints: missing here',
  'resource.v1.DeviceAttribute.strings: missing here',
  'resource.v1.DeviceAttribute.versions: missing here',
  'storage.v1.CSIDriverSpec.preventPodSchedulingIfMissing: missing here',
];

test('the kinds have the fields and types that the client knows', () => {
  expect(differences()).toEqual(known.toSorted());
});

test('the comparison reaches the whole stable API', () => {
  expect(reachable().size).toBeGreaterThan(550);
});

test.each(['core', 'apps', 'batch', 'autoscaling', 'policy', 'meta'])('everything of %s is explained', (group) => {
  const structs = [...reachable().values()].filter(({ name }) => new RegExp(`\\.${group}\\.v\\d+\\.`, 'u').test(name));
  const silent = structs.flatMap(({ name, doc, fields }) => [
    ...(doc === '' ? [name] : []),
    ...Object.entries(fields).flatMap(([field, spec]) => (spec.doc === '' ? [`${name}.${field}`] : [])),
  ]);
  expect(silent).toEqual([]);
});
