/**
 * The pods' side of a node's network: one bridge that owns the first address of each pod range, one veth
 * pair per pod, hairpin so that a pod reaches itself through a Service, and a default route to the bridge.
 */
import { writeFileSync } from 'node:fs';
import { codeOf } from '../base/errors.ts';
import { AddressPool, macOf, type Range } from './addresses.ts';
import { type CommandRunner, runOrThrow } from './command.ts';

export interface PodNetworkOptions {
  readonly run: CommandRunner;
  /** At most 6 characters, unique per node on this machine: names of links start with it. */
  readonly linkPrefix: string;
  /** The node's pod ranges, the primary one first. */
  readonly podCidrs: readonly string[];
  /** At most so many addresses of each range; the others are somebody else's to give. */
  readonly most?: number;
  /** Bytes; the bridge's and the pods'. 1500 when absent. */
  readonly mtu?: number;
}

export interface PodLink {
  /** Name of the host's end. */
  readonly hostLink: string;
  readonly addresses: readonly string[];
  /** Lines for `ip -batch` inside the pod's namespace; `hostNamespace` is a pid or a name that `ip` knows. */
  inside(hostNamespace: string): readonly string[];
  /** Lines for `ip -batch` in the node's namespace, afterwards. */
  readonly outside: readonly string[];
}

/** Linux allows 15 characters. */
const maxLinkName = 15;

export class PodNetwork {
  readonly bridge: string;
  readonly mtu: number;
  readonly #run: CommandRunner;
  readonly #prefix: string;
  readonly #pools: readonly AddressPool[];

  constructor(options: PodNetworkOptions) {
    if (!/^[a-z][a-z0-9-]{0,5}$/.test(options.linkPrefix)) {
      throw new RangeError(`linkPrefix ${JSON.stringify(options.linkPrefix)}: 1 to 6 of a-z, 0-9 and -`);
    }
    this.#run = options.run;
    this.#prefix = options.linkPrefix;
    this.bridge = `${options.linkPrefix}-br`;
    this.mtu = options.mtu ?? 1500;
    this.#pools = options.podCidrs.map((cidr) => new AddressPool(cidr, options.most));
  }

  get ranges(): readonly Range[] {
    return this.#pools.map((pool) => pool.range);
  }

  /** Creates the bridge, or brings the one that is there into shape. Idempotent. */
  async ensure(): Promise<void> {
    const { bridge, mtu } = this;
    const first = this.ranges[0];
    const exists = (await this.#run('ip', ['link', 'show', 'dev', bridge])).code === 0;
    const lines = [
      ...(exists ? [] : [`link add ${bridge} type bridge`]),
      `link set ${bridge} mtu ${mtu}${first === undefined ? '' : ` address ${macOf(first.gateway)}`}`,
      ...this.ranges.map((range) => {
        const extra = range.version === 6 ? ' nodad' : '';
        return `addr replace ${range.gateway}/${range.prefixLength} dev ${bridge}${extra}`;
      }),
      `link set ${bridge} up`,
    ];
    await runOrThrow(this.#run, 'ip', ['-batch', '-'], { input: lines.join('\n') });
    if (this.ranges.some((range) => range.version === 4)) writeSetting('net/ipv4/ip_forward', '1');
    if (this.ranges.some((range) => range.version === 6)) writeSetting('net/ipv6/conf/all/forwarding', '1');
    // Without it, traffic of two pods on this bridge through a Service isn't translated back.
    writeSetting('net/bridge/bridge-nf-call-iptables', '1');
    writeSetting('net/bridge/bridge-nf-call-ip6tables', '1');
  }

  /** Takes the bridge away; pods that are still there lose their network. */
  async remove(): Promise<void> {
    await this.#run('ip', ['link', 'del', 'dev', this.bridge]);
  }

  /** One address of each range. Throws AddressesExhaustedError. */
  allocate(): readonly string[] {
    const taken: string[] = [];
    try {
      for (const pool of this.#pools) taken.push(pool.allocate());
      return taken;
    } catch (error) {
      this.release(taken);
      throw error;
    }
  }

  /** After a restart: these are in use. */
  reserve(addresses: readonly string[]): void {
    for (const [index, address] of addresses.entries()) this.#pools[index]?.reserve(address);
  }

  release(addresses: readonly string[]): void {
    for (const [index, address] of addresses.entries()) this.#pools[index]?.release(address);
  }

  /** Makes pods' addresses the node's own, for pods whose programs run in the node's network. Idempotent. */
  async hold(addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return;
    const lines = addresses.map((address) => `addr replace ${withFullPrefix(address)} dev ${this.bridge}`);
    await runOrThrow(this.#run, 'ip', ['-batch', '-'], { input: lines.join('\n') });
  }

  /** Takes them away again; what is not there is fine. */
  async letGo(addresses: readonly string[]): Promise<void> {
    for (const address of addresses)
      await this.#run('ip', ['addr', 'del', withFullPrefix(address), 'dev', this.bridge]);
  }

  /** What connects a pod. `key`: at least 8 characters that are unique to the pod. */
  link(key: string, addresses: readonly string[]): PodLink {
    const hostLink = `${this.#prefix}-${key.slice(0, 8)}`.slice(0, maxLinkName);
    const mac = addresses[0] === undefined ? '' : ` address ${macOf(addresses[0])}`;
    return {
      hostLink,
      addresses,
      inside: (hostNamespace) => [
        'link set lo up',
        `link add eth0 mtu ${this.mtu}${mac} type veth peer name ${hostLink} mtu ${this.mtu} netns ${hostNamespace}`,
        ...addresses.map((address, index) => {
          const range = this.ranges[index];
          return `addr add ${address}/${range?.prefixLength ?? 32} dev eth0${range?.version === 6 ? ' nodad' : ''}`;
        }),
        'link set eth0 up',
        ...this.ranges.map((range) => `route add default via ${range.gateway} dev eth0`),
      ],
      outside: [`link set ${hostLink} master ${this.bridge} up`, `link set ${hostLink} type bridge_slave hairpin on`],
    };
  }
}

function withFullPrefix(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

function writeSetting(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${name}`, value);
  } catch (error) {
    // The bridge module may be without netfilter, the kernel without IPv6: nothing to switch on there.
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
