import { forbidden, invalid, required, tooLong, type Fault } from '../../schema/fault.ts';
import { boolean, int32, map, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { allMetadata, defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { immutableFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import { PersistentVolumeSpec } from '../core/persistent-volume.ts';

export const VolumeAttachmentSource = struct('io.k8s.api.storage.v1.VolumeAttachmentSource', 'The volume.', {
  persistentVolumeName: string(1).pointer().doc('Name of the PersistentVolume.'),
  inlineVolumeSpec: of(2, PersistentVolumeSpec).doc('The volume itself, where there is no PersistentVolume.'),
});
export interface VolumeAttachmentSource extends Infer<typeof VolumeAttachmentSource> {}

export const VolumeAttachmentSpec = struct(
  'io.k8s.api.storage.v1.VolumeAttachmentSpec',
  'Which volume is wanted on which node.',
  {
    attacher: string(1).present().doc('Driver that does it.'),
    source: of(2, VolumeAttachmentSource).present().doc('The volume.'),
    nodeName: string(3).present().doc('The node.'),
  },
);
export interface VolumeAttachmentSpec extends Infer<typeof VolumeAttachmentSpec> {}

export const VolumeError = struct('io.k8s.api.storage.v1.VolumeError', 'What went wrong.', {
  time: time(1).doc('When.'),
  message: string(2).doc('What, for people; no secrets here.'),
  errorCode: int32(3).pointer().doc('The code with which the driver answered.'),
});
export interface VolumeError extends Infer<typeof VolumeError> {}

export const VolumeAttachmentStatus = struct('io.k8s.api.storage.v1.VolumeAttachmentStatus', 'How far it has come.', {
  attached: boolean(1).present().doc('Whether the volume is attached.'),
  attachmentMetadata: map(2, string()).doc('What the driver says about the attachment.'),
  attachError: of(3, VolumeError).doc('Why it could not be attached.'),
  detachError: of(4, VolumeError).doc('Why it could not be detached.'),
});
export interface VolumeAttachmentStatus extends Infer<typeof VolumeAttachmentStatus> {}

export const VolumeAttachment = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  package: 'io.k8s.api.storage.v1',
  doc: 'Asks for a volume to be attached to a node.',
  fields: {
    spec: of(2, VolumeAttachmentSpec).present().doc('Which volume, and which node; never changes.'),
    status: of(3, VolumeAttachmentStatus).always().doc('How far it has come.'),
  },
  subresources: { status: true },
  generation: false,
  unconditionalUpdate: false,
  statusKeeps: allMetadata,
  columns: [
    nameColumn,
    {
      name: 'Attacher',
      type: 'string',
      format: 'name',
      doc: 'Driver that does it.',
      value: ({ spec }) => spec.attacher,
    },
    { name: 'PV', type: 'string', doc: 'The volume.', value: ({ spec }) => spec.source.persistentVolumeName ?? '' },
    { name: 'Node', type: 'string', doc: 'The node.', value: ({ spec }) => spec.nodeName },
    {
      name: 'Attached',
      type: 'boolean',
      doc: 'Whether it is attached.',
      value: ({ status }) => status?.attached ?? false,
    },
    ageColumn,
  ],
  validate: ({ spec, status }) => attachmentFaults(spec, status ?? {}),
  validateUpdate: (young, old) => immutableFaults('spec', young.spec, old.spec),
  validateStatusUpdate: ({ spec, status }) => attachmentFaults(spec, status ?? {}),
});
export interface VolumeAttachment extends ObjectOf<typeof VolumeAttachment> {}

const mostBytes = 256 * 1024;

function attachmentFaults(spec: Loose<VolumeAttachmentSpec>, status: Loose<VolumeAttachmentStatus>): Fault[] {
  const { attacher = '', nodeName = '', source = {} } = spec;
  const bytes = Object.entries(status.attachmentMetadata ?? {}).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value ?? ''),
    0,
  );
  return [
    ...(attacher === '' ? [required('spec.attacher')] : subdomainFaults('spec.attacher', attacher.toLowerCase())),
    ...sourceFaults(source, 'spec.source'),
    ...subdomainFaults('spec.nodeName', nodeName),
    ...(bytes > mostBytes ? [tooLong('status.attachmentMetadata', mostBytes)] : []),
    ...errorFaults(status.attachError, 'status.attachError'),
    ...errorFaults(status.detachError, 'status.detachError'),
  ];
}

function sourceFaults(
  { persistentVolumeName: name, inlineVolumeSpec: own }: Loose<VolumeAttachmentSource>,
  path: string,
): Fault[] {
  const text = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (name === undefined) return own === undefined ? [required(path, text)] : [];
  if (own !== undefined) return [forbidden(path, text)];
  const at = `${path}.persistentVolumeName`;
  return name === '' ? [required(at, 'must specify non empty persistentVolumeName')] : subdomainFaults(at, name);
}

function errorFaults(error: Loose<VolumeError> | undefined, path: string): Fault[] {
  const { message = '', errorCode = 0 } = error ?? {};
  return [
    ...(Buffer.byteLength(message) > 1024 ? [tooLong(`${path}.message`, mostBytes)] : []),
    ...(errorCode < 0 ? [invalid(`${path}.errorCode`, errorCode, 'must be between 0 and 2147483647, inclusive')] : []),
  ];
}
