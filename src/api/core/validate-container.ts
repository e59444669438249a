/** Containers of the three sorts: what all share, and what only some may have. */
import { duplicate, forbidden, invalid, notFound, notSupported, required, type Fault } from '../../schema/fault.ts';
import { checkPortName, checkPortNumber } from '../../schema/names.ts';
import { backstepFaults, complaintFaults, dnsLabelFaults, localPathFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  ContainerRestartRule,
  VolumeDevice,
  VolumeMount,
} from './container.ts';
import { environmentFaults, environmentSourceFaults } from './validate-environment.ts';
import { resourceFaults } from './validate-resources.ts';
import { securityContextFaults } from './validate-security-context.ts';
import type { Volumes } from './validate-volume.ts';

/** What of the pod its containers are checked against. */
export interface ContainerContext {
  readonly volumes: Volumes;
  readonly claims: ReadonlySet<string>;
  readonly restartPolicy: string;
  readonly hostUsers: boolean;
  readonly gracePeriod: number | undefined;
  readonly operatingSystem: string | undefined;
}

type AnyContainer = Loose<Container>;

export function containerFaults(container: AnyContainer, context: ContainerContext, path: string): Fault[] {
  const name = container.name ?? '';
  return [
    ...(name === '' ? [] : dnsLabelFaults(`${path}.name`, name)),
    ...((container.image ?? '') === '' ? [required(`${path}.image`)] : []),
    ...portsFaults(container.ports, `${path}.ports`),
    ...environmentFaults(container.env, `${path}.env`),
    ...environmentSourceFaults(container.envFrom, `${path}.envFrom`),
    ...mountsFaults(container, context.volumes, `${path}.volumeMounts`),
    ...devicesFaults(container, context.volumes, `${path}.volumeDevices`),
    ...resourceFaults(container.resources, `${path}.resources`, { claims: context.claims }),
    ...resizeFaults(container.resizePolicy, context.restartPolicy, `${path}.resizePolicy`),
    ...securityContextFaults(container.securityContext, context.hostUsers, `${path}.securityContext`),
  ];
}

/** Only in pods: templates of old have images that are blank on purpose. */
export function imageSpaceFaults(image: string | undefined, path: string): Fault[] {
  if (image === undefined || image.trim() === image) return [];
  return [invalid(`${path}.image`, image, 'must not have leading or trailing whitespace')];
}

function portsFaults(ports: readonly Loose<ContainerPort>[] | undefined, path: string): Fault[] {
  const names = new Set<string>();
  return (ports ?? []).flatMap(({ name = '', containerPort = 0, hostPort = 0 }, index) => {
    const at = `${path}[${index}]`;
    const complaints = name === '' ? [] : checkPortName(name);
    const again = complaints.length === 0 && names.has(name);
    if (name !== '' && complaints.length === 0) names.add(name);
    return [
      ...complaintFaults(`${at}.name`, name, complaints),
      ...(again ? [duplicate(`${at}.name`, name)] : []),
      ...(containerPort === 0
        ? [required(`${at}.containerPort`)]
        : complaintFaults(`${at}.containerPort`, containerPort, checkPortNumber(containerPort))),
      ...(hostPort === 0 ? [] : complaintFaults(`${at}.hostPort`, hostPort, checkPortNumber(hostPort))),
    ];
  });
}

function mountsFaults(container: AnyContainer, volumes: Volumes, path: string): Fault[] {
  const paths = new Set<string>();
  return (container.volumeMounts ?? []).flatMap((mount, index) => {
    const mountPath = mount.mountPath ?? '';
    const again = paths.has(mountPath);
    paths.add(mountPath);
    return [
      ...mountFaults(mount, container, volumes, `${path}[${index}]`),
      ...(again ? [invalid(`${path}[${index}].mountPath`, mountPath, 'must be unique')] : []),
      ...subPathFaults(mount, path, `${path}[${index}]`),
      ...propagationFaults(mount.mountPropagation, container, `${path}.mountPropagation`),
      ...recursiveFaults(mount, `${path}.recursiveReadOnly`),
    ];
  });
}

