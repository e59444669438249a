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
  'tokenFile',
  'oidcAuthority',
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
  checkIdentities(settings);
  for (const file of [tokenWebhook, authorizationWebhook]) {
    if (file === undefined || existsSync(file)) continue;
    throw new UserError(`there is no kubeconfig ${file}`, 'name one whose server is the webhook', 2);
  }
}

function checkIdentities(settings: GuardSettings): void {
  const { anonymous, tokenFile } = settings;
  if (anonymous !== undefined && anonymous !== 'true' && anonymous !== 'false') {
    throw new UserError(`--anonymous-auth takes true or false, not ${anonymous}`, '', 2);
  }
  if (tokenFile !== undefined && !existsSync(tokenFile)) {
    throw new UserError(`there is no token file ${tokenFile}`, 'name one with lines of token,user,uid,"groups"', 2);
  }
  if (Object.keys(settings).some((name) => name.startsWith('oidc'))) checkProvider(settings);
}

function checkProvider({ oidcIssuer, oidcClientId, oidcAuthority, oidcRequiredClaims = [] }: GuardSettings): void {
  if (oidcIssuer === undefined || oidcClientId === undefined) {
    throw new UserError('an OpenID provider needs --oidc-issuer-url and --oidc-client-id', '', 2);
  }
  if (!oidcIssuer.startsWith('https://')) {
    throw new UserError(`the issuer ${oidcIssuer} is not an https URL`, 'tokens name it exactly so', 2);
  }
  if (oidcAuthority !== undefined && !existsSync(oidcAuthority)) {
    throw new UserError(`there is no file ${oidcAuthority}`, 'name PEM certificates', 2);
  }
  const odd = oidcRequiredClaims.find((claim) => !/^[^=]+=./u.test(claim));
  if (odd !== undefined) throw new UserError(`--oidc-required-claim takes KEY=VALUE, not ${odd}`, '', 2);
}
