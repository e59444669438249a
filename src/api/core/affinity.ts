import { int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { ClientIPConfig } from './client-ip-config.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const NodeSelectorRequirement = struct(
  'io.k8s.api.core.v1.NodeSelectorRequirement',
  "One comparison of a node's label or field with values.",
  {
    key: string(1).present().doc('The key that is compared.'),
    operator: string(2)
      .known<'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'>()
      .present()
      .doc('`In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.'),
    values: list(3, string()).doc('The values to compare with.'),
  },
);
export interface NodeSelectorRequirement extends Infer<typeof NodeSelectorRequirement> {}

export const NodeSelectorTerm = struct(
  'io.k8s.api.core.v1.NodeSelectorTerm',
  'Requirements that a node must meet together.',
  {
    matchExpressions: list(1, NodeSelectorRequirement).doc("Requirements on the node's labels."),
    matchFields: list(2, NodeSelectorRequirement).doc(
      "Requirements on the node's fields; only `metadata.name` is known.",
    ),
  },
  { atomic: true },
);
export interface NodeSelectorTerm extends Infer<typeof NodeSelectorTerm> {}

export const NodeSelector = struct(
  'io.k8s.api.core.v1.NodeSelector',
  'Selects nodes; one of its terms must match.',
  {
    nodeSelectorTerms: list(1, NodeSelectorTerm).present().doc('The terms, of which one is enough.'),
  },
  { atomic: true },
);
export interface NodeSelector extends Infer<typeof NodeSelector> {}

export const PreferredSchedulingTerm = struct(
  'io.k8s.api.core.v1.PreferredSchedulingTerm',
  'A wish about the node and how much it weighs.',
  {
    weight: int32(1).present().doc('From 1 to 100.'),
    preference: of(2, NodeSelectorTerm).present().doc('The wish.'),
  },
);
export interface PreferredSchedulingTerm extends Infer<typeof PreferredSchedulingTerm> {}

export const NodeAffinity = struct('io.k8s.api.core.v1.NodeAffinity', 'Which nodes a pod wants.', {
  requiredDuringSchedulingIgnoredDuringExecution: of(1, NodeSelector).doc(
    'What the node must fulfil when the pod is scheduled.',
  ),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, PreferredSchedulingTerm).doc(
    'What makes a node better, by weight.',
  ),
});
export interface NodeAffinity extends Infer<typeof NodeAffinity> {}

export const PodAffinityTerm = struct('io.k8s.api.core.v1.PodAffinityTerm', 'Some pods, and what near them means.', {
  labelSelector: of(1, LabelSelector).doc('Which pods are meant.'),
  namespaces: list(2, string()).doc("Namespaces to look in; the pod's own when nothing is said."),
  topologyKey: string(3).present().doc('Node label that is the same for everything that is near.'),
  namespaceSelector: of(4, LabelSelector).doc('Which namespaces to look in, by their labels.'),
  matchLabelKeys: list(5, string()).doc('Labels whose values must be those of the new pod.'),
  mismatchLabelKeys: list(6, string()).doc('Labels whose values must differ from those of the new pod.'),
});
export interface PodAffinityTerm extends Infer<typeof PodAffinityTerm> {}

export const WeightedPodAffinityTerm = struct(
  'io.k8s.api.core.v1.WeightedPodAffinityTerm',
  'A wish about neighbours and how much it weighs.',
  {
    weight: int32(1).present().doc('From 1 to 100.'),
    podAffinityTerm: of(2, PodAffinityTerm).present().doc('The wish.'),
  },
);
export interface WeightedPodAffinityTerm extends Infer<typeof WeightedPodAffinityTerm> {}

export const PodAffinity = struct('io.k8s.api.core.v1.PodAffinity', 'Near which pods a pod wants to be.', {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm).doc(
    'Pods that must be near when the pod is scheduled.',
  ),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm).doc(
    'Pods that should be near, by weight.',
  ),
});
export interface PodAffinity extends Infer<typeof PodAffinity> {}

export const PodAntiAffinity = struct(
  'io.k8s.api.core.v1.PodAntiAffinity',
  'Near which pods a pod does not want to be.',
  {
    requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm).doc(
      'Pods that must not be near when the pod is scheduled.',
    ),
    preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm).doc(
      'Pods that should not be near, by weight.',
    ),
  },
);
export interface PodAntiAffinity extends Infer<typeof PodAntiAffinity> {}

export const Affinity = struct(
  'io.k8s.api.core.v1.Affinity',
  'Attraction to and repulsion from nodes and other pods.',
  {
    nodeAffinity: of(1, NodeAffinity).doc('Which nodes are wanted.'),
    podAffinity: of(2, PodAffinity).doc('Near which pods it is wanted.'),
    podAntiAffinity: of(3, PodAntiAffinity).doc('Near which pods it is not wanted.'),
  },
);
export interface Affinity extends Infer<typeof Affinity> {}

export const TopologySpreadConstraint = struct(
  'io.k8s.api.core.v1.TopologySpreadConstraint',
  'How evenly pods are spread over parts of the cluster.',
  {
    maxSkew: int32(1).present().doc('How many pods one part may have more than another.'),
    topologyKey: string(2).present().doc('Node label whose values tell the parts apart.'),
    whenUnsatisfiable: string(3)
      .enum('DoNotSchedule', 'ScheduleAnyway')
      .required()
      .doc('`DoNotSchedule` or `ScheduleAnyway`.'),
    labelSelector: of(4, LabelSelector).doc('Which pods are counted.'),
    minDomains: int32(5).pointer().doc('How many parts there must be at least.'),
    nodeAffinityPolicy: string(6)
      .enum('Honor', 'Ignore')
      .pointer()
      .doc('Whether nodes that the pod does not want are counted.'),
    nodeTaintsPolicy: string(7)
      .enum('Honor', 'Ignore')
      .pointer()
      .doc('Whether nodes that the pod does not tolerate are counted.'),
    matchLabelKeys: list(8, string()).doc('Labels whose values must be those of the new pod to be counted.'),
  },
);
export interface TopologySpreadConstraint extends Infer<typeof TopologySpreadConstraint> {}

export const SessionAffinityConfig = struct(
  'io.k8s.api.core.v1.SessionAffinityConfig',
  'Details of the affinity of clients.',
  {
    clientIP: of(1, ClientIPConfig).doc('Details for affinity by address.'),
  },
);
export interface SessionAffinityConfig extends Infer<typeof SessionAffinityConfig> {}