function mountFaults(mount: Loose<VolumeMount>, container: AnyContainer, volumes: Volumes, path: string): Fault[] {
  const { name = '', mountPath = '' } = mount;
  const devices = container.volumeDevices ?? [];
  const image = volumes.get(name)?.image !== undefined;
  return [
    ...(volumes.has(name) ? [] : [notFound(`${path}.name`, name)]),
    ...(devices.some((each) => each.name === name)
      ? [invalid(`${path}.name`, name, 'must not already exist in volumeDevices')]
      : []),
    ...(devices.some((each) => each.devicePath === mountPath)
      ? [invalid(`${path}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices')]
      : []),
    ...(['subPath', 'subPathExpr'] as const).flatMap((field) =>
      image && field === 'subPathExpr' && (mount[field] ?? '') !== ''
        ? [invalid(`${path}.${field}`, mount[field], 'not allowed in image volume sources')]
        : [],
    ),
  ];
}

/** Upstream leaves the index out of two of these paths; clients may rely on it. */
function subPathFaults(
  { subPath = '', subPathExpr = '' }: Loose<VolumeMount>,
  listPath: string,
  path: string,
): Fault[] {
  const both = subPath !== '' && subPathExpr !== '';
  return [
    ...(subPath === '' ? [] : localPathFaults(`${listPath}.subPath`, subPath)),
    ...(both ? [invalid(`${path}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')] : []),
    ...(subPathExpr === '' ? [] : localPathFaults(`${listPath}.subPathExpr`, subPathExpr)),
  ];
}

const propagations = ['Bidirectional', 'HostToContainer', 'None'];

function propagationFaults(mode: string | undefined, { securityContext }: AnyContainer, path: string): Fault[] {
  if (mode === undefined) return [];
  if (!propagations.includes(mode)) return [notSupported(path, mode, propagations)];
  if (mode !== 'Bidirectional' || securityContext?.privileged === true) return [];
  return [forbidden(path, 'Bidirectional mount propagation is available only to privileged containers')];
}

const recursiveModes = ['Disabled', 'Enabled', 'IfPossible'];

function recursiveFaults({ recursiveReadOnly, readOnly, mountPropagation }: Loose<VolumeMount>, path: string): Fault[] {
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return [];
  if (!recursiveModes.includes(recursiveReadOnly)) return [notSupported(path, recursiveReadOnly, recursiveModes)];
  const spread = mountPropagation !== undefined && mountPropagation !== 'None';
  return [
    ...(readOnly === true ? [] : [forbidden(path, 'may only be specified when readOnly is true')]),
    ...(spread ? [forbidden(path, 'may only be specified when mountPropagation is None or not specified')] : []),
  ];
}

function devicesFaults(container: AnyContainer, volumes: Volumes, path: string): Fault[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  return (container.volumeDevices ?? []).flatMap((device, index) => {
    const { name = '', devicePath = '' } = device;
    const at = `${path}[${index}]`;
    const faults = [
      ...(names.has(name) ? [invalid(`${at}.name`, name, 'must be unique')] : []),
      ...deviceSourceFaults(name, volumes, `${at}.name`),
      ...(paths.has(devicePath) ? [invalid(`${at}.devicePath`, devicePath, 'must be unique')] : []),
      ...(backstepFaults(at, devicePath).length > 0
        ? [invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')")]
        : []),
      ...deviceOverlapFaults(device, container, at),
    ];
    names.add(name);
    paths.add(devicePath);
    return faults;
  });
}

function deviceSourceFaults(name: string, volumes: Volumes, path: string): Fault[] {
  const source = volumes.get(name);
  if (source === undefined) return [notFound(path, name)];
  if (source.persistentVolumeClaim !== undefined || source.ephemeral !== undefined) return [];
  const text = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
  return [invalid(path, name, text)];
}

function deviceOverlapFaults(
  { name, devicePath }: Loose<VolumeDevice>,
  container: AnyContainer,
  path: string,
): Fault[] {
  const mounts = container.volumeMounts ?? [];
  return [
    ...(mounts.some((each) => each.name === name)
      ? [invalid(`${path}.name`, name, 'must not already exist in volumeMounts')]
      : []),
    ...(mounts.some((each) => each.mountPath === devicePath)
      ? [invalid(`${path}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts')]
      : []),
  ];
}

const resizable = ['cpu', 'memory'];
const resizePolicies = ['NotRequired', 'RestartContainer'];

function resizeFaults(
  policies: readonly Loose<ContainerResizePolicy>[] | undefined,
  restart: string,
  path: string,
): Fault[] {
  const seen = new Set<string>();
  return (policies ?? []).flatMap(({ resourceName = '', restartPolicy = '' }, index) => {
    const again = seen.has(resourceName);
    seen.add(resourceName);
    const never = restart === 'Never' && restartPolicy !== 'NotRequired';
    return [
      ...(again ? [duplicate(`${path}[${index}]`, resourceName)] : []),
      ...oneOf(resourceName, resizable, path),
      ...oneOf(restartPolicy, resizePolicies, path),
      ...(never ? [invalid(path, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'")] : []),
    ];
  });
}

function oneOf(value: string, allowed: readonly string[], path: string): Fault[] {
  if (value === '') return [required(path)];
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
}

const restartPolicies = ['Always', 'Never', 'OnFailure'];

/** A container's own restart policy, and the exit codes that override it. */
export function restartFaults(container: AnyContainer, path: string): Fault[] {
  const { restartPolicy, restartPolicyRules } = container;
  const at = `${path}.restartPolicyRules`;
  if (restartPolicy === undefined) {
    return (restartPolicyRules ?? []).length === 0
      ? []
      : [required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used')];
  }
  const unknown = restartPolicies.includes(restartPolicy)
    ? []
    : [notSupported(`${path}.restartPolicy`, restartPolicy, restartPolicies)];
  return [
    ...unknown,
    ...(restartPolicyRules ?? []).flatMap((rule, index) => restartRuleFaults(rule, `${at}[${index}]`)),
  ];
}

function restartRuleFaults({ action = '', exitCodes }: Loose<ContainerRestartRule>, path: string): Fault[] {
  const actions = action === 'RestartAllContainers' ? [] : oneOf(action, ['Restart'], `${path}.action`);
  if (exitCodes === undefined) return [...actions, required(`${path}.exitCodes`, 'must be specified')];
  const count = exitCodes.values?.length ?? 0;
  return [
    ...actions,
    ...oneOf(exitCodes.operator ?? '', ['In', 'NotIn'], `${path}.exitCodes.operator`),
    ...(count === 0 ? [required(`${path}.exitCodes.values`, 'must specify at least one value')] : []),
  ];
}
