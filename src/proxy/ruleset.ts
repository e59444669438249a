/**
 * The table that carries Services, host ports and the pods' way out. Everything that grows with the number of
 * services is an element of a flat map; chains exist once per number of endpoints (`n4-3` picks one of three).
 *
 * Names: the last letter of a set or chain family is the address family, 4 or 6.
 * - services: address . protocol . port to the chain that picks; endpoints: the same key . index to the target.
 * - services-local, endpoints-local: the same for packets from outside, under externalTrafficPolicy Local.
 * - nodeports and its kin: the same without the address, for every address of the node.
 * - unserved...: who is refused (no endpoints) or dropped (Local without a local endpoint).
 * - affinity: client and service to the endpoint it had, kept by the kernel until it expires.
 *
 * Worked example, ClusterIP 10.96.0.1:443 with two endpoints, and one client that comes from a pod:
 *   services4:  10.96.0.1 . tcp . 443 : goto n4-2
 *   endpoints4-tcp: 10.96.0.1 . tcp . 443 . 0 : 10.244.0.2 . 6443, ... . 1 : 10.244.0.3 . 6443
 *   chain n4-2: marks what does not come from a pod (to be masqueraded), then
 *               dnat ip to ip daddr . meta l4proto . th dport . numgen random mod 2 map @endpoints4-tcp
 */
import type { SetDeclaration, TableDefinition } from '../network/nft-table.ts';

export type Family = 4 | 6;

/** The bit in the packet mark that says: masquerade on the way out. Upstream's own. */
const masqueradeMark = '0x4000';

const families: readonly Family[] = [4, 6];
const protocols = ['tcp', 'udp', 'sctp'];

export function definitionOf(table: string): TableDefinition {
  const sets: Record<string, SetDeclaration> = {};
  const chains: Record<string, readonly string[]> = {};
  for (const family of families) {
    Object.assign(sets, setsOf(family));
    Object.assign(chains, helperChains(family));
  }
  Object.assign(chains, sharedChains, baseChains());
  return { name: table, sets, chains, parts: pickerRules };
}

const ipOf = (family: Family): string => (family === 4 ? 'ip' : 'ip6');

/** Maps to targets come once per protocol, since nft ties a map to the protocol that its type was taken from. */
export function targetMap(name: string, family: Family, protocol: string): string {
  return `${name}${family}-${protocol}`;
}

/**
 * Ports are declared as `tcp dport` though rules look up `th dport`, which is of the same type: nft 1.0.6 refuses
 * a later rule on a map to `th dport` ("conflicting protocols specified: ip vs. th"), and adds a match on the
 * protocol to every rule that translates through a map to `tcp dport`.
 */
function setsOf(family: Family): Readonly<Record<string, SetDeclaration>> {
  const ip = ipOf(family);
  const service = `${ip} daddr . meta l4proto . tcp dport`;
  const nodePort = 'meta l4proto . tcp dport';
  const index = 'numgen random mod 65536';
  const verdicts = (key: string): SetDeclaration => ({ kind: 'map', body: `typeof ${key} : verdict;` });
  const set = (body: string): SetDeclaration => ({ kind: 'set', body: `${body};` });
  const addresses = `type ipv${family}_addr; flags interval`;
  const targets = (name: string, key: string, flags = ''): readonly [string, SetDeclaration][] =>
    protocols.map((protocol) => [
      targetMap(name, family, protocol),
      { kind: 'map', body: `typeof ${key} : ${ip} daddr . ${protocol} dport;${flags}` },
    ]);
  return {
    [`services${family}`]: verdicts(service),
    [`services-local${family}`]: verdicts(service),
    [`nodeports${family}`]: verdicts(nodePort),
    [`nodeports-local${family}`]: verdicts(nodePort),
    [`unserved${family}`]: verdicts(service),
    [`unserved-local${family}`]: verdicts(service),
    [`unserved-nodeports${family}`]: verdicts(nodePort),
    [`unserved-nodeports-local${family}`]: verdicts(nodePort),
    [`sticky${family}`]: verdicts(service),
    [`sticky-nodeports${family}`]: verdicts(nodePort),
    ...Object.fromEntries([
      ...targets('endpoints', `${service} . ${index}`),
      ...targets('endpoints-local', `${service} . ${index}`),
      ...targets('nodeport-endpoints', `${nodePort} . ${index}`),
      ...targets('nodeport-endpoints-local', `${nodePort} . ${index}`),
      ...targets('hostports', nodePort),
      ...targets('hostport-addresses', service),
      ...targets('affinity', `${ip} saddr . ${service}`, ' flags dynamic,timeout; timeout 3h; size 262144;'),
    ]),
    [`restricted${family}`]: set(`typeof ${service}`),
    [`sources${family}`]: set(`typeof ${service} . ${ip} saddr; flags interval`),
    [`hairpin${family}`]: set(`typeof ${ip} saddr . ${ip} daddr`),
    [`pods${family}`]: set(addresses),
    [`service-ranges${family}`]: set(addresses),
  };
}

