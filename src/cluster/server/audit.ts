/** The audit log of a cluster, by the policy that its settings name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAudit, type Audit } from '../../apiserver/audit/audit.ts';
import { FileLog } from '../../apiserver/audit/file-log.ts';
import { readAuditPolicy } from '../../apiserver/audit/policy.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { UserError } from '../../cli/user-error.ts';
import type { Layout } from '../layout.ts';
import type { ClusterSettings } from '../settings/settings.ts';

export interface ClusterAudit {
  readonly audit: Audit | undefined;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

export interface ClusterAuditOptions {
  readonly layout: Layout;
  readonly settings: ClusterSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export async function openAudit(options: ClusterAuditOptions): Promise<ClusterAudit> {
  const { layout, settings, clock, random, logger } = options;
  const { auditPolicy, auditLog = join(layout.logs, 'audit.log') } = settings.guards ?? {};
  if (auditPolicy === undefined) return { audit: undefined, close: () => Promise.resolve() };
  try {
    const policy = await readAuditPolicy(readFileSync(auditPolicy, 'utf8'));
    const log = new FileLog({ path: auditLog, clock, logger: logger.named('audit') });
    return {
      audit: createAudit({ policy, clock, random, write: (line) => log.write(line) }),
      close: () => log.close(),
    };
  } catch (error) {
    throw new UserError(
      `the audit policy ${auditPolicy} can't be used: ${messageOf(error)}`,
      "mend it, or go on without: coracle up --audit-policy ''",
    );
  }
}
