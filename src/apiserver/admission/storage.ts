/**
 * Storage: the default class, the finalizers that keep what is in use, and which claims may grow.
 *
 * Messages: plugin/pkg/admission/storage/{storageclass/setdefault,storageobjectinuseprotection,persistentvolume/resize}/admission.go.
 */
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { KubernetesObject } from '../../api/kind.ts';
import { IngressClass } from '../../api/networking/ingress-class.ts';
import { Ingress } from '../../api/networking/ingress.ts';
import { VolumeAttributesClass } from '../../api/storage/volume-attributes-class.ts';
import { StorageClass } from '../../api/storage/storage-class.ts';
import type { Mutable } from '../../schema/freeze.ts';
import { compareQuantity } from '../../schema/quantity.ts';
import type { AdmissionPlugin, ObjectReader } from '../access.ts';
import { refuse, writes } from './request.ts';

type ClaimDraft = Mutable<PersistentVolumeClaim>;

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const defaultStorageMarks = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

export function defaultStorageClass(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    handles: writes(PersistentVolumeClaim, 'CREATE'),
    admit(request) {
      const claim = request.object as unknown as ClaimDraft;
      if (classNameOf(claim) !== undefined) return;
      // Unlike upstream: who selects a volume by its labels wants one that exists, and those of no class would be
      // out of reach if the claim got one. No provisioner makes volumes to a selector anyway.
      if (claim.spec?.selector !== undefined) return;
      const found = newestMarked(reader.list(StorageClass, ''), defaultStorageMarks);
      if (found !== undefined) claim.spec = { ...claim.spec, storageClassName: found };
    },
  };
}

/** Of several that are marked as default the youngest counts, then the first by name. */
function newestMarked(objects: readonly KubernetesObject[], marks: readonly string[]): string | undefined {
  const made = ({ metadata }: KubernetesObject): string => metadata.creationTimestamp;
  return objects
    .filter(({ metadata }) => marks.some((mark) => metadata.annotations?.[mark] === 'true'))
    .toSorted((left, right) =>
      made(left) === made(right)
        ? left.metadata.name < right.metadata.name
          ? -1
          : 1
        : made(left) > made(right)
          ? -1
          : 1,
    )[0]?.metadata.name;
}

/** '' asks for no class; undefined leaves it open. */
function classNameOf(claim: {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly storageClassName?: string };
}): string | undefined {
  return claim.metadata?.annotations?.[classAnnotation] ?? claim.spec?.storageClassName;
}

const protections = [
  { made: writes(PersistentVolumeClaim, 'CREATE'), finalizer: 'kubernetes.io/pvc-protection' },
  { made: writes(PersistentVolume, 'CREATE'), finalizer: 'kubernetes.io/pv-protection' },
  { made: writes(VolumeAttributesClass, 'CREATE'), finalizer: 'kubernetes.io/vac-protection' },
];

export function storageObjectInUseProtection(): AdmissionPlugin {
  return {
    name: 'StorageObjectInUseProtection',
    handles: (request) => protections.some(({ made }) => made(request)),
    admit(request) {
      const { metadata } = request.object as unknown as ClaimDraft;
      const wanted = protections.filter(({ made }) => made(request)).map(({ finalizer }) => finalizer);
      metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), ...wanted])];
    },
  };
}

export function persistentVolumeClaimResize(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    handles: writes(PersistentVolumeClaim, 'UPDATE'),
    validate(request) {
      const claim = request.object as unknown as PersistentVolumeClaim;
      const old = request.old as PersistentVolumeClaim;
      const sizeOf = ({ spec }: PersistentVolumeClaim): string => spec?.resources?.requests?.['storage'] ?? '0';
      if (compareQuantity(sizeOf(claim), sizeOf(old)) <= 0) return;
      if (old.status?.phase !== 'Bound') throw refuse(request, 'Only bound persistent volume claims can be expanded');
      if (mayGrow(claim, old, reader)) return;
      throw refuse(
        request,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    },
  };
}

function mayGrow(claim: PersistentVolumeClaim, old: PersistentVolumeClaim, reader: ObjectReader): boolean {
  const name = classNameOf(claim) ?? '';
  if (name === '' || name !== classNameOf(old)) return false;
  return reader.get(StorageClass, '', name)?.allowVolumeExpansion === true;
}

/** Upstream: plugin/pkg/admission/network/defaultingressclass/admission.go. */
export function defaultIngressClass(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    handles: writes(Ingress, 'CREATE'),
    admit(request) {
      const ingress = request.object as unknown as Mutable<Ingress>;
      if (ingress.spec?.ingressClassName !== undefined) return;
      if (ingress.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
      const found = newestMarked(reader.list(IngressClass, ''), ['ingressclass.kubernetes.io/is-default-class']);
      if (found !== undefined) ingress.spec = { ...ingress.spec, ingressClassName: found };
    },
  };
}
