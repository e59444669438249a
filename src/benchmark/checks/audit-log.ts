/** The audit log: 1.2.16 to 1.2.19, and 3.2. */
import { fail, none, pass, warn, type Check, type Outcome } from '../check.ts';
import type { AuditLogFacts, Facts } from '../facts.ts';

const switchOn = 'write a policy, then: coracle down && coracle up --audit-policy FILE';

function logged(judge: (log: AuditLogFacts) => Outcome): Check['look'] {
  return ({ settings }: Facts) =>
    settings.auditLog === undefined
      ? warn('there is no audit log: it is off until a policy is given, as upstream', switchOn)
      : judge(settings.auditLog);
}

export const auditLogChecks: readonly Check[] = [
  {
    id: '1.2.16',
    title: 'There is an audit log',
    look: logged(({ path, file }) => {
      if (file === undefined) return fail(`${path} was not written yet`, 'see: coracle logs server');
      return (file.mode & 0o077) === 0
        ? pass(`it is ${path}, which only root may read`)
        : fail(`${path} may be read by others than root`, `chmod 600 ${path}`);
    }),
  },
  {
    id: '1.2.17',
    title: 'The audit log is kept for 30 days or longer',
    look: logged(({ backups, rotateAfterDays }) => {
      const days = (backups + 1) * rotateAfterDays;
      const kept = `a new file every ${rotateAfterDays} days, ${backups} older ones are kept`;
      return days >= 30
        ? pass(`${kept}: ${days} days, unless it grows faster`)
        : fail(kept, 'report it: this can not be set');
    }),
  },
  {
    id: '1.2.18',
    title: 'Ten or more older audit logs are kept',
    look: logged(({ backups }) =>
      backups >= 10 ? pass(`${backups} are kept`) : fail(`only ${backups} are kept`, 'report it: this can not be set'),
    ),
  },
  {
    id: '1.2.19',
    title: 'An audit log grows to 100 MB or more before it is put aside',
    look: logged(({ maxBytes }) => {
      const size = `${Math.floor(maxBytes / (1024 * 1024))} MiB`;
      return maxBytes >= 100e6
        ? pass(`it grows to ${size}`)
        : fail(`it is put aside at ${size}`, 'report it: this can not be set');
    }),
  },
];

/** Bodies of these hold what the log must not: their metadata suffices. */
const confidential: ReadonlySet<string> = new Set([
  'reading Secrets',
  'changing Secrets',
  'reading ConfigMaps',
  'token reviews',
]);

function covers({ levels }: AuditLogFacts): Outcome {
  const unseen = Object.entries(levels).filter(([, level]) => level === 'None');
  const bared = Object.entries(levels).filter(
    ([what, level]) => confidential.has(what) && (level === 'Request' || level === 'RequestResponse'),
  );
  if (bared.length > 0) {
    return fail(
      `what should stay secret goes into the log: ${bared.map(([what, level]) => `${what} at ${level}`).join(', ')}`,
      'log secrets, configmaps and tokenreviews at level Metadata, by a rule before the others',
    );
  }
  return none(
    unseen.map(([what]) => what),
    'it tells of Secrets, ConfigMaps, token reviews, changes of workloads, exec, port-forward and proxy, and of no content of the first three',
    (list) => `it says nothing of: ${list}`,
    'add rules for them to the policy',
    warn,
  );
}

export const auditPolicyChecks: readonly Check[] = [
  {
    id: '3.2.1',
    title: 'There is an audit policy',
    look: logged(({ levels }) => {
      const told = Object.values(levels).filter((level) => level !== 'None').length;
      return told > 0
        ? pass(`it tells of ${told} of ${Object.keys(levels).length} kinds of requests that were tried`)
        : fail('it tells of nothing that was tried', 'add rules to the policy');
    }),
  },
  { id: '3.2.2', title: 'The audit policy covers what matters', look: logged(covers) },
];
