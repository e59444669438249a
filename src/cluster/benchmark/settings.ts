/** What a cluster is set to, as far as the checks ask for it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPluginEnabled, pluginNames } from '../../apiserver/admission/names.ts';
import { fileLogDefaults } from '../../apiserver/audit/file-log.ts';
import { readAuditPolicy } from '../../apiserver/audit/policy.ts';
import { requestInfoOf } from '../../apiserver/http/request-info.ts';
import { auditedRequests, type AuditLogFacts, type SettingsFacts } from '../../benchmark/facts.ts';
import { keptEndedPods } from '../../controllers/pod-garbage-collector/controller.ts';
import type { Layout } from '../layout.ts';
import { defaultModes } from '../server/access.ts';
import type { AccessSettings } from '../settings/access-settings.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { factOf } from './files.ts';

const day = 24 * 3_600_000;

export async function settingsFacts(
  layout: Layout,
  settings: ClusterSettings,
  access: AccessSettings,
): Promise<SettingsFacts> {
  const { guards = {} } = settings;
  const { oidc = [], tokenWebhook, tokenFile, authorization } = access;
  const { enableAdmission: enable = [], disableAdmission: disable = [] } = guards;
  const log =
    guards.auditPolicy === undefined
      ? undefined
      : await auditLogFacts(guards.auditPolicy, guards.auditLog ?? join(layout.logs, 'audit.log'));
  return {
    tokenFile: tokenFile !== undefined,
    otherIdentities: [...oidc.map(({ issuer }) => issuer), ...(tokenWebhook === undefined ? [] : [tokenWebhook])],
    authorizationModes: authorization?.modes ?? defaultModes,
    enabledPlugins: pluginNames.filter((name) => isPluginEnabled(name, { enable, disable })),
    ...(log === undefined ? {} : { auditLog: log }),
    terminatedPodThreshold: keptEndedPods,
  };
}

const methods: Readonly<Record<string, string>> = { get: 'GET', create: 'POST', update: 'PUT' };
const somebody = { username: 'ann', groups: ['system:authenticated'] };

async function auditLogFacts(policyFile: string, path: string): Promise<AuditLogFacts> {
  const policy = await readAuditPolicy(readFileSync(policyFile, 'utf8'));
  const [file] = factOf(path, 'settings');
  const levels = Object.entries(auditedRequests).map(([what, [verb, group, resource, subresource]]) => {
    const prefix = group === '' ? '/api/v1' : `/apis/${group}/v1`;
    const place = resource === 'tokenreviews' ? '' : '/namespaces/team';
    const name = verb === 'create' && subresource === '' ? '' : `/one${subresource === '' ? '' : `/${subresource}`}`;
    const info = requestInfoOf(methods[verb] ?? 'GET', `${prefix}${place}/${resource}${name}`);
    return [what, policy(somebody, info).level] as const;
  });
  return {
    path,
    maxBytes: fileLogDefaults.size,
    backups: fileLogDefaults.backups,
    rotateAfterDays: fileLogDefaults.age / day,
    ...(file === undefined ? {} : { file }),
    levels: Object.fromEntries(levels),
  };
}
