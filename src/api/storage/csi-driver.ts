import { duplicate, invalid, required, type Fault } from '../../schema/fault.ts';
import { boolean, int64, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { expirationFaults } from '../authentication/token-request.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { immutableFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';

export const TokenRequest = struct('io.k8s.api.storage.v1.TokenRequest', 'A token that the driver gets for each pod.', {
  audience: string(1).present().doc('For whom the token is meant; the API server when empty.'),
  expirationSeconds: int64(2).pointer().doc('How long it should be good, in seconds.'),
});
export interface TokenRequest extends Infer<typeof TokenRequest> {}

export const CSIDriverSpec = struct('io.k8s.api.storage.v1.CSIDriverSpec', 'What the driver needs and can do.', {
  attachRequired: boolean(1)
    .pointer()
    .default(true)
    .doc('Whether volumes are attached to a node before they are mounted.'),
  podInfoOnMount: boolean(2).pointer().default(false).doc('Whether it is told about the pod when it mounts.'),
  volumeLifecycleModes: list(3, string().enum('Persistent', 'Ephemeral'))
    .listSet()
    .default(['Persistent'])
    .doc('Persistent, Ephemeral or both: how long its volumes live.'),
  storageCapacity: boolean(4)
    .pointer()
    .default(false)
    .doc('Whether the scheduler looks at CSIStorageCapacity objects.'),
  fsGroupPolicy: string(5)
    .enum('File', 'None', 'ReadWriteOnceWithFSType')
    .pointer()
    .default('ReadWriteOnceWithFSType')
    .doc('Whether owner and mode of files are changed on mount.'),
  tokenRequests: list(6, TokenRequest).doc('Tokens of the pod that it gets.'),
  requiresRepublish: boolean(7).pointer().default(false).doc('Whether mounts are renewed again and again.'),
  seLinuxMount: boolean(8)
    .pointer()
    .default(false)
    .doc('Whether it understands the SELinux context as a mount option.'),
  nodeAllocatableUpdatePeriodSeconds: int64(9)
    .pointer()
    .doc('How often its limits on nodes are asked for; at least 10.'),
  serviceAccountTokenInSecrets: boolean(10).pointer().doc('Whether tokens are handed over as secrets.'),
});
export interface CSIDriverSpec extends Infer<typeof CSIDriverSpec> {}

export const CSIDriver = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  package: 'io.k8s.api.storage.v1',
  doc: 'A storage driver that is installed in the cluster; its name is that of the driver.',
  fields: {
    spec: of(2, CSIDriverSpec).present().doc('What it needs and can do.'),
  },
  unconditionalUpdate: false,
  // As upstream has it, the first generation is that of the first change.
  prepareCreate: (draft) => {
    delete (draft['metadata'] as Record<string, unknown>)['generation'];
  },
  columns: [
    nameColumn,
    {
      name: 'AttachRequired',
      type: 'boolean',
      doc: 'Whether volumes are attached first.',
      value: ({ spec }) => spec.attachRequired ?? true,
    },
    {
      name: 'PodInfoOnMount',
      type: 'boolean',
      doc: 'Whether it is told about pods.',
      value: ({ spec }) => spec.podInfoOnMount ?? false,
    },
    {
      name: 'StorageCapacity',
      type: 'boolean',
      doc: 'Whether capacity counts.',
      value: ({ spec }) => spec.storageCapacity ?? false,
    },
    {
      name: 'TokenRequests',
      type: 'string',
      doc: 'For whom its tokens are meant.',
      value: ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    },
    {
      name: 'RequiresRepublish',
      type: 'boolean',
      doc: 'Whether mounts are renewed.',
      value: ({ spec }) => spec.requiresRepublish ?? false,
    },
    {
      name: 'Modes',
      type: 'string',
      doc: 'How long its volumes live.',
      value: ({ spec }) => (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
    },
    ageColumn,
  ],
  validate: ({ spec }) => driverFaults(spec),
  validateUpdate: ({ spec }, { spec: old }) => [
    ...immutableFaults('spec.attachedRequired', spec.attachRequired, old.attachRequired),
    ...immutableFaults('spec.volumeLifecycleModes', spec.volumeLifecycleModes, old.volumeLifecycleModes),
  ],
});
export interface CSIDriver extends ObjectOf<typeof CSIDriver> {}

/** Upstream misspells attachRequired in this path. */
function driverFaults(spec: Loose<CSIDriverSpec>): Fault[] {
  const { nodeAllocatableUpdatePeriodSeconds: period, tokenRequests = [] } = spec;
  return [
    ...(spec.attachRequired === undefined ? [required('spec.attachedRequired')] : []),
    ...(spec.podInfoOnMount === undefined ? [required('spec.podInfoOnMount')] : []),
    ...(spec.storageCapacity === undefined ? [required('spec.storageCapacity')] : []),
    ...tokenRequests.flatMap((each, index) =>
      tokenFaults(each, tokenRequests.slice(0, index), `spec.tokenRequests[${index}]`),
    ),
    ...(period !== undefined && period < 10
      ? [invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds')]
      : []),
  ];
}

function tokenFaults(each: Loose<TokenRequest>, earlier: readonly Loose<TokenRequest>[], path: string): Fault[] {
  const { audience = '', expirationSeconds: seconds } = each;
  if (earlier.some((other) => (other.audience ?? '') === audience)) return [duplicate(`${path}.audience`, audience)];
  return seconds === undefined ? [] : expirationFaults(seconds, `${path}.expirationSeconds`);
}
