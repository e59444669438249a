import { describe, expect, test } from 'vitest';
import { LogReader, sameTest, type TestResult } from './log.ts';

const read = (text: string): readonly TestResult[] => {
  const reader = new LogReader();
  return text.split('\n').flatMap((line) => reader.read(line) ?? []);
};
const dashes = '-'.repeat(30);

describe('what a process of the suite prints', () => {
  test('a test that passed, after the dots of those that were left out', () => {
    const text = String.raw`SSSS•{"msg":"PASSED [k8s.io] Probing should *not* restart \"cat /tmp/health\" [Conformance]","total":2,"failed":0}`;
    expect(read(text)).toEqual([
      { name: '[k8s.io] Probing should *not* restart "cat /tmp/health" [Conformance]', outcome: 'passed', detail: [] },
    ]);
  });

  test('one that failed, with the reason out of the block before', () => {
    const text = `Nov 23 18:33:26.623: INFO: waiting
• Failure [0.542 seconds]
[sig-api-machinery] Servers
/tmp/go/src/k8s.io/kubernetes/test/e2e/apimachinery/framework.go:23
  should return a 406 [Conformance] [It]
  /tmp/go/src/k8s.io/kubernetes/test/e2e/framework/framework.go:629

  Nov 23 18:33:26.623: failed to return error
  Expected an error to have occurred.  Got:
      <nil>: nil

  /tmp/go/src/k8s.io/kubernetes/test/e2e/apimachinery/table_conversion.go:165
${dashes}
{"msg":"FAILED [sig-api-machinery] Servers should return a 406 [Conformance]","total":1,"failed":1}`;
    expect(read(text)).toEqual([
      {
        name: '[sig-api-machinery] Servers should return a 406 [Conformance]',
        outcome: 'failed',
        detail: [
          'Nov 23 18:33:26.623: failed to return error',
          'Expected an error to have occurred.  Got:',
          '    <nil>: nil',
          'test/e2e/apimachinery/table_conversion.go:165',
        ],
      },
    ]);
  });

  test('a long reason keeps its beginning and where it was', () => {
    const lines = Array.from({ length: 40 }, (_, at) => `  line ${at}`);
    const text = `• Failure in Spec Setup (BeforeEach) [1.0 seconds]
name

${lines.join('\n')}
  ${'x'.repeat(1_000)}
  test/e2e/a.go:1
${dashes}
{"msg":"FAILED name"}`;
    const [{ detail } = { detail: [] }] = read(text);
    expect(detail).toHaveLength(12);
    expect(detail[0]).toBe('line 0');
    expect(detail.at(-1)).toBe('test/e2e/a.go:1');
  });

  test('very long lines are cut', () => {
    const text = `• Panic! [1.0 seconds]\nname\n\n  ${'x'.repeat(1_000)}\n${dashes}\n{"msg":"FAILED name"}`;
    expect(read(text)[0]?.detail[0]).toHaveLength(403);
  });

  test('a block belongs to one failure only', () => {
    const text = `• Failure [1.0 seconds]\none\n\n  because\n${dashes}\n{"msg":"FAILED one"}\n{"msg":"FAILED two"}`;
    expect(read(text).map(({ detail }) => detail)).toEqual([['because'], ['the suite does not say why']]);
  });

  test('one that skips itself says why', () => {
    const text = `S [SKIPPING] [0.2 seconds]
[sig-network] DNS
/tmp/go/src/k8s.io/kubernetes/test/e2e/network/framework.go:23
  should answer over IPv6 [Conformance] [It]
  /tmp/go/src/k8s.io/kubernetes/test/e2e/framework/framework.go:629

  only for IPv6 clusters
${dashes}`;
    expect(read(text)).toEqual([
      {
        name: '[sig-network] DNS should answer over IPv6 [Conformance]',
        outcome: 'skipped',
        detail: ['only for IPv6 clusters'],
      },
    ]);
  });

  test('a slow test that passed is no failure', () => {
    const text = `• [SLOW TEST:32.559 seconds]
[sig-apps] Daemon set [Serial]
/tmp/go/src/k8s.io/kubernetes/test/e2e/apps/framework.go:23
  should retry [Conformance]
${dashes}
{"msg":"PASSED [sig-apps] Daemon set [Serial] should retry [Conformance]"}`;
    expect(read(text).map(({ outcome }) => outcome)).toEqual(['passed']);
  });

  test("others' JSON, broken JSON and the suite's own news are no results", () => {
    expect(read('{"msg":"Test Suite starting","total":1}\n{"msg":"PASSED \n{"msg":7}\n{"msg":"PASS"}')).toEqual([]);
  });
});

test('names are compared without regard to how many blanks are in them', () => {
  expect(sameTest('[a] Kubectl  works  [Conformance]', '[a] Kubectl works [Conformance] ')).toBe(true);
  expect(sameTest('[a] works', '[a] works too')).toBe(false);
});
