/** The cluster's context in the user's kubeconfig. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { readTextIfPresent, refuseUnlessFile, writeFileDurably } from '../../base/file.ts';
import { UserError } from '../../cli/user-error.ts';
import { kubeconfigToWrite, writeKubeconfigEntry } from '../../client/kubeconfig-file.ts';
import { kubeconfigPaths } from '../../client/kubeconfig.ts';
import { readKeyPair } from './credentials.ts';

export interface ContextRequest {
  /** File to write. */
  readonly path: string;
  readonly context: string;
  readonly server: string;
  /** Folder of the cluster's certificates. */
  readonly pki: string;
}

/** The file that kubectl would write to. */
export function defaultKubeconfig(): string {
  return kubeconfigToWrite(kubeconfigPaths(process.env));
}

export async function writeContext({ path, context, server, pki }: ContextRequest): Promise<void> {
  const admin = readKeyPair(pki, 'admin');
  const certificateAuthority = readKeyPair(pki, 'ca').certificate;
  const entry = { name: context, server, certificateAuthority, certificate: admin.certificate, key: admin.key };
  // Parsing YAML costs more than all the rest of a second start: it is skipped when nothing has changed since.
  const receipt = join(pki, `kubeconfig-${digest(path).slice(0, 12)}`);
  const stampOf = (text: string | undefined): string => `${digest(`${JSON.stringify(entry)}${text ?? ''}`)} ${path}`;
  try {
    refuseUnlessFile(path);
    const present = readTextIfPresent(path);
    if (present !== undefined && readTextIfPresent(receipt) === stampOf(present)) return restrict(path);
    await writeKubeconfigEntry(path, entry);
  } catch (error) {
    throw new UserError(messageOf(error), 'the cluster is running; to use another file: coracle up --kubeconfig FILE');
  }
  writeFileDurably(receipt, stampOf(readTextIfPresent(path)));
}

/** The files into which the administrator's credentials were written, as far as they are still there. */
export function writtenKubeconfigs(pki: string): readonly string[] {
  const receipts = readdirSync(pki).filter((name) => name.startsWith('kubeconfig-'));
  const paths = receipts.map((name) => (readTextIfPresent(join(pki, name)) ?? '').split(' ').slice(1).join(' '));
  return paths.filter((path) => path !== '' && existsSync(path));
}

function restrict(path: string): void {
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
