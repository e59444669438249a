import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../api/discovery/endpoint-slice.ts';
import { chooseEndpoints } from './endpoints.ts';
import { endpointSlice, service } from './fixtures.ts';
import { NftTable } from '../network/nft-table.ts';
import { ProxyState } from './proxy-state.ts';
import { definitionOf } from './ruleset.ts';
import { serviceRules } from './service-elements.ts';

const node = { name: 'one', zone: 'here' };
const port = { name: 'http', port: 80 };

function choose(endpoints: readonly Endpoint[]): {
  readonly cluster: readonly string[];
  readonly local: readonly string[];
} {
  const { cluster, local } = chooseEndpoints([endpointSlice('web', [], { endpoints })], port, 4, node);
  return { cluster: cluster.map(({ ip }) => ip), local: local.map(({ ip }) => ip) };
}

const at = (ip: string, changes: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [ip],
  nodeName: 'one',
  ...changes,
});
const draining = { conditions: { ready: false, serving: true, terminating: true } };

describe('endpoints that get traffic', () => {
  it('are the ready ones; nothing said means ready', () => {
    expect(choose([at('10.0.0.1'), at('10.0.0.2', { conditions: { ready: false } })]).cluster).toEqual(['10.0.0.1']);
  });

  it('are those that still serve while they terminate, only when none is ready', () => {
    expect(choose([at('10.0.0.1', draining), at('10.0.0.2')]).cluster).toEqual(['10.0.0.2']);
    expect(choose([at('10.0.0.1', draining)]).cluster).toEqual(['10.0.0.1']);
  });

  it('under policy Local are those of this node, terminating ones when no other is left here', () => {
    const { local } = choose([at('10.0.0.1', draining), at('10.0.0.2', { nodeName: 'two' })]);
    expect(local).toEqual(['10.0.0.1']);
  });

  it('are those for this zone, when every one has a hint', () => {
    const hint = (zone: string): Partial<Endpoint> => ({ hints: { forZones: [{ name: zone }] } });
    expect(choose([at('10.0.0.1', hint('here')), at('10.0.0.2', hint('there'))]).cluster).toEqual(['10.0.0.1']);
    expect(choose([at('10.0.0.1', hint('here')), at('10.0.0.2')]).cluster).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(choose([at('10.0.0.1', hint('there')), at('10.0.0.2', hint('there'))]).cluster).toHaveLength(2);
  });

  it('are those for this node, which count before zones', () => {
    const hint = (name: string): Partial<Endpoint> => ({
      hints: { forNodes: [{ name }], forZones: [{ name: 'here' }] },
    });
    expect(choose([at('10.0.0.1', hint('one')), at('10.0.0.2', hint('two'))]).cluster).toEqual(['10.0.0.1']);
  });

  it('count once when they are in two slices while they move', () => {
    const slices = [
      endpointSlice('web', [], { endpoints: [at('10.0.0.1', { conditions: { ready: false } })] }),
      endpointSlice('web', [], { endpoints: [at('10.0.0.1')] }),
    ];
    expect(chooseEndpoints(slices, port, 4, node).cluster).toHaveLength(1);
  });
});

