/**
 * Putting a cluster into a kubeconfig that belongs to somebody: entries of other clusters, comments and
 * unknown fields stay as they are, the file is replaced as a whole, and only its owner can read it.
 */
import { existsSync } from 'node:fs';
import { chmod, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, messageOf } from '../base/errors.ts';
import { refuseUnlessFile } from '../base/file.ts';
import { makeFolder } from '../base/folder.ts';
import { KubeconfigError } from './kubeconfig.ts';

export interface KubeconfigEntry {
  /** Name of context, cluster and user. */
  readonly name: string;
  readonly server: string;
  /** PEM. */
  readonly certificateAuthority: string;
  readonly certificate: string;
  readonly key: string;
  readonly namespace?: string;
}

/** Of several files the one to write to: the first that exists, or else the last. */
export function kubeconfigToWrite(paths: readonly string[]): string {
  const path = paths.find((each) => existsSync(each)) ?? paths.at(-1);
  if (path === undefined) throw new KubeconfigError('there is no kubeconfig to write to');
  return path;
}

/** Adds or replaces the entry and makes it the current context. */
export function writeKubeconfigEntry(path: string, entry: KubeconfigEntry): Promise<void> {
  const { name, server, namespace } = entry;
  const encode = (pem: string): string => Buffer.from(pem).toString('base64');
  return edit(path, (config) => {
    setNamed(config, 'clusters', name, {
      cluster: { server, 'certificate-authority-data': encode(entry.certificateAuthority) },
    });
    setNamed(config, 'users', name, {
      user: { 'client-certificate-data': encode(entry.certificate), 'client-key-data': encode(entry.key) },
    });
    setNamed(config, 'contexts', name, {
      context: { cluster: name, user: name, ...(namespace !== undefined && { namespace }) },
    });
    config.set('current-context', name);
  });
}

/** Takes the entry out again; another current context stays. Missing files and entries are fine. */
export async function removeKubeconfigEntry(path: string, name: string): Promise<void> {
  if (!existsSync(path)) return;
  await edit(path, (config) => {
    for (const list of ['clusters', 'users', 'contexts']) setNamed(config, list, name, undefined);
    if (config.get('current-context') === name) config.set('current-context', '');
  });
}

/** What this file needs of yaml's Document. */
interface Editable {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  createNode(value: unknown): unknown;
  readonly contents: unknown;
}

interface NamedList {
  items: { get(key: string): unknown }[];
}

async function edit(path: string, change: (config: Editable) => void): Promise<void> {
  const { parseDocument, isMap, isSeq } = await import('yaml');
  refuseUnlessFile(path);
  const text = await readText(path);
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = problem.message.split('\n')[0] ?? '';
    throw new KubeconfigError(`${path} is not valid YAML: ${line}; repair it or move it away`, { cause: problem });
  }
  if (document.contents === null)
    document.contents = document.createNode({ apiVersion: 'v1', kind: 'Config' }) as never;
  if (!isMap(document.contents)) throw new KubeconfigError(`${path} is not a kubeconfig; repair it or move it away`);
  for (const list of ['clusters', 'users', 'contexts']) {
    if (!isSeq(document.get(list))) document.set(list, document.createNode([]));
  }
  change(document);
  await replaceFile(path, document.toString({ lineWidth: 0 }));
}

function setNamed(config: Editable, list: string, name: string, value: object | undefined): void {
  const sequence = config.get(list) as NamedList & { flow?: boolean };
  const rest = sequence.items.filter((each) => each.get('name') !== name);
  if (value !== undefined) rest.push(config.createNode({ name, ...value }) as NamedList['items'][number]);
  sequence.items = rest;
  sequence.flow = rest.length === 0;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw new KubeconfigError(`${path} could not be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Through symbolic links, so that they stay links; all or nothing. */
async function replaceFile(path: string, text: string): Promise<void> {
  try {
    makeFolder(dirname(path), 0o700);
    const target = existsSync(path) ? await realpath(path) : path;
    const fresh = `${target}.${process.pid}.new`;
    try {
      const file = await open(fresh, 'w', 0o600);
      await file.writeFile(text);
      await file.sync();
      await file.close();
      await chmod(fresh, 0o600);
      await rename(fresh, target);
    } finally {
      await rm(fresh, { force: true });
    }
  } catch (error) {
    throw new KubeconfigError(`${path} could not be written: ${messageOf(error)}`, { cause: error });
  }
}
