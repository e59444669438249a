import { clusterFlags, jsonFlag, usageError, type Arguments, type Command, type CommandContext } from '../command.ts';
import type { AuditFinding, AuditReport, AuditVerdict } from '../manager.ts';
import { UserError } from '../user-error.ts';

const verdicts: readonly AuditVerdict[] = ['pass', 'fail', 'warn', 'not-applicable'];
const words: Readonly<Record<AuditVerdict, string>> = {
  pass: 'PASS',
  fail: 'FAIL',
  warn: 'WARN',
  'not-applicable': 'N/A',
};

export const audit: Command = {
  name: 'audit',
  positionals: '[CHECK...]',
  summary: 'Check the cluster against the CIS Kubernetes Benchmark',
  description:
    'Looks at the running cluster as the CIS Kubernetes Benchmark v1.12 asks: at files on the disk, at what servers\n' +
    'answer to nobody, to strangers and to forged credentials, at the raw bytes of the store, at roles and pods.\n' +
    'Changes nothing: what it writes are dry runs.\n' +
    '\n' +
    'FAIL is to be mended, and makes the exit code 1. WARN is for somebody to judge: a choice, or as Kubernetes\n' +
    'comes. N/A: Coracle has nothing of that kind. CHECK names checks or sections, such as 5.1 or 1.2.6.',
  flags: {
    ...clusterFlags,
    ...jsonFlag,
    only: { type: 'string', value: 'V,...', doc: `findings to print: ${verdicts.join(', ')}` },
  },
  examples: [
    'coracle audit',
    'coracle audit --only fail,warn',
    'coracle audit 5.1 5.2',
    'coracle audit --json | jq \'.findings[] | select(.verdict == "fail")\'',
  ],
  async run(context) {
    const { args, manager, terminal } = context;
    const only = wantedVerdicts(args);
    const report = chosen(await manager.audit(), args.positionals);
    const shown = report.findings.filter(({ verdict }) => only.includes(verdict));
    if (args.is('json'))
      terminal.print(JSON.stringify({ ...report, findings: shown, totals: totalsOf(report) }, null, 2));
    else print(context, report, shown);
    return report.findings.some(({ verdict }) => verdict === 'fail') ? 1 : 0;
  },
};

function wantedVerdicts(args: Arguments): readonly AuditVerdict[] {
  const text = args.text('only');
  if (text === undefined) return verdicts;
  const asked = text.split(',').map((each) => each.trim());
  const unknown = asked.find((each) => !verdicts.some((verdict) => verdict === each));
  if (unknown === undefined) return verdicts.filter((verdict) => asked.includes(verdict));
  throw usageError('audit', `--only takes ${verdicts.join(', ')}, not ${JSON.stringify(unknown)}`);
}

/** Checks of these ids and sections. */
function chosen(report: AuditReport, ids: readonly string[]): AuditReport {
  if (ids.length === 0) return report;
  const belongs = (finding: AuditFinding, id: string): boolean => finding.id === id || finding.id.startsWith(`${id}.`);
  const unknown = ids.find((id) => !report.findings.some((finding) => belongs(finding, id)));
  if (unknown !== undefined)
    throw new UserError(`there is no check or section ${unknown}`, 'all are listed by: coracle audit', 2);
  return { ...report, findings: report.findings.filter((finding) => ids.some((id) => belongs(finding, id))) };
}

function totalsOf({ findings }: AuditReport): Readonly<Record<AuditVerdict, number>> {
  const count = (wanted: AuditVerdict): number => findings.filter(({ verdict }) => verdict === wanted).length;
  return { pass: count('pass'), fail: count('fail'), warn: count('warn'), 'not-applicable': count('not-applicable') };
}

function print({ terminal }: CommandContext, report: AuditReport, shown: readonly AuditFinding[]): void {
  const { bold, red, green, dim } = terminal.color;
  const paint = { pass: green, fail: red, warn: bold, 'not-applicable': dim } as const;
  const width = Math.max(0, ...shown.map(({ id }) => id.length));
  for (const { id, title, verdict, found, remedy } of shown) {
    terminal.print(`${paint[verdict](words[verdict].padEnd(4))} ${id.padEnd(width)} ${title}`);
    const indent = ' '.repeat(width + 6);
    if (found !== '') terminal.print(`${indent}${found}`);
    if (remedy !== '') terminal.print(`${indent}→ ${remedy}`);
  }
  const totals = totalsOf(report);
  terminal.say(
    `${report.benchmark}: ${totals.pass} pass, ${totals.fail} fail, ${totals.warn} warn, ${totals['not-applicable']} not applicable`,
  );
}