/** Which map a front is in, and which one its targets are in. */
interface Side {
  readonly fronts: string;
  readonly targets: string;
  /** Whether the key has the address in front. */
  readonly address: boolean;
  /** Whether the client's address is kept even when it is not a pod's. */
  readonly preserve: boolean;
}

/** By the letter that picker chains start with. */
export const sides = {
  n: { fronts: 'services', targets: 'endpoints', address: true, preserve: false },
  l: { fronts: 'services-local', targets: 'endpoints-local', address: true, preserve: true },
  p: { fronts: 'nodeports', targets: 'nodeport-endpoints', address: false, preserve: false },
  q: { fronts: 'nodeports-local', targets: 'nodeport-endpoints-local', address: false, preserve: true },
} as const satisfies Readonly<Record<string, Side>>;
export type SideName = keyof typeof sides;

/** The chain that picks one of `count` endpoints, remembering the client's when `sticky`. */
export function pickerName(side: SideName, family: Family, count: number, sticky: boolean): string {
  return `${side}${family}-${count}${sticky ? '-sticky' : ''}`;
}

/** The chain that remembers picks for `seconds`. */
export function rememberName(family: Family, seconds: number): string {
  return `remember${family}-${seconds}`;
}

/** Rules of the chains that elements name; they follow from the name alone. */
function pickerRules(name: string): readonly string[] {
  const remember = /^remember([46])-(\d+)$/.exec(name);
  if (remember !== null) return rememberRules(Number(remember[1]) as Family, Number(remember[2]));
  const match = /^([nlpq])([46])-(\d+)(-sticky)?$/.exec(name);
  if (match === null) return [];
  const [, letter, digit, count, sticky] = match;
  const family = Number(digit) as Family;
  const side: Side = sides[letter as SideName];
  const ip = ipOf(family);
  const service = `${ip} daddr . meta l4proto . th dport`;
  const key = side.address ? service : 'meta l4proto . th dport';
  const mark = side.preserve ? [] : [`${ip} saddr != @pods${family} meta mark set meta mark or ${masqueradeMark}`];
  const picks = translations(`${key} . numgen random mod ${count}`, side.targets, family);
  if (sticky === undefined) return [...mark, ...picks];
  return [...mark, ...translations(`${ip} saddr . ${service}`, 'affinity', family), ...picks];
}

function translations(key: string, map: string, family: Family): readonly string[] {
  return protocols.map((protocol) => `dnat ${ipOf(family)} to ${key} map @${targetMap(map, family, protocol)}`);
}

/** After the destination was picked: what the client asked for is in conntrack, what it got is in the packet. */
function rememberRules(family: Family, seconds: number): readonly string[] {
  const ip = ipOf(family);
  return protocols.map(
    (protocol) =>
      `meta l4proto ${protocol} update @${targetMap('affinity', family, protocol)} { ${ip} saddr . ct original ${ip} daddr . meta l4proto . ` +
      `ct original proto-dst timeout ${seconds}s : ${ip} daddr . th dport }`,
  );
}

