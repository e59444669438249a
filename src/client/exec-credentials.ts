/**
 * Credentials from a program that the kubeconfig names (client.authentication.k8s.io): it prints an
 * ExecCredential, which is used until it expires or is refused.
 */
import { execFile } from 'node:child_process';
import { parseTimestamp, type Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Credentials, TlsMaterial } from './credentials.ts';

export interface ExecPlugin {
  readonly apiVersion?: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
}

/** Runs a program to its end and returns what it printed; rejects when it fails. */
export type Launch = (
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
) => Promise<string>;

/** The plugin failed or printed something else. */
export class ExecCredentialError extends Error {
  override readonly name = 'ExecCredentialError';
}

/** Milliseconds for a plugin to answer, and bytes that it may print. */
const limits = { timeout: 60_000, output: 1 << 20 };

export const launchProgram: Launch = (command, args, environment) =>
  new Promise((resolve, reject) => {
    const options = { env: { ...environment }, timeout: limits.timeout, maxBuffer: limits.output };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(stderr.trim() === '' ? error.message : stderr.trim(), { cause: error }));
    });
  });

interface ExecStatus {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

interface ExecOptions {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly launch?: Launch;
}

/** `cluster` is told to the plugin when it asks for that. */
export function execCredentials(plugin: ExecPlugin, cluster: object, options: ExecOptions): Credentials {
  const { clock } = options;
  let known: Promise<ExecStatus> | undefined;
  let expires = Infinity;
  const current = (): Promise<ExecStatus> => {
    if (known === undefined || clock.now() >= expires) {
      expires = Infinity;
      known = askPlugin(plugin, cluster, options).then((status) => {
        if (status.expirationTimestamp !== undefined) expires = parseTimestamp(status.expirationTimestamp);
        return status;
      });
      known.catch(() => (known = undefined));
    }
    return known;
  };
  return {
    tls: async (): Promise<TlsMaterial> => {
      const { clientCertificateData: certificate, clientKeyData: key } = await current();
      return { certificate, key };
    },
    token: async () => (await current()).token,
    refused: () => {
      const again = known !== undefined;
      known = undefined;
      return again;
    },
  };
}

async function askPlugin(plugin: ExecPlugin, cluster: object, options: ExecOptions): Promise<ExecStatus> {
  const { apiVersion = 'client.authentication.k8s.io/v1', command, args, installHint = '' } = plugin;
  const launch = options.launch ?? launchProgram;
  try {
    const output = await launch(command, args ?? [], environmentOf(plugin, apiVersion, cluster, options.environment));
    return statusIn(output, apiVersion);
  } catch (error) {
    const hint = installHint === '' ? '' : `; ${installHint.trim()}`;
    throw new ExecCredentialError(`the credential plugin ${command} failed: ${messageOf(error)}${hint}`, {
      cause: error,
    });
  }
}

function environmentOf(
  { env, provideClusterInfo }: ExecPlugin,
  apiVersion: string,
  cluster: object,
  environment: ExecOptions['environment'],
): Readonly<Record<string, string | undefined>> {
  const spec = { interactive: false, ...(provideClusterInfo === true && { cluster }) };
  return {
    ...environment,
    ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
    KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec }),
  };
}

/** The status of the ExecCredential that was printed. Throws when it is none, or of another version. */
function statusIn(output: string, wanted: string): ExecStatus {
  const { apiVersion, status } = parsed(output) ?? {};
  if (apiVersion === undefined) throw new Error('it printed no ExecCredential');
  if (apiVersion !== wanted) throw new Error(`it answered in ${apiVersion} instead of ${wanted}`);
  if (status?.token === undefined && status?.clientCertificateData === undefined) {
    throw new Error('it gave neither a token nor a certificate');
  }
  return status;
}

function parsed(output: string): { readonly apiVersion?: string; readonly status?: ExecStatus } | undefined {
  try {
    return (JSON.parse(output) ?? undefined) as
      | { readonly apiVersion?: string; readonly status?: ExecStatus }
      | undefined;
  } catch {
    return undefined;
  }
}
