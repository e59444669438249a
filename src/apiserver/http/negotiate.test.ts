import { expect, test } from 'vitest';
import { bodyFormat, negotiate, patchFormat } from './negotiate.ts';

const shown = (accept: string | undefined, stream = false): string => {
  const { format, shape, contentType } = negotiate(accept, { stream });
  return `${format} ${shape} ${contentType}`;
};

// The headers that kubectl 1.35, helm 4 and client libraries send.
test.each([
  [undefined, 'json object application/json'],
  ['*/*', 'json object application/json'],
  ['application/json, */*', 'json object application/json'],
  ['application/vnd.kubernetes.protobuf,application/json', 'protobuf object application/vnd.kubernetes.protobuf'],
  [
    'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
    'json table application/json',
  ],
  ['application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'json metadata application/json'],
  ['application/yaml', 'yaml object application/yaml'],
  ['text/html, application/yaml;q=0.5, application/json;q=0.9', 'json object application/json'],
  // Tables have no protobuf form: the next choice counts.
  ['application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json', 'json object application/json'],
])('%s', (accept, expected) => {
  expect(shown(accept)).toBe(expected);
});

test('watches: binary streams say so, YAML is no stream', () => {
  expect(shown('application/vnd.kubernetes.protobuf', true)).toBe(
    'protobuf object application/vnd.kubernetes.protobuf;stream=watch',
  );
  expect(shown('application/json', true)).toBe('json object application/json');
  expect(() => negotiate('application/yaml', { stream: true })).toThrow(/only the following media types are accepted/);
});

test('what exists only as a whole has neither tables nor metadata', () => {
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  expect(negotiate(`${table},application/json`, { wholeOnly: true }).shape).toBe('object');
  expect(() => negotiate(table, { wholeOnly: true })).toThrow(/only the following media types are accepted/);
});

test('bodies of unknown types are refused with the known ones', () => {
  expect(bodyFormat(undefined)).toBe('json');
  expect(bodyFormat('application/json; charset=utf-8')).toBe('json');
  expect(() => bodyFormat('text/plain')).toThrow(
    'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
  expect(patchFormat('application/strategic-merge-patch+json', true)).toBe('strategic');
  expect(() => patchFormat('application/strategic-merge-patch+json', false)).toThrow(/unknown format/);
});
