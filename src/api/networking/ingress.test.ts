import { describe, expect, test } from 'vitest';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { Ingress } from './ingress.ts';

const backend = { service: { name: 'web', port: { number: 80 } } };
const withPath = (path: object): object => ({ spec: { rules: [{ http: { paths: [path] } }] } });
const good = {
  spec: { rules: [{ host: 'a.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
};
const at = 'spec.rules[0].http.paths[0]';

/** Texts: kubernetes pkg/apis/networking/validation/validation.go and its tests. */
describe('what is wrong with an Ingress', () => {
  test('a plain one has no faults', () => expect(complaints(Ingress, good)).toEqual([]));

  test.each<[string, object, string[]]>([
    ['nothing to do', {}, ['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified']],
    ['no path type', withPath({ path: '/', backend }), [`${at}.pathType: Required value: pathType must be specified`]],
    [
      'an unknown path type',
      withPath({ path: '/', pathType: 'Regex', backend }),
      [`${at}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`],
    ],
    [
      'a relative path',
      withPath({ path: 'foo', pathType: 'Exact', backend }),
      [`${at}.path: Invalid value: "foo": must be an absolute path`],
    ],
    [
      'a path that wanders',
      withPath({ path: '/foo/../bar//', pathType: 'Prefix', backend }),
      [
        `${at}.path: Invalid value: "/foo/../bar//": must not contain '//'`,
        `${at}.path: Invalid value: "/foo/../bar//": must not contain '/../'`,
      ],
    ],
    [
      'no backend',
      withPath({ path: '/', pathType: 'Prefix' }),
      [`${at}.backend: Invalid value: "": resource or service backend is required`],
    ],
    [
      'two backends',
      { spec: { defaultBackend: { ...backend, resource: { kind: 'Bucket', name: 'b' } } } },
      ['spec.defaultBackend: Invalid value: "": cannot set both resource and service backends'],
    ],
    [
      'no port',
      { spec: { defaultBackend: { service: { name: 'web' } } } },
      ['spec.defaultBackend: Required value: port name or number is required'],
    ],
    [
      'two ports',
      { spec: { defaultBackend: { service: { name: 'web', port: { name: 'http', number: 80 } } } } },
      ['spec.defaultBackend: Invalid value: "": cannot set both port name & port number'],
    ],
    [
      'an address for a host',
      { spec: { rules: [{ host: '10.0.0.1' }] } },
      ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
    ],
    ['no paths', { spec: { rules: [{ http: { paths: [] } }] } }, ['spec.rules[0].http.paths: Required value']],
    [
      'a class by annotation and another by name',
      {
        metadata: { name: 'it', annotations: { 'kubernetes.io/ingress.class': 'a' } },
        spec: { ...good.spec, ingressClassName: 'b' },
      },
      [
        'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified',
      ],
    ],
  ])('%s', (_, content, expected) => expect(complaints(Ingress, content as Record<string, unknown>)).toEqual(expected));

  test('an update may keep a bad secret name that is stored already, a new Ingress may not have one', () => {
    const bad = { spec: { ...good.spec, tls: [{ secretName: 'Bad_Name' }] } };
    expect(complaints(Ingress, bad)).toHaveLength(1);
    expect(updateComplaints(Ingress, bad, bad)).toEqual([]);
  });
});

/** Columns: kubernetes pkg/printers/internalversion/printers.go, printIngress. */
describe('the table', () => {
  test('class, hosts, address, ports', () => {
    const rules = ['a.example.com', 'b.example.com', 'c.example.com', 'd.example.com'].map((host) => ({ host }));
    const status = {
      loadBalancer: { ingress: [{ ip: '10.0.0.2' }, { hostname: 'lb.example.com' }, { ip: '10.0.0.1' }] },
    };
    expect(cells(Ingress, { spec: { ingressClassName: 'nginx', rules, tls: [{}] }, status })).toEqual({
      Name: 'it',
      Class: 'nginx',
      Hosts: 'a.example.com,b.example.com,c.example.com + 1 more...',
      Address: '10.0.0.1,10.0.0.2,lb.example.com',
      Ports: '80, 443',
      Age: '60m',
    });
    expect(cells(Ingress, { spec: { defaultBackend: backend } })).toMatchObject({
      Class: '<none>',
      Hosts: '*',
      Address: '',
      Ports: '80',
    });
  });

  test('status is there from the start', () => expect(made(Ingress, good)['status']).toEqual({ loadBalancer: {} }));
});
