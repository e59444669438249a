/**
 * The `coracle` context in the user's kubeconfig: merged into what is there, made current, other contexts
 * untouched, and readable by nobody else.
 */
import { createHash } from 'node:crypto';
import { chmodSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { readTextIfPresent, writeFileDurably } from '../base/file.ts';
import { UserError } from '../cli/user-error.ts';
import { readKeyPair } from './credentials.ts';

export interface ContextRequest {
  /** File to write. */
  readonly path: string;
  readonly context: string;
  readonly server: string;
  /** Folder of the cluster's certificates. */
  readonly pki: string;
}

interface Named {
  readonly name: string;
  readonly [detail: string]: unknown;
}

interface KubeconfigFile {
  apiVersion?: string;
  kind?: string;
  clusters?: Named[];
  users?: Named[];
  contexts?: Named[];
  'current-context'?: string;
}

/** The file that kubectl would write: the first of $KUBECONFIG, or ~/.kube/config. */
export function defaultKubeconfig(): string {
  const listed = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return listed[0] ?? join(process.env['HOME'] ?? homedir(), '.kube', 'config');
}

export async function writeContext(request: ContextRequest): Promise<void> {
  const { path, context } = request;
  const present = readTextIfPresent(path);
  const receipt = join(request.pki, `kubeconfig-${digest(path).slice(0, 12)}`);
  const wanted = entriesOf(request);
  // Parsing YAML costs more than all the rest of a second start: it is skipped when nothing has changed since.
  const unchanged = readTextIfPresent(receipt) === digest(`${JSON.stringify(wanted)}${present ?? ''}`);
  if (present !== undefined && unchanged) return restrict(path);
  const { parse, stringify } = await import('yaml');
  const file = present === undefined ? {} : readFile(path, () => parse(present) as unknown);
  const merged: KubeconfigFile = {
    ...file,
    apiVersion: 'v1',
    kind: 'Config',
    clusters: replaced(file.clusters, { name: context, cluster: wanted.cluster }),
    users: replaced(file.users, { name: context, user: wanted.user }),
    contexts: replaced(file.contexts, { name: context, context: { cluster: context, user: context } }),
    'current-context': context,
  };
  const text = stringify(merged, { lineWidth: 0 });
  try {
    writeFileDurably(path, text);
  } catch (error) {
    throw new UserError(`could not write ${path}: ${messageOf(error)}`, 'name another file with --kubeconfig FILE');
  }
  writeFileDurably(receipt, digest(`${JSON.stringify(wanted)}${text}`));
}

/** Takes the context, and what only it used, out of the file again. */
export async function removeContext(path: string, context: string): Promise<void> {
  const present = readTextIfPresent(path);
  if (present === undefined || !present.includes(context)) return;
  const { parse, stringify } = await import('yaml');
  const file = readFile(path, () => parse(present) as unknown);
  const without = (entries: Named[] | undefined): Named[] => (entries ?? []).filter(({ name }) => name !== context);
  const { 'current-context': current, ...rest } = file;
  const merged: KubeconfigFile = {
    ...rest,
    clusters: without(file.clusters),
    users: without(file.users),
    contexts: without(file.contexts),
    ...(current === undefined || current === context ? {} : { 'current-context': current }),
  };
  writeFileDurably(path, stringify(merged, { lineWidth: 0 }));
}

function entriesOf({ server, pki }: ContextRequest): { readonly cluster: object; readonly user: object } {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const admin = readKeyPair(pki, 'admin');
  return {
    cluster: { 'certificate-authority-data': base64(readKeyPair(pki, 'ca').certificate), server },
    user: { 'client-certificate-data': base64(admin.certificate), 'client-key-data': base64(admin.key) },
  };
}

function readFile(path: string, parse: () => unknown): KubeconfigFile {
  let value: unknown;
  try {
    value = parse();
  } catch (error) {
    const [problem = ''] = messageOf(error).split('\n');
    throw broken(path, `is not valid YAML: ${problem}`);
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw broken(path, 'is not a kubeconfig');
  for (const field of ['clusters', 'users', 'contexts'] as const) {
    const list: unknown = (value as Record<string, unknown>)[field];
    if (list !== undefined && list !== null && !Array.isArray(list)) throw broken(path, `has no list under "${field}"`);
  }
  return value;
}

function broken(path: string, what: string): UserError {
  return new UserError(
    `${path} ${what}; it was left as it is`,
    'repair it or move it away, or name another file with --kubeconfig FILE; the cluster itself is running',
  );
}

function replaced(entries: Named[] | null | undefined, entry: Named): Named[] {
  return [...(entries ?? []).filter(({ name }) => name !== entry.name), entry];
}

function restrict(path: string): void {
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
