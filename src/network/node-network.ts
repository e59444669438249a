/**
 * Several nodes on one machine: each further node has a network namespace of its own on an underlay bridge, as
 * if it were a machine on a switch. The first node lives in the machine's own namespace, at the bridge's address.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { runOrThrow, type CommandRunner } from './command.ts';
import { mountPoints } from './netns.ts';

export interface UnderlayOptions {
  /** In the machine's own namespace. */
  readonly run: CommandRunner;
  /** Name of the bridge, at most 15 characters. */
  readonly bridge: string;
  /** Address of the first node and its prefix, such as 172.31.0.1/24. */
  readonly address: string;
  /** nftables table for the way out of the underlay. */
  readonly table: string;
}

export interface NodeLinkOptions {
  readonly bridge: string;
  /** File that holds the namespace, such as /run/coracle/NAME/nodes/two.net. */
  readonly path: string;
  /** The machine's end of the link, at most 15 characters. */
  readonly link: string;
  /** Such as 172.31.0.2/24. */
  readonly address: string;
  /** The first node's, without prefix. */
  readonly gateway: string;
}

export class Underlay {
  readonly #options: UnderlayOptions;

  constructor(options: UnderlayOptions) {
    this.#options = options;
  }

  /** Makes the bridge, and lets nodes behind it reach the outside. Idempotent. */
  async ensure(): Promise<void> {
    const { run, bridge, address, table } = this.#options;
    const exists = (await run('ip', ['link', 'show', 'dev', bridge])).code === 0;
    const lines = [
      ...(exists ? [] : [`link add ${bridge} type bridge`]),
      `addr replace ${address} dev ${bridge}`,
      `link set ${bridge} up`,
    ];
    await runOrThrow(run, 'ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
    await runOrThrow(run, 'sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    const rules = `add table inet ${table}
delete table inet ${table}
table inet ${table} {
  chain leave {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${address} oifname != "${bridge}" masquerade
  }
}
`;
    await runOrThrow(run, 'nft', ['-f', '-'], { input: rules });
  }

  async remove(): Promise<void> {
    const { run, bridge, table } = this.#options;
    await run('nft', ['-f', '-'], { input: `add table inet ${table}\ndelete table inet ${table}\n` });
    await run('ip', ['link', 'del', 'dev', bridge]);
  }

  /** Makes the node's namespace and its link. Does nothing when it is there, but for switching the link on. */
  async addNode(node: NodeLinkOptions): Promise<void> {
    const { run } = this.#options;
    if (!mountPoints().has(node.path)) {
      mkdirSync(dirname(node.path), { recursive: true });
      writeFileSync(node.path, '', { flag: 'a' });
      await runOrThrow(run, 'unshare', [`--net=${node.path}`, '--', 'true']);
    }
    await runOrThrow(run, 'sh', ['-ec', linkScript(node)]);
  }

  /** The namespace goes once the last process in it has ended. */
  async removeNode(node: Pick<NodeLinkOptions, 'path' | 'link'>): Promise<void> {
    const { run } = this.#options;
    await run('ip', ['link', 'del', 'dev', node.link]);
    if (mountPoints().has(node.path)) await runOrThrow(run, 'umount', ['-l', node.path]);
    rmSync(node.path, { force: true });
  }

  /** Pulls the node's cable, or plugs it in again. */
  async setConnected(link: string, connected: boolean): Promise<void> {
    await runOrThrow(this.#options.run, 'ip', ['link', 'set', link, connected ? 'up' : 'down']);
  }

  /** Whether its cable is plugged in; undefined when there is no such link. */
  async isConnected(link: string): Promise<boolean | undefined> {
    const shown = await this.#options.run('ip', ['-j', 'link', 'show', 'dev', link]);
    if (shown.code !== 0) return undefined;
    const [{ flags } = { flags: [] }] = JSON.parse(shown.stdout) as readonly { readonly flags: readonly string[] }[];
    return flags.includes('UP');
  }
}

function linkScript({ bridge, path, link, address, gateway }: NodeLinkOptions): string {
  const inside = `nsenter --net='${path}' --`;
  return `
if ! ip link show dev ${link} >/dev/null 2>&1; then
  ip link add ${link} type veth peer name eth0 netns '${path}'
fi
ip link set ${link} master ${bridge} up
${inside} ip -batch - <<EOF
link set lo up
addr replace ${address} dev eth0
link set eth0 up
route replace default via ${gateway}
EOF
${inside} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'`;
}
