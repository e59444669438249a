/** Binding of claims and volumes: pure functions of what there is. */
import type { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import {
  bindCompletedAnnotation,
  bySize,
  classOf,
  selectedNodeAnnotation,
  suits,
} from '../../api/core/volume-matching.ts';
import type { StorageClass } from '../../api/storage/storage-class.ts';

/** Provisioners of this name make nothing: volumes are made by hand. */
const noProvisioner = 'kubernetes.io/no-provisioner';

export type ClaimStep =
  /** Tie them together. */
  | { readonly type: 'bind'; readonly volume: PersistentVolume }
  /** Its volume is gone, with what was on it. */
  | { readonly type: 'lose' }
  /** Nothing can be done before a pod uses it. */
  | { readonly type: 'wait-for-consumer' }
  /** Somebody else makes the volume. */
  | { readonly type: 'wait-for-provisioner'; readonly provisioner: string }
  | { readonly type: 'wait'; readonly reason: string; readonly message: string };

export interface Surroundings {
  readonly volumes: readonly PersistentVolume[];
  readonly storageClass: (name: string) => StorageClass | undefined;
}

export function planClaim(claim: PersistentVolumeClaim, around: Surroundings): ClaimStep | undefined {
  const named = claim.spec?.volumeName ?? '';
  const complete = claim.metadata.annotations?.[bindCompletedAnnotation] !== undefined;
  const volume = around.volumes.find(({ metadata }) => metadata.name === named);
  if (complete) return planBound(claim, volume);
  if (named === '') return planUnbound(claim, around);
  if (volume === undefined) return { type: 'wait', reason: 'FailedBinding', message: `volume "${named}" not found` };
  if (!isFor(volume, claim)) {
    return { type: 'wait', reason: 'FailedBinding', message: `volume "${named}" already bound to a different claim.` };
  }
  return suits(volume, claim)
    ? { type: 'bind', volume }
    : {
        type: 'wait',
        reason: 'VolumeMismatch',
        message: `Cannot bind to requested volume "${named}": requested PV is too small or of another class or mode`,
      };
}

function planBound(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimStep | undefined {
  if (volume === undefined) return claim.status?.phase === 'Lost' ? undefined : { type: 'lose' };
  const owner = volume.spec?.claimRef;
  if (owner !== undefined && owner.uid !== claim.metadata.uid)
    return claim.status?.phase === 'Lost' ? undefined : { type: 'lose' };
  return isSettled(claim, volume) ? undefined : { type: 'bind', volume };
}

/** Both say so, and their states show it. */
function isSettled(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return (
    volume.spec?.claimRef?.uid === claim.metadata.uid &&
    volume.status?.phase === 'Bound' &&
    claim.status?.phase === 'Bound'
  );
}

function planUnbound(claim: PersistentVolumeClaim, around: Surroundings): ClaimStep | undefined {
  const name = classOf(claim);
  const found = name === '' ? undefined : around.storageClass(name);
  const mustWait = found?.volumeBindingMode === 'WaitForFirstConsumer' && !hasConsumer(claim);
  const reserved = around.volumes.find((volume) => isReservedFor(volume, claim));
  const volume = reserved ?? (mustWait ? undefined : bestFor(claim, around.volumes));
  if (volume !== undefined) return { type: 'bind', volume };
  return mustWait ? { type: 'wait-for-consumer' } : waitFor(name, found);
}

function hasConsumer({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[selectedNodeAnnotation] !== undefined;
}

function waitFor(name: string, found: StorageClass | undefined): ClaimStep {
  if (name === '') {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    return { type: 'wait', reason: 'FailedBinding', message };
  }
  if (found === undefined) {
    return { type: 'wait', reason: 'ProvisioningFailed', message: `storageclass.storage.k8s.io "${name}" not found` };
  }
  if (found.provisioner !== noProvisioner) return { type: 'wait-for-provisioner', provisioner: found.provisioner };
  return { type: 'wait', reason: 'FailedBinding', message: `no volume plugin matched name: ${noProvisioner}` };
}

function bestFor(claim: PersistentVolumeClaim, volumes: readonly PersistentVolume[]): PersistentVolume | undefined {
  return volumes
    .filter(
      (volume) =>
        volume.spec?.claimRef === undefined && volume.metadata.deletionTimestamp === undefined && suits(volume, claim),
    )
    .toSorted(bySize)[0];
}

/** A volume that names the claim waits for it, with or without its uid. */
function isReservedFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const ref = volume.spec?.claimRef;
  if (ref === undefined || ref.name !== claim.metadata.name || ref.namespace !== claim.metadata.namespace) return false;
  return ref.uid === undefined || ref.uid === '' || ref.uid === claim.metadata.uid;
}

function isFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return volume.spec?.claimRef === undefined || isReservedFor(volume, claim);
}

export type VolumePhase = 'Available' | 'Bound' | 'Released' | 'Failed';

export interface VolumePlan {
  readonly phase: VolumePhase;
  /** What becomes of it now that its claim is gone. */
  readonly reclaim?: 'Delete' | 'Recycle';
}

/** `claim`: the one that claimRef names, if it is there. */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumePlan {
  const uid = volume.spec?.claimRef?.uid ?? '';
  if (uid === '') return { phase: 'Available' };
  if (claim?.metadata.uid === uid) {
    return { phase: claim.spec?.volumeName === volume.metadata.name ? 'Bound' : 'Available' };
  }
  return planReleased(volume);
}

function planReleased({ spec, status }: PersistentVolume): VolumePlan {
  const policy = spec?.persistentVolumeReclaimPolicy ?? 'Retain';
  if (policy !== 'Delete' && policy !== 'Recycle') return { phase: 'Released' };
  return status?.phase === 'Failed' ? { phase: 'Failed' } : { phase: 'Released', reclaim: policy };
}
