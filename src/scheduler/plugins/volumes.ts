/** Plugins about volumes: VolumeBinding, VolumeZone and VolumeRestrictions. */
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import {
  bindCompletedAnnotation,
  bySize,
  canHold,
  classOf,
  isOnNode,
  isReservedFor,
  requestOf,
  selectedNodeAnnotation,
  suits,
} from '../../api/core/volume-matching.ts';
import { compareQuantity } from '../../schema/quantity.ts';
import { matches, selectorOf } from '../../schema/selector.ts';
import { resolvable, unresolvable, type Plugin, type Prepared, type Rejection, type World } from '../plugin.ts';
import type { NodeView } from '../snapshot.ts';
import { clashes, networkDisksOf } from './disk-conflicts.ts';

interface ClaimUse {
  readonly name: string;
  /** Made for the pod by a controller. */
  readonly ephemeral: boolean;
}

/** Generic ephemeral volumes own a claim named after the pod. */
function claimsUsedBy(pod: Pod): readonly ClaimUse[] {
  return (pod.spec?.volumes ?? []).flatMap((volume): readonly ClaimUse[] => {
    const { persistentVolumeClaim: claim } = volume;
    if (claim !== undefined) return [{ name: claim.claimName, ephemeral: false }];
    return volume.ephemeral === undefined ? [] : [{ name: `${pod.metadata.name}-${volume.name}`, ephemeral: true }];
  });
}

/** Names of the claims that the pod uses. */
export function claimNamesOf(pod: Pod): readonly string[] {
  return claimsUsedBy(pod).map(({ name }) => name);
}

const noProvisioner = 'kubernetes.io/no-provisioner';

interface Claims {
  readonly bound: readonly PersistentVolume[];
  /** Whether a claim is bound to a volume that is not there. */
  readonly dangling: boolean;
  readonly delayed: readonly PersistentVolumeClaim[];
}

export const volumeBinding: Plugin = {
  name: 'VolumeBinding',
  weight: 0,
  prepare(pod, world) {
    const used = claimsUsedBy(pod);
    if (used.length === 0) return {};
    const claims = resolveClaims(pod, used, world);
    if ('rejectsAll' in claims) return claims;
    return { filter: (view) => rejectionOf(view, claims, world) };
  },
};

function resolveClaims(
  pod: Pod,
  used: readonly ClaimUse[],
  world: World,
): Claims | { rejectsAll: NonNullable<Prepared['rejectsAll']> } {
  const found = used.map((use) => ({ use, claim: world.claim(pod.metadata.namespace ?? '', use.name) }));
  for (const { use, claim } of found) {
    const fault = faultOf(use, claim) ?? ownershipFault(use, claim, pod);
    if (fault !== undefined) return { rejectsAll: unresolvable(fault) };
  }
  const claims = found.flatMap(({ claim }) => claim ?? []);
  const delayed = claims.filter((claim) => isDelayed(claim, world));
  const bound = claims.filter(isBound);
  if (bound.length + delayed.length < claims.length) {
    return { rejectsAll: unresolvable('pod has unbound immediate PersistentVolumeClaims') };
  }
  const volumes = bound.flatMap((claim) => boundVolume(claim, world) ?? []);
  return { bound: volumes, dangling: volumes.length < bound.length, delayed };
}

/** Why no node will do as long as the claim is like this. */
function faultOf({ name, ephemeral }: ClaimUse, claim: PersistentVolumeClaim | undefined): string | undefined {
  if (claim === undefined) {
    return ephemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  }
  if (claim.status?.phase === 'Lost') {
    const volume = claim.spec?.volumeName ?? '';
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${volume}"`;
  }
  return claim.metadata.deletionTimestamp === undefined
    ? undefined
    : `persistentvolumeclaim "${name}" is being deleted`;
}

/** The claim of a generic ephemeral volume may be somebody else's of that name. */
function ownershipFault(
  { ephemeral }: ClaimUse,
  claim: PersistentVolumeClaim | undefined,
  { metadata: { namespace, name, uid } }: Pod,
): string | undefined {
  const owners = claim?.metadata.ownerReferences ?? [];
  if (!ephemeral || owners.some((owner) => owner.controller === true && owner.uid === uid)) return undefined;
  const which = `${claim?.metadata.namespace}/${claim?.metadata.name}`;
  return `PVC ${which} was not created for pod ${namespace}/${name} (pod is not owner)`;
}

function isBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return (spec?.volumeName ?? '') !== '' && metadata.annotations?.[bindCompletedAnnotation] !== undefined;
}

function boundVolume(claim: PersistentVolumeClaim, world: World): PersistentVolume | undefined {
  return isBound(claim) ? world.volume(claim.spec?.volumeName ?? '') : undefined;
}

/** A claim that names its volume waits for that one, and not for a pod. */
function isDelayed(claim: PersistentVolumeClaim, world: World): boolean {
  const name = classOf(claim);
  const free = (claim.spec?.volumeName ?? '') === '';
  return free && name !== '' && world.storageClass(name)?.volumeBindingMode === 'WaitForFirstConsumer';
}

const unmatched = "node(s) didn't find available persistent volumes to bind";

/** Everything that speaks against the node, as upstream's FindPodVolumes says it. */
function rejectionOf(view: NodeView, { bound, dangling, delayed }: Claims, world: World): Rejection | undefined {
  const reachable = bound.every((volume) => isOnNode(volume, view));
  const lacking = delayedRejection(view, delayed, world);
  const reasons = [
    ...(reachable ? [] : ["node(s) didn't match PersistentVolume's node affinity"]),
    ...(lacking === undefined ? [] : [lacking]),
    ...(dangling ? ['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'] : []),
  ];
  return reasons.length === 0 ? undefined : unresolvable(...reasons);
}

