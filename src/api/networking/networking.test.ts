import { describe, expect, test } from 'vitest';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { IngressClass } from './ingress-class.ts';
import { IPAddress } from './ip-address.ts';
import { NetworkPolicy } from './network-policy.ts';
import { ServiceCIDR } from './service-cidr.ts';

/** Texts: kubernetes pkg/apis/networking/validation/validation.go; defaults: pkg/apis/networking/v1/defaults.go. */
describe('NetworkPolicy', () => {
  test.each([
    [{}, ['Ingress']],
    [{ ingress: [{}] }, ['Ingress']],
    [{ egress: [{}] }, ['Ingress', 'Egress']],
    [{ egress: [{}], policyTypes: ['Egress'] }, ['Egress']],
  ])('%j restricts %j', (spec, types) => {
    expect(made(NetworkPolicy, { spec })['spec']).toMatchObject({ policyTypes: types });
  });

  test.each<[object, string[]]>([
    [{ ingress: [{ from: [{}] }] }, ['spec.ingress[0].from[0]: Required value: must specify a peer']],
    [
      { ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] },
      ['spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
    ],
    [
      { egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }] },
      ['spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`'],
    ],
    [
      { ingress: [{ ports: [{ port: 80, endPort: 79 }] }] },
      ['spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`'],
    ],
    [
      { ingress: [{ ports: [{ port: 'http', endPort: 80 }] }] },
      ['spec.ingress[0].ports[0].endPort: Invalid value: 80: may not be specified when `port` is non-numeric'],
    ],
    [
      { ingress: [{ ports: [{ endPort: 80 }] }] },
      ['spec.ingress[0].ports[0].endPort: Invalid value: 80: may not be specified when `port` is not specified'],
    ],
  ])('%j is refused', (spec, expected) => expect(complaints(NetworkPolicy, { spec })).toEqual(expected));

  test('the table shows the selector', () => {
    const podSelector = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['b', 'a'] }],
    };
    expect(cells(NetworkPolicy, { spec: { podSelector } })).toEqual({
      Name: 'it',
      'Pod-Selector': 'app=web,tier in (a,b)',
      Age: '60m',
    });
    expect(cells(NetworkPolicy, {})).toMatchObject({ 'Pod-Selector': '<none>' });
  });

  test('a CIDR with host bits is let in with a warning', () => {
    const spec = { ingress: [{ from: [{ ipBlock: { cidr: '10.1.2.3/8' } }] }] };
    expect(complaints(NetworkPolicy, { spec })).toEqual([]);
    expect(NetworkPolicy.warnings?.(made(NetworkPolicy, { spec }) as never)).toEqual([
      'spec.ingress[0].from[0].ipBlock.cidr: CIDR value "10.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)',
    ]);
  });
});

describe('IngressClass', () => {
  test.each<[object, string[]]>([
    [{}, ['spec.controller: Required value']],
    [
      { controller: 'nginx' },
      ['spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [
      { controller: 'a.io/b', parameters: { kind: 'K', name: 'n', namespace: 'x' } },
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
    [
      { controller: 'a.io/b', parameters: { kind: 'K', name: 'n', scope: 'Namespace' } },
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
  ])('%j is refused', (spec, expected) => expect(complaints(IngressClass, { spec })).toEqual(expected));

  test('the controller never changes', () => {
    expect(
      updateComplaints(IngressClass, { spec: { controller: 'a.io/b' } }, { spec: { controller: 'a.io/c' } }),
    ).toEqual(['spec.controller: Invalid value: "a.io/c": field is immutable']);
  });

  test('the table', () => {
    const parameters = { apiGroup: 'k8s.example.com', kind: 'Settings', name: 'slow' };
    expect(cells(IngressClass, { spec: { controller: 'a.io/b', parameters } })).toEqual({
      Name: 'it',
      Controller: 'a.io/b',
      Parameters: 'Settings.k8s.example.com/slow',
      Age: '60m',
    });
  });
});

describe('IPAddress and ServiceCIDR', () => {
  const parentRef = { resource: 'services', namespace: 'default', name: 'kubernetes' };

  test('an address is named after itself', () => {
    expect(complaints(IPAddress, { metadata: { name: '10.96.0.1' }, spec: { parentRef } })).toEqual([]);
    expect(complaints(IPAddress, { metadata: { name: '10.96.0.01' }, spec: {} })).toEqual([
      'metadata.name: Invalid value: "10.96.0.01": must not have leading 0s',
      'spec.parentRef: Required value',
    ]);
    expect(cells(IPAddress, { spec: { parentRef } })).toEqual({ Name: 'it', ParentRef: 'services/default/kubernetes' });
  });

  test('a range may only be joined by one of the other family', () => {
    expect(complaints(ServiceCIDR, {})).toEqual(['spec.cidrs: Required value: at least one CIDR required']);
    expect(complaints(ServiceCIDR, { spec: { cidrs: ['10.0.0.0/16', '10.1.0.0/16'] } })).toEqual([
      'spec.cidrs: Invalid value: ["10.0.0.0/16","10.1.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ]);
    const one = { spec: { cidrs: ['10.0.0.0/16'] } };
    expect(updateComplaints(ServiceCIDR, one, { spec: { cidrs: ['10.0.0.0/16', 'fd00::/112'] } })).toEqual([]);
    expect(updateComplaints(ServiceCIDR, one, { spec: { cidrs: ['10.1.0.0/16'] } })).toEqual([
      'spec.cidrs[0]: Invalid value: "10.1.0.0/16": field is immutable',
    ]);
  });
});
