/** Sorts of volumes that nothing serves any longer, and files of a volume that are in each other's way. */
import type { Loose } from '../../rules/loose.ts';
import type {
  ClusterTrustBundleProjection,
  DownwardAPIVolumeFile,
  KeyToPath,
  Volume,
  VolumeProjection,
} from '../volume.ts';
import { claimSpecWarnings } from './claim-warnings.ts';

const retired: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

/** Of which PersistentVolumes are told nothing. */
const ofPodsOnly: ReadonlySet<string> = new Set(['gitRepo', 'flocker', 'quobyte']);

/** Upstream writes `storageOS` for the field `storageos`. */
function retiredIn(path: string, source: object, fields: readonly string[]): string[] {
  return fields
    .filter((field) => (source as Readonly<Record<string, unknown>>)[field] !== undefined)
    .map((field) => `${path}.${field === 'storageos' ? 'storageOS' : field}: ${retired[field] ?? ''}`);
}

/** About the source of a PersistentVolume. */
export const retiredSourceWarnings = (path: string, source: object): string[] =>
  retiredIn(
    path,
    source,
    Object.keys(retired).filter((field) => !ofPodsOnly.has(field)),
  );

/** About the volumes of a pod. */
export function volumeWarnings(path: string, volumes: readonly Loose<Volume>[] = []): string[] {
  return [
    ...volumes.flatMap((volume, index) => [
      ...retiredIn(`${path}[${index}]`, volume, Object.keys(retired)),
      ...claimSpecWarnings(
        `${path}[${index}].ephemeral.volumeClaimTemplate.spec`,
        volume.ephemeral?.volumeClaimTemplate?.spec,
      ),
    ]),
    ...volumes.flatMap((volume) => overlapWarnings(volume)),
  ];
}

/** A file of a volume, and for projected volumes where it comes from. */
interface Placed {
  readonly path: string;
  readonly source: string;
}

function overlapWarnings(volume: Loose<Volume>): string[] {
  const { configMap, secret, downwardAPI, projected } = volume;
  const name = JSON.stringify(volume.name ?? '');
  const about = (what: string, files: readonly Placed[]): string[] =>
    overlaps(files).map((overlap) => `volume ${name} (${what}): overlapping paths: ${overlap}`);
  const sources = projected?.sources ?? [];
  const empty = sources.filter((source) => Object.keys(source).length === 0);
  return [
    ...about(`ConfigMap ${JSON.stringify(configMap?.name ?? '')}`, filesOf(configMap?.items)),
    ...about(`Secret ${JSON.stringify(secret?.secretName ?? '')}`, filesOf(secret?.items)),
    ...about('DownwardAPI', filesOf(downwardAPI?.items)),
    ...empty.map(() => `volume ${name} (Projected) has no sources provided`),
    ...about(
      'Projected',
      sources.flatMap((source) => projectedFiles(source)),
    ),
  ];
}

function filesOf(items: readonly Loose<KeyToPath | DownwardAPIVolumeFile>[] = [], source = ''): Placed[] {
  return items.map(({ path = '' }) => ({ path, source }));
}

function projectedFiles(projection: Loose<VolumeProjection>): Placed[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = projection;
  return [
    ...filesOf(configMap?.items, `ConfigMap ${JSON.stringify(configMap?.name ?? '')}`),
    ...filesOf(secret?.items, `Secret ${JSON.stringify(secret?.name ?? '')}`),
    ...filesOf(downwardAPI?.items, 'DownwardAPI'),
    ...fileAt(serviceAccountToken?.path, 'ServiceAccountToken'),
    ...bundleFiles(clusterTrustBundle),
    ...fileAt(podCertificate?.certificateChainPath, 'PodCertificate chain'),
    ...fileAt(podCertificate?.keyPath, 'PodCertificate key'),
    ...fileAt(podCertificate?.credentialBundlePath, 'PodCertificate credential bundle'),
  ];
}

function bundleFiles(bundle: Loose<ClusterTrustBundleProjection> | undefined): Placed[] {
  return fileAt(bundle?.path, `ClusterTrustBundle ${JSON.stringify(bundle?.name ?? bundle?.signerName ?? '')}`);
}

const fileAt = (path: string | undefined, source: string): Placed[] =>
  path === undefined || path === '' ? [] : [{ path, source }];

/** Every pair of files at one path, or one below the other, as `"later" with "earlier"`. */
function overlaps(files: readonly Placed[]): string[] {
  const trimmed = files.map(({ path, source }) => ({ path: path.replace(/\/+$/, ''), source }));
  return trimmed.flatMap((file, index) =>
    trimmed
      .slice(0, index)
      .filter((other) => overlap(file.path, other.path))
      .map((other) => `${shown(file)} with ${shown(other)}`),
  );
}

function overlap(one: string, other: string): boolean {
  if (one === '' || other === '') return false;
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}

const shown = ({ path, source }: Placed): string => JSON.stringify(path) + (source === '' ? '' : ` (${source})`);
