import { boolean, int32, int64, list, map, of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { fillEmpty } from '../rules/draft.ts';
import { Affinity, TopologySpreadConstraint } from './affinity.ts';
import { Container, EphemeralContainer, ResourceRequirements } from './container.ts';
import { LocalObjectReference } from './object-reference.ts';
import { PodSecurityContext } from './security-context.ts';
import { Toleration } from './taint.ts';
import { Volume } from './volume.ts';

export const PodReadinessGate = struct('io.k8s.api.core.v1.PodReadinessGate', '', {
  conditionType: string(1).required(),
});
export interface PodReadinessGate extends Infer<typeof PodReadinessGate> {}

export const HostAlias = struct('io.k8s.api.core.v1.HostAlias', '', {
  ip: string(1).required(),
  hostnames: list(2, string()),
});
export interface HostAlias extends Infer<typeof HostAlias> {}

export const PodDNSConfigOption = struct('io.k8s.api.core.v1.PodDNSConfigOption', '', {
  name: string(1),
  value: string(2).pointer(),
});
export interface PodDNSConfigOption extends Infer<typeof PodDNSConfigOption> {}

export const PodDNSConfig = struct('io.k8s.api.core.v1.PodDNSConfig', '', {
  nameservers: list(1, string()),
  searches: list(2, string()),
  options: list(3, PodDNSConfigOption),
});
export interface PodDNSConfig extends Infer<typeof PodDNSConfig> {}

export const PodOS = struct('io.k8s.api.core.v1.PodOS', '', {
  name: string(1).required(),
});
export interface PodOS extends Infer<typeof PodOS> {}

export const PodSchedulingGate = struct('io.k8s.api.core.v1.PodSchedulingGate', '', {
  name: string(1).required(),
});
export interface PodSchedulingGate extends Infer<typeof PodSchedulingGate> {}

export const PodResourceClaim = struct('io.k8s.api.core.v1.PodResourceClaim', '', {
  name: string(1).required(),
  resourceClaimName: string(3).pointer(),
  resourceClaimTemplateName: string(4).pointer(),
});
export interface PodResourceClaim extends Infer<typeof PodResourceClaim> {}

export const WorkloadReference = struct('io.k8s.api.core.v1.WorkloadReference', '', {
  name: string(1).required(),
  podGroup: string(2).required(),
  podGroupReplicaKey: string(3),
});
export interface WorkloadReference extends Infer<typeof WorkloadReference> {}

/** The old name of the service account's field follows the new one. */
function followOldAccountName(draft: Record<string, unknown>): void {
  fillEmpty(draft, 'serviceAccountName', draft['serviceAccount'] ?? '');
  if (draft['serviceAccountName'] === '') delete draft['serviceAccountName'];
  else draft['serviceAccount'] = draft['serviceAccountName'];
}

export const PodSpec = struct(
  'io.k8s.api.core.v1.PodSpec',
  '',
  {
    volumes: list(1, Volume).listMap('name').merge('name').retainKeys(),
    initContainers: list(20, Container).listMap('name').merge('name'),
    containers: list(2, Container).listMap('name').merge('name').required(),
    ephemeralContainers: list(34, EphemeralContainer).listMap('name').merge('name'),
    restartPolicy: string(3).enum('Always', 'OnFailure', 'Never').default('Always'),
    terminationGracePeriodSeconds: int64(4).default(30).pointer(),
    activeDeadlineSeconds: int64(5).pointer(),
    dnsPolicy: string(6).enum('ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None').default('ClusterFirst'),
    nodeSelector: map(7, string()).atomic(),
    serviceAccountName: string(8),
    serviceAccount: string(9),
    automountServiceAccountToken: boolean(21).pointer(),
    nodeName: string(10),
    hostNetwork: boolean(11),
    hostPID: boolean(12),
    hostIPC: boolean(13),
    shareProcessNamespace: boolean(27).pointer(),
    securityContext: of(14, PodSecurityContext).default({}),
    imagePullSecrets: list(15, LocalObjectReference).listMap('name').merge('name'),
    hostname: string(16),
    subdomain: string(17),
    affinity: of(18, Affinity),
    schedulerName: string(19).default('default-scheduler'),
    tolerations: list(22, Toleration),
    hostAliases: list(23, HostAlias).listMap('ip').merge('ip'),
    priorityClassName: string(24),
    priority: int32(25).pointer(),
    dnsConfig: of(26, PodDNSConfig),
    readinessGates: list(28, PodReadinessGate),
    runtimeClassName: string(29).pointer(),
    enableServiceLinks: boolean(30).pointer(),
    preemptionPolicy: string(31).enum('PreemptLowerPriority', 'Never').pointer(),
    overhead: map(32, quantity()),
    topologySpreadConstraints: list(33, TopologySpreadConstraint)
      .listMap('topologyKey', 'whenUnsatisfiable')
      .merge('topologyKey'),
    setHostnameAsFQDN: boolean(35).pointer(),
    os: of(36, PodOS),
    hostUsers: boolean(37).pointer(),
    schedulingGates: list(38, PodSchedulingGate).listMap('name').merge('name'),
    resourceClaims: list(39, PodResourceClaim).listMap('name').merge('name').retainKeys(),
    resources: of(40, ResourceRequirements),
    hostnameOverride: string(41).pointer(),
    workloadRef: of(42, WorkloadReference),
  },
  { defaults: followOldAccountName },
);
export interface PodSpec extends Infer<typeof PodSpec> {}
