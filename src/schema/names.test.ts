import { describe, expect, test } from 'vitest';
import * as names from './names.ts';

const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end " +
  "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
  "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

describe('names answer with the complaints that kubectl prints', () => {
  test.each([
    ['web-1', []],
    ['Web', [labelText]],
    ['', [labelText]],
    ['a.b', ['must not contain dots']],
    ['a'.repeat(64), ['must be no more than 63 characters']],
  ])('DNS label %j', (value, expected) => expect(names.checkDns1123Label(value)).toEqual(expected));

  test.each([
    ['web.example.com', []],
    ['UPPER', [subdomainText]],
    ['-x', [subdomainText]],
    ['a..b', [subdomainText]],
  ])('DNS subdomain %j', (value, expected) => expect(names.checkDns1123Subdomain(value)).toEqual(expected));

  test.each([
    ['app', true],
    ['example.com/app', true],
    ['a/b/c', false],
    ['/app', false],
    ['Example.com/app', false],
    ['example.com/', false],
    ['app_', false],
  ])('label key %j is good: %j', (value, good) => expect(names.checkQualifiedName(value).length === 0).toBe(good));

  test('a label key says which part is bad', () => {
    expect(names.checkQualifiedName('UP.com/')).toEqual([
      `prefix part ${subdomainText}`,
      'name part must be non-empty',
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
        "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ]);
  });

  test.each([
    ['http', []],
    ['http-', ['must not begin or end with a hyphen']],
    ['a--b', ['must not contain consecutive hyphens']],
    ['80', ['must contain at least one letter (a-z)']],
    ['averyverylongname', ['must be no more than 15 characters']],
  ])('port name %j', (value, expected) => expect(names.checkPortName(value)).toEqual(expected));

  test.each([
    ['A B', true],
    ['a=b', false],
    ['', false],
    ['naïve', false],
  ])('environment variable %j is good: %j', (value, good) =>
    expect(names.checkRelaxedEnvVarName(value).length === 0).toBe(good),
  );

  test.each([
    ['system:admin', 'path', []],
    ['..', 'path', ["may not be '..'"]],
    ['a/b', 'path', ["may not contain '/'"]],
  ] as const)('name %j under rule %s', (value, rule, expected) =>
    expect(names.checkName(value, rule)).toEqual(expected),
  );

  test('a prefix for generated names may end in a dash', () => {
    expect(names.checkNamePrefix('web-')).toEqual([]);
    expect(names.checkNamePrefix('Web-')).not.toEqual([]);
  });

  test('ConfigMap keys keep out of parent folders', () => {
    expect(names.checkConfigMapKey('..data')).toEqual(["must not start with '..'"]);
    expect(names.checkConfigMapKey('app.properties')).toEqual([]);
  });
});
