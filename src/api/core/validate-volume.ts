/** The volumes of a pod: one source each, and what that source must say. */
import { forbidden, invalid, required, type Fault } from '../../schema/fault.ts';
import { checkDns1123Subdomain } from '../../schema/names.ts';
import { isNegative } from '../../schema/quantity.ts';
import { labelSelectorFaults } from '../rules/label-selector.ts';
import {
  backstepFaults,
  dnsLabelFaults,
  modeFaults,
  oneOfFaults,
  subdomainFaults,
  unreservedPathFaults,
} from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import { fieldRefFaults, resourceRefFaults } from './validate-environment.ts';
import { legacySourceFaults } from './validate-legacy-volume.ts';
import { claimTemplateFaults } from './validate-claim-spec.ts';
import type {
  ClusterTrustBundleProjection,
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  Volume,
  VolumeProjection,
  VolumeSource,
} from './volume.ts';

/** Volumes that passed, by name: what mounts may refer to. */
export type Volumes = ReadonlyMap<string, Loose<VolumeSource>>;

/** In the order in which upstream looks at them: the first one wins. */
const sources = (
  'emptyDir hostPath gitRepo gcePersistentDisk awsElasticBlockStore secret nfs iscsi glusterfs flocker ' +
  'persistentVolumeClaim rbd cinder cephfs quobyte downwardAPI fc flexVolume configMap azureFile vsphereVolume ' +
  'photonPersistentDisk portworxVolume azureDisk storageos projected scaleIO csi ephemeral image'
).split(' ') as readonly (keyof VolumeSource)[];

