/** PersistentVolumes: one source, a size, and a source that stays. */
import { forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { canonicalQuantity } from '../../schema/quantity.ts';
import { describeDifference, sameMeaning } from '../rules/equal.ts';
import {
  backstepFaults,
  dnsLabelFaults,
  ifSet,
  immutableFaults,
  immutableText,
  oneOfFaults,
  subdomainFaults,
} from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { SecretReference } from './object-reference.ts';
import type { CSIPersistentVolumeSource, PersistentVolumeSpec } from './persistent-volume.ts';
import { nodeSelectorFaults } from './validate-affinity.ts';
import { accessModeFaults } from './validate-claim-spec.ts';
import { legacySourceFaults } from './validate-legacy-volume.ts';
import { basicAmountFaults, entries, isPositive } from './validate-resources.ts';
import { driverNameFaults } from './validate-volume.ts';

interface VolumeLike {
  readonly spec?: Loose<PersistentVolumeSpec> | undefined;
}

type Spec = Loose<PersistentVolumeSpec>;

/** In the order in which upstream looks at them: the first one wins. */
const sources = (
  'hostPath gcePersistentDisk awsElasticBlockStore glusterfs flocker nfs rbd quobyte cephfs iscsi cinder fc ' +
  'flexVolume azureFile vsphereVolume photonPersistentDisk portworxVolume azureDisk scaleIO local storageos csi'
).split(' ') as readonly (keyof PersistentVolumeSpec)[];

export function volumeSpecFaults({ spec = {} }: VolumeLike): Fault[] {
  const texts = { tooMany: 'may not specify more than 1 volume type', none: 'must specify a volume type' };
  return [
    ...accessModeFaults(spec.accessModes, 'spec'),
    ...capacityFaults(spec.capacity),
    ...nodeAffinityFaults(spec),
    ...sourceFaults(spec),
    ...oneOfFaults('spec', spec, sources, texts),
    ...recycleFaults(spec),
    ...ifSet(spec.storageClassName, (name) => subdomainFaults('spec.storageClassName', name)),
    ...attributesClassFaults(spec),
  ];
}

function capacityFaults(capacity: Spec['capacity']): Fault[] {
  const path = 'spec.capacity';
  const all = entries(capacity);
  const odd = capacity?.['storage'] === undefined || all.length > 1;
  return [
    ...(all.length === 0 ? [required(path)] : []),
    ...(odd ? [notSupported(path, capacity ?? null, ['storage'])] : []),
    ...all.flatMap(([name, amount]) => [
      ...basicAmountFaults(amount, `${path}[${name}]`),
      ...(isPositive(amount)
        ? []
        : [invalid(`${path}[${name}]`, canonicalQuantity(amount), 'must be greater than zero')]),
    ]),
  ];
}

function nodeAffinityFaults({ nodeAffinity, local }: Spec): Fault[] {
  const path = 'spec.nodeAffinity';
  if (nodeAffinity === undefined) {
    return local === undefined ? [] : [required(path, 'Local volume requires node affinity')];
  }
  if (nodeAffinity.required === undefined) {
    return [required(`${path}.required`, 'must specify required node constraints')];
  }
  return nodeSelectorFaults(nodeAffinity.required, `${path}.required`);
}

function sourceFaults(spec: Spec): Fault[] {
  const kind = sources.find((each) => spec[each] !== undefined);
  if (kind === undefined) return [];
  return sourceChecks[kind]?.(spec) ?? legacySourceFaults(spec, kind, `spec.${kind}`);
}

const sourceChecks: Partial<Record<keyof PersistentVolumeSpec, (spec: Spec) => Fault[]>> = {
  hostPath: ({ hostPath }) => backstepFaults('spec.hostPath.path', hostPath?.path ?? ''),
  local: ({ local }) => backstepFaults('spec.local.path', local?.path ?? ''),
  nfs: ({ nfs }) => {
    const path = nfs?.path ?? '';
    return path.startsWith('/') ? [] : [invalid('spec.nfs.path', path, 'must be an absolute path')];
  },
  csi: ({ csi }) => csiFaults(csi ?? {}),
};

const secrets = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function csiFaults(csi: Loose<CSIPersistentVolumeSource>): Fault[] {
  return [
    ...driverNameFaults(csi.driver ?? '', 'spec.csi.driver'),
    ...secrets.flatMap((field) => secretFaults(csi[field], `spec.csi.${field}`)),
  ];
}

function secretFaults(reference: Loose<SecretReference> | undefined, path: string): Fault[] {
  if (reference === undefined) return [];
  const { name = '', namespace = '' } = reference;
  return [
    ...(name === '' ? [required(`${path}.name`)] : subdomainFaults(`${path}.name`, name)),
    ...(namespace === '' ? [required(`${path}.namespace`)] : dnsLabelFaults(`${path}.namespace`, namespace)),
  ];
}

function recycleFaults({ hostPath, persistentVolumeReclaimPolicy }: Spec): Fault[] {
  if (persistentVolumeReclaimPolicy !== 'Recycle' || !/^\/+$/u.test(hostPath?.path ?? '')) return [];
  return [forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'")];
}

function attributesClassFaults({ volumeAttributesClassName: name, csi }: Spec): Fault[] {
  if (name === undefined) return [];
  const path = 'spec.volumeAttributesClassName';
  return [
    ...(name === '' ? [required(path, 'an empty string is disallowed')] : subdomainFaults(path, name)),
    ...(csi === undefined ? [required('spec.csi', 'has to be specified when using volumeAttributesClassName')] : []),
  ];
}

export function volumeUpdateFaults({ spec = {} }: VolumeLike, old: VolumeLike): Fault[] {
  const before = old.spec ?? {};
  const expandable = before.csi !== undefined && before.csi.controllerExpandSecretRef === undefined;
  const { controllerExpandSecretRef: _, ...csi } = spec.csi ?? {};
  const young = sourceOf(expandable && spec.csi !== undefined ? { ...spec, csi } : spec);
  const stored = sourceOf(before);
  const text = 'spec.persistentvolumesource is immutable after creation';
  const dropped = before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined;
  return [
    ...(sameMeaning(young, stored)
      ? []
      : [forbidden('spec.persistentvolumesource', `${text}\n${describeDifference(stored, young)}`)]),
    ...immutableFaults('volumeMode', spec.volumeMode, before.volumeMode),
    ...(before.nodeAffinity === undefined || sameMeaning(spec.nodeAffinity, before.nodeAffinity)
      ? []
      : [invalid('nodeAffinity', spec.nodeAffinity, `${immutableText}, except for updating from beta label to GA`)]),
    ...(dropped ? [forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')] : []),
  ];
}

function sourceOf(spec: Spec): Readonly<Record<string, unknown>> {
  return Object.fromEntries(sources.flatMap((kind) => (spec[kind] === undefined ? [] : [[kind, spec[kind]]])));
}
