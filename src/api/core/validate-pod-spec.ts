/** A pod's specification, in a pod or in a template. Shared by every kind that makes pods. */
import { duplicate, forbidden, invalid, notFound, notSupported, required, type Fault } from '../../schema/fault.ts';
import {
  checkDns1123SubdomainWithUnderscore,
  checkRange,
  checkDns1123Label,
  checkDns1123Subdomain,
} from '../../schema/names.ts';
import { addressFaults } from '../rules/addresses.ts';
import { complaintFaults, dnsLabelFaults, ifSet, labelNameFaults, subdomainFaults } from '../rules/faults.ts';
import { labelFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type { Container, EphemeralContainer } from './container.ts';
import type { PodDNSConfig, PodSpec } from './pod-spec.ts';
import { affinityFaults, spreadFaults, tolerationFaults } from './validate-affinity.ts';
import { containerFaults, imageSpaceFaults, restartFaults, type ContainerContext } from './validate-container.ts';
import { deadlyProbeFaults, lifecycleFaults, readinessProbeFaults } from './validate-probe.ts';
import { podResourceFaults, resourceFaults } from './validate-resources.ts';
import { hostUsersFaults, podSecurityContextFaults } from './validate-security-context.ts';
import { volumeFaults } from './validate-volume.ts';

/** Largest number that fits a Go int32. */
const maxInt32 = 2 ** 31 - 1;

export interface PodSpecRules {
  /** Set for a real pod; templates are checked less strictly in a few places. */
  readonly pod?: { readonly name: string };
}

export function podSpecFaults(spec: Loose<PodSpec>, path: string, rules: PodSpecRules = {}): Fault[] {
  const { faults: volumes, valid } = volumeFaults(spec.volumes, `${path}.volumes`, rules.pod?.name);
  const context: ContainerContext = {
    volumes: valid,
    claims: new Set(
      (spec.resourceClaims ?? []).flatMap(({ name }) => (name === undefined || name === '' ? [] : [name])),
    ),
    restartPolicy: spec.restartPolicy ?? 'Always',
    hostUsers: spec.hostUsers !== false,
    gracePeriod: spec.terminationGracePeriodSeconds,
    operatingSystem: spec.os?.name,
  };
  return [
    ...volumes,
    ...resourceClaimFaults(spec, `${path}.resourceClaims`),
    ...regularContainersFaults(spec, context, `${path}.containers`),
    ...initContainersFaults(spec, context, `${path}.initContainers`),
    ...ephemeralContainersFaults(spec, context, `${path}.ephemeralContainers`),
    ...podResourceFaults(spec.resources, `${path}.resources`),
    ...hostPortFaults(spec, path, rules.pod !== undefined),
    ...podSecurityContextFaults(spec, `${path}.securityContext`),
    ...schedulingFaults(spec, path),
    ...dnsFaults(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`),
    ...gateFaults(spec, path),
    ...hostUsersFaults(spec, path),
    ...nameFaults(spec, path),
    ...limitFaults(spec, path),
    ...(rules.pod === undefined ? [] : podOnlyFaults(spec, path)),
  ];
}

function resourceClaimFaults(spec: Loose<PodSpec>, path: string): Fault[] {
  const seen = new Set<string>();
  return (spec.resourceClaims ?? []).flatMap((claim, index) => {
    const { name = '', resourceClaimName, resourceClaimTemplateName } = claim;
    const at = `${path}[${index}]`;
    const again = seen.has(name);
    seen.add(name);
    const both = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
    const none = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`';
    const set = Number(resourceClaimName !== undefined) + Number(resourceClaimTemplateName !== undefined);
    return [
      ...(again ? [duplicate(`${at}.name`, name)] : []),
      ...(again || name === '' ? [] : dnsLabelFaults(`${at}.name`, name)),
      ...(set === 1 ? [] : [invalid(at, claim, set === 0 ? none : both)]),
      ...(resourceClaimName === undefined ? [] : subdomainFaults(`${at}.resourceClaimName`, resourceClaimName)),
      ...(resourceClaimTemplateName === undefined
        ? []
        : subdomainFaults(`${at}.resourceClaimTemplateName`, resourceClaimTemplateName)),
    ];
  });
}

function runningFaults(container: Loose<Container>, context: ContainerContext, path: string): Fault[] {
  const { gracePeriod, operatingSystem } = context;
  return [
    ...lifecycleFaults(container.lifecycle, gracePeriod, operatingSystem, `${path}.lifecycle`),
    ...deadlyProbeFaults(container.livenessProbe, gracePeriod, `${path}.livenessProbe`),
    ...readinessProbeFaults(container.readinessProbe, gracePeriod, `${path}.readinessProbe`),
    ...deadlyProbeFaults(container.startupProbe, gracePeriod, `${path}.startupProbe`),
  ];
}

function regularContainersFaults(spec: Loose<PodSpec>, context: ContainerContext, path: string): Fault[] {
  const containers = spec.containers ?? [];
  if (containers.length === 0) return spec.containers === undefined ? [] : [required(path)];
  const names = new Set<string>();
  return [
    ...containers.flatMap((container, index) => {
      const at = `${path}[${index}]`;
      return [
        ...containerFaults(container, context, at),
        ...nameTwiceFaults(container.name, names, at),
        ...runningFaults(container, context, at),
        ...restartFaults(container, at),
      ];
    }),
    ...hostPortConflicts(containers, path),
  ];
}

/** `names` gathers the names seen so far. */
function nameTwiceFaults(name: string | undefined, names: Set<string>, path: string): Fault[] {
  if (name === undefined || name === '') return [];
  if (names.has(name)) return [duplicate(`${path}.name`, name)];
  names.add(name);
  return [];
}

const onlyForSidecars = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

function initContainersFaults(spec: Loose<PodSpec>, context: ContainerContext, path: string): Fault[] {
  const names = new Set((spec.containers ?? []).map(({ name }) => name ?? ''));
  const text = 'may not be set for init containers without restartPolicy=Always';
  return (spec.initContainers ?? []).flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const sidecar = container.restartPolicy === 'Always';
    return [
      ...containerFaults(container, context, at),
      ...restartFaults(container, at),
      ...nameTwiceFaults(container.name, names, at),
      ...hostPortConflicts([container], path),
      ...(sidecar
        ? runningFaults(container, context, at)
        : onlyForSidecars
            .filter((field) => container[field] !== undefined)
            .map((field) => forbidden(`${at}.${field}`, text))),
    ];
  });
}

