import { expect, test } from 'vitest';
import { requestInfoOf } from './request-info.ts';

/** `verb group/version resource/subresource namespace name`, with `-` for what is empty. */
function shown(method: string, url: string): string {
  const { verb, resource } = requestInfoOf(method, url);
  if (resource === undefined) return verb;
  const { group, version, namespace, name, subresource } = resource;
  const what = subresource === '' ? resource.resource : `${resource.resource}/${subresource}`;
  return [verb, `${group || '-'}/${version}`, what, namespace || '-', name || '-'].join(' ');
}

// As upstream's request info factory tells them apart.
test.each([
  ['GET', '/api/v1/namespaces', 'list -/v1 namespaces - -'],
  ['GET', '/api/v1/namespaces/other', 'get -/v1 namespaces other other'],
  ['GET', '/api/v1/namespaces/other/pods', 'list -/v1 pods other -'],
  ['GET', '/api/v1/namespaces/other/pods/foo', 'get -/v1 pods other foo'],
  ['HEAD', '/api/v1/namespaces/other/pods/foo', 'get -/v1 pods other foo'],
  ['GET', '/api/v1/pods', 'list -/v1 pods - -'],
  ['GET', '/api/v1/pods?watch=true', 'watch -/v1 pods - -'],
  ['GET', '/api/v1/pods?watch=false', 'list -/v1 pods - -'],
  ['GET', '/api/v1/watch/namespaces/other/pods', 'watch -/v1 pods other -'],
  ['GET', '/api/v1/namespaces/other/pods?fieldSelector=metadata.name%3Dfoo', 'list -/v1 pods other foo'],
  ['GET', '/api/v1/namespaces/other/pods?fieldSelector=metadata.name!%3Dfoo', 'list -/v1 pods other -'],
  ['POST', '/api/v1/namespaces/other/pods', 'create -/v1 pods other -'],
  ['PUT', '/api/v1/namespaces/other/finalize', 'update -/v1 namespaces/finalize other other'],
  ['PUT', '/api/v1/namespaces/other/status', 'update -/v1 namespaces/status other other'],
  ['PATCH', '/apis/apps/v1/namespaces/a/deployments/d/scale', 'patch apps/v1 deployments/scale a d'],
  ['DELETE', '/apis/apps/v1/namespaces/a/deployments/d', 'delete apps/v1 deployments a d'],
  ['DELETE', '/apis/apps/v1/namespaces/a/deployments', 'deletecollection apps/v1 deployments a -'],
  ['GET', '/api/v1/namespaces/a/pods/p/log?follow=true&watch=true', 'get -/v1 pods/log a p'],
  ['GET', '/apis/apps/v1', 'get'],
  ['GET', '/version', 'get'],
])('%s %s', (method, url, expected) => {
  expect(shown(method, url)).toBe(expected);
});

test('what follows a proxy is kept with its slashes', () => {
  const rest = (url: string) => requestInfoOf('GET', url).resource?.rest;
  expect(rest('/api/v1/namespaces/a/services/s:80/proxy')).toBe('');
  expect(rest('/api/v1/namespaces/a/services/s:80/proxy/')).toBe('/');
  expect(rest('/api/v1/namespaces/a/services/s:80/proxy/x/y/')).toBe('/x/y/');
});

test('a path that is not UTF-8 is a bad request', () => {
  expect(() => requestInfoOf('GET', '/api/v1/%ff')).toThrow(/not well-formed/);
});