/** `podName` is that of a real pod; claims of ephemeral volumes are named after it. */
export function volumeFaults(
  volumes: readonly Loose<Volume>[] | undefined,
  path: string,
  podName = '',
): { readonly faults: readonly Fault[]; readonly valid: Volumes } {
  const valid = new Map<string, Loose<VolumeSource>>();
  const created = new Set((volumes ?? []).filter((each) => each.ephemeral).map(({ name }) => `${podName}-${name}`));
  const faults = (volumes ?? []).flatMap((volume, index) => {
    const at = `${path}[${index}]`;
    const found = oneVolumeFaults(volume, at, podName, valid);
    if (found.length === 0) valid.set(volume.name ?? '', volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (podName === '' || claim === undefined || !created.has(claim)) return found;
    const text = 'must not reference a PVC that gets created for an ephemeral volume';
    return [...found, invalid(`${at}.persistentVolumeClaim.claimName`, claim, text)];
  });
  return { faults, valid };
}

function oneVolumeFaults(volume: Loose<Volume>, path: string, podName: string, valid: Volumes): Fault[] {
  const name = volume.name ?? '';
  const texts = { tooMany: 'may not specify more than 1 volume type', none: 'must specify a volume type' };
  return [
    ...oneSourceFaults(volume, path),
    ...oneOfFaults(path, volume, sources, texts),
    ...(volume.ephemeral === undefined ? [] : claimNameFaults(podName, name, `${path}.name`)),
    ...(name === '' ? [] : dnsLabelFaults(`${path}.name`, name)),
    ...(valid.has(name)
      ? [{ type: 'FieldValueDuplicate', path: `${path}.name`, body: `Duplicate value: "${name}"` } as const]
      : []),
  ];
}

function claimNameFaults(podName: string, volumeName: string, path: string): Fault[] {
  if (podName === '' || volumeName === '') return [];
  const claim = `${podName}-${volumeName}`;
  return checkDns1123Subdomain(claim).map((text) => invalid(path, volumeName, `PVC name "${claim}": ${text}`));
}

function oneSourceFaults(volume: Loose<Volume>, path: string): Fault[] {
  const first = sources.find((kind) => volume[kind] !== undefined);
  if (first === undefined) return [];
  const at = `${path}.${first}`;
  const check = checks[first];
  return check === undefined ? legacySourceFaults(volume, first, at) : check(volume, at);
}

const checks: Partial<Record<keyof VolumeSource, (source: Loose<VolumeSource>, path: string) => Fault[]>> = {
  emptyDir: ({ emptyDir }, path) =>
    emptyDir?.sizeLimit !== undefined && isNegative(emptyDir.sizeLimit)
      ? [forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
      : [],
  hostPath: ({ hostPath }, path) => backstepFaults(`${path}.path`, hostPath?.path ?? ''),
  secret: ({ secret }, path) => [
    ...((secret?.secretName ?? '') === '' ? [required(`${path}.secretName`)] : []),
    ...modeFaults(`${path}.defaultMode`, secret?.defaultMode),
    ...keyPathFaults(secret?.items, `${path}.items`),
  ],
  configMap: ({ configMap }, path) => [
    ...((configMap?.name ?? '') === '' ? [required(`${path}.name`)] : []),
    ...modeFaults(`${path}.defaultMode`, configMap?.defaultMode),
    ...keyPathFaults(configMap?.items, `${path}.items`),
  ],
  nfs: ({ nfs }, path) => {
    const directory = nfs?.path ?? '';
    return directory.startsWith('/') ? [] : [invalid(`${path}.path`, directory, 'must be an absolute path')];
  },
  persistentVolumeClaim: () => [],
  downwardAPI: ({ downwardAPI }, path) => [
    ...modeFaults(`${path}.defaultMode`, downwardAPI?.defaultMode),
    ...(downwardAPI?.items ?? []).flatMap((file) => downwardFileFaults(file, path)),
  ],
  projected: ({ projected }, path) => (projected === undefined ? [] : projectedFaults(projected, path)),
  csi: ({ csi }, path) =>
    csiFaults(csi?.driver ?? '', csi?.nodePublishSecretRef?.name, csi?.nodePublishSecretRef !== undefined, path),
  ephemeral: ({ ephemeral }, path) =>
    ephemeral?.volumeClaimTemplate === undefined
      ? [required(`${path}.volumeClaimTemplate`)]
      : claimTemplateFaults(ephemeral.volumeClaimTemplate, `${path}.volumeClaimTemplate`),
  image: () => [],
};

function keyPathFaults(items: readonly Loose<KeyToPath>[] | undefined, path: string): Fault[] {
  return (items ?? []).flatMap((item, index) => [
    ...unreservedPathFaults(`${path}[${index}].path`, item.path ?? ''),
    ...modeFaults(`${path}[${index}].mode`, item.mode),
  ]);
}

const fileFields: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

function downwardFileFaults(file: Loose<DownwardAPIVolumeFile>, path: string): Fault[] {
  return [
    ...unreservedPathFaults(`${path}.path`, file.path ?? ''),
    ...fileSourceFaults(file, path),
    ...modeFaults(`${path}.mode`, file.mode),
  ];
}

function fileSourceFaults({ fieldRef, resourceFieldRef }: Loose<DownwardAPIVolumeFile>, path: string): Fault[] {
  if (fieldRef !== undefined) {
    const both = 'fieldRef and resourceFieldRef can not be specified simultaneously';
    return [
      ...fieldRefFaults(fieldRef, fileFields, `${path}.fieldRef`),
      ...(resourceFieldRef === undefined ? [] : [invalid(path, 'resource', both)]),
    ];
  }
  if (resourceFieldRef !== undefined) return resourceRefFaults(resourceFieldRef, `${path}.resourceFieldRef`, true);
  return [required(path, 'one of fieldRef and resourceFieldRef is required')];
}

function projectedFaults(projected: Loose<ProjectedVolumeSource>, path: string): Fault[] {
  const paths = new Set<string>();
  return [
    ...modeFaults(`${path}.defaultMode`, projected.defaultMode),
    ...(projected.sources ?? []).flatMap((source, index) => projectionFaults(source, path, index, paths)),
  ];
}

/** Two sources must not write the same file; `paths` holds those seen so far. */
function projectionFaults(source: Loose<VolumeProjection>, path: string, index: number, paths: Set<string>): Fault[] {
  const at = `${path}.sources[${index}]`;
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
  const collisions = (files: readonly (string | undefined)[], name?: string): Fault[] =>
    files.flatMap((file = '') => {
      if (file === '') return [];
      const taken = paths.has(file);
      paths.add(file);
      return taken ? [invalid(path, name ?? file, 'conflicting duplicate paths')] : [];
    });
  const kinds = Object.values(source).filter((each) => each !== undefined).length;
  return [
    ...(secret === undefined
      ? []
      : [...namedItemsFaults(secret, `${at}.secret`), ...collisions(filesOf(secret.items), secret.name)]),
    ...(configMap === undefined
      ? []
      : [...namedItemsFaults(configMap, `${at}.configMap`), ...collisions(filesOf(configMap.items), configMap.name)]),
    ...(downwardAPI?.items ?? []).flatMap((file) => [
      ...downwardFileFaults(file, `${at}.downwardAPI`),
      ...collisions([file.path]),
    ]),
    ...(serviceAccountToken === undefined ? [] : tokenFaults(serviceAccountToken, path, `${at}.serviceAccountToken`)),
    ...(clusterTrustBundle === undefined
      ? []
      : [
          ...trustBundleFaults(clusterTrustBundle, `${at}.clusterTrustBundle`),
          ...collisions([clusterTrustBundle.path]),
        ]),
    ...(kinds > 1 ? [forbidden(at, 'may not specify more than 1 volume type per source')] : []),
  ];
}

const filesOf = (items: readonly Loose<KeyToPath>[] | undefined): (string | undefined)[] =>
  (items ?? []).map((item) => item.path);

interface NamedItems {
  readonly name?: string | undefined;
  readonly items?: readonly Loose<KeyToPath>[] | undefined;
}

function namedItemsFaults({ name = '', items }: NamedItems, path: string): Fault[] {
  return [...(name === '' ? [required(`${path}.name`)] : []), ...keyPathFaults(items, `${path}.items`)];
}

function tokenFaults(
  token: NonNullable<Loose<VolumeProjection>['serviceAccountToken']>,
  volumePath: string,
  path: string,
): Fault[] {
  const seconds = token.expirationSeconds ?? 3600;
  return [
    ...(seconds < 600
      ? [invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes')]
      : []),
    ...(seconds > 2 ** 32
      ? [invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds')]
      : []),
    ...unreservedPathFaults(`${volumePath}.path`, token.path ?? ''),
  ];
}

function trustBundleFaults(bundle: Loose<ClusterTrustBundleProjection>, path: string): Fault[] {
  const { name, signerName, labelSelector } = bundle;
  const files = unreservedPathFaults(`${path}.path`, bundle.path ?? '');
  if (name !== undefined && signerName !== undefined) {
    return [invalid(path, bundle, 'only one of name and signerName may be used'), ...files];
  }
  if (name === undefined && signerName === undefined) {
    return [required(path, 'either name or signerName must be specified'), ...files];
  }
  if (signerName !== undefined) {
    const missing = signerName === '' ? [required(`${path}.signerName`, 'must be a valid signer name')] : [];
    return [...missing, ...labelSelectorFaults(labelSelector, `${path}.labelSelector`), ...files];
  }
  return [
    ...(name === '' ? [required(`${path}.name`, 'must be a valid object name')] : []),
    ...(labelSelector === undefined
      ? []
      : [invalid(`${path}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified')]),
    ...files,
  ];
}

/** A CSI driver's name, where upstream checks it. */
export function driverNameFaults(driver: string, path: string): Fault[] {
  const tooLong: Fault[] =
    driver.length > 63 ? [{ type: 'FieldValueTooLong', path, body: 'Too long: may not be more than 63 bytes' }] : [];
  const complaints = checkDns1123Subdomain(driver.toLowerCase()).map((text) => invalid(path, driver, text));
  return [...tooLong, ...complaints];
}

function csiFaults(driver: string, secret: string | undefined, hasSecret: boolean, path: string): Fault[] {
  const secretFaults =
    (secret ?? '') === ''
      ? [required(`${path}.nodePublishSecretRef.name`)]
      : subdomainFaults(`${path}.name`, secret ?? '');
  return [...driverNameFaults(driver, `${path}.driver`), ...(hasSecret ? secretFaults : [])];
}
