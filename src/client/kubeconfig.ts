/** Reading kubeconfig files: $KUBECONFIG or ~/.kube/config, several of them merged as kubectl does. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import { anonymous, type ClusterAccess, type Credentials } from './credentials.ts';
import { execCredentials, type ExecPlugin, type Launch } from './exec-credentials.ts';
import { fileCredentials } from './file-credentials.ts';

export interface KubeconfigCluster {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly 'proxy-url'?: string;
}

export interface KubeconfigUser {
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: ExecPlugin;
  readonly 'auth-provider'?: object;
  readonly as?: string;
  readonly 'as-uid'?: string;
  readonly 'as-groups'?: readonly string[];
}

export interface KubeconfigContext {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

/** Entries by name; paths in them are absolute. */
export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
}

/** A kubeconfig that can't be used; the message says what is wrong and where. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

export interface Environment {
  readonly [name: string]: string | undefined;
}

/** The files that a kubeconfig is read from, the most important first. `explicit` is --kubeconfig. */
export function kubeconfigPaths(environment: Environment, explicit?: string): readonly string[] {
  if (explicit !== undefined && explicit !== '') return [explicit];
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return [...new Set(listed)];
  return [join(environment['HOME'] ?? homedir(), '.kube', 'config')];
}

/** Reads and merges the files; the first to name an entry wins. Missing files count as empty. */
export async function loadKubeconfig(paths: readonly string[]): Promise<Kubeconfig> {
  const clusters = new Map<string, KubeconfigCluster>();
  const users = new Map<string, KubeconfigUser>();
  const contexts = new Map<string, KubeconfigContext>();
  let currentContext: string | undefined;
  for (const path of paths) {
    const file = await readKubeconfig(path);
    if (file === undefined) continue;
    const base = dirname(resolve(path));
    currentContext ??= file['current-context'] === '' ? undefined : file['current-context'];
    keepFirst(clusters, file.clusters, ({ cluster }) => absolute(cluster ?? {}, base, ['certificate-authority']));
    keepFirst(users, file.users, ({ user }) =>
      absolute(user ?? {}, base, ['client-certificate', 'client-key', 'tokenFile']),
    );
    keepFirst(contexts, file.contexts, ({ context }) => context ?? {});
  }
  return { currentContext, clusters, users, contexts };
}

export interface AccessOptions {
  /** Another context than the current one. */
  readonly context?: string | undefined;
  readonly clock: Clock;
  readonly environment: Environment;
  /** Starts credential plugins. */
  readonly launch?: Launch;
}

/** How to reach the cluster of a context. Throws KubeconfigError when something is missing. */
export async function accessFrom(config: Kubeconfig, options: AccessOptions): Promise<ClusterAccess> {
  const name = options.context ?? config.currentContext;
  if (name === undefined) {
    throw new KubeconfigError('the kubeconfig names no current context; choose one with kubectl config use-context');
  }
  const context = config.contexts.get(name);
  if (context === undefined) throw new KubeconfigError(`the kubeconfig has no context "${name}"`);
  const cluster = config.clusters.get(context.cluster ?? '');
  if (cluster?.server === undefined || cluster.server === '') {
    throw new KubeconfigError(`context "${name}" refers to cluster "${context.cluster ?? ''}", which has no server`);
  }
  const user = config.users.get(context.user ?? '') ?? {};
  refuseUnsupported(name, cluster, user);
  const { 'certificate-authority-data': data, 'certificate-authority': file } = cluster;
  return {
    server: cluster.server,
    certificateAuthority: data === undefined ? await readAuthority(file) : decoded(data),
    insecureSkipVerify: cluster['insecure-skip-tls-verify'],
    serverName: cluster['tls-server-name'],
    namespace: context.namespace,
    headers: impersonation(user),
    credentials: credentialsOf(user, cluster, options),
  };
}

/** The common way in: the files that apply here, the context that applies here. */
export async function loadAccess(
  options: AccessOptions & { readonly kubeconfig?: string | undefined },
): Promise<ClusterAccess> {
  const paths = kubeconfigPaths(options.environment, options.kubeconfig);
  return accessFrom(await loadKubeconfig(paths), options);
}

