/** What the node's kernel must be told once for Services to work. Checked again now and then; cheap. */
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { CommandRunner } from '../network/command.ts';

export interface NodeSetupOptions {
  readonly run: CommandRunner;
  readonly log: Logger;
  /** Bridge that pods are on, such as `coracle0`. */
  readonly bridge: string;
  /** CIDRs of cluster addresses. */
  readonly serviceCidrs: readonly string[];
}

const settings: readonly (readonly [path: string, value: string, why: string])[] = [
  ['net/ipv4/ip_forward', '1', 'pods reach nothing outside their node'],
  ['net/ipv4/conf/all/route_localnet', '1', 'node ports do not answer on 127.0.0.1'],
  ['net/bridge/bridge-nf-call-iptables', '1', 'pods may miss Services whose endpoint is on the same node'],
  ['net/ipv4/conf/all/send_redirects', '0', 'pods are told to look for cluster addresses on their own link'],
];

/** Where Services have IPv6 addresses, too. */
const settings6: typeof settings = [
  ['net/ipv6/conf/all/forwarding', '1', 'pods reach nothing outside their node over IPv6'],
  ['net/bridge/bridge-nf-call-ip6tables', '1', 'pods may miss IPv6 Services whose endpoint is on the same node'],
];

/**
 * Sets the sysctls, and a route to the cluster addresses over the bridge, so that the host reaches them even
 * without a default route. Resolves to whether all is in place; what failed is logged once.
 */
export function createNodeSetup(options: NodeSetupOptions): () => Promise<boolean> {
  const { run, log, bridge, serviceCidrs } = options;
  const told = new Set<string>();
  const tell = (about: string, why: string, error: unknown): void => {
    if (told.has(about)) return;
    told.add(about);
    log.warn(`could not set ${about}: ${why}`, { error: messageOf(error) });
  };

  let sysctlsSet = false;
  /** Through the runner, since /proc/sys/net shows the network namespace of whoever looks. */
  const setSysctls = async (): Promise<boolean> => {
    if (sysctlsSet) return true;
    const wanted = serviceCidrs.some((cidr) => cidr.includes(':')) ? [...settings, ...settings6] : settings;
    for (const [path, value, why] of wanted) {
      const file = `/proc/sys/${path}`;
      const script = `[ -e ${file} ] || modprobe -q br_netfilter; [ "$(cat ${file})" = ${value} ] || echo ${value} > ${file}`;
      const { code, stderr } = await run('sh', ['-c', script]);
      if (code !== 0) tell(path, why, stderr.trim());
    }
    sysctlsSet = true;
    return true;
  };

  const setRoute = async (cidr: string): Promise<boolean> => {
    const family = cidr.includes(':') ? '-6' : '-4';
    const present = await run('ip', [family, 'route', 'show', cidr, 'dev', bridge]);
    if (present.code === 0 && present.stdout.trim() !== '') return true;
    // Before the first pod there is no bridge, and then nobody to reach either.
    if (present.code !== 0) return false;
    // Packets to cluster addresses leave by the link they came from until they are translated.
    await run('sh', ['-c', `echo 0 > /proc/sys/net/ipv4/conf/${bridge}/send_redirects`]);
    const added = await run('ip', [family, 'route', 'replace', cidr, 'dev', bridge]);
    if (added.code !== 0) tell(`the route to ${cidr}`, 'the host may not reach cluster addresses', added.stderr.trim());
    return added.code === 0;
  };

  return async () => {
    let whole = await setSysctls();
    for (const cidr of serviceCidrs) whole = (await setRoute(cidr)) && whole;
    return whole;
  };
}
