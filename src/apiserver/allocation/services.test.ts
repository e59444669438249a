import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { Service } from '../../api/core/service.ts';
import { MemoryJournal } from '../../store/journal/memory.ts';
import { openStore } from '../../store/open-store.ts';
import type { Registry, Target, WriteContext } from '../registry/context.ts';
import { createObject } from '../registry/create.ts';
import { deleteObject } from '../registry/delete.ts';
import { decodeKind } from '../registry/draft.ts';
import { IPAddress } from '../../api/networking/ip-address.ts';
import { Resources } from '../registry/resources.ts';
import { updateObject } from '../registry/update.ts';
import { serviceAllocation } from './services.ts';

const context: WriteContext = {
  user: { username: 'test', groups: [] },
  dryRun: false,
  fieldManager: 'test',
  userAgent: '',
  fieldValidation: 'Strict',
  warn: () => {},
};

interface Stored {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ipFamilies?: readonly string[];
    readonly ports?: readonly { readonly nodePort?: number }[];
  };
}

async function begin(cidr = '10.96.0.0/24') {
  const store = await openStore({ journal: new MemoryJournal(), clock: systemClock });
  const random = seededRandom(7);
  const resources = new Resources([Service, IPAddress]);
  const allocation = serviceAllocation({ store, clock: systemClock, random, cidr, nodePorts: [30_000, 30_003] });
  const registry: Registry = {
    store,
    resources,
    clock: systemClock,
    random,
    admission: [],
    preparations: new Map([['/services', allocation]]),
  };
  const resource = resources.of(Service);
  const target = (name: string): Target => ({ resource, namespace: 'default', name, subresource: '' });
  const draft = (name: string, spec: object) =>
    decodeKind(Service, { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } }, [], context);
  return {
    store,
    create: async (name: string, spec: object = {}) =>
      (await createObject(registry, target(''), draft(name, spec), context)).value as Stored,
    update: async (name: string, spec: object) =>
      (
        await updateObject(registry, target(name), context, {
          next: () => draft(name, spec),
          merged: false,
          createAbsent: false,
        })
      ).snapshot.value as Stored,
    remove: (name: string) => deleteObject(registry, target(name), {}, context),
    address: (name: string) => store.get(`networking.k8s.io/ipaddresses/${name}`)?.value,
  };
}

test('a service gets an address of the range, and an IPAddress that names it', async () => {
  const { create, address } = await begin();
  const { spec } = await create('web');
  expect(spec.clusterIP).toMatch(/^10\.96\.0\.\d+$/);
  expect(spec.clusterIPs).toEqual([spec.clusterIP]);
  expect(spec.ipFamilies).toEqual(['IPv4']);
  expect(address(spec.clusterIP ?? '')).toMatchObject({
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
  });
});

test('many at once: none gets what another has', async () => {
  const { create } = await begin();
  const all = await Promise.all(Array.from({ length: 60 }, (_, index) => create(`web-${index}`)));
  expect(new Set(all.map(({ spec }) => spec.clusterIP)).size).toBe(60);
});

test('an address that is asked for is given once, and again when it is free', async () => {
  const { create, remove } = await begin();
  await create('first', { clusterIP: '10.96.0.10' });
  await expect(create('second', { clusterIP: '10.96.0.10' })).rejects.toThrow(
    'Service "second" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: ' +
      'failed to allocate IP 10.96.0.10: provided IP is already allocated',
  );
  await remove('first');
  expect((await create('third', { clusterIP: '10.96.0.10' })).spec.clusterIP).toBe('10.96.0.10');
  await expect(create('outside', { clusterIP: '10.97.0.1' })).rejects.toThrow('is not in the valid range');
});

test('an address does not change once it is set, to one outside the range neither', async () => {
  const { create, update } = await begin();
  await create('settled', { clusterIP: '10.96.0.10' });
  for (const clusterIP of ['10.96.0.11', '10.97.0.1']) {
    await expect(update('settled', { clusterIP, clusterIPs: [clusterIP] })).rejects.toThrow(
      `Service "settled" is invalid: spec.clusterIPs[0]: Invalid value: ["${clusterIP}"]: may not change once set`,
    );
  }
});

