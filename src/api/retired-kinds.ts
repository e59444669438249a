/**
 * Every retired version that is still answered, since older manifests and clients send it: by group, and to
 * stand last in it. The table says what differs in the name only; the other files what differs in substance.
 */
import { HorizontalPodAutoscaler } from './autoscaling/v2/horizontal-pod-autoscaler.ts';
import { APIService } from './apiregistration/api-service.ts';
import { CronJob } from './batch/cron-job.ts';
import { CertificateSigningRequest } from './certificates/certificate-signing-request.ts';
import { Lease } from './coordination/lease.ts';
import { Event } from './events/event.ts';
import type { Kind } from './kind.ts';
import { NetworkPolicy } from './networking/network-policy.ts';
// oxlint-disable-next-line no-restricted-imports -- the API group, not the layer of that name
import { RuntimeClass } from './node/runtime-class.ts';
import { ClusterRoleBinding } from './rbac/cluster-role-binding.ts';
import { ClusterRole } from './rbac/cluster-role.ts';
import { RoleBinding } from './rbac/role-binding.ts';
import { Role } from './rbac/role.ts';
import { PriorityClass } from './scheduling/priority-class.ts';
import { CSIDriver } from './storage/csi-driver.ts';
import { CSINode } from './storage/csi-node.ts';
import { CSIStorageCapacity } from './storage/csi-storage-capacity.ts';
import { StorageClass } from './storage/storage-class.ts';
import { VolumeAttachment } from './storage/volume-attachment.ts';
import { VolumeAttributesClass } from './storage/volume-attributes-class.ts';
import { HorizontalPodAutoscalerV2beta1 } from './retired/autoscaler.ts';
import { CustomResourceDefinitionV1beta1 } from './retired/custom-resource-definition.ts';
import { PodDisruptionBudgetV1beta1 } from './retired/disruption-budget.ts';
import { EndpointSliceV1beta1 } from './retired/endpoint-slice.ts';
import { ExtensionsIngress, IngressClassV1beta1, IngressV1beta1 } from './retired/ingress.ts';
import { retire } from './retired/retire.ts';
import { reviewsV1beta1 } from './retired/reviews.ts';
import {
  appsV1beta2,
  ControllerRevisionV1beta1,
  DeploymentV1beta1,
  ExtensionsDaemonSet,
  ExtensionsDeployment,
  ExtensionsReplicaSet,
  StatefulSetV1beta1,
} from './retired/workloads.ts';
import { webhooksV1beta1 } from './retired/webhooks.ts';

const beta1 = { version: 'v1beta1' };
const rbac = {
  ...beta1,
  group: 'rbac.authorization.k8s.io',
  package: 'io.k8s.api.rbac.v1beta1',
  deprecated: 17,
  removed: 22,
};
const storage = {
  ...beta1,
  group: 'storage.k8s.io',
  package: 'io.k8s.api.storage.v1beta1',
  deprecated: 19,
  removed: 22,
};

/** By group, as the catalogue places them. */
export const retiredKinds: readonly Kind[] = Object.freeze([
  ExtensionsDaemonSet,
  ExtensionsDeployment,
  ExtensionsIngress,
  retire(NetworkPolicy, {
    ...beta1,
    group: 'extensions',
    package: 'io.k8s.api.extensions.v1beta1',
    deprecated: 9,
    removed: 16,
  }),
  ExtensionsReplicaSet,
  ...appsV1beta2,
  ControllerRevisionV1beta1,
  DeploymentV1beta1,
  StatefulSetV1beta1,
  retire(Event, {
    ...beta1,
    group: 'events.k8s.io',
    package: 'io.k8s.api.events.v1beta1',
    deprecated: 22,
    removed: 25,
    instead: '',
  }),
  ...reviewsV1beta1,
  retire(HorizontalPodAutoscaler, {
    group: 'autoscaling',
    version: 'v2beta2',
    package: 'io.k8s.api.autoscaling.v2beta2',
    deprecated: 23,
    removed: 26,
  }),
  HorizontalPodAutoscalerV2beta1,
  retire(CronJob, { ...beta1, group: 'batch', package: 'io.k8s.api.batch.v1beta1', deprecated: 21, removed: 25 }),
  retire(CertificateSigningRequest, {
    ...beta1,
    group: 'certificates.k8s.io',
    package: 'io.k8s.api.certificates.v1beta1',
    deprecated: 19,
    removed: 22,
  }),
  IngressClassV1beta1,
  IngressV1beta1,
  PodDisruptionBudgetV1beta1,
  ...[ClusterRoleBinding, ClusterRole, RoleBinding, Role].map((kind: Kind) => retire(kind, rbac)),
  retire(CSIDriver, storage),
  retire(CSINode, { ...storage, deprecated: 17 }),
  retire(CSIStorageCapacity, { ...storage, deprecated: 24, removed: 27 }),
  retire(StorageClass, storage),
  retire(VolumeAttachment, storage),
  retire(VolumeAttributesClass, { ...storage, deprecated: 34, removed: 37 }),
  retire(PriorityClass, {
    ...beta1,
    group: 'scheduling.k8s.io',
    package: 'io.k8s.api.scheduling.v1beta1',
    deprecated: 14,
    removed: 22,
  }),
  retire(Lease, {
    ...beta1,
    group: 'coordination.k8s.io',
    package: 'io.k8s.api.coordination.v1beta1',
    deprecated: 19,
    removed: 22,
  }),
  retire(RuntimeClass, {
    ...beta1,
    group: 'node.k8s.io',
    package: 'io.k8s.api.node.v1beta1',
    deprecated: 22,
    removed: 25,
    instead: '',
  }),
  EndpointSliceV1beta1,
  CustomResourceDefinitionV1beta1,
  ...webhooksV1beta1,
  retire(APIService, {
    ...beta1,
    group: 'apiregistration.k8s.io',
    package: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1beta1',
    deprecated: 19,
    removed: 22,
  }),
]);
