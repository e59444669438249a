/** The rows of `kubectl get pv` and `kubectl get pvc`. */
import { canonicalQuantity } from '../../schema/quantity.ts';
import type { Column, KubernetesObject } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import type { Loose } from '../rules/loose.ts';
import type { PersistentVolumeClaimSpec, PersistentVolumeClaimStatus } from './persistent-volume-claim.ts';
import type { PersistentVolumeSpec, PersistentVolumeStatus } from './persistent-volume.ts';

interface VolumeRow extends KubernetesObject {
  readonly spec?: Loose<PersistentVolumeSpec>;
  readonly status?: Loose<PersistentVolumeStatus>;
}

interface ClaimRow extends KubernetesObject {
  readonly spec?: Loose<PersistentVolumeClaimSpec>;
  readonly status?: Loose<PersistentVolumeClaimStatus>;
}

/** In the order in which they are printed. */
const shortModes = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const;

function modes(given: readonly (string | undefined)[] | undefined): string {
  return shortModes
    .filter(([mode]) => given?.includes(mode) === true)
    .map(([, short]) => short)
    .join(',');
}

/** The class as an annotation, from before there was a field. */
const oldClass = 'volume.beta.kubernetes.io/storage-class';

function storageClass({ metadata, spec }: VolumeRow | ClaimRow): string {
  return metadata.annotations?.[oldClass] ?? spec?.storageClassName ?? '';
}

function phase({ metadata, status }: VolumeRow | ClaimRow): string {
  return (metadata.deletionTimestamp ?? undefined) === undefined ? (status?.phase ?? '') : 'Terminating';
}

const size = (amount: string | undefined): string => canonicalQuantity(amount ?? '0');

function text<T>(name: string, doc: string, value: (object: T) => string, priority?: number): Column<T> {
  return { name, type: 'string', doc, value, ...(priority === undefined ? {} : { priority }) };
}

function claim({ spec }: VolumeRow): string {
  const reference = spec?.claimRef;
  return reference === undefined ? '' : `${reference.namespace ?? ''}/${reference.name ?? ''}`;
}

/** What the claim got, once it is bound to a volume. */
const bound = (row: ClaimRow, value: string): string => ((row.spec?.volumeName ?? '') === '' ? '' : value);

export const persistentVolumeColumns: readonly Column<VolumeRow>[] = [
  nameColumn,
  text('Capacity', 'Size.', ({ spec }) => size(spec?.capacity?.['storage'])),
  text('Access Modes', 'How it may be mounted.', ({ spec }) => modes(spec?.accessModes)),
  text(
    'Reclaim Policy',
    'What happens to it when its claim goes.',
    ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? '',
  ),
  text('Status', 'Phase of its life.', phase),
  text('Claim', 'Claim that has it.', claim),
  text('StorageClass', 'Class that it belongs to.', storageClass),
  text('VolumeAttributesClass', 'Class of its attributes.', ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>'),
  text('Reason', 'Why it failed.', ({ status }) => status?.reason ?? ''),
  ageColumn,
  text('VolumeMode', 'File system or raw device.', ({ spec }) => spec?.volumeMode ?? '<unset>', 1),
];

export const claimColumns: readonly Column<ClaimRow>[] = [
  nameColumn,
  text('Status', 'Phase of its life.', phase),
  text('Volume', 'Volume that it is bound to.', ({ spec }) => spec?.volumeName ?? ''),
  text('Capacity', 'Size of that volume.', (row) => bound(row, size(row.status?.capacity?.['storage']))),
  text('Access Modes', 'How it may be mounted.', (row) => bound(row, modes(row.status?.accessModes))),
  text('StorageClass', 'Class that it asks for.', storageClass),
  text('VolumeAttributesClass', 'Class of its attributes.', ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>'),
  ageColumn,
  text('VolumeMode', 'File system or raw device.', ({ spec }) => spec?.volumeMode ?? '<unset>', 1),
];
