import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, map, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PersistentVolumeSpec } from '../core/persistent-volume.ts';

export const VolumeAttachmentSource = struct('io.k8s.api.storage.v1.VolumeAttachmentSource', '', {
  persistentVolumeName: string(1).pointer(),
  inlineVolumeSpec: of(2, PersistentVolumeSpec),
});
export interface VolumeAttachmentSource extends Infer<typeof VolumeAttachmentSource> {}

export const VolumeAttachmentSpec = struct('io.k8s.api.storage.v1.VolumeAttachmentSpec', '', {
  attacher: string(1).required(),
  source: of(2, VolumeAttachmentSource).required(),
  nodeName: string(3).required(),
});
export interface VolumeAttachmentSpec extends Infer<typeof VolumeAttachmentSpec> {}

export const VolumeError = struct('io.k8s.api.storage.v1.VolumeError', '', {
  time: time(1),
  message: string(2),
  errorCode: int32(3).pointer(),
});
export interface VolumeError extends Infer<typeof VolumeError> {}

export const VolumeAttachmentStatus = struct('io.k8s.api.storage.v1.VolumeAttachmentStatus', '', {
  attached: boolean(1).required(),
  attachmentMetadata: map(2, string()),
  attachError: of(3, VolumeError),
  detachError: of(4, VolumeError),
});
export interface VolumeAttachmentStatus extends Infer<typeof VolumeAttachmentStatus> {}

export const VolumeAttachment = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  package: 'io.k8s.api.storage.v1',
  doc: '',
  fields: {
    spec: of(2, VolumeAttachmentSpec).required(),
    status: of(3, VolumeAttachmentStatus).always(),
  },
  subresources: { status: true },
});
export interface VolumeAttachment extends ObjectOf<typeof VolumeAttachment> {}