/** Everything else of a container is of no use to one that is only there to look around. */
const notForEphemeral =
  'ports resources resizePolicy restartPolicy restartPolicyRules livenessProbe readinessProbe startupProbe lifecycle'.split(
    ' ',
  );

function ephemeralContainersFaults(spec: Loose<PodSpec>, context: ContainerContext, path: string): Fault[] {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name ?? ''));
  const names = new Set(others);
  return (spec.ephemeralContainers ?? []).flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const target = container.targetContainerName ?? '';
    return [
      ...containerFaults(container, context, at),
      ...imageSpaceFaults(container.image, at),
      ...nameTwiceFaults(container.name, names, at),
      ...(target === '' || others.has(target) ? [] : [notFound(`${at}.targetContainerName`, target)]),
      ...ephemeralOnlyFaults(container, at),
    ];
  });
}

function ephemeralOnlyFaults(container: Loose<EphemeralContainer>, path: string): Fault[] {
  const text = 'cannot be set for an Ephemeral Container';
  const values = container as Readonly<Record<string, unknown>>;
  return [
    ...notForEphemeral.filter((field) => isSet(values[field])).map((field) => forbidden(`${path}.${field}`, text)),
    ...(container.volumeMounts ?? []).flatMap((mount, index) =>
      (['subPath', 'subPathExpr'] as const)
        .filter((field) => (mount[field] ?? '') !== '')
        .map((field) => forbidden(`${path}.volumeMounts[${index}].${field}`, text)),
    ),
  ];
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function hostPortConflicts(containers: readonly Loose<Container>[], path: string): Fault[] {
  const taken = new Set<string>();
  return containers.flatMap(({ ports }, index) =>
    (ports ?? []).flatMap(({ protocol, hostIP, hostPort = 0 }, at) => {
      if (hostPort === 0) return [];
      const key = `${protocol ?? ''}/${hostIP ?? ''}/${hostPort}`;
      if (taken.has(key)) return [duplicate(`${path}[${index}].ports[${at}].hostPort`, key)];
      taken.add(key);
      return [];
    }),
  );
}

/** On the host's network a container's port is the host's. Templates may leave it to the pod's defaults. */
function hostPortFaults(spec: Loose<PodSpec>, path: string, isPod: boolean): Fault[] {
  if (spec.hostNetwork !== true) return [];
  const text = 'must match `containerPort` when `hostNetwork` is true';
  return (spec.containers ?? []).flatMap(({ ports }, index) =>
    (ports ?? []).flatMap(({ hostPort = 0, containerPort = 0 }, at) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [invalid(`${path}.containers[${index}].ports[${at}].hostPort`, hostPort, text)]
        : [],
    ),
  );
}

function schedulingFaults(spec: Loose<PodSpec>, path: string): Fault[] {
  return [
    ...labelFaults(spec.nodeSelector, `${path}.nodeSelector`),
    ...affinityFaults(spec.affinity, `${path}.affinity`),
    ...spreadFaults(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`),
    ...tolerationFaults(spec.tolerations, `${path}.tolerations`),
  ];
}

const maxNameservers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;

function dnsFaults(config: Loose<PodDNSConfig> | undefined, policy: string | undefined, path: string): Fault[] {
  const servers = config?.nameservers ?? [];
  if (policy === 'None' && servers.length === 0) {
    if (config === undefined) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    return [required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')];
  }
  return [
    ...(servers.length > maxNameservers
      ? [invalid(`${path}.nameservers`, servers, `must not have more than ${maxNameservers} nameservers`)]
      : []),
    ...servers.flatMap((server, index) => addressFaults(`${path}.nameservers[${index}]`, server ?? '')),
    ...searchFaults(config?.searches ?? [], `${path}.searches`),
    ...(config?.options ?? []).flatMap(({ name = '' }, index) =>
      name === '' ? [required(`${path}.options[${index}]`, 'must not be empty')] : [],
    ),
  ];
}

function searchFaults(searches: readonly (string | undefined)[], path: string): Fault[] {
  const characters = `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`;
  return [
    ...(searches.length > maxSearches
      ? [invalid(path, searches, `must not have more than ${maxSearches} search paths`)]
      : []),
    ...(searches.join(' ').length > maxSearchCharacters ? [invalid(path, searches, characters)] : []),
    ...searches.flatMap((search = '', index) => {
      if (search === '.') return [];
      const name = search.endsWith('.') ? search.slice(0, -1) : search;
      return complaintFaults(`${path}[${index}]`, name, checkDns1123SubdomainWithUnderscore(name));
    }),
  ];
}

function gateFaults(spec: Loose<PodSpec>, path: string): Fault[] {
  const seen = new Set<string>();
  return [
    ...(spec.readinessGates ?? []).flatMap(({ conditionType = '' }, index) =>
      conditionType === '' ? [] : labelNameFaults(`${path}.readinessGates[${index}].conditionType`, conditionType),
    ),
    ...(spec.schedulingGates ?? []).flatMap(({ name = '' }, index) => {
      const at = `${path}.schedulingGates[${index}]`;
      const again = seen.has(name);
      seen.add(name);
      return [...labelNameFaults(at, name), ...(again ? [duplicate(at, name)] : [])];
    }),
  ];
}

function nameFaults(spec: Loose<PodSpec>, path: string): Fault[] {
  return [
    ...ifSet(spec.serviceAccountName, (name) => subdomainFaults(`${path}.serviceAccountName`, name)),
    ...ifSet(spec.nodeName, (name) => subdomainFaults(`${path}.nodeName`, name)),
    ...ifSet(spec.hostname, (name) => complaintFaults(`${path}.hostname`, name, checkDns1123Label(name))),
    ...ifSet(spec.subdomain, (name) => dnsLabelFaults(`${path}.subdomain`, name)),
    ...ifSet(spec.hostnameOverride, (name) => hostnameOverrideFaults(spec, name, `${path}.hostnameOverride`)),
    ...(spec.hostAliases ?? []).flatMap(({ ip, hostnames }, index) => [
      ...addressFaults(`${path}.hostAliases[${index}].ip`, ip ?? ''),
      ...(hostnames ?? []).flatMap((name, at) =>
        subdomainFaults(`${path}.hostAliases[${index}].hostnames[${at}]`, name ?? ''),
      ),
    ]),
    ...ifSet(spec.priorityClassName, (name) => subdomainFaults(`${path}.priorityClassName`, name)),
    ...(spec.runtimeClassName === undefined ? [] : subdomainFaults(`${path}.runtimeClassName`, spec.runtimeClassName)),
  ];
}

function hostnameOverrideFaults(spec: Loose<PodSpec>, name: string, path: string): Fault[] {
  if (spec.hostNetwork === true) return [forbidden(path, 'must not be set when hostNetwork is true')];
  if (spec.setHostnameAsFQDN === true) return [forbidden(path, 'must not be set when setHostnameAsFQDN is true')];
  return complaintFaults(
    path,
    name,
    name.length > 64 ? ['must be no more than 64 characters'] : checkDns1123Subdomain(name),
  );
}

const systems = ['linux', 'windows'];

function limitFaults(spec: Loose<PodSpec>, path: string): Fault[] {
  const deadline = spec.activeDeadlineSeconds;
  const system = spec.os?.name;
  return [
    ...(deadline === undefined
      ? []
      : complaintFaults(`${path}.activeDeadlineSeconds`, deadline, checkRange(deadline, 1, maxInt32))),
    ...(spec.overhead === undefined ? [] : resourceFaults({ limits: spec.overhead }, `${path}.overhead`)),
    ...(system === undefined || system === '' || systems.includes(system)
      ? []
      : [notSupported(`${path}.os`, system, systems)]),
  ];
}

function podOnlyFaults(spec: Loose<PodSpec>, path: string): Fault[] {
  const tokens =
    (spec.serviceAccountName ?? '') !== ''
      ? []
      : (spec.volumes ?? []).flatMap(({ projected }, index) =>
          (projected?.sources ?? []).flatMap((source, at) =>
            source.serviceAccountToken === undefined
              ? []
              : [
                  forbidden(
                    `${path}.volumes[${index}].projected.sources[${at}].serviceAccountToken`,
                    'must not be specified when serviceAccountName is not set',
                  ),
                ],
          ),
        );
  return [
    ...tokens,
    ...(spec.containers ?? []).flatMap(({ image }, index) => imageSpaceFaults(image, `${path}.containers[${index}]`)),
    ...(spec.initContainers ?? []).flatMap(({ image }, index) =>
      imageSpaceFaults(image, `${path}.initContainers[${index}]`),
    ),
  ];
}
