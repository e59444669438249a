/** What has to be known of a driver before it is asked for something. Each throws VolumeError when it is missing. */
import { join } from 'node:path';
import { Secret } from '../../api/core/secret.ts';
import { CSIDriver } from '../../api/storage/csi-driver.ts';
import { messageOf } from '../../base/errors.ts';
import { isNotFound, type ClientReader } from '../../client/client.ts';
import { VolumeError } from '../volumes/volume.ts';
import type { CsiDriver } from './drivers.ts';
import type { CsiSource, SecretName } from './volumes.ts';

export interface RegisteredDrivers {
  readonly driver: (name: string) => CsiDriver | undefined;
  readonly rootDirectory: string;
}

export function driverNamed({ driver: find, rootDirectory }: RegisteredDrivers, name: string): CsiDriver {
  const driver = find(name);
  if (driver !== undefined) return driver;
  throw new VolumeError(
    `driver name ${name} not found in the list of registered CSI drivers ` +
      `(its registrar leaves a socket in ${join(rootDirectory, 'plugins_registry')})`,
  );
}

/** What the driver says about itself in the API; undefined when it says nothing. */
export async function installedDriver(client: ClientReader, source: CsiSource): Promise<CSIDriver | undefined> {
  const found = await client.get(CSIDriver, { name: source.driver }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  const modes = found?.spec.volumeLifecycleModes ?? ['Persistent'];
  const wanted = source.ephemeral ? 'Ephemeral' : 'Persistent';
  if (!modes.includes(wanted)) {
    throw new VolumeError(
      `volume mode "${wanted}" not supported by driver ${source.driver} (only supports ${modes.join(', ')})`,
    );
  }
  return found;
}

/** Whether the volume is attached before it is mounted; a driver that has said nothing about itself wants that. */
export function isAttached({ ephemeral }: CsiSource, installed: CSIDriver | undefined): boolean {
  return !ephemeral && installed?.spec.attachRequired !== false;
}

/** Decoded; empty where none is named. `field` names it in the volume. */
export async function secretData(
  client: ClientReader,
  ref: SecretName | undefined,
  field: 'NodeStageSecretRef' | 'NodePublishSecretRef' | 'NodeExpandSecretRef',
): Promise<Readonly<Record<string, string>>> {
  if (ref?.name === undefined) return {};
  const { name, namespace = '' } = ref;
  const { data = {} } = await client.get(Secret, { namespace, name }).catch((error: unknown) => {
    throw new VolumeError(`fetching ${field} ${namespace}/${name} failed: ${messageOf(error)}`, { cause: error });
  });
  return Object.fromEntries(
    Object.entries(data).map(([key, base64]) => [key, Buffer.from(base64, 'base64').toString()]),
  );
}
