/** Plugins about volumes: VolumeBinding, VolumeZone and VolumeRestrictions. */
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import type { Pod } from '../../api/core/pod.ts';
import {
  bindCompletedAnnotation,
  bySize,
  classOf,
  isOnNode,
  selectedNodeAnnotation,
  suits,
} from '../../api/core/volume-matching.ts';
import { resolvable, unresolvable, type Plugin, type Prepared, type World } from '../plugin.ts';
import type { NodeView } from '../snapshot.ts';

/** Names of the claims that the pod uses; generic ephemeral volumes own one named after the pod. */
export function claimNamesOf(pod: Pod): readonly string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim !== undefined) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral === undefined ? [] : [`${pod.metadata.name}-${volume.name}`];
  });
}

const noProvisioner = 'kubernetes.io/no-provisioner';

interface Claims {
  readonly bound: readonly PersistentVolume[];
  readonly delayed: readonly PersistentVolumeClaim[];
}

export const volumeBinding: Plugin = {
  name: 'VolumeBinding',
  weight: 0,
  prepare(pod, world) {
    const names = claimNamesOf(pod);
    if (names.length === 0) return {};
    const claims = resolveClaims(pod, names, world);
    if ('rejectsAll' in claims) return claims;
    return { filter: (view) => rejectionOf(view, claims, world) };
  },
};

function resolveClaims(
  pod: Pod,
  names: readonly string[],
  world: World,
): Claims | { rejectsAll: NonNullable<Prepared['rejectsAll']> } {
  const bound: PersistentVolume[] = [];
  const delayed: PersistentVolumeClaim[] = [];
  for (const name of names) {
    const claim = world.claim(pod.metadata.namespace ?? '', name);
    if (claim === undefined) return { rejectsAll: unresolvable(`persistentvolumeclaim "${name}" not found`) };
    if (claim.metadata.deletionTimestamp !== undefined) {
      return { rejectsAll: unresolvable(`persistentvolumeclaim "${name}" is being deleted`) };
    }
    if (claim.status?.phase === 'Lost') {
      const lost = `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`;
      return { rejectsAll: unresolvable(lost) };
    }
    const volume = boundVolume(claim, world);
    if (volume !== undefined) bound.push(volume);
    else if (isDelayed(claim, world)) delayed.push(claim);
    else return { rejectsAll: unresolvable('pod has unbound immediate PersistentVolumeClaims') };
  }
  return { bound, delayed };
}

function boundVolume(claim: PersistentVolumeClaim, world: World): PersistentVolume | undefined {
  const name = claim.spec?.volumeName ?? '';
  const complete = claim.metadata.annotations?.[bindCompletedAnnotation] !== undefined;
  return name !== '' && complete ? world.volume(name) : undefined;
}

function isDelayed(claim: PersistentVolumeClaim, world: World): boolean {
  const name = classOf(claim);
  return name !== '' && world.storageClass(name)?.volumeBindingMode === 'WaitForFirstConsumer';
}

function rejectionOf(
  view: NodeView,
  { bound, delayed }: Claims,
  world: World,
): ReturnType<typeof resolvable> | undefined {
  const reachable = bound.every((volume) => isOnNode(volume, view));
  if (!reachable) return unresolvable("node(s) didn't match PersistentVolume's node affinity");
  const taken = new Set<string>();
  for (const claim of delayed) {
    const selected = claim.metadata.annotations?.[selectedNodeAnnotation];
    if (selected !== undefined && selected !== view.name)
      return unresolvable("node(s) didn't match PersistentVolume's node affinity");
    const volume = matchingVolume(claim, view, world, taken);
    if (volume !== undefined) taken.add(volume.metadata.name);
    else if (!canProvision(claim, view, world))
      return unresolvable("node(s) didn't find available persistent volumes to bind");
  }
  return undefined;
}

/** The smallest volume on this node that would do for the claim. */
function matchingVolume(
  claim: PersistentVolumeClaim,
  view: NodeView,
  world: World,
  taken: ReadonlySet<string>,
): PersistentVolume | undefined {
  return world
    .volumes()
    .filter((volume) => volume.status?.phase === 'Available' && !taken.has(volume.metadata.name))
    .filter((volume) => isOnNode(volume, view) && suits(volume, claim))
    .toSorted(bySize)[0];
}

function canProvision(claim: PersistentVolumeClaim, view: NodeView, world: World): boolean {
  const storageClass = world.storageClass(classOf(claim));
  if (storageClass === undefined || storageClass.provisioner === noProvisioner) return false;
  const topologies = storageClass.allowedTopologies ?? [];
  return (
    topologies.length === 0 ||
    topologies.some(({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.every(({ key, values }) => values.includes(view.labels[key] ?? '')),
    )
  );
}

const zoneLabels = [
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
];

export const volumeZone: Plugin = {
  name: 'VolumeZone',
  weight: 0,
  prepare(pod, world) {
    const labels = claimNamesOf(pod).flatMap((name) => {
      const claim = world.claim(pod.metadata.namespace ?? '', name);
      const volume = claim === undefined ? undefined : boundVolume(claim, world);
      return zoneLabels.flatMap((key) => {
        const value = volume?.metadata.labels?.[key];
        return value === undefined ? [] : [{ key, values: value.split('__') }];
      });
    });
    if (labels.length === 0) return {};
    const rejection = unresolvable('node(s) had no available volume zone');
    return {
      filter: (view) => {
        const zoned = zoneLabels.some((key) => Object.hasOwn(view.labels, key));
        return !zoned || labels.every(({ key, values }) => values.includes(view.labels[key] ?? ''))
          ? undefined
          : rejection;
      },
    };
  },
};

export const volumeRestrictions: Plugin = {
  name: 'VolumeRestrictions',
  weight: 0,
  prepare(pod, world) {
    const namespace = pod.metadata.namespace ?? '';
    const exclusive = claimNamesOf(pod).filter((name) =>
      world.claim(namespace, name)?.spec?.accessModes?.includes('ReadWriteOncePod'),
    );
    if (exclusive.length === 0) return {};
    const rejection = resolvable(
      'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
    );
    const users = world.nodes.filter((view) =>
      [...view.pods.values()].some(
        (other) =>
          other.metadata.namespace === namespace && claimNamesOf(other).some((name) => exclusive.includes(name)),
      ),
    );
    if (users.length === 0) return {};
    return { filter: () => rejection };
  },
};
