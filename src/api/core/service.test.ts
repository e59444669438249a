/**
 * Services and Endpoints. Texts are upstream's: pkg/apis/core/v1/defaults.go (SetDefaults_Service),
 * pkg/apis/core/validation/validation.go (ValidateService), printers.go (printService, printEndpoints).
 */
import { describe, expect, test } from 'vitest';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { Endpoints } from './endpoints.ts';
import { Service } from './service.ts';

type Json = Readonly<Record<string, unknown>>;

const service = (spec: Json = {}): Json => ({ spec: { ports: [{ port: 80 }], ...spec } });

test('defaults', () => {
  expect(made(Service, service())['spec']).toEqual({
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
  });
});

test('defaults of a load balancer with affinity', () => {
  expect(made(Service, service({ type: 'LoadBalancer', sessionAffinity: 'ClientIP' }))['spec']).toMatchObject({
    externalTrafficPolicy: 'Cluster',
    allocateLoadBalancerNodePorts: true,
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
  });
});

describe('columns', () => {
  const row = (
    name: string,
    type: string,
    address: string,
    outside: string,
    ports: string,
    selector: string,
  ): Json => ({
    Name: name,
    Type: type,
    'Cluster-IP': address,
    'External-IP': outside,
    'Port(s)': ports,
    Age: '60m',
    '+Selector': selector,
  });

  test.for<[string, Json, Json]>([
    [
      'a cluster IP',
      { ...service({ clusterIPs: ['10.0.0.1'], selector: { b: '2', a: '1' } }) },
      row('it', 'ClusterIP', '10.0.0.1', '<none>', '80/TCP', 'a=1,b=2'),
    ],
    [
      'node ports',
      service({
        type: 'NodePort',
        clusterIPs: ['10.0.0.1'],
        ports: [
          { port: 80, nodePort: 30_000 },
          { port: 53, protocol: 'UDP' },
        ],
      }),
      row('it', 'NodePort', '10.0.0.1', '<none>', '80:30000/TCP,53/UDP', '<none>'),
    ],
    [
      'a load balancer without address',
      service({ type: 'LoadBalancer', clusterIPs: ['10.0.0.1'] }),
      row('it', 'LoadBalancer', '10.0.0.1', '<pending>', '80/TCP', '<none>'),
    ],
    [
      'a load balancer with addresses',
      {
        ...service({ type: 'LoadBalancer', clusterIPs: ['10.0.0.1'], externalIPs: ['9.9.9.9'] }),
        status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }, { hostname: 'lb' }] } },
      },
      row('it', 'LoadBalancer', '10.0.0.1', '1.2.3.4,lb,9.9.9.9', '80/TCP', '<none>'),
    ],
    [
      'an external name',
      { spec: { type: 'ExternalName', externalName: 'example.com' } },
      row('it', 'ExternalName', '<none>', 'example.com', '<none>', '<none>'),
    ],
    ['no address yet', service(), row('it', 'ClusterIP', '<none>', '<none>', '80/TCP', '<none>')],
    ['a headless one', service({ clusterIPs: ['None'] }), row('it', 'ClusterIP', 'None', '<none>', '80/TCP', '<none>')],
  ])('%s', ([, content, expected]) => {
    expect(cells(Service, content)).toEqual(expected);
  });
});

describe('complaints', () => {
  test.for<[string, Json, string[]]>([
    ['nothing wrong', service(), []],
    ['headless without ports', { spec: { clusterIP: 'None', clusterIPs: ['None'] } }, []],
    ['no ports', { spec: {} }, ['spec.ports: Required value']],
    [
      'two ports without names',
      service({ ports: [{ port: 80 }, { port: 81, name: 'b' }] }),
      ['spec.ports[0].name: Required value'],
    ],
    [
      'the same name twice',
      service({
        ports: [
          { port: 80, name: 'b' },
          { port: 81, name: 'b' },
        ],
      }),
      ['spec.ports[1].name: Duplicate value: "b"'],
    ],
    [
      'a port out of range',
      service({ ports: [{ port: 0, targetPort: 1 }] }),
      ['spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
    ],
    [
      'a node port of a cluster IP',
      service({ ports: [{ port: 80, nodePort: 30_000 }] }),
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    ['an external name without name', { spec: { type: 'ExternalName' } }, ['spec.externalName: Required value']],
    [
      'a headless load balancer',
      service({ type: 'LoadBalancer', clusterIP: 'None', clusterIPs: ['None'] }),
      ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for LoadBalancer services'],
    ],
    [
      'affinity for too long',
      service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } } }),
      [
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
      ],
    ],
  ])('%s', ([, content, expected]) => {
    expect(complaints(Service, content)).toEqual(expected);
  });

  test('the address may not change', () => {
    const at = (address: string): Json => service({ clusterIP: address, clusterIPs: [address] });
    expect(updateComplaints(Service, at('10.0.0.1'), at('10.0.0.2'))).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ]);
  });
});

describe('endpoints', () => {
  const subset = (addresses: number, ports: number): Json => ({
    addresses: Array.from({ length: addresses }, (_, index) => ({ ip: `10.0.0.${index + 1}` })),
    ports: Array.from({ length: ports }, (_, index) => ({ name: `p${index}`, port: 80 + index })),
  });

  test.for<[Json[], string]>([
    [[], '<none>'],
    [[subset(2, 1)], '10.0.0.1:80,10.0.0.2:80'],
    [[subset(2, 2)], '10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more...'],
    [[subset(1, 0)], '10.0.0.1'],
  ])('%j shows %s', ([subsets, expected]) => {
    expect(cells(Endpoints, { subsets })).toEqual({ Name: 'it', Endpoints: expected, Age: '60m' });
  });

  test.for<[Json, string]>([
    [{ ports: [{ port: 80 }] }, 'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'],
    [
      { addresses: [{ ip: '127.0.0.1' }], ports: [{ port: 80 }] },
      'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
    [
      { addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 70_000 }] },
      'subsets[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
  ])('%j is refused', ([content, complaint]) => {
    expect(complaints(Endpoints, { subsets: [content] })).toEqual([complaint]);
  });
});