interface KubeconfigFile {
  readonly 'current-context'?: string;
  readonly clusters?: readonly { readonly name: string; readonly cluster?: KubeconfigCluster }[] | null;
  readonly users?: readonly { readonly name: string; readonly user?: KubeconfigUser }[] | null;
  readonly contexts?: readonly { readonly name: string; readonly context?: KubeconfigContext }[] | null;
}

async function readKubeconfig(path: string): Promise<KubeconfigFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new KubeconfigError(`${path} could not be read: ${messageOf(error)}`, { cause: error });
  }
  return parseKubeconfig(text, path);
}

async function parseKubeconfig(text: string, path: string): Promise<KubeconfigFile> {
  let value: unknown;
  try {
    value = text.trimStart().startsWith('{') ? JSON.parse(text) : (await import('yaml')).parse(text);
  } catch (error) {
    const problem = messageOf(error).split('\n')[0] ?? '';
    throw new KubeconfigError(`${path} is not valid YAML: ${problem}; repair it or move it away`, { cause: error });
  }
  if (value === null || value === undefined) return {};
  const { clusters, users, contexts } = value as KubeconfigFile;
  for (const [field, list] of Object.entries({ clusters, users, contexts })) {
    const named = (each: unknown): boolean => typeof (each as { name?: unknown } | null)?.name === 'string';
    if (list !== undefined && list !== null && !(Array.isArray(list) && list.every(named))) {
      throw new KubeconfigError(`${path} is not a kubeconfig: "${field}" must be a list of named entries`);
    }
  }
  if (typeof value !== 'object') throw new KubeconfigError(`${path} is not a kubeconfig; repair it or move it away`);
  return value;
}

function keepFirst<E extends { readonly name: string }, V>(
  into: Map<string, V>,
  entries: readonly E[] | null | undefined,
  valueOf: (entry: E) => V,
): void {
  for (const entry of entries ?? []) if (!into.has(entry.name)) into.set(entry.name, valueOf(entry));
}

function absolute<T extends object>(entry: T, base: string, fields: readonly (keyof T)[]): T {
  const copy = { ...entry };
  for (const field of fields) {
    const path = entry[field];
    if (typeof path === 'string' && path !== '' && !isAbsolute(path)) copy[field] = join(base, path) as T[keyof T];
  }
  return copy;
}

function refuseUnsupported(context: string, cluster: KubeconfigCluster, user: KubeconfigUser): void {
  const { username = '' } = user;
  const refuse = (what: string): never => {
    throw new KubeconfigError(`context "${context}" ${what}`);
  };
  if ((cluster['proxy-url'] ?? '') !== '') refuse('goes through a proxy (proxy-url), which is not supported');
  if (user['auth-provider'] !== undefined) refuse('uses an auth-provider; those were replaced by exec plugins');
  if (username !== '') refuse('uses a password, which Kubernetes no longer accepts; use a certificate or a token');
}

function credentialsOf(user: KubeconfigUser, cluster: KubeconfigCluster, options: AccessOptions): Credentials {
  if (user.exec !== undefined) return execCredentials(user.exec, cluster, options);
  const { token = '', tokenFile } = user;
  const certificateData = user['client-certificate-data'];
  const keyData = user['client-key-data'];
  const files = fileCredentials(
    {
      certificate: certificateData === undefined ? user['client-certificate'] : undefined,
      key: keyData === undefined ? user['client-key'] : undefined,
      token: tokenFile === '' ? undefined : tokenFile,
    },
    options.clock,
  );
  return {
    tls: async () => {
      const read = await files.tls();
      return {
        certificate: certificateData === undefined ? read.certificate : decoded(certificateData),
        key: keyData === undefined ? read.key : decoded(keyData),
      };
    },
    token: () => (tokenFile === undefined && token !== '' ? Promise.resolve(token) : files.token()),
    refused: () => (tokenFile === undefined ? anonymous.refused() : files.refused()),
  };
}

function impersonation(user: KubeconfigUser): Readonly<Record<string, string | readonly string[]>> {
  const { as: name, 'as-uid': uid, 'as-groups': groups = [] } = user;
  return {
    ...(name !== undefined && { 'impersonate-user': name }),
    ...(uid !== undefined && { 'impersonate-uid': uid }),
    ...(groups.length > 0 && { 'impersonate-group': groups }),
  };
}

async function readAuthority(path = ''): Promise<Buffer | undefined> {
  if (path === '') return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    throw new KubeconfigError(`the certificate authority ${path} could not be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function decoded(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
