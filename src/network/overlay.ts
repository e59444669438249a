/**
 * Pods' ranges of other nodes: over VXLAN, or by plain routes where nodes share a link.
 *
 * With VXLAN each node has one device, whose address is the first of the node's pod range (10.244.1.0) and whose
 * MAC follows from that address. So a node can work out everything about another from its address and range, and
 * nothing has to be exchanged: per node a route, a neighbour and a forwarding entry.
 *
 *     10.244.2.0/24 via 10.244.2.0 dev cor0-vx onlink         what is for those pods goes to that device
 *     10.244.2.0 lladdr 0a:58:0a:f4:02:00                      which has this MAC
 *     0a:58:0a:f4:02:00 dst 192.0.2.12                         and is reached at that node
 */
import { macOf } from './addresses.ts';
import { formatAddress, formatCidr, parseCidr } from './cidr.ts';
import { runOrThrow, type CommandRunner } from './command.ts';

export type Backend = 'vxlan' | 'routes';

/** Another node. */
export interface Peer {
  readonly address: string;
  readonly podCidr: string;
}

export interface OverlayOptions {
  readonly run: CommandRunner;
  readonly backend: Backend;
  /** Name of the VXLAN device: at most 15 characters, unique on the machine. */
  readonly device: string;
  /** Tells clusters on one link apart: 24 bits. */
  readonly vni: number;
  /** UDP port; Linux' own default is 8472. */
  readonly port?: number;
  /** This node's address, on the link to the others. */
  readonly address: string;
  readonly podCidr: string;
}

/** What the kernel has of ours. Each entry as it is written in `ip` and `bridge` commands. */
export interface OverlayState {
  readonly routes: ReadonlySet<string>;
  readonly neighbours: ReadonlySet<string>;
  readonly forwards: ReadonlySet<string>;
}

/** Bytes that VXLAN over IPv4 adds to each packet. */
const vxlanOverhead = 50;
const defaultPort = 8472;
/** Marks routes as ours in the kernel's table, where `proto static` are people's. */
const routeProtocol = '117';

/** What pods' packets may be long, so that they fit through the link between nodes. */
export function podMtu(backend: Backend, linkMtu: number): number {
  return backend === 'vxlan' ? linkMtu - vxlanOverhead : linkMtu;
}

/** What should be there for these nodes. Pure. Nodes without an IPv4 address and range are left out. */
export function overlayFor(
  { backend, device }: Pick<OverlayOptions, 'backend' | 'device'>,
  peers: readonly Peer[],
): OverlayState {
  const routes = new Set<string>();
  const neighbours = new Set<string>();
  const forwards = new Set<string>();
  for (const { address, podCidr } of peers) {
    const range = parseCidr(podCidr);
    if (range?.family !== 4 || parseCidr(address)?.family !== 4) continue;
    const first = formatAddress(4, range.base);
    if (backend === 'routes') {
      routes.add(`${formatCidr(range)} via ${address}`);
      continue;
    }
    routes.add(`${formatCidr(range)} via ${first} dev ${device} onlink`);
    neighbours.add(`${first} lladdr ${macOf(first)} dev ${device}`);
    forwards.add(`${macOf(first)} dev ${device} dst ${address}`);
  }
  return { routes, neighbours, forwards };
}

interface OverlayChange {
  /** Lines for `ip -batch`. */
  readonly ip: readonly string[];
  /** Lines for `bridge -batch`. */
  readonly bridge: readonly string[];
}

/** From what is there to what should be. Pure. */
export function overlayChange(present: OverlayState, wanted: OverlayState): OverlayChange {
  const added = (a: ReadonlySet<string>, b: ReadonlySet<string>): readonly string[] =>
    [...b].filter((each) => !a.has(each));
  // A MAC whose node moved is replaced, not removed.
  const kept = new Set([...wanted.forwards].map((each) => each.split(' ')[0]));
  return {
    ip: [
      ...added(wanted.routes, present.routes).map((route) => `route del ${route} proto ${routeProtocol}`),
      ...added(present.routes, wanted.routes).map((route) => `route replace ${route} proto ${routeProtocol}`),
      ...added(wanted.neighbours, present.neighbours).map((neighbour) => `neigh del ${neighbour}`),
      ...added(present.neighbours, wanted.neighbours).map((neighbour) => `neigh replace ${neighbour} nud permanent`),
    ],
    bridge: [
      ...added(wanted.forwards, present.forwards)
        .filter((forward) => !kept.has(forward.split(' ')[0]))
        .map((forward) => `fdb del ${forward}`),
      ...added(present.forwards, wanted.forwards).map((forward) => `fdb replace ${forward}`),
    ],
  };
}