function helperChains(family: Family): Readonly<Record<string, readonly string[]>> {
  const ip = ipOf(family);
  const service = `${ip} daddr . meta l4proto . th dport`;
  const nodePort = 'meta l4proto . th dport';
  const outside = `${ip} saddr != @pods${family}`;
  const local = 'fib daddr type local';
  return {
    // Packets that come in from elsewhere; then what host and pods see as well.
    [`arrive${family}`]: [
      `${outside} ${service} vmap @services-local${family}`,
      `${outside} ${local} ${nodePort} vmap @nodeports-local${family}`,
      `jump dispatch${family}`,
    ],
    [`dispatch${family}`]: [
      `${service} vmap @services${family}`,
      `${local} ${nodePort} vmap @nodeports${family}`,
      ...translations(service, 'hostport-addresses', family).map((rule) => `${local} ${rule}`),
      ...translations(nodePort, 'hostports', family).map((rule) => `${local} ${rule}`),
    ],
    [`refuse-arriving${family}`]: [
      `${outside} ${service} vmap @unserved-local${family}`,
      `${outside} ${local} ${nodePort} vmap @unserved-nodeports-local${family}`,
      `jump refuse${family}`,
    ],
    // A cluster address with a port that no Service has is refused rather than sent to the outside.
    [`refuse${family}`]: [
      `${service} vmap @unserved${family}`,
      `${local} ${nodePort} vmap @unserved-nodeports${family}`,
      `${ip} daddr @service-ranges${family} goto reject-now`,
    ],
    [`restrict${family}`]: [`${service} @restricted${family} ${service} . ${ip} saddr != @sources${family} drop`],
    [`learn${family}`]: protocols.flatMap((protocol) => [
      `meta l4proto ${protocol} ct original ${ip} daddr . meta l4proto . ct original proto-dst vmap @sticky${family}`,
      `meta l4proto ${protocol} meta l4proto . ct original proto-dst vmap @sticky-nodeports${family}`,
    ]),
    [`leave${family}`]: [
      `ct status dnat meta mark and ${masqueradeMark} == ${masqueradeMark} masquerade fully-random`,
      `ct status dnat ${ip} saddr . ${ip} daddr @hairpin${family} masquerade fully-random`,
      `ct status dnat ${ip} saddr ${family === 4 ? '127.0.0.0/8' : '::1'} masquerade fully-random`,
      // Pods go out under the node's address; between pods nothing is translated.
      `${ip} saddr @pods${family} ${ip} daddr != @pods${family} ${ip} daddr != ${family === 4 ? '224.0.0.0/4' : 'ff00::/8'} masquerade fully-random`,
    ],
  };
}

const sharedChains: Readonly<Record<string, readonly string[]>> = {
  // The kernel limits the rate of ICMP errors, but not of resets.
  'reject-now': ['meta l4proto tcp reject with tcp reset', 'reject with icmpx type port-unreachable'],
  'drop-now': ['drop'],
};

/** Verdicts of the unserved maps. */
export const refusals = { reject: 'goto reject-now', drop: 'goto drop-now' } as const;

function baseChains(): Readonly<Record<string, readonly string[]>> {
  const both = (chain: string, prefix = ''): readonly string[] =>
    families.map((family) => `${prefix}meta nfproto ipv${family} jump ${chain}${family}`);
  const hook = (type: string, where: string, priority: string): string =>
    `type ${type} hook ${where} priority ${priority}; policy accept;`;
  return {
    'nat-prerouting': [hook('nat', 'prerouting', 'dstnat'), ...both('arrive')],
    'nat-output': [hook('nat', 'output', '-100'), ...both('dispatch')],
    'nat-postrouting': [hook('nat', 'postrouting', 'srcnat'), ...both('leave')],
    'learn-prerouting': [hook('filter', 'prerouting', '-95'), ...both('learn', 'ct state new ct status dnat ')],
    'learn-output': [hook('filter', 'output', '-95'), ...both('learn', 'ct state new ct status dnat ')],
    'restrict-prerouting': [hook('filter', 'prerouting', '-110'), ...both('restrict', 'ct state new ')],
    'filter-forward': [
      hook('filter', 'forward', 'filter'),
      'ct status dnat return',
      ...both('refuse-arriving', 'ct state new '),
    ],
    'filter-input': [
      hook('filter', 'input', 'filter'),
      // route_localnet lets the host's own 127.0.0.1 reach node ports; nobody else may use it.
      'iifname != "lo" ip daddr 127.0.0.0/8 ct state { invalid, new } drop',
      'ct status dnat return',
      ...both('refuse-arriving', 'ct state new '),
    ],
    'filter-output': [hook('filter', 'output', 'filter'), 'ct status dnat return', ...both('refuse', 'ct state new ')],
  };
}
