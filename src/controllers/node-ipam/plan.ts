/** Each node gets a range of pod addresses of its own out of the cluster's. */
import type { Node } from '../../api/core/node.ts';

/** The first free range of the wanted size; undefined when all are taken. */
export function freeRange(cluster: string, bits: number, nodes: readonly Node[]): string | undefined {
  const [base = '', prefix = ''] = cluster.split('/');
  const start = toNumber(base);
  const size = 2 ** (32 - bits);
  const taken = new Set(nodes.flatMap(({ spec }) => (spec?.podCIDR === undefined ? [] : [spec.podCIDR])));
  for (let at = start; at < start + 2 ** (32 - Number(prefix)); at += size) {
    const range = `${toText(at)}/${bits}`;
    if (!taken.has(range)) return range;
  }
  return undefined;
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
