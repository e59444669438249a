/**
 * What is let in but deserves a word, in a pod or a template of pods: what is deprecated, what no longer works, and
 * what is likely a slip. Texts and paths are those of Kubernetes 1.35 (pkg/api/pod/warnings.go).
 */
import { checkDns1123Label } from '../../schema/names.ts';
import { milliValue } from '../../schema/quantity.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import type { ContainerPort } from './container.ts';
import { claimSpecWarnings } from './claim-warnings.ts';
import { nodeLabelMessages, nodeSelectorTermWarnings } from './node-label-warnings.ts';
import type { PodSpec } from './pod-spec.ts';
import type { Volume } from './volume.ts';

interface PodLike {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec?: PodSpec;
}

interface Generated {
  readonly metadata: Partial<ObjectMeta>;
}

type Container = Pick<
  NonNullable<PodSpec['containers']>[number],
  'name' | 'env' | 'ports' | 'resources' | 'securityContext'
>;

/** A new pod's. Updates are not looked at: people rarely make them, and programs often. */
export function podWarnings(pod: PodLike): string[] {
  return [...nameWarnings(pod.metadata?.name, "this is used in the Pod's hostname"), ...podLikeWarnings(pod, '')];
}

/** `path`: of the template, such as `spec.template`. */
export function templateWarnings(template: PodLike | undefined, path: string): string[] {
  return template === undefined ? [] : [...podLikeWarnings(template, `${path}.`)];
}

/** Whether an update has left the spec alone: then there is nothing new to say about it. */
export function isSameSpec(object: Generated, old: Generated | undefined): boolean {
  return old !== undefined && object.metadata.generation === old.metadata.generation;
}

interface TemplateOwner extends Generated {
  readonly spec?: { readonly template?: PodLike };
}

/** Of what makes pods from `spec.template`, and has a say in their names. */
export function templateOwnerWarnings(object: TemplateOwner, old?: TemplateOwner): string[] {
  if (isSameSpec(object, old)) return [];
  return [
    ...(old === undefined ? ownerNameWarnings(object.metadata) : []),
    ...templateWarnings(object.spec?.template, 'spec.template'),
  ];
}

/** Of what makes pods with names and host names that start with its own. */
export function ownerNameWarnings(metadata: Partial<ObjectMeta>): string[] {
  return nameWarnings(metadata.name, 'this is used in Pod names and hostnames');
}

function nameWarnings(name = '', use: string): string[] {
  const complaints = checkDns1123Label(name);
  if (complaints.length === 0) return [];
  return [
    `metadata.name: ${use}, which can result in surprising behavior; a DNS label is recommended: [${complaints.join(' ')}]`,
  ];
}

/** `base`: '' for a pod, else ends in a dot. */
function podLikeWarnings({ metadata = {}, spec = { containers: [] } }: PodLike, base: string): string[] {
  const path = `${base}spec`;
  const annotations = metadata.annotations ?? {};
  const containers = containersOf(spec, path);
  return [
    ...placementWarnings(spec, path),
    ...annotationWarnings(annotations, `${base}metadata.annotations`),
    ...(spec.volumes ?? []).flatMap((volume, at) => volumeWarnings(volume, `${path}.volumes[${at}]`)),
    ...tokenPathWarnings(spec.volumes ?? [], path),
    ...repeatedWarnings(spec, path),
    ...amountWarnings(spec.overhead, `${path}.overhead`),
    ...seccompWarnings(spec, containers, annotations, `${base}metadata.annotations`),
    ...(base === '' ? [] : appArmorWarnings(spec, containers, annotations, `${base}metadata.annotations`)),
    ...containers.flatMap(([container, at]) => containerWarnings(container, at)),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...affinityWarnings(spec, `${path}.affinity`),
  ];
}

function containersOf(spec: PodSpec, path: string): readonly (readonly [Container, string])[] {
  const { initContainers = [], containers, ephemeralContainers = [] } = spec;
  const at = (list: readonly Container[], field: string): readonly (readonly [Container, string])[] =>
    list.map((each, index) => [each, `${path}.${field}[${index}]`]);
  return [
    ...at(initContainers, 'initContainers'),
    ...at(containers, 'containers'),
    ...at(ephemeralContainers, 'ephemeralContainers'),
  ];
}

