/** Letting a volume go: its claim is gone, or has another one. */
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { boundByControllerAnnotation } from '../../api/core/volume-matching.ts';

/**
 * A merge patch that takes the claim away; where a user wrote it there, only what tells it from another of that name, so
 * that the volume stays reserved. Fails with a conflict when somebody else has changed the volume meanwhile.
 */
export function unbindPatch({ metadata: { annotations, resourceVersion } }: PersistentVolume): object {
  return annotations?.[boundByControllerAnnotation] === undefined
    ? { metadata: { resourceVersion }, spec: { claimRef: { uid: null, resourceVersion: null } } }
    : { metadata: { resourceVersion, annotations: { [boundByControllerAnnotation]: null } }, spec: { claimRef: null } };
}
