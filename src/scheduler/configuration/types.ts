/** KubeSchedulerConfiguration, kubescheduler.config.k8s.io/v1, as upstream's staging/src/k8s.io/kube-scheduler has it. */
import { NodeAffinity, TopologySpreadConstraint } from '../../api/core/affinity.ts';
import { boolean, int32, int64, json, list, of, string, struct, type Infer } from '../../schema/field.ts';

const part = 'io.k8s.kube-scheduler.config.v1';

const PluginReference = struct(`${part}.Plugin`, 'A plugin.', {
  name: string(1).doc('Its name, or * for all.'),
  weight: int32(2).doc('How much its scores count.'),
});

const PluginSet = struct(`${part}.PluginSet`, 'Plugins of an extension point.', {
  enabled: list(1, PluginReference).doc('Plugins that have a say here beside the default ones.'),
  disabled: list(2, PluginReference).doc('Default plugins that have none.'),
});
export interface PluginSet extends Infer<typeof PluginSet> {}

const Plugins = struct(`${part}.Plugins`, 'Plugins by extension point.', {
  preEnqueue: of(1, PluginSet).doc('Before a pod is queued.'),
  queueSort: of(2, PluginSet).doc('The order of the queue.'),
  preFilter: of(3, PluginSet).doc('Once before nodes are ruled out.'),
  filter: of(4, PluginSet).doc('Rule out nodes.'),
  postFilter: of(5, PluginSet).doc('When no node is left.'),
  preScore: of(6, PluginSet).doc('Once before nodes are compared.'),
  score: of(7, PluginSet).doc('Compare nodes.'),
  reserve: of(8, PluginSet).doc('Keep what the pod needs.'),
  permit: of(9, PluginSet).doc('Let the pod go on.'),
  preBind: of(10, PluginSet).doc('Before the pod is bound.'),
  bind: of(11, PluginSet).doc('Bind the pod.'),
  postBind: of(12, PluginSet).doc('After the pod is bound.'),
  multiPoint: of(13, PluginSet).doc('All of them.'),
});
export interface Plugins extends Infer<typeof Plugins> {}

const PluginConfig = struct(`${part}.PluginConfig`, 'Arguments of a plugin.', {
  name: string(1).doc('Of the plugin.'),
  args: json(2).doc('Its arguments.'),
});

const SchedulerProfile = struct(`${part}.KubeSchedulerProfile`, 'How pods of one schedulerName are scheduled.', {
  schedulerName: string(1).pointer().doc('The schedulerName of its pods.'),
  percentageOfNodesToScore: int32(2).pointer().doc('How many of the nodes are candidates enough, in percent.'),
  plugins: of(3, Plugins).doc('Plugins by extension point.'),
  pluginConfig: list(4, PluginConfig).doc('Arguments of plugins.'),
});
export interface SchedulerProfile extends Infer<typeof SchedulerProfile> {}

/** `json`: for a process of its own; there is none here, and it has no effect. */
export const SchedulerConfigurationFile = struct(`${part}.KubeSchedulerConfiguration`, 'Settings of the scheduler.', {
  apiVersion: string(1).doc('kubescheduler.config.k8s.io/v1'),
  kind: string(2).doc('KubeSchedulerConfiguration'),
  parallelism: int32(3).pointer().doc('Has no effect: decisions are made one after the other.'),
  leaderElection: json(4).doc('Has no effect.'),
  clientConnection: json(5).doc('Has no effect.'),
  enableProfiling: boolean(6).pointer().doc('Has no effect.'),
  enableContentionProfiling: boolean(7).pointer().doc('Has no effect.'),
  percentageOfNodesToScore: int32(8).pointer().doc('How many of the nodes are candidates enough, in percent.'),
  podInitialBackoffSeconds: int64(9).pointer().doc('The first pause before a pod is tried again.'),
  podMaxBackoffSeconds: int64(10).pointer().doc('The longest.'),
  profiles: list(11, SchedulerProfile).doc('How pods are scheduled, by schedulerName.'),
  extenders: json(12).doc('Refused.'),
  delayCacheUntilActive: boolean(13).pointer().doc('Has no effect: caches are shared.'),
});