function placementWarnings(
  { nodeSelector = {}, affinity, topologySpreadConstraints = [] }: PodSpec,
  path: string,
): string[] {
  const {
    requiredDuringSchedulingIgnoredDuringExecution: wanted,
    preferredDuringSchedulingIgnoredDuringExecution: liked = [],
  } = affinity?.nodeAffinity ?? {};
  const near = `${path}.affinity.nodeAffinity`;
  return [
    ...nodeLabelMessages(Object.keys(nodeSelector)).map(([key, text]) => `${path}.nodeSelector[${key}]: ${text}`),
    ...(wanted?.nodeSelectorTerms ?? []).flatMap((term, at) =>
      nodeSelectorTermWarnings(term, `${near}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${at}]`),
    ),
    ...liked.flatMap(({ preference }, at) =>
      nodeSelectorTermWarnings(preference, `${near}.preferredDuringSchedulingIgnoredDuringExecution[${at}].preference`),
    ),
    ...topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, at) => {
      const own = `${path}.topologySpreadConstraints[${at}]`;
      return [
        ...nodeLabelMessages([topologyKey]).map(([key, text]) => `${own}.topologyKey: ${key} is ${text}`),
        ...nullSelectorWarnings(labelSelector, own),
      ];
    }),
  ];
}

function nullSelectorWarnings(selector: object | undefined, path: string): string[] {
  return selector === undefined ? [`${path}.labelSelector: a null labelSelector results in matching no pod`] : [];
}

function affinityWarnings({ affinity = {} }: PodSpec, path: string): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) => {
    const required = affinity[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = affinity[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const own = `${path}.${kind}`;
    return [
      ...required.flatMap(({ labelSelector }, at) =>
        nullSelectorWarnings(labelSelector, `${own}.requiredDuringSchedulingIgnoredDuringExecution[${at}]`),
      ),
      ...preferred.flatMap(({ podAffinityTerm }, at) =>
        nullSelectorWarnings(
          podAffinityTerm?.labelSelector,
          `${own}.preferredDuringSchedulingIgnoredDuringExecution[${at}].podAffinityTerm`,
        ),
      ),
    ];
  });
}

const uselessAnnotations: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

type Annotations = Readonly<Record<string, string>>;

function annotationWarnings(annotations: Annotations, path: string): string[] {
  return Object.entries(uselessAnnotations).flatMap(([key, text]) =>
    annotations[key] === undefined ? [] : [`${path}[${key}]: ${text}`],
  );
}

const seccompText = 'non-functional in v1.27+; use the "seccompProfile" field instead';

function seccompWarnings(
  spec: PodSpec,
  containers: readonly (readonly [Container, string])[],
  annotations: Annotations,
  path: string,
): string[] {
  const pod = 'seccomp.security.alpha.kubernetes.io/pod';
  const keys = [
    ...(spec.securityContext?.seccompProfile === undefined ? [pod] : []),
    ...containers.flatMap(([{ name, securityContext }]) =>
      securityContext?.seccompProfile === undefined ? [`container.seccomp.security.alpha.kubernetes.io/${name}`] : [],
    ),
  ];
  return keys.flatMap((key) => (annotations[key] === undefined ? [] : [`${path}[${key}]: ${seccompText}`]));
}

function appArmorWarnings(
  spec: PodSpec,
  containers: readonly (readonly [Container, string])[],
  annotations: Annotations,
  path: string,
): string[] {
  if (spec.securityContext?.appArmorProfile !== undefined) return [];
  return containers.flatMap(([{ name, securityContext }]) => {
    const key = `container.apparmor.security.beta.kubernetes.io/${name}`;
    if (securityContext?.appArmorProfile !== undefined || annotations[key] === undefined) return [];
    return [`${path}[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`];
  });
}