describe('a Service', () => {
  const elementsOf = (changes: Parameters<typeof service>[1], ips = ['10.244.0.5']): readonly string[] =>
    serviceRules(service('web', changes), [endpointSlice('web', ips)], node).elements.map(
      ({ set, key, value }) => `${set} ${key} : ${value}`,
    );

  it('that is headless or a name elsewhere has no rules', () => {
    expect(elementsOf({ clusterIP: 'None' })).toEqual([]);
    expect(elementsOf({ type: 'ExternalName' })).toEqual([]);
  });

  it('without endpoints is refused', () => {
    expect(elementsOf({}, [])).toEqual(['unserved4 10.96.0.10 . tcp . 80 : goto reject-now']);
  });

  it('whose endpoints are elsewhere, under internalTrafficPolicy Local, is dropped', () => {
    const elsewhere = endpointSlice('web', [], { endpoints: [{ addresses: ['10.244.1.5'], nodeName: 'two' }] });
    const { elements } = serviceRules(service('web', { internalTrafficPolicy: 'Local' }), [elsewhere], node);
    expect(elements).toEqual([{ set: 'unserved4', key: '10.96.0.10 . tcp . 80', value: 'goto drop-now' }]);
  });

  it('names what health checks of load balancers ask for', () => {
    const local = service('web', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32000 });
    expect(serviceRules(local, [endpointSlice('web', ['10.244.0.5', '10.244.0.6'])], node).health).toEqual({
      port: 32000,
      localEndpoints: 2,
    });
  });

  it('tells load balancers to stop sending once its last endpoints here terminate, though these still serve', () => {
    const local = service('web', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32000 });
    const leaving = endpointSlice('web', [], { endpoints: [at('10.244.0.5', draining)] });
    const { health, elements } = serviceRules(local, [leaving], node);
    expect(health).toEqual({ port: 32000, localEndpoints: 0 });
    expect(elements.some(({ value }) => value === '10.244.0.5 . 8080')).toBe(true);
  });

  it('names each source range once, and none within another: the kernel refuses ranges that overlap', () => {
    const loadBalancerSourceRanges = ['10.0.0.0/8', '10.1.0.0/16', ' 10.2.0.0/16 ', '192.0.2.2/32', '192.0.2.2'];
    const restricted = {
      ...service('web', { type: 'LoadBalancer', loadBalancerSourceRanges }),
      status: { loadBalancer: { ingress: [{ ip: '172.20.0.1' }] } },
    };
    const { balanced } = serviceRules(restricted, [endpointSlice('web', ['10.244.0.5'])], node);
    const sources = balanced.filter(({ set }) => set === 'sources4').map(({ key }) => key.split(' . ').at(-1));
    expect(sources).toEqual(['10.0.0.0/8', '192.0.2.2']);
  });

  it('whose author claims what was given to another does not get it', () => {
    const table = new NftTable(definitionOf('t'));
    const state = new ProxyState(table, node);
    const balanced = service('m', { clusterIP: '10.96.0.11', type: 'LoadBalancer' });
    const thief = service('a', { clusterIP: '10.96.0.12', externalIPs: ['10.96.0.10', '172.20.0.1', '198.51.100.7'] });
    state.service('default/z', service('z'));
    state.service('default/m', { ...balanced, status: { loadBalancer: { ingress: [{ ip: '172.20.0.1' }] } } });
    state.service('default/a', thief);
    for (const [name, ip] of ['z', 'm', 'a'].map((each, index) => [each, `10.244.0.${index}`] as const)) {
      state.slice(`default/${name}`, endpointSlice(name, [ip]), undefined);
    }
    state.update();
    const script = table.change().script;
    expect(script).toContain('10.96.0.10 . tcp . 80 . 0 : 10.244.0.0 . 8080');
    expect(script).toContain('172.20.0.1 . tcp . 80 . 0 : 10.244.0.1 . 8080');
    expect(script).toContain('198.51.100.7 . tcp . 80 . 0 : 10.244.0.2 . 8080');
  });

  it('of both families has rules for each, with the endpoints of that family', () => {
    const both = service('web', { clusterIPs: ['10.96.0.10', 'fd00:10:96::10'], ipFamilies: ['IPv4', 'IPv6'] });
    const six = endpointSlice('web-6', ['fd00:10:244::5'], { addressType: 'IPv6' });
    const { elements } = serviceRules(both, [endpointSlice('web', ['10.244.0.5']), six], node);
    const targets = elements.filter(({ value }) => value.endsWith(' . 8080')).map(({ key, value }) => [key, value]);
    expect(targets).toEqual([
      ['10.96.0.10 . tcp . 80 . 0', '10.244.0.5 . 8080'],
      ['fd00:10:96::10 . tcp . 80 . 0', 'fd00:10:244::5 . 8080'],
    ]);
    expect(elements.filter(({ key }) => key.startsWith('fd00')).every(({ set }) => set.includes('6'))).toBe(true);
  });

  it.each([
    ['of another proxy', { 'service.kubernetes.io/service-proxy-name': 'other' }],
    ['labelled headless, though it has an address,', { 'service.kubernetes.io/headless': '' }],
  ])('%s is left alone', (_which, labels) => {
    const other = service('web');
    expect(serviceRules({ ...other, metadata: { ...other.metadata, labels } }, [], node).elements).toEqual([]);
  });
});
