/** Binding of claims and volumes: pure functions of what there is. */
import type { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import {
  bindCompletedAnnotation,
  bySize,
  canHold,
  classOf,
  isReservedFor,
  mismatchOf,
  selectedNodeAnnotation,
  suits,
} from '../../api/core/volume-matching.ts';
import type { StorageClass } from '../../api/storage/storage-class.ts';

const provisionedBy = 'pv.kubernetes.io/provisioned-by';
/** Provisioners of this name make nothing: volumes are made by hand. */
const noProvisioner = 'kubernetes.io/no-provisioner';

export type ClaimStep =
  /** Tie them together. */
  | { readonly type: 'bind'; readonly volume: PersistentVolume }
  /** Its volume is gone, with what was on it, or is another's. */
  | { readonly type: 'lose'; readonly reason: 'ClaimLost' | 'ClaimMisbound'; readonly message: string }
  /** Nothing can be done before a pod uses it, and has a node. */
  | { readonly type: 'wait-for-consumer' }
  /** Somebody else makes the volume. */
  | { readonly type: 'wait-for-provisioner'; readonly provisioner: string }
  | { readonly type: 'wait'; readonly normal?: true; readonly reason: string; readonly message: string };

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
  const mismatch = mismatchOf(volume, claim);
  if (mismatch === undefined || volume.spec?.claimRef !== undefined) return { type: 'bind', volume };
  return {
    type: 'wait',
    reason: 'VolumeMismatch',
    message: `Cannot bind to requested volume "${named}": ${mismatch}`,
  };
}

function planBound(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimStep | undefined {
  if (volume !== undefined && [undefined, claim.metadata.uid].includes(volume.spec?.claimRef?.uid)) {
    return isSettled(claim, volume) ? undefined : { type: 'bind', volume };
  }
  if (claim.status?.phase === 'Lost') return undefined;
  if (volume !== undefined) {
    const message = 'Two claims are bound to the same volume, this one is bound incorrectly';
    return { type: 'lose', reason: 'ClaimMisbound', message };
  }
  const what = (claim.spec?.volumeName ?? '') === '' ? 'reference to PersistentVolume' : 'its PersistentVolume';
  return { type: 'lose', reason: 'ClaimLost', message: `Bound claim has lost ${what}. Data on the volume is lost!` };
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
  const delayed = found?.volumeBindingMode === 'WaitForFirstConsumer';
  const reserved = around.volumes.find((volume) => isReservedFor(volume, claim) && canHold(volume, claim));
  // Which volume a first user gets depends on its node: the scheduler reserves it.
  const volume = reserved ?? (delayed ? undefined : bestFor(claim, around.volumes));
  if (volume !== undefined) return { type: 'bind', volume };
  return delayed && !hasConsumer(claim) ? { type: 'wait-for-consumer' } : waitFor(name, found);
}

function hasConsumer({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[selectedNodeAnnotation] !== undefined;
}

function waitFor(name: string, found: StorageClass | undefined): ClaimStep {
  if (name === '') {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    return { type: 'wait', normal: true, reason: 'FailedBinding', message };
  }
  if (found === undefined) {
    return { type: 'wait', reason: 'ProvisioningFailed', message: `storageclass.storage.k8s.io "${name}" not found` };
  }
  if (found.provisioner !== noProvisioner) return { type: 'wait-for-provisioner', provisioner: found.provisioner };
  return { type: 'wait', reason: 'ProvisioningFailed', message: `no volume plugin matched name: ${noProvisioner}` };
}

function bestFor(claim: PersistentVolumeClaim, volumes: readonly PersistentVolume[]): PersistentVolume | undefined {
  return volumes
    .filter(
      (volume) =>
        volume.spec?.claimRef === undefined && volume.metadata.deletionTimestamp === undefined && suits(volume, claim),
    )
    .toSorted((left, right) => modesOf(left) - modesOf(right) || bySize(left, right))[0];
}

/** The fewer it has beside those that are asked for, the closer it is to the claim. */
function modesOf({ spec }: PersistentVolume): number {
  return new Set(spec?.accessModes).size;
}

function isFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return volume.spec?.claimRef === undefined || isReservedFor(volume, claim);
}

export type VolumePhase = 'Available' | 'Bound' | 'Released' | 'Failed';

export interface VolumePlan {
  /** As it is when left out. */
  readonly phase?: VolumePhase;
  /** Its claim has another volume: it is let go. */
  readonly unbind?: true;
  /** Its claim is gone: somebody has to clear it. */
  readonly recycle?: true;
  /** Why it has failed just now. */
  readonly failure?: string;
}

/** `claim`: the one that claimRef names, if it is there. */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumePlan {
  const uid = volume.spec?.claimRef?.uid ?? '';
  if (uid === '') return { phase: 'Available' };
  if (claim?.metadata.uid !== uid) return planReleased(volume);
  const bound = claim.spec?.volumeName ?? '';
  // The claim is tied to it next.
  if (bound === '') return {};
  if (bound === volume.metadata.name) return { phase: 'Bound' };
  return planBoundElsewhere(volume);
}

/** One that was made for the claim is not needed by anybody. */
function planBoundElsewhere(volume: PersistentVolume): VolumePlan {
  const made = volume.metadata.annotations?.[provisionedBy] !== undefined;
  if (made && volume.spec?.persistentVolumeReclaimPolicy === 'Delete') return planReleased(volume);
  return { unbind: true };
}

/** Those that were made for a claim are deleted by whoever made them. */
function planReleased({ metadata, spec, status }: PersistentVolume): VolumePlan {
  const policy = spec?.persistentVolumeReclaimPolicy ?? 'Retain';
  if (policy !== 'Delete' && policy !== 'Recycle') return { phase: 'Released' };
  if (status?.phase === 'Failed') return { phase: 'Failed' };
  if (policy === 'Recycle') return { phase: 'Released', recycle: true };
  if (metadata.annotations?.[provisionedBy] !== undefined) return { phase: 'Released' };
  const name = JSON.stringify(metadata.name);
  const failure = `error getting deleter volume plugin for volume ${name}: no deletable volume plugin matched`;
  return { phase: 'Failed', failure };
}
