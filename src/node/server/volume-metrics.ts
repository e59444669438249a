/** How full volumes are, as metrics: one series for each claim, however many pods have it. */
import { namespaceOf } from '../pod/names.ts';
import type { VolumeUse } from '../volumes/statistics.ts';
import { family, type Line } from './exposition.ts';
import type { PodVolumes } from './stats.ts';

const metrics: readonly (readonly [name: string, help: string, pick: (use: VolumeUse) => number])[] = [
  ['capacity_bytes', 'Capacity in bytes of the volume', (use) => use.capacityBytes],
  ['available_bytes', 'Number of available bytes in the volume', (use) => use.availableBytes],
  ['used_bytes', 'Number of used bytes in the volume', (use) => use.usedBytes],
  ['inodes', 'Maximum number of inodes in the volume', (use) => use.inodes],
  ['inodes_free', 'Number of free inodes in the volume', (use) => use.inodesFree],
  ['inodes_used', 'Number of used inodes in the volume', (use) => use.inodesUsed],
];

/** None at all where no pod has a claim. */
export function volumeFamilies(pods: readonly PodVolumes[]): readonly string[] {
  const claims = new Map<string, { readonly labels: Line[0]; readonly use: VolumeUse }>();
  for (const { pod, volumes } of pods) {
    const namespace = namespaceOf(pod);
    for (const { claim, use } of volumes) {
      if (claim === undefined || claims.has(`${namespace}/${claim}`)) continue;
      claims.set(`${namespace}/${claim}`, { labels: { namespace, persistentvolumeclaim: claim }, use });
    }
  }
  if (claims.size === 0) return [];
  return metrics.map(([name, help, pick]) => {
    const lines = [...claims.values()].map(({ labels, use }): Line => [labels, pick(use)]);
    return family(`kubelet_volume_stats_${name}`, 'gauge', help, lines);
  });
}
