/** The table that carries NetworkPolicies; a table of its own, beside the one for Services. */
import type { SetDeclaration, TableDefinition } from '../network/nft-table.ts';
import type { Family } from './ruleset.ts';

const families: readonly Family[] = [4, 6];

/** `rulesOf`: the rules of a chain that was made from policies. */
export function policyDefinition(table: string, rulesOf: (chain: string) => readonly string[]): TableDefinition {
  const perFamily = <T>(make: (family: Family, ip: string) => readonly (readonly [string, T])[]): Record<string, T> =>
    Object.fromEntries(families.flatMap((family) => make(family, family === 4 ? 'ip' : 'ip6')));
  return {
    name: table,
    sets: perFamily<SetDeclaration>((family, ip) => [
      [`ingress${family}`, { kind: 'map', body: `typeof ${ip} daddr : verdict;` }],
      [`egress${family}`, { kind: 'map', body: `typeof ${ip} saddr : verdict;` }],
      // A pod always reaches itself, also by way of a Service.
      [`self${family}`, { kind: 'set', body: `typeof ${ip} saddr . ${ip} daddr;` }],
    ]),
    chains: {
      // Traffic of the node itself does not come by here: probes and the like are always let through.
      'policy-forward': [
        'type filter hook forward priority filter + 10; policy accept;',
        'ct state established,related accept',
        ...families.map((family) => `meta nfproto ipv${family} jump check${family}`),
      ],
      ...perFamily<readonly string[]>((family, ip) => [
        [
          `check${family}`,
          [
            `${ip} saddr . ${ip} daddr @self${family} return`,
            `${ip} saddr vmap @egress${family}`,
            `${ip} daddr vmap @ingress${family}`,
          ],
        ],
      ]),
    },
    parts: rulesOf,
    extraSet: (name) => {
      const family = name.endsWith('6') ? 6 : 4;
      const ip = family === 4 ? 'ip' : 'ip6';
      if (/^pods-[0-9a-f]{16}-[46]$/.test(name)) return { kind: 'set', body: `type ipv${family}_addr;` };
      if (/^ports-[0-9a-f]{16}-[46]$/.test(name))
        return { kind: 'set', body: `typeof ${ip} daddr . meta l4proto . tcp dport;` };
      return undefined;
    },
  };
}