/** Volumes of plugins that are gone or going; the name that is shown is not always the field's. */
const oldVolumes: readonly (readonly [field: keyof Volume, shown: string, text: string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

function volumeWarnings(volume: Volume, path: string): string[] {
  return [
    ...oldVolumes.flatMap(([field, shown, text]) => (volume[field] === undefined ? [] : [`${path}.${shown}: ${text}`])),
    ...claimSpecWarnings(volume.ephemeral?.volumeClaimTemplate?.spec, `${path}.ephemeral.volumeClaimTemplate.spec`),
  ];
}

/** Files of a projected volume that a service account's token of the pod hides. Paths are upstream's, slips included. */
function tokenPathWarnings(volumes: readonly Volume[], path: string): string[] {
  const sourcesOf = (volume: Volume) => volume.projected?.sources ?? [];
  const tokens = new Set(
    volumes.flatMap(sourcesOf).flatMap(({ serviceAccountToken: token }) => (token === undefined ? [] : [token.path])),
  );
  const hidden = (file = '', at: string): string[] =>
    tokens.has(file) ? [`${at}: has duplicated path with ServiceAccountToken ${JSON.stringify(file)}`] : [];
  return volumes.flatMap((volume, index) => {
    const own = `${path}.volumes[${index}].projected.sources`;
    return sourcesOf(volume).flatMap(({ configMap, secret, downwardAPI, clusterTrustBundle }) => [
      ...(configMap?.items ?? []).flatMap((item, at) => hidden(item.path, `${own}.configMap[${at}]`)),
      ...(secret?.items ?? []).flatMap((item, at) => hidden(item.path, `${own}.secrets[${at}]`)),
      ...(downwardAPI?.items ?? []).flatMap((item, at) => hidden(item.path, `${own}.downwardAPI[${at}]`)),
      ...(clusterTrustBundle === undefined ? [] : hidden(clusterTrustBundle.path, `${own}.ClusterTrustBundle`)),
    ]);
  });
}

function repeatedWarnings({ hostAliases = [], imagePullSecrets = [] }: PodSpec, path: string): string[] {
  const names = imagePullSecrets.map(({ name = '' }) => name);
  return [
    ...repeatsOf(hostAliases.map(({ ip }) => ip)).map(
      ([ip, at]) => `${path}.hostAliases[${at}].ip: duplicate ip ${JSON.stringify(ip)}`,
    ),
    ...repeatsOf(names).map(
      ([name, at]) => `${path}.imagePullSecrets[${at}].name: duplicate name ${JSON.stringify(name)}`,
    ),
    ...names.flatMap((name, at) =>
      name === '' ? [`${path}.imagePullSecrets[${at}].name: invalid empty name ""`] : [],
    ),
  ];
}

function repeatsOf(values: readonly string[]): readonly (readonly [string, number])[] {
  return values.flatMap((value, at) => (values.indexOf(value) < at ? [[value, at] as const] : []));
}

const byteResources = ['memory', 'ephemeral-storage'];

function amountWarnings(amounts: Readonly<Record<string, string>> | undefined, path: string): string[] {
  return byteResources.flatMap((resource) => {
    const amount = amounts?.[resource];
    if (amount === undefined || milliValue(amount) % 1000 === 0) return [];
    return [`${path}[${resource}]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`];
  });
}

function containerWarnings({ env = [], resources }: Container, path: string): string[] {
  const firstOf = new Set<string>();
  const hiding = env.flatMap(({ name, value = '', valueFrom }, at) => {
    if (!firstOf.has(name)) {
      firstOf.add(name);
      return [];
    }
    // What adds to the one before it is meant.
    const reference = `$(${name})`;
    if (valueFrom === undefined && value !== reference && value.includes(reference)) return [];
    const quoted = JSON.stringify(name);
    return [`${path}.env[${at}]: hides previous definition of ${quoted}, which may be dropped when using apply`];
  });
  return [
    ...amountWarnings(resources?.limits, `${path}.resources.limits`),
    ...amountWarnings(resources?.requests, `${path}.resources.requests`),
    ...hiding,
  ];
}

function portWarnings(containers: readonly (readonly [Container, string])[]): string[] {
  const seen = new Map<string, (readonly [ContainerPort, string])[]>();
  return containers.flatMap(([{ ports = [] }, path]) =>
    ports.flatMap((port, index) => {
      const at = `${path}.ports[${index}]`;
      const key = `${port.containerPort}/${port.protocol ?? ''}`;
      const others = seen.get(key) ?? [];
      seen.set(key, [...others, [port, at]]);
      return [
        ...((port.hostIP ?? '') !== '' && (port.hostPort ?? 0) === 0
          ? [`${at}: hostIP set without hostPort: ${printed(port)}`]
          : []),
        ...others.flatMap(([other, where]) => {
          const word = clashOf(port, other);
          return word === undefined ? [] : [`${at}: ${word} port definition with ${where}`];
        }),
      ];
    }),
  );
}

/** As Go prints it. */
function printed({ name = '', hostPort = 0, containerPort, protocol = 'TCP', hostIP = '' }: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}

function clashOf(a: ContainerPort, b: ContainerPort): string | undefined {
  const [ip, otherIp, port, otherPort] = [a.hostIP ?? '', b.hostIP ?? '', a.hostPort ?? 0, b.hostPort ?? 0];
  if (ip === otherIp && port === otherPort) return 'duplicate';
  if (port === 0 || otherPort === 0) return 'overlapping';
  return port === otherPort && (ip === '') !== (otherIp === '') ? 'dangerously ambiguous' : undefined;
}
