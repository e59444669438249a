/** How a program in a pod reaches its API server: the environment and the mounted service account. */
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { codeOf } from '../base/errors.ts';
import type { ClusterAccess } from './credentials.ts';
import { fileCredentials } from './file-credentials.ts';
import { KubeconfigError, type Environment } from './kubeconfig.ts';

export interface InClusterOptions {
  readonly clock: Clock;
  readonly environment: Environment;
  /** Where the service account is mounted. */
  readonly directory?: string;
}

/** Throws KubeconfigError outside of a pod. */
export async function inClusterAccess(options: InClusterOptions): Promise<ClusterAccess> {
  const { clock, environment, directory = '/var/run/secrets/kubernetes.io/serviceaccount' } = options;
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '';
  if (host === '' || port === '') {
    throw new KubeconfigError(
      'this does not run in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set',
    );
  }
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    certificateAuthority: await readFile(`${directory}/ca.crt`),
    namespace: await readNamespace(`${directory}/namespace`),
    credentials: fileCredentials({ token: `${directory}/token` }, clock),
  };
}

async function readNamespace(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
