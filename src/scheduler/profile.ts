/**
 * Which plugins decide for the pods of one `schedulerName`, and how. Plugins are named as upstream's are; each has a
 * say where nodes are ruled out (`filter`), where they are compared (`score`), or in both places.
 */
import type { Plugin, Prepared } from './plugin.ts';
import { interPodAffinity } from './plugins/inter-pod-affinity.ts';
import { nodeAffinity } from './plugins/node-affinity.ts';
import { nodeName, nodePorts, nodeUnschedulable, taintToleration } from './plugins/node-conditions.ts';
import { balancedAllocation, imageLocality, nodeResourcesFit } from './plugins/node-resources.ts';
import { podTopologySpread } from './plugins/topology-spread.ts';
import { nodeVolumeLimits } from './plugins/volume-limits.ts';
import { volumeBinding, volumeRestrictions, volumeZone } from './plugins/volumes.ts';

export interface Profile {
  readonly plugins: readonly Plugin[];
  /** Whether less important pods may be evicted for those of this profile. */
  readonly preempts: boolean;
  /** How many of the nodes are candidates enough; 0: a hundred of them at the most. */
  readonly percentageOfNodes: number;
  /** How long a pod waits for its volumes; milliseconds. */
  readonly volumeBindTimeout?: number;
}

/** By schedulerName. */
export type Profiles = Readonly<Record<string, Profile>>;

/** In upstream's order: the first to say no is the one that users read. */
export const defaultPlugins: readonly Plugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  volumeRestrictions,
  nodeVolumeLimits,
  volumeBinding,
  volumeZone,
  podTopologySpread,
  interPodAffinity,
  balancedAllocation,
  imageLocality,
];

export const defaultSchedulerName = 'default-scheduler';

export const defaultProfiles: Profiles = {
  [defaultSchedulerName]: { plugins: defaultPlugins, preempts: true, percentageOfNodes: 0 },
};

export interface Say {
  readonly filters: boolean;
  readonly scores: boolean;
  readonly weight: number;
}

/** The plugin with less to say, or of another weight. */
export function withSay(plugin: Plugin, { filters, scores, weight }: Say): Plugin {
  const { name } = plugin;
  if (filters && scores) return { ...plugin, weight };
  return {
    name,
    weight: scores ? weight : 0,
    prepare(pod, world): Prepared {
      const { score, normalize, scoring, ...ruling } = plugin.prepare(pod, world);
      return {
        ...(filters ? ruling : {}),
        ...(scores && score !== undefined ? { score } : {}),
        ...(scores && normalize !== undefined ? { normalize } : {}),
        ...(scores && scoring !== undefined ? { scoring } : {}),
      };
    },
  };
}
