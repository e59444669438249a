/** NetworkPolicies through a real kernel: pods on one bridge and somebody outside. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Namespace } from '../api/core/namespace.ts';
import type { Pod } from '../api/core/pod.ts';
import type { NetworkPolicy, NetworkPolicySpec } from '../api/networking/network-policy.ts';
import { systemClock } from '../base/clock.ts';
import { Lab, type LabNamespace } from '../network/lab.ts';
import { createNft, type Nft } from '../network/nft.ts';
import { PolicyState } from './policy-state.ts';

const lab = new Lab();
let node: LabNamespace;
let outside: LabNamespace;
let nft: Nft;
const spaces = new Map<string, LabNamespace>();
const ips: Readonly<Record<string, string>> = { web: '10.244.0.11', friend: '10.244.0.12', stranger: '10.244.0.13' };
const state = new PolicyState('coracle-test-policy', 'one');

const meta = (name: string, namespace: string) => ({
  name,
  namespace,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
});

function pod(name: string, namespace = 'default'): Pod {
  return {
    metadata: { ...meta(name, namespace), labels: { app: name } },
    spec: { nodeName: 'one', containers: [{ name: 'a', ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: { phase: 'Running', podIPs: [{ ip: ips[name] ?? '' }] },
  };
}

const namespaces = ['default', 'other'].map((name): Namespace => ({
  metadata: { ...meta(name, ''), labels: { team: name } },
}));
const pods = [pod('web'), pod('friend'), pod('stranger', 'other')];

async function enforce(...specs: readonly NetworkPolicySpec[]): Promise<void> {
  const policies = specs.map((spec, at): NetworkPolicy => ({ metadata: meta(`policy-${at}`, 'default'), spec }));
  state.update({ policies, pods, namespaces });
  const change = state.table.change();
  await nft.apply(change.script);
  change.commit();
}

const reach = async (from: LabNamespace, to: string): Promise<boolean> =>
  (await from.try(`busybox nc -w 1 ${to.replace(':', ' ')} </dev/null`)).stdout === 'hello';
const web = { matchLabels: { app: 'web' } };
const friendReaches = (): Promise<boolean> => reach(spaces.get('friend')!, '10.244.0.11:8080');
const strangerReaches = (): Promise<boolean> => reach(spaces.get('stranger')!, '10.244.0.11:8080');

beforeAll(async () => {
  node = await lab.namespace();
  outside = await lab.namespace();
  nft = createNft(node.run);
  await node.sh(`
    ip link add cb0 type bridge && ip addr add 10.244.0.1/24 dev cb0 && ip link set cb0 up
    echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
    ip link add up0 type veth peer name eth0 netns ${outside.pid}
    ip addr add 172.30.0.1/24 dev up0 && ip link set up0 up`);
  await outside.sh('ip addr add 172.30.0.2/24 dev eth0 && ip link set eth0 up && ip route add default via 172.30.0.1');
  const script =
    'const s = p => require("net").createServer(c => c.on("error", () => {}).end("hello")).listen(p, "0.0.0.0"); s(8080); s(9090)';
  const serve = (space: LabNamespace): Promise<void> =>
    space.serve(`${process.execPath} -e '${script}'`, 'busybox netstat -tln | grep -q 9090');
  for (const [name, ip] of Object.entries(ips)) spaces.set(name, await lab.pod(node, 'cb0', ip, '10.244.0.1'));
  await Promise.all([...spaces.values(), outside].map(serve));
});

beforeEach(() => enforce());
afterAll(() => lab.close());

describe('into a pod', () => {
  it('everybody may come while no policy selects it', async () => {
    expect([await friendReaches(), await strangerReaches(), await reach(outside, '10.244.0.11:8080')]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('nobody may under default deny, but its node, and other pods are as before', async () => {
    await enforce({ podSelector: web, policyTypes: ['Ingress'] });
    expect([await friendReaches(), await reach(outside, '10.244.0.11:8080')]).toEqual([false, false]);
    expect(await reach(node, '10.244.0.11:8080')).toBe(true);
    expect(await reach(spaces.get('stranger')!, '10.244.0.12:8080')).toBe(true);
    expect(await reach(spaces.get('web')!, '10.244.0.12:8080')).toBe(true);
  });

  it('those may whom a rule names, to the ports it names', async () => {
    await enforce({
      podSelector: web,
      ingress: [
        { from: [{ podSelector: { matchLabels: { app: 'friend' } } }], ports: [{ port: 8080, protocol: 'TCP' }] },
      ],
    });
    expect([await friendReaches(), await strangerReaches()]).toEqual([true, false]);
    expect(await reach(spaces.get('friend')!, '10.244.0.11:9090')).toBe(false);
  });

  it('a pod selector alone means the namespace of the policy; with a namespace selector, those namespaces', async () => {
    await enforce({ podSelector: web, ingress: [{ from: [{ podSelector: {} }] }] });
    expect([await friendReaches(), await strangerReaches()]).toEqual([true, false]);
    await enforce({
      podSelector: web,
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'other' } } }] }],
    });
    expect([await friendReaches(), await strangerReaches()]).toEqual([false, true]);
  });

  it('blocks of addresses count with their exceptions', async () => {
    await enforce({
      podSelector: web,
      ingress: [{ from: [{ ipBlock: { cidr: '10.244.0.0/24', except: ['10.244.0.13/32'] } }] }],
    });
    expect([await friendReaches(), await strangerReaches(), await reach(outside, '10.244.0.11:8080')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('ports may be named or a range, and several policies add up', async () => {
    await enforce(
      { podSelector: web, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'http', protocol: 'TCP' }] }] },
      {
        podSelector: web,
        ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 9000, endPort: 9100, protocol: 'TCP' }] }],
      },
    );
    expect([await friendReaches(), await strangerReaches()]).toEqual([true, false]);
    expect(await reach(spaces.get('stranger')!, '10.244.0.11:9090')).toBe(true);
  });
});

describe('out of a pod', () => {
  it('only where a rule allows, by address or by the name of a port', async () => {
    await enforce({
      podSelector: web,
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '172.30.0.0/16' } }] }, { ports: [{ port: 'http', protocol: 'TCP' }] }],
    });
    expect(await reach(spaces.get('web')!, '172.30.0.2:9090')).toBe(true);
    expect(await reach(spaces.get('web')!, '10.244.0.12:8080')).toBe(true);
    expect(await reach(spaces.get('web')!, '10.244.0.12:9090')).toBe(false);
    expect(await friendReaches()).toBe(true);
  });
});

describe('changes', () => {
  it('are small: a pod that comes is one element more', async () => {
    await enforce({ podSelector: web, ingress: [{ from: [{ podSelector: {} }] }] });
    const extra: Pod = {
      ...pod('friend'),
      metadata: { ...meta('late', 'default'), labels: {} },
      status: { phase: 'Running', podIPs: [{ ip: '10.244.1.9' }] },
    };
    const policies: NetworkPolicy[] = [
      { metadata: meta('policy-0', 'default'), spec: { podSelector: web, ingress: [{ from: [{ podSelector: {} }] }] } },
    ];
    state.update({ policies, pods: [...pods, extra], namespaces });
    const change = state.table.change();
    expect(change.script).toMatch(/^add element inet coracle-test-policy pods-[0-9a-f]{16}-4 \{ 10\.244\.1\.9 \}\n$/);
    change.rollback();
  });

  it('do not cut connections that are there', async () => {
    const script = `const c = require("net").connect(7070, "10.244.0.11"); c.on("data", d => { console.log(String(d)); process.exit(0); }); setTimeout(() => process.exit(1), 3000)`;
    await spaces
      .get('web')!
      .serve(
        `${process.execPath} -e 'require("net").createServer(c => setTimeout(() => c.end("late"), 1000)).listen(7070)'`,
        'busybox netstat -tln | grep -q 7070',
      );
    const answer = spaces.get('friend')!.try(`${process.execPath} -e '${script}'`);
    await systemClock.sleep(500);
    await enforce({ podSelector: web, policyTypes: ['Ingress'] });
    expect((await answer).stdout).toBe('late');
    expect(await friendReaches()).toBe(false);
  });

  it('by others are found and put right', async () => {
    await enforce({ podSelector: web, policyTypes: ['Ingress'] });
    expect(await state.table.verify(nft)).toBe(false);
    await node.sh('nft flush ruleset');
    expect(await state.table.verify(nft)).toBe(true);
    await enforce({ podSelector: web, policyTypes: ['Ingress'] });
    expect(await friendReaches()).toBe(false);
  });
});
