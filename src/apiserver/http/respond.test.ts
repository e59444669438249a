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
