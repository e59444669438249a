import { int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { ClientIPConfig } from './client-ip-config.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const NodeSelectorRequirement = struct('io.k8s.api.core.v1.NodeSelectorRequirement', '', {
  key: string(1).present(),
  operator: string(2).known<'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'>().present(),
  values: list(3, string()),
});
export interface NodeSelectorRequirement extends Infer<typeof NodeSelectorRequirement> {}

export const NodeSelectorTerm = struct(
  'io.k8s.api.core.v1.NodeSelectorTerm',
  '',
  {
    matchExpressions: list(1, NodeSelectorRequirement),
    matchFields: list(2, NodeSelectorRequirement),
  },
  { atomic: true },
);
export interface NodeSelectorTerm extends Infer<typeof NodeSelectorTerm> {}

export const NodeSelector = struct(
  'io.k8s.api.core.v1.NodeSelector',
  '',
  {
    nodeSelectorTerms: list(1, NodeSelectorTerm).present(),
  },
  { atomic: true },
);
export interface NodeSelector extends Infer<typeof NodeSelector> {}

export const PreferredSchedulingTerm = struct('io.k8s.api.core.v1.PreferredSchedulingTerm', '', {
  weight: int32(1).present(),
  preference: of(2, NodeSelectorTerm).present(),
});
export interface PreferredSchedulingTerm extends Infer<typeof PreferredSchedulingTerm> {}

export const NodeAffinity = struct('io.k8s.api.core.v1.NodeAffinity', '', {
  requiredDuringSchedulingIgnoredDuringExecution: of(1, NodeSelector),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, PreferredSchedulingTerm),
});
export interface NodeAffinity extends Infer<typeof NodeAffinity> {}

export const PodAffinityTerm = struct('io.k8s.api.core.v1.PodAffinityTerm', '', {
  labelSelector: of(1, LabelSelector),
  namespaces: list(2, string()),
  topologyKey: string(3).present(),
  namespaceSelector: of(4, LabelSelector),
  matchLabelKeys: list(5, string()),
  mismatchLabelKeys: list(6, string()),
});
export interface PodAffinityTerm extends Infer<typeof PodAffinityTerm> {}

export const WeightedPodAffinityTerm = struct('io.k8s.api.core.v1.WeightedPodAffinityTerm', '', {
  weight: int32(1).present(),
  podAffinityTerm: of(2, PodAffinityTerm).present(),
});
export interface WeightedPodAffinityTerm extends Infer<typeof WeightedPodAffinityTerm> {}

export const PodAffinity = struct('io.k8s.api.core.v1.PodAffinity', '', {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm),
});
export interface PodAffinity extends Infer<typeof PodAffinity> {}

export const PodAntiAffinity = struct('io.k8s.api.core.v1.PodAntiAffinity', '', {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm),
});
export interface PodAntiAffinity extends Infer<typeof PodAntiAffinity> {}

export const Affinity = struct('io.k8s.api.core.v1.Affinity', '', {
  nodeAffinity: of(1, NodeAffinity),
  podAffinity: of(2, PodAffinity),
  podAntiAffinity: of(3, PodAntiAffinity),
});
export interface Affinity extends Infer<typeof Affinity> {}

export const TopologySpreadConstraint = struct('io.k8s.api.core.v1.TopologySpreadConstraint', '', {
  maxSkew: int32(1).present(),
  topologyKey: string(2).present(),
  whenUnsatisfiable: string(3).enum('DoNotSchedule', 'ScheduleAnyway').required(),
  labelSelector: of(4, LabelSelector),
  minDomains: int32(5).pointer(),
  nodeAffinityPolicy: string(6).enum('Honor', 'Ignore').pointer(),
  nodeTaintsPolicy: string(7).enum('Honor', 'Ignore').pointer(),
  matchLabelKeys: list(8, string()),
});
export interface TopologySpreadConstraint extends Infer<typeof TopologySpreadConstraint> {}

export const SessionAffinityConfig = struct('io.k8s.api.core.v1.SessionAffinityConfig', '', {
  clientIP: of(1, ClientIPConfig),
});
export interface SessionAffinityConfig extends Infer<typeof SessionAffinityConfig> {}