export interface SchedulerConfigurationFile extends Infer<typeof SchedulerConfigurationFile> {}

const ResourceSpec = struct(`${part}.ResourceSpec`, 'A resource that counts.', {
  name: string(1).doc('Its name.'),
  weight: int64(2).pointer().doc('How much it counts.'),
});

const UtilizationShapePoint = struct(`${part}.UtilizationShapePoint`, 'What use is worth.', {
  utilization: int32(1).present().doc('How much is used, in percent.'),
  score: int32(2).present().doc('What that is worth, from 0 to 10.'),
});

const RequestedToCapacityRatio = struct(`${part}.RequestedToCapacityRatioParam`, 'What use is worth.', {
  shape: list(1, UtilizationShapePoint).doc('Points of a line.'),
});

const ScoringStrategy = struct(`${part}.ScoringStrategy`, 'How full nodes are preferred.', {
  type: string(1).doc('LeastAllocated, MostAllocated or RequestedToCapacityRatio.'),
  resources: list(2, ResourceSpec).doc('Resources that count.'),
  requestedToCapacityRatio: of(3, RequestedToCapacityRatio).doc('Of the strategy of that name.'),
});

const typeMeta = { apiVersion: string(20).doc('Version of the arguments.'), kind: string(21).doc('Their kind.') };

export const FitArgs = struct(`${part}.NodeResourcesFitArgs`, 'Arguments of NodeResourcesFit.', {
  ...typeMeta,
  ignoredResources: list(1, string()).doc('Extended resources that are not looked at.'),
  ignoredResourceGroups: list(2, string()).doc('What their names begin with, up to the slash.'),
  scoringStrategy: of(3, ScoringStrategy).doc('How full nodes are preferred.'),
});
export interface FitArgs extends Infer<typeof FitArgs> {}

export const BalancedAllocationArgs = struct(
  `${part}.NodeResourcesBalancedAllocationArgs`,
  'Arguments of NodeResourcesBalancedAllocation.',
  { ...typeMeta, resources: list(1, ResourceSpec).doc('Resources that count.') },
);
export interface BalancedAllocationArgs extends Infer<typeof BalancedAllocationArgs> {}

export const InterPodAffinityArgs = struct(`${part}.InterPodAffinityArgs`, 'Arguments of InterPodAffinity.', {
  ...typeMeta,
  hardPodAffinityWeight: int32(1).pointer().doc('How strongly required affinity of pods already there draws.'),
  ignorePreferredTermsOfExistingPods: boolean(2).doc('Whether preferences of pods already there do not count.'),
});
export interface InterPodAffinityArgs extends Infer<typeof InterPodAffinityArgs> {}

export const NodeAffinityArgs = struct(`${part}.NodeAffinityArgs`, 'Arguments of NodeAffinity.', {
  ...typeMeta,
  addedAffinity: of(1, NodeAffinity).doc('An affinity that all pods have beside their own.'),
});
export interface NodeAffinityArgs extends Infer<typeof NodeAffinityArgs> {}

export const TopologySpreadArgs = struct(`${part}.PodTopologySpreadArgs`, 'Arguments of PodTopologySpread.', {
  ...typeMeta,
  defaultConstraints: list(1, TopologySpreadConstraint).doc('For pods that say nothing themselves.'),
  defaultingType: string(2).doc('System or List.'),
});
export interface TopologySpreadArgs extends Infer<typeof TopologySpreadArgs> {}

export const PreemptionArgs = struct(`${part}.DefaultPreemptionArgs`, 'Arguments of DefaultPreemption.', {
  ...typeMeta,
  minCandidateNodesPercentage: int32(1).pointer().doc('Has no effect: all nodes are looked at.'),
  minCandidateNodesAbsolute: int32(2).pointer().doc('Has no effect: all nodes are looked at.'),
});

export const VolumeBindingArgs = struct(`${part}.VolumeBindingArgs`, 'Arguments of VolumeBinding.', {
  ...typeMeta,
  bindTimeoutSeconds: int64(1).pointer().doc('How long a pod waits for its volumes.'),
});
