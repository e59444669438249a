/** The files of configMap, secret, downwardAPI and projected volumes. */
import type { ConfigMap } from '../../api/core/config-map.ts';
import type { Secret } from '../../api/core/secret.ts';
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from '../../api/core/volume.ts';
import { fieldValue, resourceValue, type PodFacts } from '../container/fields.ts';
import { namespaceOf } from '../pod/names.ts';
import { VolumeError } from './volume.ts';
import type { Payload, VolumeFile } from './writer.ts';

export interface PayloadReader {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  /** A token for the pod's service account. */
  token(facts: PodFacts, wanted: ServiceAccountTokenProjection): Promise<string>;
}

const defaultMode = 0o644;

/** True for the volumes whose content is made of API objects. */
export const isConfiguration = (volume: Volume): boolean =>
  volume.configMap !== undefined ||
  volume.secret !== undefined ||
  volume.downwardAPI !== undefined ||
  volume.projected !== undefined;

/** Throws VolumeError when something that is not optional is missing. */
export async function volumePayload(volume: Volume, facts: PodFacts, reader: PayloadReader): Promise<Payload> {
  const { configMap, secret, downwardAPI, projected } = volume;
  const mode = (configMap ?? secret ?? downwardAPI ?? projected)?.defaultMode ?? defaultMode;
  if (secret !== undefined) return secretFiles({ ...secret, name: secret.secretName ?? '' }, facts, reader, mode);
  const sources = projected?.sources ?? [ownSource(volume)];
  const files = new Map<string, VolumeFile>();
  for (const source of sources) {
    for (const [path, file] of await projectedFiles(source, facts, reader, mode)) files.set(path, file);
  }
  return files;
}

/** A volume of one configMap or downwardAPI as the only source of a projected one. */
const ownSource = ({ configMap, downwardAPI }: Volume): VolumeProjection => ({
  ...(configMap && { configMap }),
  ...(downwardAPI && { downwardAPI }),
});

async function projectedFiles(
  source: VolumeProjection,
  facts: PodFacts,
  reader: PayloadReader,
  mode: number,
): Promise<Payload> {
  if (source.configMap !== undefined) return configMapFiles(source.configMap, facts, reader, mode);
  if (source.secret !== undefined) return secretFiles(source.secret, facts, reader, mode);
  if (source.downwardAPI !== undefined) return downwardFiles(source.downwardAPI.items ?? [], facts, mode);
  if (source.serviceAccountToken !== undefined) {
    const token = await reader.token(facts, source.serviceAccountToken);
    return new Map([[source.serviceAccountToken.path, tokenFile(token, facts, mode)]]);
  }
  if (source.clusterTrustBundle?.optional === true) return new Map();
  throw new VolumeError(
    source.clusterTrustBundle === undefined
      ? 'podCertificate sources need the feature PodCertificateRequest, which is off (as by default in v1.35)'
      : 'clusterTrustBundle sources need the feature ClusterTrustBundleProjection, which is off (as by default in ' +
          'v1.35); mark the source optional, or take the certificates from a configMap',
  );
}

/** Readable by the pod's user alone where that is known, else as the volume says. */
function tokenFile(token: string, facts: PodFacts, mode: number): VolumeFile {
  const data = Buffer.from(token);
  const spec = facts.pod.spec;
  const users = new Set(
    (spec?.containers ?? []).map((each) => each.securityContext?.runAsUser ?? spec?.securityContext?.runAsUser),
  );
  const [uid] = users;
  if (users.size === 1 && uid !== undefined) return { data, mode: 0o600, uid };
  return { data, mode: spec?.securityContext?.fsGroup === undefined ? mode : 0o600 };
}

interface KeyedSource {
  readonly name?: string;
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

async function configMapFiles(
  source: KeyedSource,
  facts: PodFacts,
  reader: PayloadReader,
  mode: number,
): Promise<Payload> {
  const namespace = namespaceOf(facts.pod);
  const map = await reader.configMap(namespace, source.name ?? '');
  if (map === undefined && source.optional !== true) throw new VolumeError(`configmap "${source.name}" not found`);
  const contents = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(map?.data ?? {})) contents.set(key, Buffer.from(text));
  for (const [key, base64] of Object.entries(map?.binaryData ?? {})) contents.set(key, Buffer.from(base64, 'base64'));
  return selectKeys(contents, source, mode);
}

async function secretFiles(
  source: KeyedSource,
  facts: PodFacts,
  reader: PayloadReader,
  mode: number,
): Promise<Payload> {
  const secret = await reader.secret(namespaceOf(facts.pod), source.name ?? '');
  if (secret === undefined && source.optional !== true) throw new VolumeError(`secret "${source.name}" not found`);
  const contents = new Map<string, Uint8Array>();
  for (const [key, base64] of Object.entries(secret?.data ?? {})) contents.set(key, Buffer.from(base64, 'base64'));
  return selectKeys(contents, source, mode);
}

function selectKeys(contents: ReadonlyMap<string, Uint8Array>, source: KeyedSource, mode: number): Payload {
  const files = new Map<string, VolumeFile>();
  if (source.items === undefined || source.items.length === 0) {
    for (const [key, data] of contents) files.set(key, { data, mode });
    return files;
  }
  for (const item of source.items) {
    const data = contents.get(item.key);
    if (data !== undefined) files.set(item.path, { data, mode: item.mode ?? mode });
    else if (source.optional !== true) throw new VolumeError(`references non-existent config key: ${item.key}`);
  }
  return files;
}

function downwardFiles(items: readonly DownwardAPIVolumeFile[], facts: PodFacts, mode: number): Payload {
  const files = new Map<string, VolumeFile>();
  for (const item of items) {
    const text =
      item.fieldRef !== undefined
        ? fieldValue(facts, item.fieldRef)
        : resourceValue(facts, item.resourceFieldRef ?? { resource: '' }, '');
    files.set(item.path, { data: Buffer.from(text), mode: item.mode ?? mode });
  }
  return files;
}
