/** What of a cluster's guards the user has changed: kept in its settings. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pluginComplaint, pluginNames } from '../apiserver/admission/names.ts';
import type { GuardFlags } from '../cli/manager.ts';
import { UserError } from '../cli/user-error.ts';

export interface GuardSettings {
  /** Names of admission plugins beside, and taken off, the default ones. */
  readonly enableAdmission?: readonly string[];
  readonly disableAdmission?: readonly string[];
  /** Path of the audit policy; without one nothing is logged. */
  readonly auditPolicy?: string;
  /** Path of the audit log; the cluster's log folder when not said. */
  readonly auditLog?: string;
}

/** Flags over what was set before: a flag that is given empty takes its setting back. */
export function guardsFrom(kept: GuardSettings | undefined, flags: GuardFlags): GuardSettings | undefined {
  const { enableAdmission, disableAdmission, auditPolicy, auditLog } = flags;
  const all: GuardSettings = {
    ...kept,
    ...(enableAdmission === undefined ? {} : { enableAdmission }),
    ...(disableAdmission === undefined ? {} : { disableAdmission }),
    ...(auditPolicy === undefined ? {} : { auditPolicy: auditPolicy === '' ? '' : resolve(auditPolicy) }),
    ...(auditLog === undefined ? {} : { auditLog: auditLog === '' ? '' : resolve(auditLog) }),
  };
  const settings = Object.fromEntries(Object.entries(all).filter(([, value]) => value.length > 0)) as GuardSettings;
  check(settings);
  return Object.keys(settings).length === 0 ? undefined : settings;
}

function check({ enableAdmission = [], disableAdmission = [], auditPolicy }: GuardSettings): void {
  const complaint = pluginComplaint({ enable: enableAdmission, disable: disableAdmission });
  if (complaint !== undefined) throw new UserError(complaint, `there are: ${pluginNames.join(', ')}`, 2);
  if (auditPolicy !== undefined && !existsSync(auditPolicy)) {
    throw new UserError(`there is no audit policy ${auditPolicy}`, 'name a file of kind Policy, audit.k8s.io/v1', 2);
  }
}
