/** Volume sources of clouds and storage systems of old. What they must name is in the schema; here is the rest. */
import { invalid, required, type Fault } from '../../schema/fault.ts';
import { rangeComplaint } from '../../schema/names.ts';
import { dnsLabelFaults, ifSet, localPathFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { PersistentVolumeSpec } from './persistent-volume.ts';
import type { VolumeSource } from './volume.ts';

/** The sources that pods and persistent volumes have in common, in their looser form. */
type AnySource = Loose<VolumeSource> | Loose<PersistentVolumeSpec>;
type Check = (source: AnySource, path: string) => Fault[];

export function legacySourceFaults(source: AnySource, kind: string, path: string): Fault[] {
  return checks[kind]?.(source, path) ?? [];
}

const checks: Readonly<Record<string, Check>> = {
  gitRepo: (source, path) =>
    'gitRepo' in source ? localPathFaults(`${path}.directory`, source.gitRepo?.directory ?? '') : [],
  gcePersistentDisk: ({ gcePersistentDisk }, path) => partitionFaults(gcePersistentDisk?.partition, path),
  awsElasticBlockStore: ({ awsElasticBlockStore }, path) => partitionFaults(awsElasticBlockStore?.partition, path),
  iscsi: ({ iscsi }, path) => (iscsi === undefined ? [] : iscsiFaults(iscsi, path)),
  flocker: ({ flocker }, path) => flockerFaults(flocker?.datasetName ?? '', flocker?.datasetUUID ?? '', path),
  fc: ({ fc }, path) => fibreChannelFaults(fc?.targetWWNs ?? [], fc?.wwids ?? [], fc?.lun, path),
  flexVolume: ({ flexVolume }, path) =>
    Object.keys(flexVolume?.options ?? {}).flatMap((key) => optionFaults(key, path)),
  storageos: ({ storageos }, path) => [
    ...((storageos?.volumeName ?? '') === '' ? [required(`${path}.volumeName`)] : []),
    ...ifSet(storageos?.volumeName, (name) => dnsLabelFaults(`${path}.volumeName`, name)),
    ...ifSet(storageos?.volumeNamespace, (name) => dnsLabelFaults(`${path}.volumeNamespace`, name)),
  ],
};

function partitionFaults(partition: number | undefined, path: string): Fault[] {
  if (partition === undefined || (partition >= 0 && partition <= 255)) return [];
  return [invalid(`${path}.partition`, partition, rangeComplaint(1, 255))];
}

interface Iscsi {
  readonly iqn?: string | undefined;
  readonly lun?: number | undefined;
  readonly initiatorName?: string | undefined;
  readonly chapAuthDiscovery?: boolean | undefined;
  readonly chapAuthSession?: boolean | undefined;
  readonly secretRef?: object | undefined;
}

const qualifiedNames: readonly (readonly [prefix: string, shape: RegExp])[] = [
  ['iqn', /iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/u],
  ['eui', /^eui.[A-Za-z0-9]{16}$/u],
  ['naa', /^naa.[A-Za-z0-9]{32}$/u],
];

function iscsiFaults(iscsi: Iscsi, path: string): Fault[] {
  const lun = iscsi.lun ?? 0;
  const secret = (iscsi.chapAuthDiscovery === true || iscsi.chapAuthSession === true) && iscsi.secretRef === undefined;
  return [
    ...ifSet(iscsi.iqn, (name) => qualifiedNameFaults(name, `${path}.iqn`)),
    ...(lun < 0 || lun > 255 ? [invalid(`${path}.lun`, lun, rangeComplaint(0, 255))] : []),
    ...(secret ? [required(`${path}.secretRef`)] : []),
    ...ifSet(iscsi.initiatorName, (name) => qualifiedNameFaults(name, `${path}.initiatorname`)),
  ];
}

function qualifiedNameFaults(name: string, path: string): Fault[] {
  const rule = qualifiedNames.find(([prefix]) => name.startsWith(prefix));
  if (rule === undefined) return [invalid(path, name, 'must be valid format starting with iqn, eui, or naa')];
  return rule[1].test(name) ? [] : [invalid(path, name, 'must be valid format')];
}

function flockerFaults(name: string, uuid: string, path: string): Fault[] {
  return [
    ...(name === '' && uuid === '' ? [required(path, 'one of datasetName and datasetUUID is required')] : []),
    ...(name !== '' && uuid !== ''
      ? [invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')]
      : []),
    ...(name.includes('/') ? [invalid(`${path}.datasetName`, name, "must not contain '/'")] : []),
  ];
}

type Texts = readonly (string | undefined)[];

function fibreChannelFaults(names: Texts, ids: Texts, lun: number | undefined, path: string): Fault[] {
  const at = `${path}.targetWWNs`;
  if (names.length === 0) {
    return ids.length === 0 ? [required(at, 'must specify either targetWWNs or wwids, but not both')] : [];
  }
  return [
    ...(ids.length > 0 ? [invalid(at, names, 'targetWWNs and wwids can not be specified simultaneously')] : []),
    ...(lun === undefined ? [required(`${path}.lun`, 'lun is required if targetWWNs is specified')] : []),
    ...(lun !== undefined && (lun < 0 || lun > 255) ? [invalid(`${path}.lun`, lun, rangeComplaint(0, 255))] : []),
  ];
}

function optionFaults(key: string, path: string): Fault[] {
  const namespace = `.${(key.split('/')[0] ?? '').toLowerCase()}`;
  if (!namespace.endsWith('.kubernetes.io') && !namespace.endsWith('.k8s.io')) return [];
  return [invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')];
}
