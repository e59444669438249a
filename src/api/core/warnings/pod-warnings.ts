/**
 * What clients are told of a pod, or of the template of one, that is valid and yet hardly meant so. Texts are
 * upstream's (pkg/api/pod/warnings.go).
 */
import { checkDns1123Label } from '../../../schema/names.ts';
import { addressWarnings } from '../../rules/addresses.ts';
import type { Loose } from '../../rules/loose.ts';
import { appArmorPrefix, appArmorWarning } from '../app-armor.ts';
import type { PodStatus } from '../pod-status.ts';
import type { PodTemplateSpec } from '../pod-template-spec.ts';
import { affinityWarnings, spreadWarnings } from './affinity-warnings.ts';
import { containerWarnings, containersOf, portWarnings } from './container-warnings.ts';
import { fractionsIn } from './fractions.ts';
import { labelKeyWarnings } from './node-labels.ts';
import { volumeWarnings } from './volume-warnings.ts';

/** A pod, or a template: they have the same parts. */
export type PodLike = Loose<PodTemplateSpec>;

const withoutFunction: readonly (readonly [key: string, since: string, field: string])[] = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'v1.16', 'priorityClassName'],
  ['security.alpha.kubernetes.io/sysctls', 'v1.11', 'sysctls'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'v1.11', 'sysctls'],
];

const seccompOfPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompOfContainer = 'container.seccomp.security.alpha.kubernetes.io/';

/** About a new pod. Changes of a pod are told nothing: programs make them, and often. */
export function podWarnings(pod: PodLike, old?: object): string[] {
  if (old !== undefined) return [];
  return [...nameWarnings(pod.metadata?.name, "this is used in the Pod's hostname"), ...warningsAt('', pod)];
}

/** About the addresses that the kubelet reports. */
export function podStatusWarnings(status: Loose<PodStatus> | undefined): string[] {
  return [
    ...(status?.podIPs ?? []).flatMap(({ ip = '' }, index) => addressWarnings(`status.podIPs[${index}].ip`, ip)),
    ...(status?.hostIPs ?? []).flatMap(({ ip = '' }, index) => addressWarnings(`status.hostIPs[${index}].ip`, ip)),
  ];
}

/** About the template at `path`, such as `spec.template`. */
export function podTemplateWarnings(path: string, template: PodLike | undefined): string[] {
  if (template === undefined) return [];
  return [...warningsAt(`${path}.`, template), ...appArmorWarnings(path, template)];
}

/** About the name of something that pods get their names from. */
export function workloadNameWarnings(name: string | undefined): string[] {
  return nameWarnings(name, 'this is used in Pod names and hostnames');
}

function nameWarnings(name = '', use: string): string[] {
  const complaints = checkDns1123Label(name);
  if (complaints.length === 0) return [];
  const consequence = 'which can result in surprising behavior; a DNS label is recommended';
  return [`metadata.name: ${use}, ${consequence}: [${complaints.join(' ')}]`];
}

function warningsAt(prefix: string, pod: PodLike): string[] {
  const { spec = {} } = pod;
  const path = `${prefix}spec`;
  const containers = containersOf(path, spec);
  return [
    ...labelKeyWarnings(spec.nodeSelector, (key) => `${path}.nodeSelector[${key}]`),
    ...affinityWarnings(`${path}.affinity`, spec.affinity),
    ...spreadWarnings(`${path}.topologySpreadConstraints`, spec.topologySpreadConstraints),
    ...annotationWarnings(prefix, pod),
    ...volumeWarnings(`${path}.volumes`, spec.volumes),
    ...repeated(spec.hostAliases, 'ip').map(([at, ip]) => `${path}.hostAliases[${at}].ip: duplicate ip ${ip}`),
    ...pullSecretWarnings(`${path}.imagePullSecrets`, spec.imagePullSecrets),
    ...fractionsIn(`${path}.overhead`, spec.overhead, ['memory', 'ephemeral-storage']),
    ...containers.flatMap((each) => containerWarnings(each)),
    ...portWarnings(containers),
    ...graceWarnings(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds),
    ...listed(`${path}.dnsConfig.nameservers`, spec.dnsConfig?.nameservers, addressWarnings),
    ...(spec.hostAliases ?? []).flatMap(({ ip = '' }, index) =>
      addressWarnings(`${path}.hostAliases[${index}].ip`, ip),
    ),
  ];
}

const listed = (
  path: string,
  values: readonly string[] | undefined,
  about: (path: string, value: string) => string[],
): string[] => (values ?? []).flatMap((value, index) => about(`${path}[${index}]`, value));

function annotationWarnings(prefix: string, { metadata, spec = {} }: PodLike): string[] {
  const { annotations = {} } = metadata ?? {};
  const at = (key: string): string => `${prefix}metadata.annotations[${key}]`;
  const unused = (key: string, since: string, field: string): string[] =>
    Object.hasOwn(annotations, key)
      ? [`${at(key)}: non-functional in ${since}+; use the "${field}" field instead`]
      : [];
  const noProfile = containersOf('', spec).filter(({ container }) => !hasSeccomp(container));
  return [
    ...withoutFunction.flatMap((entry) => unused(...entry)),
    ...(hasSeccomp(spec) ? [] : unused(seccompOfPod, 'v1.27', 'seccompProfile')),
    ...noProfile.flatMap(({ container }) => unused(seccompOfContainer + container.name, 'v1.27', 'seccompProfile')),
  ];
}

const hasSeccomp = ({
  securityContext,
}: {
  readonly securityContext?: { seccompProfile?: unknown } | undefined;
}): boolean => securityContext?.seccompProfile !== undefined;

/** For templates; a pod gets the field when it is made, and is told so then. */
function appArmorWarnings(path: string, { metadata, spec = {} }: PodLike): string[] {
  if (spec.securityContext?.appArmorProfile !== undefined) return [];
  return containersOf('', spec)
    .filter(({ container }) => container.securityContext?.appArmorProfile === undefined)
    .map(({ container }) => `${appArmorPrefix}${container.name}`)
    .filter((key) => metadata?.annotations?.[key] !== undefined)
    .map((key) => appArmorWarning(`${path}.metadata`, key));
}

function pullSecretWarnings(path: string, secrets: readonly { readonly name?: string | undefined }[] = []): string[] {
  return [
    ...repeated(secrets, 'name').map(([at, name]) => `${path}[${at}].name: duplicate name ${name}`),
    ...secrets.flatMap(({ name = '' }, at) => (name === '' ? [`${path}[${at}].name: invalid empty name ""`] : [])),
  ];
}

/** Index and quoted value of the items that have the same value as one before. */
function repeated<Key extends string>(
  items: readonly { readonly [K in Key]?: string | undefined }[] | undefined,
  key: Key,
): [number, string][] {
  const seen = new Set<string>();
  return (items ?? []).flatMap((item, index): [number, string][] => {
    const value = item[key] ?? '';
    if (seen.has(value)) return [[index, JSON.stringify(value)]];
    seen.add(value);
    return [];
  });
}

function graceWarnings(path: string, seconds: number | undefined): string[] {
  if (seconds === undefined || seconds >= 0) return [];
  return [`${path}: must be >= 0; negative values are invalid and will be treated as 1`];
}
