/**
 * Every kind that the API server serves, in the order of discovery: groups as upstream ranks them,
 * inside a group the preferred version first and retired versions last, inside a version by plural.
 */
import { MutatingWebhookConfiguration } from './admissionregistration/mutating-webhook-configuration.ts';
import { ValidatingAdmissionPolicy } from './admissionregistration/validating-admission-policy.ts';
import { ValidatingAdmissionPolicyBinding } from './admissionregistration/validating-admission-policy-binding.ts';
import { ValidatingWebhookConfiguration } from './admissionregistration/validating-webhook-configuration.ts';
import { CustomResourceDefinition } from './apiextensions/custom-resource-definition.ts';
import { APIService } from './apiregistration/api-service.ts';
import { ControllerRevision } from './apps/controller-revision.ts';
import { DaemonSet } from './apps/daemon-set.ts';
import { Deployment } from './apps/deployment.ts';
import { ReplicaSet } from './apps/replica-set.ts';
import { StatefulSet } from './apps/stateful-set.ts';
import { SelfSubjectReview } from './authentication/self-subject-review.ts';
import { TokenReview } from './authentication/token-review.ts';
import { LocalSubjectAccessReview } from './authorization/local-subject-access-review.ts';
import { SelfSubjectAccessReview } from './authorization/self-subject-access-review.ts';
import { SelfSubjectRulesReview } from './authorization/self-subject-rules-review.ts';
import { SubjectAccessReview } from './authorization/subject-access-review.ts';
import { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from './autoscaling/horizontal-pod-autoscaler.ts';
import { HorizontalPodAutoscaler } from './autoscaling/v2/horizontal-pod-autoscaler.ts';
import { CronJob } from './batch/cron-job.ts';
import { Job } from './batch/job.ts';
import { CertificateSigningRequest } from './certificates/certificate-signing-request.ts';
import { Lease } from './coordination/lease.ts';
import { Binding } from './core/binding.ts';
import { ComponentStatus } from './core/component-status.ts';
import { ConfigMap } from './core/config-map.ts';
import { Endpoints } from './core/endpoints.ts';
import { Event as CoreEvent } from './core/event.ts';
import { LimitRange } from './core/limit-range.ts';
import { Namespace } from './core/namespace.ts';
import { Node } from './core/node.ts';
import { PersistentVolumeClaim } from './core/persistent-volume-claim.ts';
import { PersistentVolume } from './core/persistent-volume.ts';
import { PodTemplate } from './core/pod-template.ts';
import { Pod } from './core/pod.ts';
import { ReplicationController } from './core/replication-controller.ts';
import { ResourceQuota } from './core/resource-quota.ts';
import { Secret } from './core/secret.ts';
import { ServiceAccount } from './core/service-account.ts';
import { Service } from './core/service.ts';
import { EndpointSlice } from './discovery/endpoint-slice.ts';
import { Event } from './events/event.ts';
import { FlowSchema } from './flowcontrol/flow-schema.ts';
import { PriorityLevelConfiguration } from './flowcontrol/priority-level-configuration.ts';
import type { Kind } from './kind.ts';
import { IngressClass } from './networking/ingress-class.ts';
import { Ingress } from './networking/ingress.ts';
import { IPAddress } from './networking/ip-address.ts';
import { NetworkPolicy } from './networking/network-policy.ts';
import { ServiceCIDR } from './networking/service-cidr.ts';
// oxlint-disable-next-line no-restricted-imports -- the API group, not the layer of that name
import { RuntimeClass } from './node/runtime-class.ts';
import { PodDisruptionBudget } from './policy/pod-disruption-budget.ts';
import { ClusterRoleBinding } from './rbac/cluster-role-binding.ts';
import { ClusterRole } from './rbac/cluster-role.ts';
import { RoleBinding } from './rbac/role-binding.ts';
import { Role } from './rbac/role.ts';
import { retiredKinds } from './retired-kinds.ts';
import { DeviceClass } from './resource/device-class.ts';
import { ResourceClaimTemplate } from './resource/resource-claim-template.ts';
import { ResourceClaim } from './resource/resource-claim.ts';
import { ResourceSlice } from './resource/resource-slice.ts';
import { PriorityClass } from './scheduling/priority-class.ts';
import { CSIDriver } from './storage/csi-driver.ts';
import { CSINode } from './storage/csi-node.ts';
import { CSIStorageCapacity } from './storage/csi-storage-capacity.ts';
import { StorageClass } from './storage/storage-class.ts';
import { VolumeAttachment } from './storage/volume-attachment.ts';
import { VolumeAttributesClass } from './storage/volume-attributes-class.ts';

/** One list per group, or per few groups that stand together. */
const groups: readonly (readonly Kind[])[] = [
  [
    Binding,
    ComponentStatus,
    ConfigMap,
    Endpoints,
    CoreEvent,
    LimitRange,
    Namespace,
    Node,
    PersistentVolumeClaim,
    PersistentVolume,
    Pod,
    PodTemplate,
    ReplicationController,
    ResourceQuota,
    Secret,
    ServiceAccount,
    Service,
  ],
  [ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet],
  [Event],
  [SelfSubjectReview, TokenReview],
  [LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview],
  [HorizontalPodAutoscaler, HorizontalPodAutoscalerV1],
  [CronJob, Job],
  [CertificateSigningRequest],
  [IngressClass, Ingress, IPAddress, NetworkPolicy, ServiceCIDR],
  [PodDisruptionBudget],
  [ClusterRoleBinding, ClusterRole, RoleBinding, Role],
  [CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass],
  [
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
  ],
  [CustomResourceDefinition],
  [PriorityClass],
  [Lease],
  [RuntimeClass],
  [EndpointSlice],
  [APIService],
  [FlowSchema, PriorityLevelConfiguration],
  [DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice],
];

/** Every served kind. Kinds of one group stand together, and so do those of one version. */
export const kinds: readonly Kind[] = Object.freeze([
  ...groups.flatMap((group) => [...group, ...retiredKinds.filter((each) => each.group === group[0]?.group)]),
  ...retiredKinds.filter((each) => !groups.some((group) => group[0]?.group === each.group)),
]);

const byResource: ReadonlyMap<string, Kind> = new Map(
  kinds.map((each) => [key(each.group, each.version, each.plural), each]),
);
const byKind: ReadonlyMap<string, Kind> = new Map(
  kinds.map((each) => [key(each.group, each.version, each.kind), each]),
);

/** The kind behind a path such as /apis/apps/v1/deployments; undefined when nothing is served there. */
export function kindOfResource(group: string, version: string, plural: string): Kind | undefined {
  return byResource.get(key(group, version, plural));
}

/** The kind of an object with this apiVersion (`apps/v1`, `v1`) and kind. */
export function kindOfObject(apiVersion: string, kind: string): Kind | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  return byKind.get(key(group, apiVersion.slice(slash + 1), kind));
}

/** The version in which a group's resource is stored: its first one in the catalogue that is not converted. */
export function preferredKind(group: string, plural: string): Kind | undefined {
  return kinds.find((each) => each.group === group && each.plural === plural && each.conversion === undefined);
}

function key(group: string, version: string, name: string): string {
  return `${group}/${version}/${name}`;
}