test('headless services have no address', async () => {
  const { create } = await begin();
  const { spec } = await create('headless', { clusterIP: 'None', selector: { a: 'b' } });
  expect([spec.clusterIP, spec.ipFamilies]).toEqual(['None', ['IPv4']]);
});

test.each([
  [{ ipFamilies: ['IPv6'] }, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
  [
    { ipFamilyPolicy: 'RequireDualStack' },
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  ],
  [{ clusterIP: 'fd00:10:96::10' }, 'spec.clusterIPs'],
  [{ clusterIP: 'None', selector: { a: 'b' }, ipFamilies: ['IPv6'] }, 'not configured on this cluster'],
])('what a cluster of IPv4 cannot give is refused with its reason: %j', async (spec, sentence) => {
  const { create } = await begin();
  await expect(create('six', spec)).rejects.toThrow(sentence);
});

test('who would like both families gets the one that there is', async () => {
  const { create } = await begin();
  const { spec } = await create('web', { ipFamilyPolicy: 'PreferDualStack' });
  expect([spec.ipFamilies, spec.clusterIPs]).toEqual([['IPv4'], [spec.clusterIP]]);
});

test('node ports: given, kept over updates, given back with the type, never twice', async () => {
  const { create, update } = await begin();
  const { spec } = await create('web', { type: 'NodePort' });
  const port = spec.ports?.[0]?.nodePort ?? 0;
  expect(port).toBeGreaterThanOrEqual(30_000);
  const kept = await update('web', { type: 'NodePort', ports: [{ port: 80, targetPort: 8080 }] });
  expect(kept.spec.ports?.[0]?.nodePort).toBe(port);
  expect(kept.spec.clusterIP).toBe(spec.clusterIP);
  await expect(create('rival', { type: 'NodePort', ports: [{ port: 80, nodePort: port }] })).rejects.toThrow(
    `spec.ports[0].nodePort: Invalid value: ${port}: provided port is already allocated`,
  );
  await expect(create('low', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] })).rejects.toThrow(
    'provided port is not in the valid range. The range of valid ports is 30000-30003',
  );
  const plain = await update('web', { type: 'ClusterIP' });
  expect(plain.spec.ports?.[0]?.nodePort).toBeUndefined();
  const next = await create('rival', { type: 'NodePort', ports: [{ port: 80, nodePort: port }] });
  expect(next.spec.ports?.[0]?.nodePort).toBe(port);
});

test.each([
  [{ ipFamilies: ['IPv4', 'IPv6'] }, "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families"],
  [{ clusterIP: 'foo' }, 'spec.clusterIPs[0]: Invalid value: "foo": must be a valid IP address'],
  [{ clusterIP: '10.96.0.3', clusterIPs: ['10.96.0.4'] }, 'first value must match `clusterIP`'],
  [{ clusterIPs: ['fd00::3'], clusterIP: 'fd00::3' }, 'IPv6 is not configured on this cluster'],
])('what contradicts itself is refused, not settled in silence: %j', async (spec, sentence) => {
  const { create } = await begin();
  await expect(create('odd', spec)).rejects.toThrow(sentence);
});

test('node ports that a load balancer names are its own, also when it wants no others', async () => {
  const { create } = await begin();
  const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false };
  await create('quiet', { ...spec, ports: [{ port: 80, nodePort: 30_001 }] });
  await expect(create('rival', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_001 }] })).rejects.toThrow(
    'provided port is already allocated',
  );
  expect((await create('none', spec)).spec.ports?.[0]?.nodePort).toBeUndefined();
});

test('a health-check port is none of the node ports', async () => {
  const { create } = await begin();
  const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30_001 };
  await expect(create('both', { ...spec, ports: [{ port: 80, nodePort: 30_001 }] })).rejects.toThrow(
    'failed to allocate requested HealthCheck NodePort 30001: provided port is already allocated',
  );
});

test('a range that is used up says so', async () => {
  const { create } = await begin('10.96.0.0/30');
  await create('one');
  await create('two');
  await expect(create('three')).rejects.toThrow('failed to allocate a serviceIP: range is full');
});