export class Overlay {
  readonly #options: OverlayOptions;
  readonly #run: CommandRunner;

  constructor(options: OverlayOptions) {
    this.#options = options;
    this.#run = options.run;
  }

  /** Makes the device when it is missing, or replaces one with other settings, then brings routes in line. */
  async apply(peers: readonly Peer[]): Promise<void> {
    if (this.#options.backend === 'vxlan') await this.#ensureDevice();
    const change = overlayChange(await this.#read(), overlayFor(this.#options, peers));
    if (change.ip.length > 0)
      await runOrThrow(this.#run, 'ip', ['-batch', '-'], { input: `${change.ip.join('\n')}\n` });
    if (change.bridge.length > 0)
      await runOrThrow(this.#run, 'bridge', ['-batch', '-'], { input: `${change.bridge.join('\n')}\n` });
  }

  /** Takes everything away. */
  async remove(): Promise<void> {
    await this.#run('ip', ['route', 'flush', 'proto', routeProtocol]);
    await this.#run('ip', ['link', 'del', 'dev', this.#options.device]);
  }

  async #ensureDevice(): Promise<void> {
    const { device, vni, port = defaultPort, address, podCidr } = this.#options;
    const first = parseCidr(podCidr);
    if (first === undefined) throw new RangeError(`${podCidr} is no range of addresses`);
    const own = formatAddress(first.family, first.base);
    const shown = await this.#run('ip', ['-j', '-d', 'link', 'show', 'dev', device]);
    if (shown.code === 0 && isAsWanted(shown.stdout, vni, port, address)) return;
    const mtu = podMtu('vxlan', (await this.#link())?.mtu ?? 1500);
    const lines = [
      ...(shown.code === 0 ? [`link del dev ${device}`] : []),
      `link add ${device} address ${macOf(own)} mtu ${mtu} type vxlan id ${vni} local ${address} dstport ${port} nolearning`,
      `addr add ${own}/32 dev ${device}`,
      `link set ${device} up`,
    ];
    await runOrThrow(this.#run, 'ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
  }

  /** The link that has this node's address. */
  async #link(): Promise<LinkJson | undefined> {
    const links = JSON.parse(await runOrThrow(this.#run, 'ip', ['-j', 'addr'])) as readonly LinkJson[];
    return links.find(({ addr_info = [] }) => addr_info.some(({ local }) => local === this.#options.address));
  }

  async #read(): Promise<OverlayState> {
    const { device, backend } = this.#options;
    const list = async <T>(file: string, args: readonly string[]): Promise<readonly T[]> => {
      const text = await runOrThrow(this.#run, file, ['-j', ...args]);
      return text.trim() === '' ? [] : (JSON.parse(text) as readonly T[]);
    };
    const routes = await list<RouteJson>('ip', ['route', 'show', 'proto', routeProtocol]);
    // Another cluster's nodes are behind another link.
    const link = backend === 'routes' ? (await this.#link())?.ifname : device;
    const ours = routes.filter(({ dev }) => dev === link);
    const suffix = backend === 'routes' ? '' : ` dev ${device} onlink`;
    const written = new Set(ours.map(({ dst, gateway }) => `${dst} via ${gateway}${suffix}`));
    if (backend === 'routes') return { routes: written, neighbours: new Set(), forwards: new Set() };
    const neighbours = await list<NeighbourJson>('ip', ['neigh', 'show', 'dev', device, 'nud', 'permanent']);
    const forwards = await list<ForwardJson>('bridge', ['fdb', 'show', 'dev', device]);
    return {
      routes: written,
      neighbours: new Set(neighbours.map(({ dst, lladdr }) => `${dst} lladdr ${lladdr} dev ${device}`)),
      forwards: new Set(
        forwards.filter(({ dst }) => dst !== undefined).map(({ mac, dst }) => `${mac} dev ${device} dst ${dst}`),
      ),
    };
  }
}

interface LinkJson {
  readonly ifname: string;
  readonly mtu: number;
  readonly addr_info?: readonly { readonly local: string }[];
  readonly linkinfo?: {
    readonly info_data?: { readonly id?: number; readonly port?: number; readonly local?: string };
  };
}

interface RouteJson {
  readonly dst: string;
  readonly gateway: string;
  readonly dev: string;
}

interface NeighbourJson {
  readonly dst: string;
  readonly lladdr: string;
}

interface ForwardJson {
  readonly mac: string;
  readonly dst?: string;
}

function isAsWanted(text: string, vni: number, port: number, address: string): boolean {
  const [link] = JSON.parse(text) as readonly LinkJson[];
  const { id, port: used, local } = link?.linkinfo?.info_data ?? {};
  return id === vni && used === port && local === address;
}
