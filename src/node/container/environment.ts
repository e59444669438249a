/**
 * The environment of a container: services of the namespace, then envFrom, then env, where a later name wins
 * and $(NAME) refers to what came before.
 */
import type { ConfigMap } from '../../api/core/config-map.ts';
import type { EnvVar } from '../../api/core/env.ts';
import type { Secret } from '../../api/core/secret.ts';
import type { Service } from '../../api/core/service.ts';
import { namespaceOf, type AnyContainer } from '../pod/names.ts';
import { expand } from './expand.ts';
import { fieldValue, resourceValue, type PodFacts } from './fields.ts';

/** Where configuration is read; undefined when it does not exist. */
export interface ConfigurationReader {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  /** A key of a file that an init container wrote into a volume; undefined when file or key is missing. */
  fileKey(volume: string, path: string, key: string): Promise<string | undefined>;
}

/** The container cannot be configured: waits as CreateContainerConfigError. The message is for the user. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

export interface EnvironmentInput {
  readonly facts: PodFacts;
  readonly container: AnyContainer;
  readonly services: readonly Service[];
  readonly reader: ConfigurationReader;
}

export async function environment(input: EnvironmentInput): Promise<ReadonlyMap<string, string>> {
  const links = serviceVariables(input);
  const result = await importedVariables(input);
  // References may name service variables too, unless the container defines the name itself.
  const known = new Map([...links, ...result]);
  for (const variable of input.container.env ?? []) {
    const value = await variableValue(input, variable, known);
    if (value === undefined) continue;
    result.set(variable.name, value);
    known.set(variable.name, value);
  }
  for (const [name, value] of links) if (!result.has(name)) result.set(name, value);
  return result;
}

async function variableValue(
  input: EnvironmentInput,
  variable: EnvVar,
  known: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const source = variable.valueFrom;
  if (source === undefined) return expand(variable.value ?? '', known);
  if (source.fieldRef !== undefined) return fieldValue(input.facts, source.fieldRef);
  if (source.resourceFieldRef !== undefined) {
    return resourceValue(input.facts, source.resourceFieldRef, input.container.name);
  }
  if (source.configMapKeyRef !== undefined) return configMapKey(input, source.configMapKeyRef);
  if (source.secretKeyRef !== undefined) return secretKey(input, source.secretKeyRef);
  const file = source.fileKeyRef;
  if (file === undefined) return undefined;
  const value = await input.reader.fileKey(file.volumeName, file.path, file.key);
  if (value === undefined && file.optional !== true) {
    throw new ConfigurationError(`environment variable key "${file.key}" not found in file "${file.path}"`);
  }
  return value;
}

interface KeyRef {
  readonly name?: string;
  readonly key: string;
  readonly optional?: boolean;
}

async function configMapKey(input: EnvironmentInput, ref: KeyRef): Promise<string | undefined> {
  const namespace = namespaceOf(input.facts.pod);
  const map = await input.reader.configMap(namespace, ref.name ?? '');
  const value = map?.data?.[ref.key];
  if (value !== undefined || ref.optional === true) return value;
  if (map === undefined) throw new ConfigurationError(`configmap "${ref.name}" not found`);
  throw new ConfigurationError(`couldn't find key ${ref.key} in ConfigMap ${namespace}/${ref.name}`);
}

async function secretKey(input: EnvironmentInput, ref: KeyRef): Promise<string | undefined> {
  const namespace = namespaceOf(input.facts.pod);
  const secret = await input.reader.secret(namespace, ref.name ?? '');
  const value = secret?.data?.[ref.key];
  if (value !== undefined) return Buffer.from(value, 'base64').toString();
  if (ref.optional === true) return undefined;
  if (secret === undefined) throw new ConfigurationError(`secret "${ref.name}" not found`);
  throw new ConfigurationError(`couldn't find key ${ref.key} in Secret ${namespace}/${ref.name}`);
}

async function importedVariables(input: EnvironmentInput): Promise<Map<string, string>> {
  const result = new Map<string, string>();
  for (const { prefix = '', configMapRef, secretRef } of input.container.envFrom ?? []) {
    const entries = {
      ...(configMapRef === undefined ? {} : await allOfConfigMap(input, configMapRef)),
      ...(secretRef === undefined ? {} : await allOfSecret(input, secretRef)),
    };
    for (const [key, value] of Object.entries(entries)) result.set(`${prefix}${key}`, value);
  }
  return result;
}

type WholeRef = Pick<KeyRef, 'name' | 'optional'>;
type Entries = Readonly<Record<string, string>>;

async function allOfConfigMap(input: EnvironmentInput, { name = '', optional }: WholeRef): Promise<Entries> {
  const map = await input.reader.configMap(namespaceOf(input.facts.pod), name);
  if (map === undefined && optional !== true) throw new ConfigurationError(`configmap "${name}" not found`);
  return map?.data ?? {};
}

async function allOfSecret(input: EnvironmentInput, { name = '', optional }: WholeRef): Promise<Entries> {
  const secret = await input.reader.secret(namespaceOf(input.facts.pod), name);
  if (secret === undefined && optional !== true) throw new ConfigurationError(`secret "${name}" not found`);
  const decoded = Object.entries(secret?.data ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString(),
  ]);
  return Object.fromEntries(decoded) as Entries;
}

/** Variables for the services of the pod's namespace, and always those of the API's own. */
export function serviceVariables(input: EnvironmentInput): ReadonlyMap<string, string> {
  const namespace = namespaceOf(input.facts.pod);
  const links = input.facts.pod.spec?.enableServiceLinks !== false;
  const result = new Map<string, string>();
  const isApi = (service: Service): boolean =>
    service.metadata.namespace === 'default' && service.metadata.name === 'kubernetes';
  const visible = input.services
    .filter((service) => hasAddress(service) && (isApi(service) || (links && service.metadata.namespace === namespace)))
    .sort((a, b) => Number(isApi(b)) - Number(isApi(a)));
  for (const service of visible) addService(result, service);
  return result;
}

const hasAddress = (service: Service): boolean => {
  const address = service.spec?.clusterIP ?? '';
  return address !== '' && address !== 'None';
};

function addService(result: Map<string, string>, service: Service): void {
  const prefix = variableName(service.metadata.name);
  const host = service.spec?.clusterIP ?? '';
  const ports = service.spec?.ports ?? [];
  const [first] = ports;
  if (first === undefined) return;
  result.set(`${prefix}_SERVICE_HOST`, host);
  result.set(`${prefix}_SERVICE_PORT`, `${first.port}`);
  for (const { name = '', port } of ports) {
    if (name !== '') result.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, `${port}`);
  }
  result.set(`${prefix}_PORT`, linkUrl(host, first));
  for (const port of ports) addLink(result, prefix, host, port);
}

interface Port {
  readonly port: number;
  readonly protocol?: string;
}

function linkUrl(host: string, { port, protocol = 'TCP' }: Port): string {
  return `${protocol.toLowerCase()}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function addLink(result: Map<string, string>, prefix: string, host: string, port: Port): void {
  const { protocol = 'TCP' } = port;
  const link = `${prefix}_PORT_${port.port}_${protocol}`;
  result.set(link, linkUrl(host, port));
  result.set(`${link}_PROTO`, protocol.toLowerCase());
  result.set(`${link}_PORT`, `${port.port}`);
  result.set(`${link}_ADDR`, host);
}

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_');
