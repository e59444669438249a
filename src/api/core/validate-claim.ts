/** PersistentVolumeClaims over time: nearly everything stays as it was asked for. */
import { forbidden, invalid, required, type Fault } from '../../schema/fault.ts';
import { compareQuantity } from '../../schema/quantity.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import type { Editable } from '../rules/draft.ts';
import { describeDifference, sameMeaning } from '../rules/equal.ts';
import { immutableFaults, immutableText } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { PersistentVolumeClaimSpec, PersistentVolumeClaimStatus } from './persistent-volume-claim.ts';
import { basicAmountFaults, entries } from './validate-resources.ts';

interface ClaimLike {
  readonly metadata?: Loose<ObjectMeta> | undefined;
  readonly spec?: Loose<PersistentVolumeClaimSpec> | undefined;
  readonly status?: Loose<PersistentVolumeClaimStatus> | undefined;
}

/** dataSource and dataSourceRef say the same thing; either stands for both, unless a namespace is named. */
export function joinDataSources(draft: Record<string, unknown>): void {
  const { spec } = draft as { spec?: Editable<PersistentVolumeClaimSpec> };
  if (spec === undefined) return;
  const { dataSourceRef } = spec;
  let { dataSource } = spec;
  // Only these two could ever be said here; anything else is dropped without a word, as it always was.
  if (dataSource !== undefined && dataSourceRef === undefined && !isOldSource(dataSource)) {
    dataSource = undefined;
    delete spec.dataSource;
  }
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource };
  if (dataSourceRef === undefined || dataSource !== undefined || (dataSourceRef.namespace ?? '') !== '') return;
  const { namespace: _, ...local } = dataSourceRef;
  spec.dataSource = local;
}

const isOldSource = ({ apiGroup = '', kind }: { apiGroup?: string; kind?: string }): boolean =>
  (apiGroup === '' && kind === 'PersistentVolumeClaim') ||
  (apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot');

const oldClass = 'volume.beta.kubernetes.io/storage-class';

export function claimUpdateFaults(claim: ClaimLike, old: ClaimLike): Fault[] {
  const spec = claim.spec ?? {};
  const before = old.spec ?? {};
  const kept = withOldChangeables(claim, old);
  const moved = (before.volumeName ?? '') === '' ? { ...before, volumeName: kept.volumeName } : before;
  const text =
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  return [
    ...annotationFaults(claim.metadata?.annotations?.[oldClass], old.metadata?.annotations?.[oldClass]),
    ...(sameMeaning(kept, moved) ? [] : [forbidden('spec', `${text}\n${describeDifference(moved, kept)}`)]),
    ...shrinkFaults(spec, before, old),
    ...immutableFaults('volumeMode', spec.volumeMode, before.volumeMode),
    ...attributesClassFaults(spec.volumeAttributesClassName, before.volumeAttributesClassName),
  ];
}

function annotationFaults(value: string | undefined, old: string | undefined): Fault[] {
  return (value ?? '') === (old ?? '') ? [] : [invalid(`metadata.annotations.${oldClass}`, value ?? '', immutableText)];
}

/** The new specification with everything put back that may change in its state. */
function withOldChangeables(claim: ClaimLike, old: ClaimLike): Loose<PersistentVolumeClaimSpec> {
  const spec = claim.spec ?? {};
  const before = old.spec ?? {};
  const late = mayNameClass(spec, before, old.metadata?.annotations?.[oldClass]);
  const kept = late ? { ...spec, storageClassName: before.storageClassName } : spec;
  return claim.status?.phase === 'Bound' ? withOldSize(kept, before) : kept;
}

/** A claim that named no class may name one later, in accordance with its annotation. */
function mayNameClass(
  spec: Loose<PersistentVolumeClaimSpec>,
  old: Loose<PersistentVolumeClaimSpec>,
  annotation: string | undefined,
): boolean {
  return old.storageClassName === undefined && (annotation === undefined || annotation === spec.storageClassName);
}

function withOldSize(
  spec: Loose<PersistentVolumeClaimSpec>,
  old: Loose<PersistentVolumeClaimSpec>,
): Loose<PersistentVolumeClaimSpec> {
  const { resources, volumeAttributesClassName } = spec;
  const storage = old.resources?.requests?.['storage'];
  return {
    ...spec,
    ...(resources?.requests === undefined
      ? {}
      : { resources: { ...resources, requests: { ...resources.requests, storage } } }),
    ...(volumeAttributesClassName === undefined ? {} : { volumeAttributesClassName: old.volumeAttributesClassName }),
  };
}

/** Less may be asked for again while an expansion has not come through, but not less than there is. */
function shrinkFaults(
  spec: Loose<PersistentVolumeClaimSpec>,
  before: Loose<PersistentVolumeClaimSpec>,
  old: ClaimLike,
): Fault[] {
  const size = spec.resources?.requests?.['storage'] ?? '0';
  const oldSize = before.resources?.requests?.['storage'] ?? '0';
  const real = old.status?.capacity?.['storage'] ?? '0';
  if (compareQuantity(size, oldSize) >= 0 || compareQuantity(size, real) > 0) return [];
  return [forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')];
}

function attributesClassFaults(name: string | undefined, old: string | undefined): Fault[] {
  const path = 'spec.volumeAttributesClassName';
  if (old === undefined || name === old) return [];
  if (name === undefined) return [forbidden(path, 'update from non-nil value to nil is forbidden')];
  return name === '' ? [forbidden(path, 'update from non-nil value to an empty string is forbidden')] : [];
}

export function claimStatusFaults({ spec, status }: ClaimLike): Fault[] {
  return [
    ...((spec?.accessModes ?? []).length === 0 ? [required('Spec.accessModes')] : []),
    ...entries(status?.capacity).flatMap(([name, amount]) => basicAmountFaults(amount, `status.capacity[${name}]`)),
  ];
}
