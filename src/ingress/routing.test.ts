import { describe, expect, it } from 'vitest';
import type { Ingress, IngressSpec } from '../api/networking/ingress.ts';
import { isOurs } from './classes.ts';
import { buildRoutes, findRoute, rewritten } from './routing.ts';

function ingress(name: string, spec: IngressSpec, annotations: Record<string, string> = {}, age = 0): Ingress {
  const creationTimestamp = `2026-01-01T00:00:0${age}Z`;
  return {
    metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp, annotations },
    spec,
  };
}

const to = (name: string) => ({ service: { name, port: { number: 80 } } });
const path = (text: string, service: string, pathType = 'Prefix') => ({ path: text, pathType, backend: to(service) });

/** Rules as `host: [path, service, type?]`. */
function where(ingresses: readonly Ingress[], host: string, target: string): string | undefined {
  return findRoute(buildRoutes(ingresses).table, host, target)?.route.backend.service;
}

describe('paths', () => {
  const one = ingress('one', {
    rules: [
      {
        host: 'a.example',
        http: {
          paths: [path('/', 'root'), path('/foo', 'foo'), path('/foo/bar', 'bar'), path('/exact', 'exact', 'Exact')],
        },
      },
    ],
  });

  it.each([
    ['/', 'root'],
    ['/other', 'root'],
    ['/foo', 'foo'],
    ['/foo/', 'foo'],
    ['/foo/x', 'foo'],
    ['/foobar', 'root'],
    ['/foo/bar/baz', 'bar'],
    ['/exact', 'exact'],
    ['/exact/', 'root'],
    ['/FOO', 'root'],
  ])('%s goes to %s', (target, service) => {
    expect(where([one], 'a.example', target)).toBe(service);
  });

  it('of an exact and a prefix rule with one path, Exact wins', () => {
    const both = ingress('both', {
      rules: [{ http: { paths: [path('/x', 'prefix'), path('/x', 'exact', 'Exact')] } }],
    });
    expect(where([both], 'any', '/x')).toBe('exact');
    expect(where([both], 'any', '/x/y')).toBe('prefix');
  });

  it('a prefix with a slash at the end matches the same as without', () => {
    const slash = ingress('slash', { rules: [{ http: { paths: [path('/aaa/', 'a')] } }] });
    expect(where([slash], 'any', '/aaa')).toBe('a');
    expect(where([slash], 'any', '/aaa/b')).toBe('a');
    expect(where([slash], 'any', '/aaab')).toBeUndefined();
  });
});

describe('hosts', () => {
  const rule = (host: string | undefined, service: string) => ({
    ...(host !== undefined && { host }),
    http: { paths: [path('/', service)] },
  });
  const hosts = ingress('hosts', {
    rules: [rule('*.example.org', 'wild'), rule('www.example.org', 'www'), rule(undefined, 'any')],
  });

  it.each([
    ['www.example.org', 'www'],
    ['WWW.Example.ORG', 'www'],
    ['www.example.org.', 'www'],
    ['x.example.org.', 'wild'],
    ['x.example.org', 'wild'],
    ['a.b.example.org', 'any'],
    ['example.org', 'any'],
    ['elsewhere', 'any'],
  ])('%s is served by %s', (host, service) => {
    expect(where([hosts], host, '/')).toBe(service);
  });

  it('with no path that fits get the default backend of their Ingress, then the one for everything', () => {
    const own = ingress('own', {
      defaultBackend: to('own'),
      rules: [{ host: 'a', http: { paths: [path('/x', 'x')] } }],
    });
    const all = ingress('all', { defaultBackend: to('all') });
    expect(where([own, all], 'a', '/y')).toBe('own');
    expect(where([own, all], 'b', '/y')).toBe('all');
  });
});

describe('several Ingresses', () => {
  const claim = (name: string, age: number): Ingress =>
    ingress(name, { rules: [{ host: 'a', http: { paths: [path('/x', name)] } }] }, {}, age);

  it('that claim one path: the oldest has it, and the others are told', () => {
    const { table, problems } = buildRoutes([claim('young', 5), claim('old', 1)]);
    expect(findRoute(table, 'a', '/x')?.route.backend.service).toBe('old');
    expect(problems).toMatchObject([
      {
        ingress: { metadata: { name: 'young' } },
        reason: 'PathConflict',
        message: 'a/x already belongs to Ingress default/old, which is older',
      },
    ]);
  });

  it('of one host are merged', () => {
    const more = ingress('more', { rules: [{ host: 'a', http: { paths: [path('/y', 'y')] } }] });
    expect(where([claim('x', 1), more], 'a', '/x')).toBe('x');
    expect(where([claim('x', 1), more], 'a', '/y')).toBe('y');
  });
});

describe('rewrite-target', () => {
  const of = (target: string, rule: string, asked: string): string | undefined => {
    const annotations = { 'nginx.ingress.kubernetes.io/rewrite-target': target };
    const rules = [{ host: 'a', http: { paths: [path(rule, 'x', 'ImplementationSpecific')] } }];
    const match = findRoute(buildRoutes([ingress('x', { rules }, annotations)]).table, 'a', asked.replace(/\?.*/, ''));
    return match === undefined ? undefined : rewritten(match, asked);
  };

  it('replaces the path and keeps the query', () => {
    expect(of('/', '/app', '/app/x?y=1')).toBe('/?y=1');
  });

  it('takes groups of a regular expression', () => {
    expect(of('/$2', '/app(/|$)(.*)', '/app/x/y?z')).toBe('/x/y?z');
    expect(of('/$2', '/app(/|$)(.*)', '/app')).toBe('/');
    expect(of('/$2', '/app(/|$)(.*)', '/apple')).toBeUndefined();
  });
});

describe('classes', () => {
  const ours = {
    metadata: { name: 'coracle', uid: 'c', resourceVersion: '1', creationTimestamp: '' },
    spec: { controller: 'coracle.dev/ingress-controller' },
  };
  const asDefault = {
    ...ours,
    metadata: { ...ours.metadata, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
  };
  const other = {
    ...asDefault,
    metadata: { ...asDefault.metadata, name: 'nginx' },
    spec: { controller: 'k8s.io/ingress-nginx' },
  };

  it('are named by the field or the old annotation', () => {
    expect(isOurs(ingress('a', { ingressClassName: 'coracle' }), [ours])).toBe(true);
    expect(isOurs(ingress('a', { ingressClassName: 'nginx' }), [ours, other])).toBe(false);
    expect(isOurs(ingress('a', {}, { 'kubernetes.io/ingress.class': 'coracle' }), [])).toBe(true);
    expect(isOurs(ingress('a', {}, { 'kubernetes.io/ingress.class': 'nginx' }), [ours])).toBe(false);
  });

  it('when nothing is said, the default one counts', () => {
    expect(isOurs(ingress('a', {}), [asDefault])).toBe(true);
    expect(isOurs(ingress('a', {}), [ours, other])).toBe(false);
  });
});
