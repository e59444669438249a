/**
 * The default provisioner: directories on the node's own disk. A claim whose first pod was scheduled here gets
 * one; when the claim is gone and its volume is to be deleted, the directory goes too.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../api/core/persistent-volume.ts';
import { classOf, requestOf, selectedNodeAnnotation } from '../api/core/volume-matching.ts';
import type { Draft } from '../api/kind.ts';
import { StorageClass } from '../api/storage/storage-class.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import { runAll } from '../base/service.ts';
import { refOf } from '../client/cache.ts';
import { isAlreadyExists, isNotFound, type Client } from '../client/client.ts';
import { Controller, watching } from '../client/controller.ts';
import type { Events } from '../client/event-recorder.ts';
import { Informers } from '../client/informers.ts';
import { compareQuantity } from '../schema/quantity.ts';

export const localPathProvisioner = 'coracle.dev/local-path';
const provisionedBy = 'pv.kubernetes.io/provisioned-by';

export interface LocalPathOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Events;
  /** Whether a node's volumes are made here. */
  readonly isOurs: (nodeName: string) => boolean;
  /** The directories lie below it. */
  readonly folder: string;
  readonly directories: Directories;
}

/** What volumes are made of. */
export interface Directories {
  make(path: string): Promise<void>;
  remove(path: string): Promise<void>;
}

export const realDirectories: Directories = {
  async make(path) {
    await mkdir(path, { recursive: true });
    // Whatever user the pod runs as must be able to write.
    await chmod(path, 0o777);
  },
  remove: async (path) => await rm(path, { recursive: true, force: true }),
};

export function localPathService(options: LocalPathOptions): Service {
  const { client, clock, logger } = options;
  const informers = new Informers({ client, clock, logger });
  const controllers = [provisioner(options, informers), deleter(options, informers), expander(options, informers)];
  return { name: 'local-path', run: (signal) => runAll([informers, ...controllers], signal) };
}

function provisioner(
  { client, clock, logger, events, isOurs, folder, directories }: LocalPathOptions,
  informers: Informers,
): Controller {
  const claims = informers.of(PersistentVolumeClaim);
  const classes = informers.of(StorageClass);
  return new Controller(
    {
      name: 'local-path-provisioner',
      sources: [watching(claims), watching(classes, () => [])],
      async reconcile(key) {
        const claim = claims.get(refOf(key));
        const nodeName = claim === undefined ? '' : selectedNodeOf(claim);
        if (claim === undefined || nodeName === '' || !isOurs(nodeName)) return;
        const storageClass = classes.get({ name: classOf(claim) });
        if (storageClass?.provisioner !== localPathProvisioner) return;
        if (claim.spec?.volumeMode === 'Block') {
          events.warning(
            PersistentVolumeClaim,
            claim,
            'ProvisioningFailed',
            `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${noBlock}`,
          );
          return;
        }
        const name = `pvc-${claim.metadata.uid}`;
        const path = join(folder, `${name}_${claim.metadata.namespace ?? ''}_${claim.metadata.name}`);
        await directories.make(path);
        try {
          await client.create(PersistentVolume, volumeFor(claim, storageClass, nodeName, name, path));
          events.normal(
            PersistentVolumeClaim,
            claim,
            'ProvisioningSucceeded',
            `Successfully provisioned volume ${name}`,
          );
        } catch (error) {
          if (!isAlreadyExists(error)) throw error;
        }
      },
    },
    { clock, logger },
  );
}

const noBlock =
  'volumes of this class are directories and cannot have volumeMode Block; use volumeMode Filesystem, ' +
  'or a PersistentVolume of type local whose path is a block device';

/** Where the first pod of a claim was sent that waits for a volume; '' if it waits for none. */
function selectedNodeOf({ metadata, spec }: PersistentVolumeClaim): string {
  const unbound = (spec?.volumeName ?? '') === '' && metadata.deletionTimestamp === undefined;
  return unbound ? (metadata.annotations?.[selectedNodeAnnotation] ?? '') : '';
}

function volumeFor(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  nodeName: string,
  name: string,
  path: string,
): Draft<PersistentVolume> {
  const { namespace, name: claimName, uid } = claim.metadata;
  return {
    metadata: { name, annotations: { [provisionedBy]: localPathProvisioner } },
    spec: {
      capacity: { storage: requestOf(claim) },
      accessModes: claim.spec?.accessModes ?? ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
      claimRef: {
        kind: 'PersistentVolumeClaim',
        apiVersion: 'v1',
        name: claimName,
        uid,
        ...(namespace === undefined ? {} : { namespace }),
      },
      hostPath: { path, type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }] },
          ],
        },
      },
    },
  };
}

function deleter({ client, clock, logger, folder, directories }: LocalPathOptions, informers: Informers): Controller {
  const volumes = informers.of(PersistentVolume);
  return new Controller(
    {
      name: 'local-path-deleter',
      sources: [watching(volumes)],
      async reconcile(name) {
        const volume = volumes.get({ name });
        const path = volume === undefined ? undefined : pathToDelete(volume, folder);
        if (path === undefined) return;
        await directories.remove(path);
        await client.delete(PersistentVolume, { name }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      },
    },
    { clock, logger },
  );
}

/**
 * Makes volumes larger: a directory is as large as its disk lets it be, so that all there is to do is to say so. The
 * class decides whether a claim may grow; what comes here has been admitted.
 */
function expander({ client, clock, logger, events, folder }: LocalPathOptions, informers: Informers): Controller {
  const claims = informers.of(PersistentVolumeClaim);
  const volumes = informers.of(PersistentVolume);
  return new Controller(
    {
      name: 'local-path-expander',
      sources: [watching(claims), watching(volumes, () => [])],
      async reconcile(key) {
        const claim = claims.get(refOf(key));
        const volume = volumes.get({ name: claim?.spec?.volumeName ?? '' });
        if (claim?.status?.phase !== 'Bound' || volume === undefined || !isMadeIn(volume, folder)) return;
        const storage = requestOf(claim);
        const tell = (reason: string, message: string): void =>
          events.normal(PersistentVolumeClaim, claim, reason, message);
        if (isLarger(storage, volume.spec?.capacity)) {
          tell('Resizing', `External resizer is resizing volume ${volume.metadata.name}`);
          await client.patch(PersistentVolume, volume.metadata, { spec: { capacity: { storage } } }, { type: 'merge' });
        }
        if (!isLarger(storage, claim.status.capacity)) return;
        const patch = { metadata: { uid: claim.metadata.uid }, status: { capacity: { storage } } };
        await client.patch(PersistentVolumeClaim, claim.metadata, patch, { type: 'merge', subresource: 'status' });
        tell('VolumeResizeSuccessful', 'Resize volume succeeded');
      },
    },
    { clock, logger },
  );
}

function isLarger(storage: string, capacity: Readonly<Record<string, string>> | undefined): boolean {
  return compareQuantity(storage, capacity?.['storage'] ?? '0') > 0;
}

/** Whether the volume is a directory of this node's that was made here. */
function isMadeIn({ metadata, spec }: PersistentVolume, folder: string): boolean {
  const path = spec?.hostPath?.path ?? '';
  return metadata.annotations?.[provisionedBy] === localPathProvisioner && path.startsWith(`${folder}/pvc-`);
}

/** The directory of a released volume that was made here and is to be deleted. */
function pathToDelete(volume: PersistentVolume, folder: string): string | undefined {
  const { spec, status } = volume;
  const released = status?.phase === 'Released' && spec?.persistentVolumeReclaimPolicy === 'Delete';
  return released && isMadeIn(volume, folder) ? spec.hostPath?.path : undefined;
}
