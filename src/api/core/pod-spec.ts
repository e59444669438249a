import { boolean, int32, int64, list, map, of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { fillEmpty } from '../rules/draft.ts';
import { Affinity, TopologySpreadConstraint } from './affinity.ts';
import { Container, EphemeralContainer, ResourceRequirements } from './container.ts';
import { LocalObjectReference } from './object-reference.ts';
import { PodSecurityContext } from './security-context.ts';
import { Toleration } from './taint.ts';
import { Volume } from './volume.ts';

export const PodReadinessGate = struct(
  'io.k8s.api.core.v1.PodReadinessGate',
  'A condition that must be true before a pod is ready.',
  {
    conditionType: string(1).required().doc('Type of the condition.'),
  },
);
export interface PodReadinessGate extends Infer<typeof PodReadinessGate> {}

export const HostAlias = struct('io.k8s.api.core.v1.HostAlias', 'A line of /etc/hosts.', {
  ip: string(1).required().doc('The address.'),
  hostnames: list(2, string()).doc('Names of the address.'),
});
export interface HostAlias extends Infer<typeof HostAlias> {}

export const PodDNSConfigOption = struct('io.k8s.api.core.v1.PodDNSConfigOption', 'An option of the resolver.', {
  name: string(1).doc('Name of the option, such as `ndots`.'),
  value: string(2).pointer().doc('Its value, if it has one.'),
});
export interface PodDNSConfigOption extends Infer<typeof PodDNSConfigOption> {}

export const PodDNSConfig = struct('io.k8s.api.core.v1.PodDNSConfig', 'How names are looked up in a pod.', {
  nameservers: list(1, string()).doc('Addresses of name servers.'),
  searches: list(2, string()).doc('Domains that are tried behind short names.'),
  options: list(3, PodDNSConfigOption).doc('Options of the resolver.'),
});
export interface PodDNSConfig extends Infer<typeof PodDNSConfig> {}

export const PodOS = struct('io.k8s.api.core.v1.PodOS', 'Operating system of a pod.', {
  name: string(1).required().doc('`linux` or `windows`.'),
});
export interface PodOS extends Infer<typeof PodOS> {}

export const PodSchedulingGate = struct('io.k8s.api.core.v1.PodSchedulingGate', 'Holds a pod back from scheduling.', {
  name: string(1).required().doc('Name of the gate.'),
});
export interface PodSchedulingGate extends Infer<typeof PodSchedulingGate> {}

export const PodResourceClaim = struct(
  'io.k8s.api.core.v1.PodResourceClaim',
  'A claim that the containers can refer to; one of its sources is set.',
  {
    name: string(1).required().doc('Name within the pod.'),
    resourceClaimName: string(3).pointer().doc('A ResourceClaim that exists.'),
    resourceClaimTemplateName: string(4).pointer().doc('A template of which the pod gets a claim of its own.'),
  },
);
export interface PodResourceClaim extends Infer<typeof PodResourceClaim> {}

export const WorkloadReference = struct(
  'io.k8s.api.core.v1.WorkloadReference',
  'The workload that a pod is scheduled with.',
  {
    name: string(1).required().doc('Name of the workload.'),
    podGroup: string(2).required().doc('The group of pods in the workload.'),
    podGroupReplicaKey: string(3).doc('Which copy of the group.'),
  },
);
export interface WorkloadReference extends Infer<typeof WorkloadReference> {}

/** The old name of the service account's field follows the new one. */
function followOldAccountName(draft: Record<string, unknown>): void {
  fillEmpty(draft, 'serviceAccountName', draft['serviceAccount'] ?? '');
  if (draft['serviceAccountName'] === '') delete draft['serviceAccountName'];
  else draft['serviceAccount'] = draft['serviceAccountName'];
}

export const PodSpec = struct(
  'io.k8s.api.core.v1.PodSpec',
  'What runs in a pod, where, and under which rules.',
  {
    volumes: list(1, Volume).listMap('name').merge('name').retainKeys().doc('Volumes that its containers can mount.'),
    initContainers: list(20, Container)
      .listMap('name')
      .merge('name')
      .doc('Containers that run one after the other before the others start.'),
    containers: list(2, Container).listMap('name').merge('name').required().doc('Containers that run side by side.'),
    ephemeralContainers: list(34, EphemeralContainer)
      .listMap('name')
      .merge('name')
      .doc('Containers added to a running pod for debugging.'),
    restartPolicy: string(3)
      .enum('Always', 'OnFailure', 'Never')
      .default('Always')
      .doc('`Always`, `OnFailure` or `Never`: what happens when a container ends.'),
    terminationGracePeriodSeconds: int64(4)
      .default(30)
      .pointer()
      .doc('How many seconds containers get between being asked and being forced to stop.'),
    activeDeadlineSeconds: int64(5).pointer().doc('After how many seconds the pod is stopped and counts as failed.'),
    dnsPolicy: string(6)
      .enum('ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None')
      .default('ClusterFirst')
      .doc('Which name servers the containers ask.'),
    nodeSelector: map(7, string()).atomic().doc('Labels that the node must have.'),
    serviceAccountName: string(8).doc('The account whose identity the containers have.'),
    serviceAccount: string(9).doc('Old name of `serviceAccountName`.'),
    automountServiceAccountToken: boolean(21).pointer().doc('Whether the containers get a token of their account.'),
    nodeName: string(10).doc('The node that runs the pod; set by the scheduler.'),
    hostNetwork: boolean(11).doc("Whether the containers use the node's network."),
    hostPID: boolean(12).doc("Whether the containers see the node's processes."),
    hostIPC: boolean(13).doc("Whether the containers use the node's interprocess communication."),
    shareProcessNamespace: boolean(27).pointer().doc('Whether the containers see the processes of each other.'),
    securityContext: of(14, PodSecurityContext).default({}).doc('Security settings for all containers.'),
    imagePullSecrets: list(15, LocalObjectReference)
      .listMap('name')
      .merge('name')
      .doc('Secrets with credentials for image registries.'),
    hostname: string(16).doc("The pod's host name; its own name when left out."),
    subdomain: string(17).doc("Makes the full host name `hostname.subdomain.namespace.svc` and the cluster's domain."),
    affinity: of(18, Affinity).doc('Which nodes and which neighbours are wanted or not.'),
    schedulerName: string(19).default('default-scheduler').doc('Which scheduler finds the node.'),
    tolerations: list(22, Toleration).doc('Taints of nodes that the pod puts up with.'),
    hostAliases: list(23, HostAlias).listMap('ip').merge('ip').doc("Further lines of the containers' /etc/hosts."),
    priorityClassName: string(24).doc('Name of the PriorityClass that says how important the pod is.'),
    priority: int32(25).pointer().doc('How important the pod is; follows from its class.'),
    dnsConfig: of(26, PodDNSConfig).doc('Name servers and search domains besides those of the policy.'),
    readinessGates: list(28, PodReadinessGate).doc('Conditions that must be true as well before the pod is ready.'),
    runtimeClassName: string(29).pointer().doc('Name of the RuntimeClass whose handler runs the pod.'),
    enableServiceLinks: boolean(30)
      .pointer()
      .doc('Whether variables tell the containers about the services of the namespace.'),
    preemptionPolicy: string(31)
      .enum('PreemptLowerPriority', 'Never')
      .pointer()
      .doc('Whether the pod may push less important ones off a node.'),
    overhead: map(32, quantity()).doc('Resources that the pod needs besides those of its containers.'),
    topologySpreadConstraints: list(33, TopologySpreadConstraint)
      .listMap('topologyKey', 'whenUnsatisfiable')
      .merge('topologyKey')
      .doc('How evenly pods are to be spread over zones or nodes.'),
    setHostnameAsFQDN: boolean(35).pointer().doc('Whether the host name is the full one.'),
    os: of(36, PodOS).doc('Operating system that the containers are for.'),
    hostUsers: boolean(37)
      .pointer()
      .doc("Whether the containers use the node's user ids; `false` gives them a range of their own."),
    schedulingGates: list(38, PodSchedulingGate)
      .listMap('name')
      .merge('name')
      .doc('Names of those who must agree before the pod is scheduled.'),
    resourceClaims: list(39, PodResourceClaim)
      .listMap('name')
      .merge('name')
      .retainKeys()
      .doc('Devices and the like that the pod claims.'),
    resources: of(40, ResourceRequirements).doc('Resources of all containers together.'),
    hostnameOverride: string(41).pointer().doc('The host name inside the pod, whatever the pod is called.'),
    workloadRef: of(42, WorkloadReference).doc('The workload that the pod is scheduled with.'),
  },
  { defaults: followOldAccountName },
);
export interface PodSpec extends Infer<typeof PodSpec> {}
