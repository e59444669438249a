/** What of a cluster's guards the user has changed: kept in its settings. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pluginComplaint, pluginNames } from '../../apiserver/admission/names.ts';
import type { GuardFlags } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';

/** As flags say them, with paths in full and without what is empty. */
export type GuardSettings = GuardFlags;

/** Settings that are paths of files. */
const paths: ReadonlySet<string> = new Set([
  'auditPolicy',
  'auditLog',
  'admissionConfig',
  'tokenWebhook',
  'authorizationWebhook',
]);

/** Flags over what was set before: a flag that is given empty takes its setting back. */
export function guardsFrom(kept: GuardSettings | undefined, flags: GuardFlags): GuardSettings | undefined {
  const changed = Object.entries(flags as Readonly<Record<string, string | readonly string[] | undefined>>)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, paths.has(name) && value !== '' ? resolve(value as string) : value]);
  const all = { ...kept, ...(Object.fromEntries(changed) as GuardSettings) };
  const settings = Object.fromEntries(Object.entries(all).filter(([, value]) => value.length > 0)) as GuardSettings;
  check(settings);
  return Object.keys(settings).length === 0 ? undefined : settings;
}

function check(settings: GuardSettings): void {
  const { enableAdmission = [], disableAdmission = [], auditPolicy } = settings;
  const { admissionConfig, tokenWebhook, authorizationWebhook } = settings;
  const complaint = pluginComplaint({ enable: enableAdmission, disable: disableAdmission });
  if (complaint !== undefined) throw new UserError(complaint, `there are: ${pluginNames.join(', ')}`, 2);
  if (auditPolicy !== undefined && !existsSync(auditPolicy)) {
    throw new UserError(`there is no audit policy ${auditPolicy}`, 'name a file of kind Policy, audit.k8s.io/v1', 2);
  }
  if (admissionConfig !== undefined && !existsSync(admissionConfig)) {
    throw new UserError(`there is no ${admissionConfig}`, 'name a file of kind AdmissionConfiguration', 2);
  }
  for (const file of [tokenWebhook, authorizationWebhook]) {
    if (file === undefined || existsSync(file)) continue;
    throw new UserError(`there is no kubeconfig ${file}`, 'name one whose server is the webhook', 2);
  }
}
