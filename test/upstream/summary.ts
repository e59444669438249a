/** What a run comes to, as text. Pure. */
import { durationText } from '../support/tools.ts';
import type { Sorted } from './left-out.ts';
import type { TestResult } from './log.ts';

export interface Outcome extends TestResult {
  /** File with the whole story. */
  readonly log: string;
}

export interface Run {
  readonly outcomes: readonly Outcome[];
  readonly left: Sorted['left'];
  readonly seconds: number;
  readonly interrupted: boolean;
}

/** Green means that all tests that were to run have passed or have skipped themselves. */
export const isGreen = ({ outcomes, interrupted }: Run): boolean =>
  !interrupted && outcomes.every(({ outcome }) => outcome === 'passed' || outcome === 'skipped');

export function summaryOf(run: Run): readonly string[] {
  const of = (outcome: TestResult['outcome']): readonly Outcome[] =>
    run.outcomes.filter((each) => each.outcome === outcome);
  const left = run.left.reduce((sum, { names }) => sum + names.length, 0);
  return [
    ...section('failed', of('failed')),
    ...section('without a result', of('lost')),
    ...section('skipped by themselves', of('skipped')),
    ...leftLines(run.left, mostNames),
    ...(run.interrupted ? ['interrupted: the rest has not run'] : []),
    [
      `${of('passed').length} passed`,
      `${of('failed').length} failed`,
      ...(of('lost').length > 0 ? [`${of('lost').length} without a result`] : []),
      ...(of('skipped').length > 0 ? [`${of('skipped').length} skipped by themselves`] : []),
      `${left} left out`,
      durationText(run.seconds),
    ].join(', '),
  ];
}

function section(title: string, outcomes: readonly Outcome[]): readonly string[] {
  if (outcomes.length === 0) return [];
  const lines = outcomes.flatMap(({ name, detail, log }) => [
    `  ${name}`,
    ...detail.map((line) => `      ${line}`),
    `      (${log})`,
  ]);
  return [`${title}:`, ...lines, ''];
}

/** Of tests left out for one reason, in a summary; beyond conformance there are thousands. */
const mostNames = 10;

/** The tests that are left out by reason, so many of each; all of them are what `--list` prints. */
export function leftLines(left: Sorted['left'], most = Infinity): readonly string[] {
  return left.flatMap(({ reason, names }) => [
    `left out: ${reason}`,
    ...names.slice(0, most).map((name) => `  ${name}`),
    ...(names.length > most ? [`  and ${names.length - most} more, which --list tells`] : []),
    '',
  ]);
}
