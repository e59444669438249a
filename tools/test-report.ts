/** What a run of vitest left in its JSON report. */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

export interface Failure {
  /** Relative to the working directory. */
  readonly file: string;
  /** Of the test with those around it; absent where the file failed as a whole. */
  readonly test?: string;
  readonly message: string;
}

export interface TestReport {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
  /** As the command line takes them. */
  readonly failedFiles: readonly string[];
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

const linesShown = 25;

/** Absent when there is no report: the run broke before its end. */
export function readReport(path: string): TestReport | undefined {
  if (!existsSync(path)) return undefined;
  const report = JSON.parse(readFileSync(path, 'utf8')) as VitestReport;
  const failed = report.testResults.filter(({ status }) => status === 'failed');
  const fileOf = (name: string): string => relative(process.cwd(), name);
  const failures = failed.flatMap(({ name, message, assertionResults }): Failure[] => {
    const file = fileOf(name);
    const told = assertionResults.filter(({ status }) => status === 'failed');
    if (told.length === 0) return [{ file, message }];
    return told.map((one) => ({ file, test: one.fullName, message: (one.failureMessages ?? []).join('\n') }));
  });
  return {
    passed: report.numPassedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
    failedFiles: failed.map(({ name }) => fileOf(name)),
  };
}

/** A headline and the first lines of what was said. */
export function describeFailure({ file, test, message }: Failure): string {
  const headline = test === undefined ? `FAILED ${file}` : `FAILED ${file}: ${test}`;
  const lines = message.trim().split('\n').slice(0, linesShown);
  return [headline, ...lines.map((line) => `  ${line}`)].join('\n');
}
