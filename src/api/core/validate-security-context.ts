/** Security contexts of pods and of containers. */
import { duplicate, forbidden, invalid, notSupported, required, tooLong, type Fault } from '../../schema/fault.ts';
import { checkUserId } from '../../schema/names.ts';
import { complaintFaults, ifSet, localPathFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { PodSpec } from './pod-spec.ts';
import type {
  AppArmorProfile,
  PodSecurityContext,
  SeccompProfile,
  SecurityContext,
  WindowsSecurityContextOptions,
} from './security-context.ts';

const longestProfile = 4095;
const longestSysctl = 253;
const sysctlSegment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlSource = `^(${sysctlSegment}[\\./])*${sysctlSegment}$`;
const sysctlName = new RegExp(sysctlSource);

export function podSecurityContextFaults(spec: Loose<PodSpec>, path: string): Fault[] {
  const context = spec.securityContext;
  if (context === undefined) return [];
  return [
    ...idFaults(context.fsGroup, `${path}.fsGroup`),
    ...idFaults(context.runAsUser, `${path}.runAsUser`),
    ...idFaults(context.runAsGroup, `${path}.runAsGroup`),
    ...(context.supplementalGroups ?? []).flatMap((id, index) => idFaults(id, `${path}.supplementalGroups[${index}]`)),
    ...(spec.hostPID === true && spec.shareProcessNamespace === true
      ? [invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled')]
      : []),
    ...sysctlFaults(context, spec, `${path}.sysctls`),
    ...seccompFaults(context.seccompProfile, `${path}.seccompProfile`),
    ...windowsFaults(context.windowsOptions, `${path}.windowsOptions`),
    ...appArmorFaults(context.appArmorProfile, `${path}.appArmorProfile`),
  ];
}

function idFaults(id: number | undefined, path: string): Fault[] {
  return id === undefined ? [] : complaintFaults(path, id, checkUserId(id));
}

function sysctlFaults(context: Loose<PodSecurityContext>, spec: Loose<PodSpec>, path: string): Fault[] {
  const seen = new Set<string>();
  return (context.sysctls ?? []).flatMap(({ name = '' }, index) => {
    const at = `${path}[${index}].name`;
    const again = seen.has(name);
    seen.add(name);
    return [...sysctlNameFaults(name, again, at), ...hostSysctlFaults(name, spec, at)];
  });
}

function sysctlNameFaults(name: string, again: boolean, path: string): Fault[] {
  if (name === '') return [];
  if (name.length > longestSysctl || !sysctlName.test(name)) {
    return [invalid(path, name, `must have at most ${longestSysctl} characters and match regex ${sysctlSource}`)];
  }
  return again ? [duplicate(path, name)] : [];
}

/** Settings of a namespace that the pod shares with the host are the host's own. */
function hostSysctlFaults(name: string, spec: Loose<PodSpec>, path: string): Fault[] {
  const dotted = name.replaceAll('/', '.');
  if (spec.hostNetwork === true && dotted.startsWith('net.')) {
    return [invalid(path, name, "may not be specified when 'hostNetwork' is true")];
  }
  const isIpc = /^(?:kernel\.(?:sem|shm|msg)|fs\.mqueue\.)/u.test(dotted);
  return spec.hostIPC === true && isIpc ? [invalid(path, name, "may not be specified when 'hostIPC' is true")] : [];
}

function seccompFaults(profile: Loose<SeccompProfile> | undefined, path: string): Fault[] {
  if (profile === undefined) return [];
  const { type, localhostProfile } = profile;
  const types = typeFaults(type, 'seccompProfile', `${path}.type`);
  const at = `${path}.localhostProfile`;
  if (type !== 'Localhost') {
    const unused =
      localhostProfile === undefined ? [] : [invalid(at, profile, 'can only be set when seccomp type is Localhost')];
    return [...types, ...unused];
  }
  if (localhostProfile === undefined) return [required(at, 'must be set when seccomp type is Localhost')];
  return localPathFaults(at, localhostProfile);
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'] as const;

function typeFaults(type: string | undefined, owner: string, path: string): Fault[] {
  if (type === undefined || type === '') return [required(path, `type is required when ${owner} is set`)];
  return profileTypes.some((each) => each === type) ? [] : [notSupported(path, type, profileTypes)];
}

function appArmorFaults(profile: Loose<AppArmorProfile> | undefined, path: string): Fault[] {
  if (profile === undefined) return [];
  const { type, localhostProfile } = profile;
  const at = `${path}.localhostProfile`;
  if (type === 'Localhost') return appArmorNameFaults(localhostProfile, at);
  const types = typeFaults(type, 'appArmorProfile', `${path}.type`);
  if (types.length > 0 || localhostProfile === undefined) return types;
  return [invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost')];
}

function appArmorNameFaults(name: string | undefined, path: string): Fault[] {
  if (name === undefined || name === '') return [required(path, 'must be set when AppArmor type is Localhost')];
  return [
    ...(name.trim() === name ? [] : [invalid(path, name, 'must not be padded with whitespace')]),
    ...(Buffer.byteLength(name) > longestProfile ? [tooLong(path, longestProfile)] : []),
  ];
}

export function securityContextFaults(
  context: Loose<SecurityContext> | undefined,
  hostUsers: boolean,
  path: string,
): Fault[] {
  if (context === undefined) return [];
  const unmasked = hostUsers && context.procMount === 'Unmasked';
  return [
    ...idFaults(context.runAsUser, `${path}.runAsUser`),
    ...idFaults(context.runAsGroup, `${path}.runAsGroup`),
    ...(unmasked ? [invalid(`${path}.procMount`, 'Unmasked', '`hostUsers` must be false to use `Unmasked`')] : []),
    ...seccompFaults(context.seccompProfile, `${path}.seccompProfile`),
    ...escalationFaults(context, path),
    ...windowsFaults(context.windowsOptions, `${path}.windowsOptions`),
    ...appArmorFaults(context.appArmorProfile, `${path}.appArmorProfile`),
  ];
}

function escalationFaults(context: Loose<SecurityContext>, path: string): Fault[] {
  if (context.allowPrivilegeEscalation !== false) return [];
  const rule = 'cannot set `allowPrivilegeEscalation` to false and';
  const added = (context.capabilities?.add ?? []).filter((name) => name === 'CAP_SYS_ADMIN');
  return [
    ...(context.privileged === true ? [invalid(path, context, `${rule} \`privileged\` to true`)] : []),
    ...added.map(() => invalid(path, context, `${rule} \`capabilities.Add\` CAP_SYS_ADMIN`)),
  ];
}

function windowsFaults(options: Loose<WindowsSecurityContextOptions> | undefined, path: string): Fault[] {
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options ?? {};
  const at = `${path}.gmsaCredentialSpec`;
  return [
    ...ifSet(gmsaCredentialSpecName, (name) => subdomainFaults(`${path}.gmsaCredentialSpecName`, name)),
    ...(gmsaCredentialSpec === '' ? [invalid(at, '', 'gmsaCredentialSpec cannot be an empty string')] : []),
    ...((gmsaCredentialSpec ?? '').length > 64 * 1024
      ? [invalid(at, gmsaCredentialSpec, 'gmsaCredentialSpec size must be under 64 KiB')]
      : []),
    ...(runAsUserName === '' ? [invalid(`${path}.runAsUserName`, '', 'runAsUserName cannot be an empty string')] : []),
  ];
}

const hostNamespaces = [
  ['hostNetwork', 'hostNetwork'],
  ['hostPID', 'HostPID'],
  ['hostIPC', 'HostIPC'],
] as const;

/** A user namespace of its own does not go with other namespaces of the host. */
export function hostUsersFaults(spec: Loose<PodSpec>, path: string): Fault[] {
  if (spec.hostUsers !== false) return [];
  return hostNamespaces
    .filter(([field]) => spec[field] === true)
    .map(([, name]) => forbidden(`${path}.${name}`, 'when `pod.Spec.HostUsers` is false'));
}
