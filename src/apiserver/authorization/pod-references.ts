/** Which Secrets, ConfigMaps, claims and other objects a pod or a volume refers to, by name. */
import type { Container } from '../../api/core/container.ts';
import type { PodSpec } from '../../api/core/pod-spec.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Volume } from '../../api/core/volume.ts';

export interface References {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
  readonly resourceClaims: ReadonlySet<string>;
  readonly serviceAccount: string;
}

interface Collected {
  readonly secrets: Set<string>;
  readonly configMaps: Set<string>;
  readonly claims: Set<string>;
}

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const none: ReadonlySet<string> = new Set();
const nothing: References = { secrets: none, configMaps: none, claims: none, resourceClaims: none, serviceAccount: '' };
const known = new WeakMap<Pod, References>();

/** Mirrors of static pods refer to nothing: a node could otherwise reach anything by writing a manifest. */
export function referencesOf(pod: Pod): References {
  if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return nothing;
  let found = known.get(pod);
  if (found === undefined) known.set(pod, (found = collect(pod)));
  return found;
}

function collect({ metadata, spec, status }: Pod): References {
  if (spec === undefined) return nothing;
  const collected: Collected = { secrets: new Set(), configMaps: new Set(), claims: new Set() };
  for (const { name } of spec.imagePullSecrets ?? []) add(collected.secrets, name);
  for (const each of containersOf(spec)) fromEnvironment(each, collected);
  for (const volume of spec.volumes ?? []) fromVolume(volume, metadata.name, collected);
  const resourceClaims = [...(spec.resourceClaims ?? []), ...(status?.resourceClaimStatuses ?? [])].flatMap(
    ({ resourceClaimName }) => resourceClaimName ?? [],
  );
  return { ...collected, resourceClaims: new Set(resourceClaims), serviceAccount: spec.serviceAccountName ?? '' };
}

function containersOf(spec: PodSpec): readonly Pick<Container, 'env' | 'envFrom'>[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

function fromEnvironment({ env = [], envFrom = [] }: Pick<Container, 'env' | 'envFrom'>, into: Collected): void {
  for (const { valueFrom } of env) {
    add(into.secrets, valueFrom?.secretKeyRef?.name);
    add(into.configMaps, valueFrom?.configMapKeyRef?.name);
  }
  for (const { secretRef, configMapRef } of envFrom) {
    add(into.secrets, secretRef?.name);
    add(into.configMaps, configMapRef?.name);
  }
}

function fromVolume(volume: Volume, podName: string, { secrets, configMaps, claims }: Collected): void {
  add(secrets, volume.secret?.secretName);
  add(configMaps, volume.configMap?.name);
  for (const { secret, configMap } of volume.projected?.sources ?? []) {
    add(secrets, secret?.name);
    add(configMaps, configMap?.name);
  }
  add(claims, volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral !== undefined) claims.add(`${podName}-${volume.name}`);
  for (const { name } of secretReferences(volume)) add(secrets, name);
}

interface SecretReference {
  readonly name?: string;
  readonly namespace?: string;
}

const referenceFields = [
  'secretRef',
  'nodePublishSecretRef',
  'nodeStageSecretRef',
  'nodeExpandSecretRef',
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
];

/** Secrets that any volume type refers to in its own field. */
function secretReferences(source: object): readonly SecretReference[] {
  return Object.values(source).flatMap((type: unknown): SecretReference[] => {
    if (typeof type !== 'object' || type === null) return [];
    const fields = type as Readonly<Record<string, SecretReference | undefined>> & {
      readonly secretName?: string;
      readonly secretNamespace?: string;
    };
    const { secretName: name, secretNamespace: namespace } = fields;
    return [
      ...referenceFields.flatMap((field) => fields[field] ?? []),
      ...(name === undefined ? [] : [{ name, ...(namespace === undefined ? {} : { namespace }) }]),
    ];
  });
}

/** Whether the volume needs this Secret. References without a namespace mean that of the claim. */
export function volumeNeedsSecret({ spec }: PersistentVolume, namespace: string, name: string): boolean {
  if (spec === undefined) return false;
  const home = spec.claimRef?.namespace ?? '';
  return secretReferences(spec).some((each) => each.name === name && (each.namespace ?? home) === namespace);
}

function add(names: Set<string>, name: string | undefined): void {
  if (name !== undefined && name !== '') names.add(name);
}
