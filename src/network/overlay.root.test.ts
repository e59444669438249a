/** Two nodes on a link, each with a pod: their pods reach each other under their own addresses. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, type LabNamespace } from './lab.ts';
import { Overlay, podMtu, type Backend } from './overlay.ts';

const lab = new Lab();
let link: LabNamespace;
const nodes: {
  readonly space: LabNamespace;
  readonly pod: LabNamespace;
  readonly address: string;
  readonly podCidr: string;
  readonly podIp: string;
}[] = [];

beforeAll(async () => {
  link = await lab.namespace();
  await link.sh('ip link add sw0 type bridge && ip link set sw0 up');
  for (const number of [1, 2]) {
    const space = await lab.namespace();
    const address = `192.0.2.${number}`;
    await link.sh(
      `ip link add p${number} type veth peer name eth0 netns ${space.pid} && ip link set p${number} master sw0 up`,
    );
    await space.sh(`
      ip addr add ${address}/24 dev eth0 && ip link set eth0 up
      ip link add br0 type bridge && ip addr add 10.244.${number}.1/24 dev br0 && ip link set br0 up
      echo 1 > /proc/sys/net/ipv4/ip_forward`);
    const podIp = `10.244.${number}.5`;
    const pod = await lab.pod(space, 'br0', podIp, `10.244.${number}.1`);
    nodes.push({ space, pod, address, podCidr: `10.244.${number}.0/24`, podIp });
  }
});

afterAll(() => lab.close());

const overlayOf = (at: number, backend: Backend): Overlay => {
  const { space, address, podCidr } = nodes[at]!;
  return new Overlay({ run: space.run, backend, device: 'test-vx', vni: 7, address, podCidr });
};
const ping = async (from: LabNamespace, to: string, more = ''): Promise<boolean> =>
  (await from.try(`busybox ping -c 1 -W 2 ${more} ${to}`)).code === 0;

describe.each(['vxlan', 'routes'] as const)('%s', (backend) => {
  it('joins the pods of two nodes, and nodes with them', async () => {
    for (const at of [0, 1]) await overlayOf(at, backend).apply([nodes[1 - at]!]);
    const [one, two] = [nodes[0]!, nodes[1]!];
    expect(await ping(one.pod, two.podIp)).toBe(true);
    expect(await ping(two.pod, one.podIp)).toBe(true);
    expect(await ping(one.space, two.podIp)).toBe(true);
    // The largest packet that pods may send gets through (28 bytes of headers).
    expect(await ping(one.pod, two.podIp, `-s ${podMtu(backend, 1500) - 28}`)).toBe(true);
  });

  it('changes nothing when all is there, follows a node that got another address, and forgets one that left', async () => {
    const { space } = nodes[0]!;
    const state = (): Promise<string> =>
      space.sh('ip route show proto 117; ip neigh show dev test-vx nud permanent 2>/dev/null || true');
    const before = await state();
    await overlayOf(0, backend).apply([nodes[1]!]);
    expect(await state()).toBe(before);
    await overlayOf(0, backend).apply([{ ...nodes[1]!, address: '192.0.2.3' }]);
    expect(await ping(nodes[0]!.pod, nodes[1]!.podIp)).toBe(false);
    await overlayOf(0, backend).apply([]);
    expect(await state()).toBe('');
    await overlayOf(0, backend).remove();
    await overlayOf(1, backend).remove();
  });
});
