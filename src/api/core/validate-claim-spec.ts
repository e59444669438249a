/** What a PersistentVolumeClaim asks for, alone or as the template of an ephemeral volume. */
import { forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { canonicalQuantity } from '../../schema/quantity.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import { annotationFaults } from '../meta/validate-object-meta.ts';
import { dnsLabelFaults, ifSet, subdomainFaults } from '../rules/faults.ts';
import { labelFaults, labelSelectorFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type { PersistentVolumeClaimSpec, TypedLocalObjectReference } from './persistent-volume-claim.ts';
import { isPositive } from './validate-resources.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'] as const;

export function claimSpecFaults(spec: Loose<PersistentVolumeClaimSpec>, path: string): Fault[] {
  return [
    ...accessModeFaults(spec.accessModes, path, 'at least 1 access mode is required'),
    ...labelSelectorFaults(spec.selector, `${path}.selector`),
    ...storageFaults(spec.resources?.requests?.['storage'], `${path}.resources[storage]`),
    ...ifSet(spec.storageClassName, (name) => subdomainFaults(`${path}.storageClassName`, name)),
    ...dataSourceFaults(spec, path),
    ...ifSet(spec.volumeAttributesClassName, (name) => subdomainFaults(`${path}.volumeAttributesClassName`, name)),
  ];
}

/** Also for volumes, which say nothing beside "Required value" when there is none. */
export function accessModeFaults(
  modes: readonly (string | undefined)[] | undefined,
  path: string,
  missing = '',
): Fault[] {
  const at = `${path}.accessModes`;
  const given = modes ?? [];
  const isKnown = (mode: string | undefined): boolean => accessModes.some((each) => each === mode);
  const alone =
    given.includes('ReadWriteOncePod') && given.some((mode) => mode !== 'ReadWriteOncePod' && isKnown(mode));
  return [
    ...(given.length === 0 ? [required(at, missing)] : []),
    ...given.filter((mode) => !isKnown(mode)).map((mode) => notSupported(at, mode, accessModes)),
    ...(alone ? [forbidden(at, 'may not use ReadWriteOncePod with other access modes')] : []),
  ];
}

function storageFaults(amount: string | undefined, path: string): Fault[] {
  if (amount === undefined) return [required(path)];
  return isPositive(amount) ? [] : [invalid(path, canonicalQuantity(amount), 'must be greater than zero')];
}

function dataSourceFaults({ dataSource, dataSourceRef }: Loose<PersistentVolumeClaimSpec>, path: string): Fault[] {
  const namespace = dataSourceRef?.namespace ?? '';
  return [
    ...(dataSource === undefined ? [] : referenceFaults(dataSource, `${path}.dataSource`)),
    ...(dataSourceRef === undefined ? [] : referenceFaults(dataSourceRef, `${path}.dataSourceRef`)),
    ...ifSet(namespace, (name) => dnsLabelFaults(`${path}.dataSourceRef.namespace`, name)),
    ...agreementFaults(dataSource, dataSourceRef, namespace, path),
  ];
}

type Reference = Loose<TypedLocalObjectReference>;

function referenceFaults({ apiGroup = '', kind }: Reference, path: string): Fault[] {
  if (apiGroup !== '') return subdomainFaults(`${path}.apiGroup`, apiGroup);
  if (kind === 'PersistentVolumeClaim') return [];
  return [invalid(path, kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup")];
}

function agreementFaults(
  source: Reference | undefined,
  reference: Reference | undefined,
  namespace: string,
  path: string,
): Fault[] {
  if (source === undefined || reference === undefined) return [];
  const at = `${path}.dataSource`;
  if (namespace !== '') return [invalid(path, at, 'may not be specified when dataSourceRef.namespace is specified')];
  const same =
    source.apiGroup === reference.apiGroup && source.kind === reference.kind && source.name === reference.name;
  return same ? [] : [invalid(path, at, 'must match dataSourceRef')];
}

interface ClaimTemplate {
  readonly metadata?: Loose<ObjectMeta> | undefined;
  readonly spec?: Loose<PersistentVolumeClaimSpec> | undefined;
}

/** Only labels and annotations of a template's metadata reach the claim. */
export function claimTemplateFaults({ metadata, spec }: ClaimTemplate, path: string): Fault[] {
  const others = Object.entries(metadata ?? {}).filter(
    ([key, value]) =>
      key !== 'labels' && key !== 'annotations' && value !== undefined && value !== null && value !== '',
  );
  return [
    ...annotationFaults(metadata?.annotations, `${path}.metadata.annotations`),
    ...labelFaults(metadata?.labels, `${path}.metadata.labels`),
    ...others.map(([key]) => forbidden(`${path}.metadata.${key}`, 'cannot be set')),
    ...claimSpecFaults(spec ?? {}, `${path}.spec`),
  ];
}
