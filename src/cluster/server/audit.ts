/** The audit log of a cluster, by the policy that its settings name. */
import { join } from 'node:path';
import { createAudit, type Audit } from '../../apiserver/audit/audit.ts';
import { FileLog } from '../../apiserver/audit/file-log.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Layout } from '../layout.ts';
import { readAudit } from '../settings/guard-files.ts';
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
  const policy = await readAudit(settings.guards);
  if (policy === undefined) return { audit: undefined, close: () => Promise.resolve() };
  const path = settings.guards?.auditLog ?? join(layout.logs, 'audit.log');
  const log = new FileLog({ path, clock, logger: logger.named('audit') });
  return {
    audit: createAudit({ policy, clock, random, write: (line) => log.write(line) }),
    close: () => log.close(),
  };
}
