/** What the volumes of a pod are: looked up in the API, by way of claims. */
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import { messageOf } from '../../base/errors.ts';
import type { ClientReader } from '../../client/client.ts';
import { ephemeralHandle, type CsiSource } from '../csi/volumes.ts';
import { namespaceOf } from '../pod/names.ts';
import { UnprocessedVolumeError, VolumeError } from './volume.ts';

type VolumeSpec = NonNullable<PersistentVolume['spec']>;
type NodeSelector = NonNullable<NonNullable<VolumeSpec['nodeAffinity']>['required']>;

/** What a volume of a pod is, as far as it outlives pods. */
export interface Source {
  readonly name: string;
  /** Of the PersistentVolume; a volume that the pod itself describes has none. */
  readonly volumeName?: string;
  readonly readonly: boolean;
  readonly block: boolean;
  /** One pod at a time. */
  readonly exclusive: boolean;
  /** Nodes that it can be reached from; all, if absent. */
  readonly reach?: NodeSelector;
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly local?: { readonly path: string; readonly fsType?: string };
  readonly nfs?: { readonly server: string; readonly path: string; readonly readOnly?: boolean };
  readonly mountOptions: readonly string[];
  readonly csi?: CsiSource;
  /** Names what it is when it is none of those. */
  readonly other: string;
}

/** Throws VolumeError, an UnprocessedVolumeError for claims that the pod cannot have. */
export async function sourceOf(client: ClientReader, pod: Pod, volume: Volume): Promise<Source> {
  if (volume.persistentVolumeClaim !== undefined) {
    const { claimName, readOnly } = volume.persistentVolumeClaim;
    return claimSource(client, pod, volume.name, claimName, readOnly === true);
  }
  if (volume.ephemeral !== undefined) {
    return claimSource(client, pod, volume.name, `${pod.metadata.name}-${volume.name}`, false, pod.metadata.uid);
  }
  const other = Object.keys(volume).find((key) => key !== 'name') ?? 'nothing';
  const { nfs, csi } = volume;
  return {
    name: volume.name,
    readonly: false,
    block: false,
    exclusive: false,
    mountOptions: [],
    other,
    ...(nfs === undefined ? {} : { nfs }),
    ...(csi === undefined ? {} : { csi: inlineSource(pod, volume.name, csi) }),
  };
}

function inlineSource(pod: Pod, name: string, csi: NonNullable<Volume['csi']>): CsiSource {
  const namespace = namespaceOf(pod);
  return {
    driver: csi.driver,
    volumeHandle: ephemeralHandle(pod, name),
    readonly: csi.readOnly === true,
    fsType: csi.fsType ?? '',
    accessModes: ['ReadWriteOnce'],
    mountOptions: [],
    attributes: csi.volumeAttributes ?? {},
    ephemeral: true,
    ...(csi.nodePublishSecretRef === undefined ? {} : { publishSecret: { ...csi.nodePublishSecretRef, namespace } }),
  };
}

async function claimSource(
  client: ClientReader,
  pod: Pod,
  name: string,
  claimName: string,
  readonly: boolean,
  owner?: string,
): Promise<Source> {
  const namespace = namespaceOf(pod);
  try {
    const request = client.get(PersistentVolumeClaim, { namespace, name: claimName });
    const claim = await found(request, 'failed to fetch PVC from API server');
    if (owner !== undefined) checkOwner(claim, pod, owner);
    const volumeName = boundVolumeOf(claim, pod);
    const volume = client.get(PersistentVolume, { name: volumeName });
    const { spec = {} } = await found(volume, `failed to fetch PV ${volumeName} from API server`);
    checkClaim(volumeName, spec, claim);
    const { accessModes = [] } = claim.spec ?? {};
    const onlyRead = accessModes.length > 0 && accessModes.every((mode) => mode === 'ReadOnlyMany');
    return volumeSource(name, volumeName, spec, readonly || onlyRead);
  } catch (error) {
    if (!(error instanceof VolumeError) || error instanceof UnprocessedVolumeError) throw error;
    throw new UnprocessedVolumeError(`error processing PVC ${namespace}/${claimName}: ${error.message}`, {
      cause: error,
    });
  }
}

function boundVolumeOf({ metadata, spec, status }: PersistentVolumeClaim, pod: Pod): string {
  // A pod that has begun keeps its claim: containers of it start anew.
  if (metadata.deletionTimestamp !== undefined && pod.status?.phase !== 'Running')
    throw new VolumeError('PVC is being deleted');
  if (status?.phase !== 'Bound') throw new VolumeError('PVC is not bound');
  if ((spec?.volumeName ?? '') === '') throw new VolumeError('PVC has empty pvc.Spec.VolumeName');
  return spec?.volumeName ?? '';
}

/** A volume that is bound to another claim is another's. */
function checkClaim(name: string, { claimRef }: VolumeSpec, { metadata }: PersistentVolumeClaim): void {
  if (claimRef === undefined) {
    throw new VolumeError(
      `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`,
    );
  }
  if (claimRef.uid === metadata.uid) return;
  throw new VolumeError(
    `found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid ?? ''} does not point to claim.UID ${metadata.uid}`,
  );
}

/** A generic ephemeral volume's claim belongs to its pod; one that only has its name does not. */
function checkOwner({ metadata }: PersistentVolumeClaim, pod: Pod, owner: string): void {
  if ((metadata.ownerReferences ?? []).some((each) => each.uid === owner)) return;
  const namespace = namespaceOf(pod);
  throw new UnprocessedVolumeError(
    `PVC ${namespace}/${metadata.name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
  );
}

const otherKinds = ['iscsi', 'rbd', 'cephfs', 'fc'];

function volumeSource(name: string, volumeName: string, spec: VolumeSpec, readonly: boolean): Source {
  const { hostPath, local, nfs, csi, mountOptions = [], accessModes = [] } = spec;
  return {
    name,
    volumeName,
    readonly,
    block: spec.volumeMode === 'Block',
    // Of several modes it is not known which one the pod means.
    exclusive: accessModes.length === 1 && accessModes[0] === 'ReadWriteOncePod',
    mountOptions,
    other: otherKinds.find((key) => key in spec) ?? 'its source',
    ...(spec.nodeAffinity?.required && { reach: spec.nodeAffinity.required }),
    ...(hostPath && { hostPath }),
    ...(local && { local }),
    ...(nfs && { nfs }),
    ...(csi && { csi: persistentSource(csi, readonly, mountOptions, accessModes) }),
  };
}

function persistentSource(
  csi: NonNullable<VolumeSpec['csi']>,
  readonly: boolean,
  mountOptions: readonly string[],
  accessModes: readonly string[],
): CsiSource {
  const { driver, volumeHandle, fsType = '', volumeAttributes = {} } = csi;
  return {
    driver,
    volumeHandle,
    readonly: readonly || csi.readOnly === true,
    fsType,
    accessModes,
    mountOptions,
    attributes: volumeAttributes,
    ephemeral: false,
    ...(csi.nodeStageSecretRef === undefined ? {} : { stageSecret: csi.nodeStageSecretRef }),
    ...(csi.nodePublishSecretRef === undefined ? {} : { publishSecret: csi.nodePublishSecretRef }),
    ...(csi.nodeExpandSecretRef === undefined ? {} : { expandSecret: csi.nodeExpandSecretRef }),
  };
}

async function found<T>(request: Promise<T>, complaint: string): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw new VolumeError(`${complaint}: ${messageOf(error)}`, { cause: error });
  }
}
