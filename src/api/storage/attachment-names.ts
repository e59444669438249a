/** Names by which controller, agent and drivers mean the same attachment of the same volume. */
import { createHash } from 'node:crypto';

const prefix = 'kubernetes.io/csi/';
const separator = '^';

/** Of the VolumeAttachment object; drivers' attachers and agents compute it as well. */
export function attachmentName(driver: string, volumeHandle: string, node: string): string {
  return `csi-${createHash('sha256').update(`${volumeHandle}${driver}${node}`).digest('hex')}`;
}

/** Of the volume in a node's status: `kubernetes.io/csi/DRIVER^HANDLE`. */
export function attachedVolumeName(driver: string, volumeHandle: string): string {
  return `${prefix}${driver}${separator}${volumeHandle}`;
}

/** The VolumeAttachment's name for a volume in a node's status; undefined for volumes that are no driver's. */
export function attachmentNameOf(volume: string, node: string): string | undefined {
  const at = volume.indexOf(separator);
  if (!volume.startsWith(prefix) || at === -1) return undefined;
  return attachmentName(volume.slice(prefix.length, at), volume.slice(at + 1), node);
}
