/** Environment variables of containers: names, and where their values come from. */
import { invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { checkConfigMapKey, checkRelaxedEnvVarName } from '../../schema/names.ts';
import { canonicalQuantity, isZero } from '../../schema/quantity.ts';
import { complaintFaults, labelNameFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type {
  ConfigMapKeySelector,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from './env.ts';

/** Fields of its own pod that a container may read into a variable. */
const variableFields: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** Every field path that the downward API knows at all. */
const downwardFields: ReadonlySet<string> = new Set([
  ...variableFields,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);

const containerResources: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

const byteDivisors = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';
const byteDivisorSet: ReadonlySet<string> = new Set(byteDivisors.split(', '));

export function environmentFaults(variables: readonly Loose<EnvVar>[] | undefined, path: string): Fault[] {
  return (variables ?? []).flatMap((variable, index) => {
    const at = `${path}[${index}]`;
    const name = variable.name ?? '';
    return [
      ...(name === '' ? [] : complaintFaults(`${at}.name`, name, checkRelaxedEnvVarName(name))),
      ...valueSourceFaults(variable, `${at}.valueFrom`),
    ];
  });
}

function valueSourceFaults({ value, valueFrom }: Loose<EnvVar>, path: string): Fault[] {
  if (valueFrom === undefined) return [];
  const sources = Object.values(valueFrom).filter((each) => each !== undefined).length;
  return [...eachSourceFaults(valueFrom, path), ...sourceCountFaults(sources, value ?? '', path)];
}

function eachSourceFaults(source: Loose<EnvVarSource>, path: string): Fault[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  return [
    ...(fieldRef === undefined ? [] : fieldRefFaults(fieldRef, variableFields, `${path}.fieldRef`)),
    ...(resourceFieldRef === undefined ? [] : resourceRefFaults(resourceFieldRef, `${path}.resourceFieldRef`, false)),
    ...(configMapKeyRef === undefined ? [] : keyRefFaults(configMapKeyRef, `${path}.configMapKeyRef`)),
    ...(secretKeyRef === undefined ? [] : keyRefFaults(secretKeyRef, `${path}.secretKeyRef`)),
    ...(fileKeyRef === undefined ? [] : fileRefFaults(fileKeyRef, `${path}.fileKeyRef`)),
  ];
}

function sourceCountFaults(sources: number, value: string, path: string): Fault[] {
  if (sources === 0) {
    const names = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    return [invalid(path, '', `must specify one of: ${names}`)];
  }
  if (value !== '') return [invalid(path, '', 'may not be specified when `value` is not empty')];
  return sources > 1 ? [invalid(path, '', 'may not have more than one field specified at a time')] : [];
}

/** `allowed` are the whole fields; one label or one annotation by its key is always fine. */
export function fieldRefFaults(ref: Loose<ObjectFieldSelector>, allowed: readonly string[], path: string): Fault[] {
  const fieldPath = ref.fieldPath ?? '';
  if (fieldPath === '') return [];
  const subscript = /^(?<field>[^[]*)\['(?<key>.*)'\]$/su.exec(fieldPath)?.groups;
  if (subscript !== undefined) return subscriptFaults(subscript['field'] ?? '', subscript['key'] ?? '', path);
  if (ref.apiVersion !== 'v1') {
    const text = `error converting fieldPath: unsupported pod version: ${ref.apiVersion ?? ''}`;
    return [invalid(`${path}.fieldPath`, fieldPath, text)];
  }
  if (!downwardFields.has(fieldPath)) {
    const text = `error converting fieldPath: field label not supported: ${fieldPath}`;
    return [invalid(`${path}.fieldPath`, fieldPath, text)];
  }
  return allowed.includes(fieldPath) ? [] : [notSupported(`${path}.fieldPath`, fieldPath, allowed)];
}

function subscriptFaults(field: string, key: string, path: string): Fault[] {
  if (field === 'metadata.annotations') return labelNameFaults(path, key.toLowerCase());
  if (field === 'metadata.labels') return labelNameFaults(path, key);
  return [invalid(path, field, 'does not support subscript')];
}

export function resourceRefFaults(ref: Loose<ResourceFieldSelector>, path: string, inVolume: boolean): Fault[] {
  const resource = ref.resource ?? '';
  return [...resourceNameFaults(ref, resource, path, inVolume), ...divisorFaults(resource, ref.divisor, path)];
}

function resourceNameFaults(
  ref: Loose<ResourceFieldSelector>,
  resource: string,
  path: string,
  inVolume: boolean,
): Fault[] {
  if (inVolume && (ref.containerName ?? '') === '') return [required(`${path}.containerName`)];
  if (resource === '' || containerResources.includes(resource) || isHugePages(resource)) return [];
  return [notSupported(`${path}.resource`, resource, containerResources)];
}

function divisorFaults(resource: string, divisor: string | undefined, path: string): Fault[] {
  if (divisor === undefined || divisor === '' || isZero(divisor)) return [];
  const kind = divisorKind(resource);
  if (kind === undefined) return [];
  const canonical = canonicalQuantity(divisor);
  if (kind === 'cpu') {
    if (canonical === '1' || canonical === '1m') return [];
    return [invalid(`${path}.divisor`, resource, "only divisor's values 1m and 1 are supported with the cpu resource")];
  }
  if (byteDivisorSet.has(canonical)) return [];
  return [
    invalid(
      `${path}.divisor`,
      resource,
      `only divisor's values ${byteDivisors} are supported with the ${kind} resource`,
    ),
  ];
}

function divisorKind(resource: string): string | undefined {
  if (isHugePages(resource)) return 'hugepages';
  const name = resource.replace(/^(?:limits|requests)\./u, '');
  return { cpu: 'cpu', memory: 'memory', 'ephemeral-storage': 'local ephemeral storage' }[name];
}

const isHugePages = (resource: string): boolean => /^(?:limits|requests)\.hugepages-/u.test(resource);

function keyRefFaults(ref: Loose<ConfigMapKeySelector>, path: string): Fault[] {
  const key = ref.key ?? '';
  return [
    ...subdomainFaults(`${path}.name`, ref.name ?? ''),
    ...(key === '' ? [] : complaintFaults(`${path}.key`, key, checkConfigMapKey(key))),
  ];
}

function fileRefFaults({ key = '' }: Loose<FileKeySelector>, path: string): Fault[] {
  return key === '' ? [] : complaintFaults(`${path}.key`, key, checkRelaxedEnvVarName(key));
}

export function environmentSourceFaults(sources: readonly Loose<EnvFromSource>[] | undefined, path: string): Fault[] {
  return (sources ?? []).flatMap(({ prefix = '', configMapRef, secretRef }, index) => {
    const at = `${path}[${index}]`;
    return [
      ...(prefix === '' ? [] : complaintFaults(`${at}.prefix`, prefix, checkRelaxedEnvVarName(prefix))),
      ...(configMapRef === undefined ? [] : sourceNameFaults(configMapRef.name, `${at}.configMapRef.name`)),
      ...(secretRef === undefined ? [] : sourceNameFaults(secretRef.name, `${at}.secretRef.name`)),
      ...(configMapRef === undefined && secretRef === undefined
        ? [invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`')]
        : []),
      ...(configMapRef !== undefined && secretRef !== undefined
        ? [invalid(path, '', 'may not have more than one field specified at a time')]
        : []),
    ];
  });
}

function sourceNameFaults(name: string | undefined, path: string): Fault[] {
  if (name === undefined || name === '') return [required(path)];
  return subdomainFaults(path, name.endsWith('-') ? `${name.slice(0, -1)}a` : name);
}