function delayedRejection(view: NodeView, delayed: readonly PersistentVolumeClaim[], world: World): string | undefined {
  for (const { claim, volume } of assignVolumes(view, delayed, world)) {
    const selected = claim.metadata.annotations?.[selectedNodeAnnotation];
    if (selected !== undefined && selected !== view.name) return unmatched;
    if (volume !== undefined) continue;
    if (!canProvision(claim, view, world)) return unmatched;
    if (!hasRoom(claim, view, world)) return 'node(s) did not have enough free storage';
  }
  return undefined;
}

export interface Assignment {
  readonly claim: PersistentVolumeClaim;
  /** That is there; without one somebody has to make one. */
  readonly volume?: PersistentVolume;
}

/** Which volumes the claims would get on the node, the smallest claim first. */
export function assignVolumes(
  view: NodeView,
  claims: readonly PersistentVolumeClaim[],
  world: World,
): readonly Assignment[] {
  const taken = new Set<string>();
  const ordered = claims.toSorted((left, right) => compareQuantity(requestOf(left), requestOf(right)));
  return ordered.map((claim) => {
    // A provisioner is at work on it.
    if (claim.metadata.annotations?.[selectedNodeAnnotation] !== undefined) return { claim };
    const volume = matchingVolume(claim, view, world, taken);
    if (volume === undefined) return { claim };
    taken.add(volume.metadata.name);
    return { claim, volume };
  });
}

/** What the driver says it has left for volumes of the class where the node is; drivers that say nothing have room. */
function hasRoom(claim: PersistentVolumeClaim, view: NodeView, world: World): boolean {
  const name = classOf(claim);
  const driver = world.csiDriver(world.storageClass(name)?.provisioner ?? '');
  if (driver?.spec.storageCapacity !== true || claim.spec?.resources?.requests?.['storage'] === undefined) return true;
  return world.storageCapacities().some(({ storageClassName, nodeTopology, capacity, maximumVolumeSize }) => {
    const most = maximumVolumeSize ?? capacity;
    if (storageClassName !== name || most === undefined || nodeTopology === undefined) return false;
    return compareQuantity(most, requestOf(claim)) >= 0 && matches(selectorOf(nodeTopology), view.labels);
  });
}

/** The volume that is kept for the claim, else the smallest on this node that would do. */
function matchingVolume(
  claim: PersistentVolumeClaim,
  view: NodeView,
  world: World,
  taken: ReadonlySet<string>,
): PersistentVolume | undefined {
  const left = world.volumes().filter(({ metadata }) => !taken.has(metadata.name));
  const reserved = left.find((volume) => isReservedFor(volume, claim) && canHold(volume, claim));
  if (reserved !== undefined) return isOnNode(reserved, view) ? reserved : undefined;
  return left
    .filter(({ spec, status }) => status?.phase === 'Available' && spec?.claimRef === undefined)
    .filter((volume) => isOnNode(volume, view) && canHold(volume, claim) && suits(volume, claim))
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
        return value === undefined ? [] : [{ key, values: value.split('__').map((each) => each.trim()) }];
      });
    });
    if (labels.length === 0) return {};
    const rejection = unresolvable('node(s) had no available volume zone');
    return {
      filter: (view) => {
        const zoned = zoneLabels.some((key) => Object.hasOwn(view.labels, key));
        return !zoned || labels.every(({ key, values }) => values.includes(zoneOf(view, key) ?? ''))
          ? undefined
          : rejection;
      },
    };
  },
};

/** Volumes from before may have the old labels only, and nodes the new ones. */
function zoneOf({ labels }: NodeView, key: string): string | undefined {
  return labels[key] ?? labels[key.replace('failure-domain.beta.kubernetes.io/', 'topology.kubernetes.io/')];
}

export const volumeRestrictions: Plugin = {
  name: 'VolumeRestrictions',
  weight: 0,
  prepare(pod, world) {
    const conflict = isUsedExclusively(pod, world);
    const disks = networkDisksOf(pod);
    if (!conflict && disks.length === 0) return {};
    return { filter: (view) => (hasClashingDisk(view, disks) ? noDisk : conflict ? usedByAnother : undefined) };
  },
};

const noDisk = resolvable('node(s) had no available disk');
const usedByAnother = resolvable(
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
);

function hasClashingDisk({ pods }: NodeView, disks: readonly Volume[]): boolean {
  if (disks.length === 0) return false;
  for (const pod of pods.values()) {
    if (networkDisksOf(pod).some((other) => disks.some((disk) => clashes(disk, other)))) return true;
  }
  return false;
}

/** Whether a claim of the pod that one pod alone may use has its pod somewhere. */
function isUsedExclusively(pod: Pod, world: World): boolean {
  const namespace = pod.metadata.namespace ?? '';
  const exclusive = claimNamesOf(pod).filter((name) =>
    world.claim(namespace, name)?.spec?.accessModes?.includes('ReadWriteOncePod'),
  );
  if (exclusive.length === 0) return false;
  return world.nodes.some(({ pods }) =>
    pods
      .values()
      .some(
        (other) =>
          other.metadata.namespace === namespace && claimNamesOf(other).some((name) => exclusive.includes(name)),
      ),
  );
}
