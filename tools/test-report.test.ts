import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeFailure, readReport } from './test-report.ts';

describe('the report of a test run', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'coracle-report-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (testResults: readonly object[]): string => {
    const path = join(folder, 'report.json');
    writeFileSync(
      path,
      JSON.stringify({ numPassedTests: 3, numPendingTests: 1, numTodoTests: 1, numFailedTests: 1, testResults }),
    );
    return path;
  };
  const inFile = (name: string, status: string, assertionResults: readonly object[], message = ''): object => ({
    name: join(process.cwd(), name),
    status,
    message,
    assertionResults,
  });

  test('tells what failed, where, and which files to run again', () => {
    const path = write([
      inFile('src/a.test.ts', 'passed', [{ status: 'passed', fullName: 'a works', failureMessages: [] }]),
      inFile('src/b.test.ts', 'failed', [
        { status: 'passed', fullName: 'b works', failureMessages: [] },
        { status: 'failed', fullName: 'b holds', failureMessages: ['AssertionError: 1 is not 2\n    at b.test.ts:3'] },
      ]),
    ]);
    const report = readReport(path);
    expect(report).toMatchObject({ passed: 3, skipped: 2, failedFiles: ['src/b.test.ts'] });
    expect(report?.failures.map(describeFailure)).toEqual([
      'FAILED src/b.test.ts: b holds\n  AssertionError: 1 is not 2\n      at b.test.ts:3',
    ]);
  });

  test('counts a file that broke before its tests as a failure of its own', () => {
    const path = write([inFile('src/c.test.ts', 'failed', [], 'Error: cannot find it')]);
    expect(readReport(path)?.failures.map(describeFailure)).toEqual(['FAILED src/c.test.ts\n  Error: cannot find it']);
  });

  test('is absent where the run broke before its end', () => {
    expect(readReport(join(folder, 'none.json'))).toBeUndefined();
  });
});
