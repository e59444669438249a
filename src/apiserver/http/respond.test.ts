import { expect, test } from 'vitest';
import { silentLogger } from '../../base/log.ts';
import { notFound, tooManyRequests } from '../errors.ts';
import { statusHeaders, statusOf, warningHeaders } from './respond.ts';

test('warnings are quoted as the Warning header wants it, each once, in ASCII', () => {
  expect(warningHeaders([])).toEqual({});
  expect(warningHeaders(['unknown field "a\\b"', 'unknown field "a\\b"', 'two\nlines', 'fèld'])).toEqual({
    warning: ['299 - "unknown field \\"a\\\\b\\""', '299 - "two lines"', '299 - "f?ld"'],
  });
});

test('what is thrown becomes a Status; only our own faults are 500s, without their stack', () => {
  expect(statusOf(notFound({ group: 'apps', resource: 'deployments' }, 'x'), silentLogger, '')).toMatchObject({
    code: 404,
    reason: 'NotFound',
    message: 'deployments.apps "x" not found',
    details: { name: 'x', group: 'apps', kind: 'deployments' },
  });
  const unexpected = statusOf(new TypeError('x is undefined'), silentLogger, 'GET /');
  expect(unexpected).toMatchObject({ code: 500, message: 'Internal error occurred: x is undefined' });
});

test('a Status that says when to come back says so in a header too', () => {
  expect(statusHeaders(tooManyRequests('wait', 10).status)).toEqual({ 'retry-after': '10' });
  expect(statusHeaders(notFound({ group: '', resource: 'pods' }, 'x').status)).toEqual({});
});

/** Limits: apiserver pkg/endpoints/filters/warning.go. */
test('warnings that would be too long together are cut short, and the last left out', () => {
  const long = (count: number, length: number): readonly string[] =>
    Array.from({ length: count }, (_, at) => `${at} `.padEnd(length, 'x'));
  const sizes = (warnings: readonly string[]): readonly number[] =>
    [warningHeaders(warnings)['warning'] ?? []].flat().map((each) => String(each).length - '299 - ""'.length);
  expect(sizes(long(4, 1024))).toEqual([1024, 1024, 1024, 1024]);
  expect(sizes(long(5, 1024))).toEqual([256, 256, 256, 256, 256]);
  expect(sizes(long(1000, 1024))).toHaveLength(16);
  expect(sizes(long(1000, 100))).toHaveLength(41);
});
