/** The files that a cluster's guards name. Read by the server; `coracle up` reads them before it keeps their names. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readAdmissionConfiguration, type AdmissionConfiguration } from '../../apiserver/admission/configuration.ts';
import { readAuditPolicy, type AuditPolicy } from '../../apiserver/audit/policy.ts';
import { messageOf } from '../../base/errors.ts';
import { refuseUnlessFile } from '../../base/file.ts';
import { makeFolder } from '../../base/folder.ts';
import { UserError } from '../../cli/user-error.ts';
import { accessFrom, loadKubeconfig } from '../../client/kubeconfig.ts';
import type { Clock } from '../../base/clock.ts';
import type { GuardSettings } from './guards.ts';

/** Throws a UserError for the first that cannot be used. */
export async function checkGuardFiles(guards: GuardSettings, clock: Clock): Promise<void> {
  if ((await readAudit(guards)) !== undefined) await checkAuditLog(guards.auditLog);
  await readAdmission(guards);
  await checkKubeconfig(guards.tokenWebhook, 'authentication-token-webhook-config-file', clock);
  await checkKubeconfig(guards.authorizationWebhook, 'authorization-webhook-config-file', clock);
}

/** Undefined when no policy is named. Throws a UserError. */
export async function readAudit({ auditPolicy: file }: GuardSettings = {}): Promise<AuditPolicy | undefined> {
  if (file === undefined) return undefined;
  return await usable('the audit policy', file, 'audit-policy', () => readAuditPolicy(readFileSync(file, 'utf8')));
}

/** Settings of admission plugins; none when no file is named. Throws a UserError. */
export async function readAdmission({ admissionConfig: file }: GuardSettings = {}): Promise<AdmissionConfiguration> {
  if (file === undefined) return {};
  const readFile = (path: string): string => readFileSync(resolve(dirname(file), path), 'utf8');
  return await usable('the admission configuration', file, 'admission-control-config-file', () =>
    readAdmissionConfiguration(readFile(file), readFile),
  );
}

/** A log that is never written would be noticed when it is needed. */
async function checkAuditLog(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  await usable('the audit log', file, 'audit-log', () => {
    refuseUnlessFile(file);
    makeFolder(dirname(file));
    closeSync(openSync(file, 'a', 0o600));
    return Promise.resolve();
  });
}

async function checkKubeconfig(file: string | undefined, flag: string, clock: Clock): Promise<void> {
  if (file === undefined) return;
  await usable("the webhook's kubeconfig", file, flag, async () =>
    accessFrom(await loadKubeconfig([file]), { clock, environment: {} }),
  );
}

async function usable<T>(what: string, file: string, flag: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new UserError(
      `${what} ${file} can't be used: ${messageOf(error)}`,
      `mend it, or go on without: coracle up --${flag} ''`,
    );
  }
}
